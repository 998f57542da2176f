import { parse } from 'yaml';
import { z } from 'zod';
import { unknownKey, wording } from './problems.ts';
import { facts, schemasAt } from './walk.ts';

export type Fitted = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

/**
 * Makes a value for the key at `path` of what somebody typed: the text itself where the key takes a text, else what
 * YAML makes of it (`5`, `true`, `[a, b]`). References to the environment and to files are taken as they are.
 */
export function fitValue(schema: z.core.$ZodType, path: readonly string[], typed: string): Fitted {
  const key = keyProblem(schema, path);
  if (key !== null) return { ok: false, problem: key };
  if (typed.startsWith('file:') || /\$\{[^}]*\}/.test(typed)) return { ok: true, value: typed };
  const places = schemasAt(schema, path);
  for (const value of [typed, yamlOf(typed)]) {
    if (places.some((place) => z.safeParse(place, value).success)) return { ok: true, value };
  }
  const issues = places.flatMap((place) => z.safeParse(place, typed, { error: wording }).error?.issues ?? []);
  return { ok: false, problem: issues[0]?.message ?? 'does not fit' };
}

/** Whether there can be such a key: each name on the way, also those that the administrator chooses. */
function keyProblem(schema: z.core.$ZodType, path: readonly string[]): string | null {
  for (const [index, key] of path.entries()) {
    const above = path.slice(0, index);
    if (schemasAt(schema, path.slice(0, index + 1)).length === 0) return unknownKey(schema, above, key);
    for (const place of schemasAt(schema, above)) {
      const def = facts(place).core._zod.def;
      const wrong = def.type === 'record' ? z.safeParse(def.keyType, key, { error: wording }).error?.issues[0] : undefined;
      if (wrong !== undefined) return wrong.message;
    }
  }
  return null;
}

function yamlOf(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}

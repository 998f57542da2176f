import { parse } from 'yaml';
import { z } from 'zod';
import { wording } from './problems.ts';
import { schemasAt } from './walk.ts';

export type Fitted = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string };

/**
 * Makes a value for the key at `path` of what somebody typed: the text itself where the key takes a text, else what
 * YAML makes of it (`5`, `true`, `[a, b]`). References to the environment and to files are taken as they are.
 */
export function fitValue(schema: z.core.$ZodType, path: readonly string[], typed: string): Fitted {
  const places = schemasAt(schema, path);
  if (places.length === 0) return { ok: false, problem: 'unknown key' };
  if (typed.startsWith('file:') || /\$\{[^}]*\}/.test(typed)) return { ok: true, value: typed };
  for (const value of [typed, yamlOf(typed)]) {
    if (places.some((place) => z.safeParse(place, value).success)) return { ok: true, value };
  }
  const issues = places.flatMap((place) => z.safeParse(place, typed, { error: wording }).error?.issues ?? []);
  return { ok: false, problem: issues[0]?.message ?? 'does not fit' };
}

function yamlOf(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}

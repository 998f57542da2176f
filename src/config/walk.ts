import { z } from 'zod';

/** What a schema says about a key, seen through its wrappers (optional, default, transforms). */
export interface Facts {
  readonly description?: string;
  readonly example?: unknown;
  /** The value that stands where the file says nothing. */
  readonly fallback?: unknown;
  readonly optional: boolean;
  readonly secret: boolean;
  /** How to make a value. */
  readonly hint?: string;
  /** The schema itself, without wrappers. */
  readonly core: z.core.$ZodTypes;
}

/** Looks through the wrappers of a schema; what an outer one says outranks an inner one. */
export function facts(schema: z.core.$ZodType): Facts {
  const found: { -readonly [K in keyof Facts]?: Facts[K] | undefined } = {};
  let current = schema as z.core.$ZodTypes;
  for (;;) {
    const meta = z.globalRegistry.get(current) ?? {};
    found.description ??= meta.description;
    found.example ??= Array.isArray(meta['examples']) ? meta['examples'][0] : undefined;
    found.secret ||= meta['secret'] === true;
    if (typeof meta['hint'] === 'string') found.hint ??= meta['hint'];
    const def = current._zod.def;
    if (def.type === 'default' || def.type === 'prefault') found.fallback ??= def.defaultValue;
    if (def.type === 'optional') found.optional = true;
    const inner = innerOf(def);
    if (inner === undefined) break;
    current = inner as z.core.$ZodTypes;
  }
  return clean<Facts>({ ...found, core: current, secret: found.secret ?? false, optional: found.optional ?? found.fallback !== undefined });
}

function innerOf(def: z.core.$ZodTypes['_zod']['def']): z.core.$ZodType | undefined {
  switch (def.type) {
    case 'default': case 'prefault': case 'optional': case 'nullable': case 'readonly': case 'nonoptional': case 'catch':
      return def.innerType;
    case 'pipe':
      return def.in._zod.def.type === 'transform' ? def.out : def.in;
    case 'lazy':
      return def.getter();
    default:
      return undefined;
  }
}

/** Drops keys that are undefined, as `exactOptionalPropertyTypes` wants. */
function clean<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T;
}

/** The schemas that may stand below `key`; several where there are alternatives, none where nothing is known. */
function below(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType[] {
  const def = facts(schema).core._zod.def;
  switch (def.type) {
    case 'object': {
      const child = Object.hasOwn(def.shape, key) ? def.shape[String(key)] : def.catchall;
      // A strict object's other keys are of the type that nothing is of.
      return child === undefined || child._zod.def.type === 'never' ? [] : [child];
    }
    case 'record':
      return [def.valueType];
    case 'array':
      return [def.element];
    case 'union':
      return def.options.flatMap((option) => below(option, key));
    case 'intersection':
      return [...below(def.left, key), ...below(def.right, key)];
    default:
      return [];
  }
}

/** The schemas that may stand at a path. */
export function schemasAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType[] {
  return path.reduce<z.core.$ZodType[]>((at, key) => at.flatMap((one) => below(one, key)), [schema]);
}

/** The names of an object's keys, through alternatives. */
export function keysOf(schema: z.core.$ZodType): string[] {
  const def = facts(schema).core._zod.def;
  if (def.type === 'object') return Object.keys(def.shape);
  if (def.type === 'union') return [...new Set(def.options.flatMap(keysOf))];
  return [];
}

/** Every text in `value` at a place that the schema marks as secret. */
export function secretsIn(schema: z.core.$ZodType, value: unknown): string[] {
  const found: string[] = [];
  const visit = (schemas: readonly z.core.$ZodType[], item: unknown): void => {
    if (schemas.length === 0) return;
    if (item === null || typeof item !== 'object') return;
    for (const [key, child] of Object.entries(item)) {
      const inside = schemas.flatMap((one) => below(one, key));
      if (inside.some((one) => isSecret(one, key))) texts(child, found);
      else visit(inside, child);
    }
  };
  visit([schema], value);
  return found;
}

/** Names that say it themselves, so that a forgotten mark in a network's schema does not put a token into the log. */
const TELLING = /(?:^|_)(?:tokens?|secret|password|passphrase|(?:api|private|seal|signing)_key)$/i;

/** Whether what stands at `key` is a secret: marked with `.meta({ secret: true })`, also in one of several alternatives, or a text so named. */
export function isSecret(schema: z.core.$ZodType, key?: PropertyKey): boolean {
  const { secret, core } = facts(schema);
  const def = core._zod.def;
  if (secret || (def.type === 'union' && def.options.some((one) => isSecret(one)))) return true;
  return TELLING.test(String(key ?? '')) && ['string', 'union', 'array', 'record'].includes(def.type);
}

function texts(value: unknown, into: string[]): void {
  if (typeof value === 'string') {
    if (value !== '') into.push(value);
  } else if (typeof value === 'number' || typeof value === 'bigint') into.push(String(value));
  else if (value !== null && typeof value === 'object') for (const item of Object.values(value)) texts(item, into);
}

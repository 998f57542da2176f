import fc from 'fast-check';

/** Values that programs stumble over, whatever stood there. */
const EVIL: readonly unknown[] = [
  null, true, false, 0, -1, 1.5, 1e300, -1e300, 2 ** 53, '', ' ', '0', '-5', '1e999', '0x10', '9467000000000000', '99999999999999999999', 'NaN', 'null', '\u0000', '\ud800', '\udc00x', '\u202e', '\u2028', '\n\r\n', "'", '"', '\\', '%00', '../../x', '${x}', '{{x}}',
  '__proto__', 'constructor', 'toString', 'hasOwnProperty', '$x', '@x', '!x', '!x:y', '@_drawbridge_x:fake.test', '@alice:fake.test', "'; DROP TABLE inbox; --", 'mxc://x/y', 'http://169.254.169.254/', 'file:///etc/passwd', 'x'.repeat(5_000), '*'.repeat(3_000), '😀'.repeat(500),
  [], {}, [[]], [{}], [null], { a: 1 }, { length: 5 }, { toString: 1 }, JSON.parse('{"then":1}'), JSON.parse('{"__proto__":{"x":1}}'), JSON.parse(`${'['.repeat(40)}${']'.repeat(40)}`), JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`),
];

/** One change of a JSON value: where, counted through all places, and what. */
export interface Mutation {
  readonly at: number;
  readonly how: 'replace' | 'remove' | 'rename' | 'repeat' | 'wrap' | 'swap';
  readonly evil: number;
}

export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(fc.record({
  at: fc.nat(10_000), how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'rename', 'repeat', 'wrap', 'swap'), evil: fc.nat(EVIL.length - 1),
}), { minLength: 1, maxLength: 5 });

type Holder = Record<string, unknown>;

/** A copy of `value` with some things in it changed. */
export function mutated(value: unknown, changes: readonly Mutation[]): unknown {
  const root: Holder = { value: structuredClone(value) };
  for (const change of changes) apply(root, change);
  return root['value'] ?? null;
}

function apply(root: Holder, { at, how, evil }: Mutation): void {
  const places = placesIn(root);
  const place = places[at % places.length];
  if (place === undefined) return;
  const { holder, key } = place;
  const other = EVIL[evil];
  switch (how) {
    case 'replace': return set(holder, key, structuredClone(other));
    case 'remove': return void Reflect.deleteProperty(holder, key);
    case 'rename': return set(holder, typeof other === 'string' ? other : 'other', holder[key]);
    case 'repeat': return set(holder, key, Array.from({ length: 1 + (evil % 4) }, () => structuredClone(holder[key])));
    case 'wrap': return set(holder, key, { [key]: holder[key] });
    case 'swap': {
      const second = places[(at * 7 + evil) % places.length];
      // Nothing may come to hold itself.
      if (second !== undefined && typeof second.holder[second.key] !== 'object') set(holder, key, second.holder[second.key]);
    }
  }
}

function placesIn(root: Holder): { readonly holder: Holder; readonly key: string }[] {
  const places: { holder: Holder; key: string }[] = [];
  const visit = (holder: Holder): void => {
    for (const [key, child] of Object.entries(holder)) {
      places.push({ holder, key });
      if (places.length < 2_000 && typeof child === 'object' && child !== null) visit(child as Holder);
    }
  };
  visit(root);
  return places;
}

/** As JSON.parse does it: `__proto__` is a name like any other. */
function set(holder: Holder, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, writable: true, configurable: true });
}

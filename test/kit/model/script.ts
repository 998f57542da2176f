import fc from 'fast-check';

/** One thing that happens, `gap` milliseconds after the one before. `which` picks among what is there. */
export type Op = { readonly gap: number } & (
  | { readonly do: 'network says'; readonly who: number; readonly group: boolean; readonly parts: number; readonly reply: number | null; readonly media: boolean }
  | { readonly do: 'own app says'; readonly who: number }
  | { readonly do: 'network edits'; readonly which: number; readonly parts: number }
  | { readonly do: 'network deletes'; readonly which: number }
  | { readonly do: 'network reacts'; readonly who: number; readonly which: number; readonly emoji: string | null }
  | { readonly do: 'number changes'; readonly who: number }
  | { readonly do: 'matrix says'; readonly room: number; readonly parts: number; readonly reply: number | null; readonly media: boolean }
  | { readonly do: 'stranger says'; readonly room: number }
  | { readonly do: 'matrix edits'; readonly which: number; readonly parts: number }
  | { readonly do: 'matrix redacts'; readonly which: number }
  | { readonly do: 'matrix reacts'; readonly room: number; readonly which: number; readonly emoji: string }
  | { readonly do: 'matrix takes a reaction back'; readonly which: number }
  | { readonly do: 'command'; readonly text: string }
  | { readonly do: 'process dies'; readonly after: number }
  | { readonly do: 'orderly restart' }
  | { readonly do: 'disk full'; readonly commands: number }
  | { readonly do: 'homeserver restarts'; readonly after: number }
  | { readonly do: 'network away'; readonly how: 'down' | 'broken'; readonly for: number }
);

const which = fc.nat(9);
const parts = fc.constantFrom(1, 1, 2, 3);
const reply = fc.option(which, { freq: 2 });
const emoji = fc.constantFrom<string>('👍', '❤️', '🎉');
const gap = fc.constantFrom(0, 1, 5, 40, 900, 8_000);
const always = <const T extends string>(name: T) => ({ do: fc.constant(name), gap });

const talk: readonly fc.WeightedArbitrary<Op>[] = [
  { weight: 6, arbitrary: fc.record({ ...always('network says'), who: fc.nat(1), group: fc.boolean(), parts, reply, media: fc.constantFrom(false, false, false, true) }) },
  { weight: 1, arbitrary: fc.record({ ...always('own app says'), who: fc.nat(1) }) },
  { weight: 3, arbitrary: fc.record({ ...always('network edits'), which, parts }) },
  { weight: 2, arbitrary: fc.record({ ...always('network deletes'), which }) },
  { weight: 3, arbitrary: fc.record({ ...always('network reacts'), who: fc.nat(1), which, emoji: fc.oneof(emoji, emoji, fc.constant(null)) }) },
  { weight: 1, arbitrary: fc.record({ ...always('number changes'), who: fc.nat(1) }) },
  { weight: 8, arbitrary: fc.record({ ...always('matrix says'), room: fc.nat(2), parts, reply, media: fc.constantFrom(false, false, false, true) }) },
  { weight: 1, arbitrary: fc.record({ ...always('stranger says'), room: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ ...always('matrix edits'), which, parts }) },
  { weight: 3, arbitrary: fc.record({ ...always('matrix redacts'), which }) },
  { weight: 3, arbitrary: fc.record({ ...always('matrix reacts'), room: fc.nat(2), which, emoji }) },
  { weight: 2, arbitrary: fc.record({ ...always('matrix takes a reaction back'), which }) },
  { weight: 1, arbitrary: fc.record({ ...always('command'), text: fc.constantFrom('help', 'status', 'undelivered', 'retry all') }) },
];

const mishaps: readonly fc.WeightedArbitrary<Op>[] = [
  { weight: 3, arbitrary: fc.record({ ...always('process dies'), after: fc.nat(25) }) },
  { weight: 1, arbitrary: fc.record({ ...always('orderly restart') }) },
  { weight: 1, arbitrary: fc.record({ ...always('disk full'), commands: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ ...always('homeserver restarts'), after: fc.constantFrom(500, 4_000) }) },
  { weight: 1, arbitrary: fc.record({ ...always('network away'), how: fc.constantFrom('down', 'broken'), for: fc.constantFrom(500, 15_000) }) },
];

/** What people say and do, in fair weather. */
export const conversation: fc.Arbitrary<readonly Op[]> = fc.array(fc.oneof(...talk), { minLength: 1, maxLength: 25 });
/** The same with processes that die, disks that fill up and sides that go away in between. */
export const troubled: fc.Arbitrary<readonly Op[]> = fc.array(fc.oneof(...talk, ...mishaps), { minLength: 1, maxLength: 30 });

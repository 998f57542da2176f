import fc from 'fast-check';

/** Where something is done: by a person of one of the four conversations, or (4) by Alice in the room that they are linked to. */
export const MATRIX = 4;

/** One thing that happens, `gap` milliseconds after the one before. `which` picks among what is there. */
export type CrossOp = { readonly gap: number } & (
  | { readonly do: 'says'; readonly where: number; readonly who: number; readonly parts: number; readonly reply: number | null; readonly media: boolean }
  | { readonly do: 'edits'; readonly which: number; readonly parts: number }
  | { readonly do: 'deletes'; readonly which: number }
  | { readonly do: 'reacts'; readonly where: number; readonly who: number; readonly which: number; readonly emoji: string | null }
  | { readonly do: 'process dies'; readonly after: number }
  | { readonly do: 'orderly restart' }
  | { readonly do: 'disk full'; readonly commands: number }
  | { readonly do: 'homeserver restarts'; readonly after: number }
  | { readonly do: 'network away'; readonly which: number; readonly how: 'down' | 'broken'; readonly for: number }
);

const which = fc.nat(9);
const where = fc.nat(MATRIX);
const who = fc.nat(1);
const reply = fc.option(which, { freq: 2 });
const parts = fc.constantFrom(1, 1, 1, 2, 3);
const gap = fc.constantFrom(0, 1, 5, 40, 900, 8_000);
const always = <const T extends string>(name: T) => ({ do: fc.constant(name), gap });

const talk: readonly fc.WeightedArbitrary<CrossOp>[] = [
  { weight: 10, arbitrary: fc.record({ ...always('says'), where, who, parts, reply, media: fc.constantFrom(false, false, false, true) }) },
  { weight: 4, arbitrary: fc.record({ ...always('edits'), which, parts }) },
  { weight: 3, arbitrary: fc.record({ ...always('deletes'), which }) },
  { weight: 5, arbitrary: fc.record({ ...always('reacts'), where, who, which, emoji: fc.constantFrom('👍', '❤️', '🎉', null) }) },
];

const mishaps: readonly fc.WeightedArbitrary<CrossOp>[] = [
  { weight: 3, arbitrary: fc.record({ ...always('process dies'), after: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ ...always('orderly restart') }) },
  { weight: 1, arbitrary: fc.record({ ...always('disk full'), commands: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ ...always('homeserver restarts'), after: fc.constantFrom(500, 4_000) }) },
  { weight: 1, arbitrary: fc.record({ ...always('network away'), which: fc.nat(2), how: fc.constantFrom('down', 'broken'), for: fc.constantFrom(500, 15_000) }) },
];

/** What people say and do, in fair weather. */
export const meeting: fc.Arbitrary<readonly CrossOp[]> = fc.array(fc.oneof(...talk), { minLength: 1, maxLength: 25 });
/** The same with processes that die, disks that fill up and sides that go away in between. */
export const troubledMeeting: fc.Arbitrary<readonly CrossOp[]> = fc.array(fc.oneof(...talk, ...mishaps), { minLength: 1, maxLength: 30 });

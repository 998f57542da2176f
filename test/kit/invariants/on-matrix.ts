import type { FakeEvent } from '../fake-homeserver/world.ts';
import { type Act, isSpoken } from '../talk/acts.ts';
import type { Sightings } from '../talk/sightings.ts';
import { shaOf } from '../talk/samples.ts';
import type { Talk } from '../talk/talk.ts';

/** What was found of one act on the other side. */
export interface Finding {
  /** How often it is shown there. */
  readonly shown: number;
  /** What its sender last heard of it: not delivered, not known, delivered after all. */
  readonly told: 'dead' | 'asked' | 'after all' | null;
  /** Ids of what shows it. */
  readonly claims: readonly string[];
  /** Its order among what was said, and the order of what shows it. */
  readonly said: number | null;
  readonly place: number | null;
  /** It may be missing without a word: taken back, or replaced, before it was shown. */
  readonly excused: boolean;
  readonly wrong: readonly string[];
}

type Json = Record<string, unknown>;
const record = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const relation = (seen: Sightings, event: FakeEvent): Json => record(seen.contentOf(event)['m.relates_to']);

/** The event that stands for an act on Matrix, whichever side it came of. */
function eventFor(act: Act, seen: Sightings): string | null {
  return act.way === 'out' ? act.id : (shownEvents(act, seen)[0]?.event_id ?? null);
}

const isEdit = (seen: Sightings, event: FakeEvent): boolean => relation(seen, event)['rel_type'] === 'm.replace';

/** Edits stand for the same event: a file that replaced its placeholder. */
function shownEvents(act: Act, seen: Sightings): readonly FakeEvent[] {
  const all = seen.onMatrix(act);
  const plain = all.filter((event) => !isEdit(seen, event));
  return plain.length > 0 ? plain : all;
}

/** An act of a person on WhatsApp, on Matrix. */
export function findOnMatrix(act: Act, seen: Sightings, talk: Talk, reordered: boolean): Finding {
  const said = seen.stack.sandbox.messages.find(({ id }) => id === act.id)?.seq ?? null;
  const none: Finding = { shown: 0, told: null, claims: [], said, place: null, excused: false, wrong: [] };
  if (isSpoken(act.kind)) return { ...none, ...spoken(act, seen, talk, reordered) };
  switch (act.kind) {
    case 'edit': return { ...none, ...edit(act, seen) };
    case 'react': return { ...none, ...reaction(act, seen, talk) };
    case 'unreact': return { ...none, ...removal(act, seen) };
    case 'delete': return { ...none, ...deletion(act, seen) };
    default: throw new Error(`nobody on a phone can do ${act.kind}`);
  }
}

function spoken(act: Act, seen: Sightings, talk: Talk, reordered: boolean): Partial<Finding> {
  const events = shownEvents(act, seen);
  const [first] = events;
  const wrong: string[] = [];
  if (first !== undefined && act.kind === 'reply' && act.target !== undefined) {
    const answers = record(relation(seen, first)['m.in_reply_to'])['event_id'];
    const deleted = talk.marksOf(act.target).deleted !== undefined;
    // One that comes before what it answers does not wait for it, and says so.
    const early = reordered && answers === undefined && String(seen.contentOf(first)['body']).startsWith('↩️');
    if (answers !== eventFor(act.target, seen) && !deleted && !early && !unknown(act.target, seen)) wrong.push(`answers ${String(answers)} instead of its target`);
  }
  const deleted = talk.marksOf(act).deleted !== undefined;
  const standing = events.filter(({ event_id }) => seen.redactionsOf(event_id).length === 0);
  if (deleted && standing.length > 0) wrong.push('was deleted and is still shown');
  if (!deleted && events.length > standing.length) wrong.push('was redacted without having been deleted');
  if (act.sha !== undefined && first !== undefined) wrong.push(...fileProblems(act, seen));
  return { shown: events.length, claims: seen.onMatrix(act).map(({ event_id }) => event_id), place: placeOf(seen, first), excused: deleted, wrong };
}

function fileProblems(act: Act, seen: Sightings): string[] {
  const urls = seen.onMatrix(act).map((event) => record(seen.contentOf(event)['m.new_content'])['url'] ?? seen.contentOf(event)['url']);
  const url = urls.find((one) => typeof one === 'string');
  const file = typeof url === 'string' ? seen.stack.homeserver.media(url) : null;
  if (file === null) return ['is shown without its file'];
  return shaOf(file.data) === act.sha ? [] : ['is shown with another file'];
}

function edit(act: Act, seen: Sightings): Partial<Finding> {
  const events = seen.onMatrix(act);
  const replacing = events.filter((event) => isEdit(seen, event));
  const target = act.target === undefined ? null : eventFor(act.target, seen);
  const wrong = replacing.filter((event) => relation(seen, event)['event_id'] !== target).map(() => 'edits something else than its target');
  if (events.length > replacing.length) wrong.push('is shown as a message of its own');
  if (replacing[0] !== undefined && target !== null && (seen.place.get(target) ?? 0) > (placeOf(seen, replacing[0]) ?? 0)) wrong.push('stands before its target');
  return { shown: replacing.length, claims: events.map(({ event_id }) => event_id), place: placeOf(seen, replacing[0]), wrong };
}

function annotations(act: Act, seen: Sightings): readonly FakeEvent[] {
  const target = act.target === undefined ? null : eventFor(act.target, seen);
  return target === null ? [] : seen.ghostEvents.filter((event) => event.type === 'm.reaction' && relation(seen, event)['event_id'] === target && relation(seen, event)['key'] === act.emoji);
}

function reaction(act: Act, seen: Sightings, talk: Talk): Partial<Finding> {
  const events = annotations(act, seen);
  const taken = talk.marksOf(act).unreacted !== undefined;
  const standing = events.filter(({ event_id }) => seen.redactionsOf(event_id).length === 0);
  const wrong = taken && standing.length > 0 ? ['was taken back and is still shown'] : [];
  if (!taken && events.length > standing.length) wrong.push('was redacted without having been taken back');
  return { shown: events.length, claims: events.map(({ event_id }) => event_id), place: placeOf(seen, events[0]), excused: taken, wrong };
}

function removal(act: Act, seen: Sightings): Partial<Finding> {
  const redactions = act.target === undefined ? [] : annotations(act.target, seen).flatMap(({ event_id }) => seen.redactionsOf(event_id));
  return { shown: Math.min(redactions.length, 1), place: placeOf(seen, redactions[0]), excused: redactions.length === 0 && act.target !== undefined && annotations(act.target, seen).length === 0 };
}

function deletion(act: Act, seen: Sightings): Partial<Finding> {
  const events = act.target === undefined ? [] : shownEvents(act.target, seen);
  const redactions = events.flatMap(({ event_id }) => seen.redactionsOf(event_id));
  return { shown: Math.min(redactions.length, 1), place: placeOf(seen, redactions[0]), excused: events.length === 0 };
}

/** Nobody could tell the bridge that this send arrived: what points at it cannot be placed. */
function unknown(target: Act, seen: Sightings): boolean {
  return target.way === 'out' && seen.toldAbout(target.id).length > 0;
}

function placeOf(seen: Sightings, event: FakeEvent | undefined): number | null {
  return event === undefined ? null : (seen.place.get(event.event_id) ?? null);
}

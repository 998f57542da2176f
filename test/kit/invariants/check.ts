import { type Act, isSpoken } from '../talk/acts.ts';
import { Sightings } from '../talk/sightings.ts';
import type { Talk } from '../talk/talk.ts';
import type { Stack } from '../stack/stack.ts';
import { databaseProblems } from './database.ts';
import { type Finding, findOnMatrix } from './on-matrix.ts';
import { findOnPhone } from './on-phone.ts';

export interface CheckOptions {
  /** Webhooks came out of order: what was parked is shown after later things. */
  readonly reordered?: boolean;
  /** Nobody could tell of some sends: their senders may have been asked, whether they arrived or not. */
  readonly mayAsk?: boolean;
  /** Sent again at a person's word: a second copy is theirs, and it stands after later things. */
  readonly retried?: ReadonlySet<Act>;
}

export interface Result {
  readonly problems: readonly string[];
  readonly asked: number;
  readonly told: number;
}

/**
 * The promises, held against everything that was done: each act is visible on the other side exactly once, or told to its
 * sender with a reason, or took back or was taken back; in order per conversation and direction; never before or without
 * its target; nothing comes back as an echo; and nothing is left behind in the store.
 */
export function check(stack: Stack, talk: Talk, options: CheckOptions = {}): Result {
  const seen = new Sightings(stack);
  const findings = new Map<Act, Finding>();
  for (const act of talk.acts) findings.set(act, act.way === 'in' ? findOnMatrix(act, seen, talk, options.reordered ?? false) : findOnPhone(act, seen, talk));
  const asked = [...findings.values()].filter((finding) => finding.told === 'asked').length;
  return {
    problems: [
      ...talk.acts.flatMap((act) => problemsOf(act, findings, talk, options)),
      ...talk.conversations.flatMap((conversation) => (['in', 'out'] as const).flatMap((way) =>
        orderProblems(talk.acts.filter((act) => act.conversation === conversation && act.way === way), findings, options))),
      ...talk.conversations.flatMap((conversation) => (seen.roomsOf(conversation).length > 1 ? [`${conversation.name} has ${seen.roomsOf(conversation).length} rooms`] : [])),
      ...strangers(seen, talk, findings),
      ...databaseProblems(stack),
    ],
    asked,
    told: [...findings.values()].filter((finding) => finding.told !== null).length,
  };
}

function problemsOf(act: Act, findings: ReadonlyMap<Act, Finding>, talk: Talk, options: CheckOptions): string[] {
  const { shown, told, wrong, excused } = findings.get(act) as Finding;
  const say = (what: string): string => `${act.way} ${act.kind} ${act.token}${act.target ? ` (of ${act.target.kind} ${act.target.token})` : ''} with ${act.conversation.name}: ${what}`;
  const problems = wrong.map(say);
  if (shown > 1 && !(options.retried?.has(act) ?? false)) problems.push(say(`shown ${shown} times`));
  if (told === 'asked' && options.mayAsk !== true) problems.push(say('its sender was asked'));
  if (told === 'dead' && shown > 0) problems.push(say('said to be lost, and is shown'));
  if (told === 'after all' && shown === 0) problems.push(say('said to be delivered, and is not shown'));
  if (shown === 0 && told === null && !excused && !followsLost(act, findings, talk)) problems.push(say('lost without a word'));
  return problems;
}

/** What is about something that itself did not arrive, or that nobody can tell of, may end with a notice in the room. */
function followsLost(act: Act, findings: ReadonlyMap<Act, Finding>, talk: Talk): boolean {
  const { target } = act;
  if (target === undefined) return false;
  const of = findings.get(target);
  const root = target.kind === 'react' && target.target !== undefined ? findings.get(target.target) : undefined;
  return [of, root].some((one) => one !== undefined && (one.told !== null || (one.shown === 0 && one.excused))) || talk.marksOf(target).deleted !== undefined;
}

function orderProblems(acts: readonly Act[], findings: ReadonlyMap<Act, Finding>, options: CheckOptions): string[] {
  if (options.reordered === true && acts[0]?.way === 'in') return [];
  const placed = acts.filter((act) => !(options.retried?.has(act) ?? false)).flatMap((act) => {
    const { said, place } = findings.get(act) as Finding;
    return said === null || place === null ? [] : [{ act, said, place }];
  }).sort((a, b) => a.said - b.said);
  return placed.flatMap(({ act, place }, index) => {
    const later = placed.slice(0, index).find((before) => before.place > place);
    return later === undefined ? [] : [`${act.way} ${act.kind} ${act.token} with ${act.conversation.name} stands before ${later.act.kind} ${later.act.token}, which was said earlier`];
  });
}

/** Everything that the bridge wrote stands for something that somebody did, on the other side. */
function strangers(seen: Sightings, talk: Talk, findings: ReadonlyMap<Act, Finding>): string[] {
  const claimed = new Set([...findings.values()].flatMap(({ claims }) => claims));
  const events = seen.ghostEvents.filter(({ event_id }) => !claimed.has(event_id))
    .map((event) => `an event that nobody said: ${event.type} ${JSON.stringify(seen.contentOf(event)).slice(0, 200)}`);
  const messages = seen.phoneMessages.filter(({ id }) => !claimed.has(id))
    .map(({ type, body }) => `a message that nobody said: ${type} ${JSON.stringify(body).slice(0, 200)}`);
  return [...events, ...messages, ...talk.acts.filter((act) => isSpoken(act.kind)).flatMap((act) => {
    const back = act.way === 'in' ? seen.onPhone(act) : seen.onMatrix(act);
    return back.length === 0 ? [] : [`${act.way} ${act.kind} ${act.token} came back as an echo`];
  })];
}

import type { Message } from '../../../src/sandbox/whatsapp/index.ts';
import { type Act, isSpoken } from '../talk/acts.ts';
import type { Sightings, Told } from '../talk/sightings.ts';
import type { Talk } from '../talk/talk.ts';
import type { Finding } from './on-matrix.ts';

type Json = Record<string, unknown>;

/** What reached the phone: what failed did not, though WhatsApp took it. */
const arrived = (messages: readonly Message[]): readonly Message[] => messages.filter(({ status }) => status !== 'failed');

/** An act of the Matrix user, on the phone. */
export function findOnPhone(act: Act, seen: Sightings, talk: Talk): Finding {
  const said = seen.place.get(act.id) ?? null;
  const notices = seen.toldAbout(act.id);
  const base: Finding = { shown: 0, told: toldOf(notices), claims: [], said, place: null, excused: false, wrong: twice(notices) };
  if (isSpoken(act.kind) || act.kind === 'edit') return { ...base, ...spoken(act, seen, talk, base) };
  switch (act.kind) {
    // Taken back before the homeserver handed it over: then it holds nothing any more.
    case 'react': return { ...base, ...reaction(seen, talk, act.emoji ?? '', act.target), excused: talk.marksOf(act).unreacted !== undefined };
    case 'unreact': return { ...base, ...reaction(seen, talk, '', act.target?.target), excused: act.target !== undefined && reaction(seen, talk, act.target.emoji ?? '', act.target.target).shown === 0 };
    case 'delete': return { ...base, ...deletion(act, seen, notices) };
    case 'command': return { ...base, shown: notices.length, told: null };
    default: throw new Error(`nobody on Matrix can do ${act.kind}`);
  }
}

function toldOf(notices: readonly Told[]): Finding['told'] {
  if (notices.length === 0) return null;
  if (notices.some(({ text }) => text.startsWith('⚠️'))) return 'dead';
  return notices.some(({ text }) => text.startsWith('❓')) ? 'asked' : 'after all';
}

/** A person is told once of each part. */
function twice(notices: readonly Told[]): string[] {
  const parts = notices.map(({ text }) => /\(part \d+ of \d+\)/.exec(text)?.[0] ?? '');
  return new Set(parts).size < parts.length ? [`told ${notices.length} times: ${notices.map(({ text }) => text).join(' | ')}`] : [];
}

function spoken(act: Act, seen: Sightings, talk: Talk, { wrong: before, told }: Finding): Partial<Finding> {
  const all = seen.onPhone(act);
  const messages = arrived(all);
  const wrong = [...before];
  const [first] = messages;
  if (first !== undefined && act.kind === 'reply' && act.target !== undefined) {
    if (!idsOf(act.target, seen, talk).includes(first.replyTo ?? '') && seen.toldAbout(act.target.id).length === 0 && talk.marksOf(act.target).deleted === undefined) wrong.push(`answers ${String(first.replyTo)} instead of its target`);
  }
  if (act.sha !== undefined && first !== undefined && first.media?.sha256 !== act.sha) wrong.push('is shown with another file');
  const marks = talk.marksOf(act);
  const replaced = marks.edited !== undefined && arrived(seen.onPhone(marks.edited)).length > 0;
  const shown = act.lines === undefined ? messages.length : linesShown(act, messages, told === null ? wrong : []);
  // What replaced a message before it was sent stands in that one's place.
  const early = act.kind === 'edit' && act.target !== undefined && seen.onPhone(act.target).length === 0;
  return {
    shown, claims: all.map(({ id }) => id), place: first === undefined || early ? null : first.seq,
    excused: marks.deleted !== undefined || replaced || (act.kind === 'edit' && act.target !== undefined && talk.marksOf(act.target).deleted !== undefined), wrong,
  };
}

/** How often a long text is shown: each line of it once, and in order, however it was cut. Of a part that did not arrive its sender was told. */
function linesShown(act: Act, messages: readonly Message[], wrong: string[]): number {
  if (messages.length === 0) return 0;
  const text = messages.map(({ body }) => String((body as Json)['body'])).join('\n');
  const places = (act.lines ?? []).map((line) => text.split(line).length - 1);
  const missing = places.filter((times) => times === 0).length;
  const said = seenLines(text, act);
  if (said.some((n, index) => index > 0 && n < (said[index - 1] ?? 0))) wrong.push('its parts stand in another order');
  if (missing > 0) wrong.push(`${missing} of its lines are missing`);
  return Math.max(...places);
}

function seenLines(text: string, act: Act): readonly number[] {
  return [...text.matchAll(new RegExp(`${act.token} line (\\d+)`, 'g'))].map(([, n]) => Number(n));
}

/** The messages that an act is on the phone: an edit may stand in its place, or correct it. */
function idsOf(act: Act | undefined, seen: Sightings, talk: Talk): readonly string[] {
  if (act === undefined) return [];
  if (act.way === 'in') return [act.id];
  const { edited } = talk.marksOf(act);
  return [...seen.onPhone(act), ...(edited === undefined ? [] : seen.onPhone(edited))].map(({ id }) => id);
}

function reaction(seen: Sightings, talk: Talk, emoji: string, target: Act | undefined): Pick<Finding, 'shown' | 'claims' | 'place'> {
  const ids = idsOf(target, seen, talk);
  const all = seen.phoneMessages.filter(({ type, body }) => type === 'reaction' && ids.includes(String((body as Json)['message_id'])) && (body as Json)['emoji'] === emoji);
  const shown = arrived(all);
  return { shown: shown.length, claims: all.map(({ id }) => id), place: shown[0]?.seq ?? null };
}

/** WhatsApp lets nobody take back what was sent: then a notice says that it stays. */
function deletion({ target }: Act, seen: Sightings, notices: readonly Told[]): Partial<Finding> {
  const visible = target !== undefined && arrived(seen.onPhone(target)).length > 0;
  const stays = target === undefined ? [] : seen.toldToStay(target.id);
  return { shown: 0, told: null, excused: notices.length + stays.length > 0 || !visible, wrong: twice([...notices, ...stays]) };
}

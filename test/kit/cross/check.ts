import { MARKER } from '../../../src/bridge/keys.ts';
import { diedSending, isUnheardCopy, unsettled } from '../model/check.ts';
import { ALICE } from '../model/core.ts';
import { BOT } from '../model/homeserver.ts';
import type { FakeMessage } from '../model/network.ts';
import { type Mark, marksIn, Seen } from '../model/seen.ts';
import type { CrossPlay, CrossSaid, Side } from './play.ts';
import { MATRIX } from './script.ts';

/** What is wrong in the end: no loop, no loss, no double, and one order on each of the four and in the room. */
export function crossProblemsOf(play: CrossPlay): readonly string[] {
  const seen = new Seen(play.world);
  const sides = play.sides.flatMap((side, where) => [
    ...play.said.flatMap((said) => (said.where === where ? comesBack(said, side, play) : onSide(said, side, where, play, seen))),
    ...order(side, play, seen), ...reactions(side, where, play, seen),
  ]);
  return [...unsettled(play.world), ...silent(seen), ...play.said.flatMap((said) => (said.where === MATRIX ? [] : inRoom(said, play, seen))), ...sides];
}

const arrived = (play: CrossPlay, key: string | null): key is string => key !== null && play.world.arrivals.has(key);

/** The newest version that reached the bridge; null where none did. */
function newest(said: CrossSaid, play: CrossPlay): { readonly version: number; readonly parts: number } | null {
  const version = said.versions.findLastIndex(({ key }) => arrived(play, key));
  const found = said.versions[version];
  return found === undefined ? null : { version, parts: found.parts };
}

const own = ({ where, n }: CrossSaid) => (mark: Mark): boolean => mark.n === n && (mark.side === 'matrix') === (where === MATRIX);
const ours = (side: Side, play: CrossPlay): readonly FakeMessage[] =>
  side.network.messages.filter((each) => each.by === 'us' && each.conversation === side.chat.id && !each.deleted && !each.failed && !isUnheardCopy(each, play.world, side.network));
const nameOf = (side: Side): string => `${side.network.id} ${side.chat.id}`;

function silent(seen: Seen): readonly string[] {
  return seen.rows.flatMap((row) => ((row.state === 'dead' || row.state === 'asked') && row.event !== null && row.report === null ? [`${row.kind} ${row.lane} of ${row.event} is ${row.state}, and nobody was told`] : []));
}

/** Every event that shows a message, edits it or takes it away. */
function eventsOf(said: CrossSaid, play: CrossPlay, seen: Seen): readonly string[] {
  const { timeline } = play.room;
  const shown = said.where === MATRIX ? [said.id, ...said.versions.map(({ key }) => key)]
    : [...seen.of('network', said.n).map(({ shown: each }) => each.event), ...seen.rows.flatMap(({ remoteRef, portal, remoteId }) => (remoteRef === said.id && portal === said.where + 1 && remoteId !== null ? [remoteId] : []))];
  return [...shown, ...timeline.flatMap(({ event_id: id, redacts }) => (redacts !== undefined && shown.includes(redacts) ? [id] : []))];
}

function inRoom(said: CrossSaid, play: CrossPlay, seen: Seen): readonly string[] {
  const last = newest(said, play);
  // An echo that nobody can know for one is shown by the bot too, and goes no further.
  const there = seen.of('network', said.n).filter(({ shown }) => shown.sender !== BOT);
  const wrong = (what: string): string => `n${said.n} in the room: ${what}`;
  if (last === null || arrived(play, said.deleted)) return [];
  return Array.from({ length: last.parts }, (_, part) => part).flatMap((part) => {
    const copies = there.filter(({ mark }) => mark.part === part && mark.version === last.version).length;
    return copies === 1 || (copies === 0 && seen.kept({ side: 'network', n: said.n, part, version: last.version })) ? [] : [wrong(`part ${part} of version ${last.version} is there ${copies} times`)];
  });
}

/** What was said there is not said there once more. */
function comesBack(said: CrossSaid, side: Side, play: CrossPlay): readonly string[] {
  return ours(side, play).filter(({ text }) => marksIn(text).some(own(said))).map(({ text }) => `"${text}" came back to ${nameOf(side)}`);
}

function onSide(said: CrossSaid, side: Side, where: number, play: CrossPlay, seen: Seen): readonly string[] {
  const last = newest(said, play);
  const there = ours(side, play).flatMap((message) => marksIn(message.text).filter(own(said)).map((mark) => ({ message, mark })));
  const all = seen.told(eventsOf(said, play, seen)).filter((text) => !text.includes('🗑️') || text.includes('stay'));
  const told = all.filter((text) => !text.includes('🗑️'));
  const wrong = (what: string): string => `${said.where === MATRIX ? 'm' : 'n'}${said.n} of ${said.where} on ${where} (${nameOf(side)}): ${what}; told: ${JSON.stringify(all)}`;
  if (last === null) return there.length > 0 ? [wrong('it is there although it never came to the bridge')] : [];
  // It did not come into the room, and whoever looks after the bridge sees that.
  const kept = Array.from({ length: last.parts }, (_, part) => part).some((part) => seen.kept({ side: said.where === MATRIX ? 'matrix' : 'network', n: said.n, part, version: last.version }));
  const stays = seen.rows.some(({ kind, state }) => kind === 'redaction' && state === 'dead') || seen.says('that is not here was deleted');
  if (arrived(play, said.deleted)) return there.length > 0 && all.length === 0 && !stays ? [wrong(`"${there[0]?.message.text}" stays visible, and nobody was told`)] : [];
  const problems: string[] = [];
  for (let part = 0; part < last.parts; part++) {
    const copies = there.filter(({ mark }) => mark.part === part && mark.version === last.version).length;
    if (copies === 0 && told.length === 0 && !kept) problems.push(wrong(`part ${part} of version ${last.version} is not there`));
    if (copies > 1) problems.push(wrong(`part ${part} is there ${copies} times`));
  }
  const stale = there.filter(({ mark }) => mark.version !== last.version || mark.part >= last.parts);
  const beside = seen.says('the original is not here');
  if (stale.length > 0 && side.network.abilities.edit && side.network.abilities.delete && all.length === 0 && !kept && !stays && !beside) problems.push(wrong(`"${stale[0]?.message.text}" is still there`));
  return problems;
}

/** As the events stand in the room, so what came of them stands on every network; but for those that the homeserver had lost, which come when they are found. */
function order(side: Side, play: CrossPlay, seen: Seen): readonly string[] {
  const lines = new Map(play.room.timeline.map(({ event_id: id }, line) => [id, line] as const));
  // A file that came late takes the place of what stood for it, where it was waited for.
  const late = new Set(seen.rows.flatMap(({ key }) => (key.endsWith('.file') ? [seen.row(key.slice(0, -'.file'.length))?.remoteId] : [])));
  const keys = new Set<string>();
  let before = { at: -1, came: -1, text: '' };
  return ours(side, play).flatMap((message) => {
    const row = seen.row(message.key);
    if (row?.event == null || row.shows !== null || keys.has(row.key) || late.has(row.event) || row.tries > 0) return [];
    keys.add(row.key);
    const now = { at: (lines.get(row.event) ?? 0) * 100 + row.part, came: play.world.arrivals.get(row.event) ?? 0, text: message.text };
    const wrong = before.at > now.at && before.came > now.came ? [`on ${nameOf(side)} "${now.text}" stands after "${before.text}"`] : [];
    before = now;
    return wrong;
  });
}

/** What stands on a message in the room, but for that of the conversation's own people, stands on its copy there: the newest of it. */
function reactions(side: Side, where: number, play: CrossPlay, seen: Seen): readonly string[] {
  // Of a send whose answer was lost such an echo is the only word.
  if (diedSending(play.world) && side.network.abilities.echoes === 'plain') return [];
  return ours(side, play).flatMap((message) => {
    const row = seen.row(message.key);
    if (row?.event == null || row.part > 0 || row.shows !== null || (row.state !== 'accepted' && row.state !== 'confirmed')) return [];
    const events = play.room.timeline.filter(({ type, event_id: id, content }) => type === 'm.reaction' && !play.room.redacted.has(id)
      && (content['m.relates_to'] as { event_id?: string }).event_id === row.event);
    const all = seen.rows.filter(({ kind, task, event }) => kind === 'reaction' && event !== null && (task === null || JSON.stringify(task).includes(row.event ?? '')));
    if (all.some(({ state }) => state === 'dead' || state === 'asked')) return [];
    const others = events.filter(({ sender, content }) => sender === ALICE || (sender !== BOT && (content[MARKER] as { portal?: number } | undefined)?.portal !== where + 1));
    const newest = others.toReversed().map(({ content }) => (content['m.relates_to'] as { key: string }).key.replaceAll('\ufe0f', ''));
    const wanted = [...new Set(newest)].slice(0, side.network.abilities.reactions);
    const has = [...message.ours].map((emoji) => emoji.replaceAll('\ufe0f', ''));
    const listed = (emoji: readonly string[]): string => emoji.toSorted((a, b) => a.localeCompare(b)).join();
    return listed(has) === listed(wanted) ? [] : [`our reactions on "${message.text}" of ${nameOf(side)} are "${listed(has)}", not "${listed(wanted)}"`];
  });
}

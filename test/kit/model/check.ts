import { BOT } from './homeserver.ts';
import type { FakeMessage, FakeNetwork } from './network.ts';
import { ALICE, MALLORY } from './core.ts';
import { SETTINGS } from './settings.ts';
import type { Play, Said } from './play.ts';
import { annotationsOn, type Mark, marksIn, Seen } from './seen.ts';
import type { World } from './world.ts';

/** What is wrong in the end: the model of what must be visible where, in which order, and what must have been told. */
export function problemsOf(play: Play): readonly string[] {
  const seen = new Seen(play.world);
  return [
    ...unsettled(play.world), ...rowsInvariants(play, seen),
    ...play.said.flatMap((said) => (said.side === 'matrix' ? toNetwork(said, play, seen) : toMatrix(said, play, seen))),
    ...orderOnNetwork(play, seen), ...orderOnMatrix(play, seen), ...echoes(play, seen),
    ...reactionsOnMatrix(play, seen), ...reactionsOnNetwork(play, seen), ...replies(play, seen), ...answers(play, seen), ...readPositions(play, seen),
  ];
}

const arrived = (play: Play, key: string | null): key is string => key !== null && play.world.arrivals.has(key);
const at = (play: Play, key: string): number => play.world.arrivals.get(key) ?? -1;
const name = ({ side, n, part, version }: Mark): string => `${side[0]}${n}.${part}v${version}`;

/** The newest version that reached the bridge; null where none did. */
function newest(said: Said, play: Play): { readonly version: number; readonly parts: number; readonly key: string } | null {
  const index = said.versions.findLastIndex(({ key }) => arrived(play, key));
  const found = said.versions[index];
  return found === undefined ? null : { version: index, ...found };
}

export function unsettled(world: World): readonly string[] {
  const { inbox, outbox } = world.store.counts();
  const open = Object.entries(outbox).filter(([state, n]) => ['ready', 'sending', 'uncertain', 'parked'].includes(state) && n > 0);
  return [
    ...open.map(([state, n]) => `${n} rows are ${state}`),
    ...Object.entries(inbox).map(([state, n]) => `${n} inbox items are ${state}`),
    ...(world.homeserver.idle ? [] : ['the homeserver still has something for us']), ...(world.networks.every(({ idle }) => idle) ? [] : ['a network still has something for us']),
  ];
}

/** Nothing silent: what was given up is told or kept. No content: what is settled has none. */
function rowsInvariants({ world, retried }: Play, seen: Seen): readonly string[] {
  const problems: string[] = [];
  for (const row of seen.rows) {
    const what = `${row.kind} ${row.lane} of ${row.event ?? row.remoteRef ?? row.key}`;
    const over = row.state === 'dead' || row.state === 'asked';
    if (over && row.event !== null && row.report === null) problems.push(`${what} is ${row.state}, and nobody was told`);
    if (over && row.event === null && row.task === null) problems.push(`${what} is ${row.state}, and its content is gone`);
    if (row.task !== null && (!over || row.event !== null)) problems.push(`${what} is ${row.state}, and its content is still there`);
    const message = world.network.messages.find(({ key }) => key === row.key);
    const unknowable = message !== undefined && !message.answered && (world.conditions.uncertain === 'retry' || row.reason?.includes('may have arrived') === true);
    if (row.state === 'dead' && !retried && message !== undefined && !message.failed && !message.deleted && !unknowable) problems.push(`${what} was reported as not delivered, but it is there`);
    if (row.state === 'asked' && message?.reported === true) problems.push(`${what} is asked about although the network told of it`);
  }
  for (let id = 1; id < 60; id++) {
    const job = world.store.media(id);
    if (job !== null && !seen.rows.some(({ state, task }) => state === 'dead' && JSON.stringify(task).includes(`"job":${id}`))) problems.push(`media job ${id} is left, ${job.state}`);
  }
  return problems;
}

function toNetwork(said: Said, play: Play, seen: Seen): readonly string[] {
  const { world } = play;
  const last = newest(said, play);
  const there = world.network.messages.filter((each) => each.by === 'us' && !each.deleted && !each.failed && !isUnheardCopy(each, world))
    .flatMap((message) => marksIn(message.text).filter(({ side, n }) => side === 'matrix' && n === said.n).map((mark) => ({ message, mark })));
  const all = seen.told([said.id, said.deleted, ...said.versions.map(({ key }) => key)]);
  // That something stays there is no word of its loss.
  const told = all.filter((text) => !text.includes('🗑️'));
  const wrong = (what: string): string => `m${said.n}: ${what}; told: ${JSON.stringify(all)}`;
  if (said.by === MALLORY) return there.length > 0 ? [wrong('a stranger was bridged')] : last !== null && told.length === 0 ? [wrong('a stranger was not told')] : [];
  if (last === null) return there.length > 0 ? [wrong('it is there although it never came to the bridge')] : [];
  if (arrived(play, said.deleted)) return there.length > 0 && all.length === 0 ? [wrong(`${there.map(({ mark }) => name(mark)).join()} stays visible, and nobody was told`)] : [];
  const problems: string[] = [];
  for (let part = 0; part < last.parts; part++) {
    const copies = there.filter(({ mark }) => mark.part === part && mark.version === last.version);
    if (copies.length === 0 && told.length === 0) problems.push(wrong(`part ${part} of version ${last.version} is not there`));
    if (copies.length > 1 && !play.retried) problems.push(wrong(`part ${part} is there ${copies.length} times`));
  }
  const stale = there.filter(({ mark }) => mark.version !== last.version || mark.part >= last.parts);
  if (stale.length > 0 && world.conditions.abilities.edit && all.length === 0 && !play.retried) problems.push(wrong(`${stale.map(({ mark }) => name(mark)).join()} is still there`));
  return problems;
}

/** An answer can be lost with the process that it came to. */
export function diedSending({ log }: World): boolean {
  return log.some((line) => line.includes('Sends were under way'));
}

/** Twice is right only where nobody could know, and the policy said to send it again: of the first copy the bridge knows nothing. */
export function isUnheardCopy(message: FakeMessage, world: World, { messages, abilities }: FakeNetwork = world.network): boolean {
  const later = messages.slice(messages.indexOf(message) + 1).some(({ key }) => key === message.key);
  return (!message.answered || diedSending(world)) && later && world.conditions.uncertain === 'retry' && !abilities.findSent;
}

function toMatrix(said: Said, play: Play, seen: Seen): readonly string[] {
  const last = newest(said, play);
  const there = seen.of('network', said.n);
  const wrong = (what: string): string => `n${said.n}: ${what}`;
  if (last === null) return there.length > 0 ? [wrong('it is there although it never came to the bridge')] : [];
  if (arrived(play, said.deleted)) {
    // It overtook its message, or the word of who its author is now, by more than anybody waits.
    const first = play.world.arrivedAt.get(said.versions[0]?.key ?? '') ?? 0;
    const renamed = [...play.world.arrivedAt].flatMap(([key, at]) => (key.startsWith(`alias ${said.place}`) ? [at] : []));
    const early = Math.max(first, ...renamed) - (play.world.arrivedAt.get(said.deleted) ?? 0) >= SETTINGS.targetWait;
    const kept = seen.rows.some(({ state, task }) => state === 'dead' && task?.kind === 'redaction' && task.target === said.id);
    return there.length > 0 && !early && !kept ? [wrong(`${there.map(({ mark }) => name(mark)).join()} is still there, though it was deleted`)] : [];
  }
  const problems: string[] = [];
  for (let part = 0; part < last.parts; part++) {
    const mark: Mark = { side: 'network', n: said.n, part, version: last.version };
    const copies = there.filter((each) => each.mark.part === part && each.mark.version === last.version);
    if (copies.length === 0 && !seen.kept(mark)) problems.push(wrong(`part ${part} of version ${last.version} is not there`));
    if (copies.length > 1) problems.push(wrong(`part ${part} is there ${copies.length} times`));
    for (const { shown } of copies) if (!spokenBy(shown.sender, said, play)) problems.push(wrong(`it is said by ${shown.sender}`));
  }
  const keptSome = Array.from({ length: last.parts }, (_, part) => seen.kept({ side: 'network', n: said.n, part, version: last.version })).some(Boolean);
  const stale = there.filter(({ mark }) => mark.version !== last.version || mark.part >= last.parts);
  // An edit that came long before what ties it to its message stands beside it, and says so.
  const beside = there.some(({ shown }) => shown.first.includes('the original is not here'));
  if (stale.length > 0 && !keptSome && !beside && !play.retried) problems.push(wrong(`${stale.map(({ mark }) => name(mark)).join()} is still shown`));
  return problems;
}

function spokenBy(sender: string, said: Said, play: Play): boolean {
  if (said.by === 'self') return sender === (play.world.conditions.puppets === true ? ALICE : BOT);
  return isGhostOf(sender, said.by, play);
}

function isGhostOf(user: string, who: string, play: Play): boolean {
  const ids = play.people.find(({ name: each }) => each === who)?.ids ?? [];
  const person = play.world.store.personByLocalpart(user.slice(1, user.indexOf(':')));
  return person !== null && person.ids.some((id) => ids.includes(id));
}

/** In each chat, what was said first stands first: as it came to the bridge, or as the room has it where something had been lost on the way. */
function orderOnNetwork(play: Play, seen: Seen): readonly string[] {
  if (play.retried) return [];
  const last = new Map<string, { readonly at: number; readonly line: number; readonly text: string }>();
  const keys = new Set<string>();
  const lines = new Map([...play.world.homeserver.rooms.values()].flatMap(({ timeline }) => timeline.map(({ event_id: id }, line) => [id, line] as const)));
  return play.world.network.messages.flatMap((message) => {
    const row = seen.row(message.key);
    if (message.by !== 'us' || row?.event == null || keys.has(row.key)) return [];
    keys.add(row.key);
    const now = { at: at(play, row.event) * 100 + row.part, line: (lines.get(row.event) ?? 0) * 100 + row.part, text: message.text };
    const before = last.get(row.lane);
    last.set(row.lane, now);
    return before !== undefined && before.at > now.at && before.line > now.line ? [`on the network "${now.text}" stands after "${before.text}"`] : [];
  });
}

function orderOnMatrix(play: Play, seen: Seen): readonly string[] {
  if (play.retried) return [];
  const last = new Map<string, { readonly at: number; readonly text: string }>();
  return seen.shown.flatMap((shown) => {
    // Where a message stands is decided by what its event said at first.
    const first = marksIn(shown.first)[0];
    const said = first?.side === 'network' ? play.said.find(({ n }) => n === first.n) : undefined;
    // A file that comes after its placeholder could not be shown comes when it comes.
    if (first === undefined || said === undefined || first.version > 0 || (shown.sender === ALICE && shown.key === null) || seen.kept(first)) return [];
    const order = at(play, said.versions[0]?.key ?? '') * 100 + first.part;
    const group = `${shown.room.id} ${said.place}`;
    const before = last.get(group);
    last.set(group, { at: order, text: shown.body });
    return before !== undefined && before.at > order ? [`in ${group} "${shown.body}" stands after "${before.text}"`] : [];
  });
}

/** Nothing comes back to where it was said. */
function echoes({ world }: Play, seen: Seen): readonly string[] {
  // Of a send whose answer was lost, on its way or with the process, such an echo is the only word.
  const lost = world.network.messages.some(({ answered }) => !answered) || diedSending(world);
  const unknowable = world.conditions.abilities.echoes === 'plain' && lost;
  return [
    ...world.network.messages.filter(({ by, text }) => by === 'us' && marksIn(text).some(({ side }) => side === 'network')).map(({ text }) => `"${text}" came back to the network`),
    ...seen.shown.filter(({ sender, notice, marks, key }) => (sender !== ALICE || key !== null) && sender !== MALLORY && !notice && !unknowable && marks.some(({ side }) => side === 'matrix'))
      .map(({ body }) => `"${body}" came back to Matrix`),
  ];
}

function reactionsOnMatrix(play: Play, seen: Seen): readonly string[] {
  const problems: string[] = [];
  if (seen.rows.some(({ kind, state }) => (kind === 'reaction' || kind === 'unreaction') && state === 'dead')) return [];
  if (seen.says('on a message that is not here')) return [];
  for (const { name: who } of play.people) {
    // Several messages of the network can be one event: what stands on any of them stands on it, once.
    const wanted = new Map<string, { readonly on: ReturnType<typeof eventsOf>; readonly emoji: Set<string> }>();
    for (const message of play.world.network.messages) {
      const done = play.reactions.filter((each) => each.side === 'network' && each.by === who && each.target === message.id && arrived(play, each.key))
        .sort((a, b) => at(play, a.key) - at(play, b.key));
      const on = eventsOf(message, play, seen);
      const event = on[0]?.event;
      if (done.length === 0 || message.deleted || event === undefined) continue;
      const entry = wanted.get(event) ?? { on, emoji: new Set() };
      wanted.set(event, entry);
      const emoji = done.at(-1)?.emoji ?? null;
      if (emoji !== null) entry.emoji.add(emoji);
    }
    for (const { on, emoji } of wanted.values()) {
      const there = on.flatMap(({ room, event }) => annotationsOn(room, event)).filter(({ sender }) => isGhostOf(sender, who, play)).map((each) => each.emoji);
      if (there.toSorted().join() !== [...emoji].toSorted().join()) problems.push(`${who}'s reactions on ${on[0]?.event} are "${there.join()}", not "${[...emoji].join()}"`);
    }
  }
  return problems;
}

/** The events that show a network's message. */
function eventsOf(message: FakeMessage, play: Play, seen: Seen): readonly { readonly room: Seen['rooms'][number]; readonly event: string }[] {
  const row = seen.row(message.key);
  if (message.by === 'us') {
    // Of two copies the bridge knows the one that it was told of.
    if (isUnheardCopy(message, play.world)) return [];
    const event = row?.shows?.event ?? row?.event ?? null;
    const room = seen.rooms.find(({ timeline, redacted }) => timeline.some(({ event_id: id }) => id === event && !redacted.has(id)));
    return room === undefined || event === null ? [] : [{ room, event }];
  }
  const said = play.said.find(({ id }) => id === message.id);
  return said === undefined ? [] : seen.of('network', said.n).map(({ shown }) => ({ room: shown.room, event: shown.event }));
}

function reactionsOnNetwork(play: Play, seen: Seen): readonly string[] {
  const problems: string[] = [];
  for (const message of play.world.network.messages) {
    const events = eventsOf(message, play, seen).map(({ event }) => event);
    const all = play.reactions.filter((each) => each.side === 'matrix' && events.includes(each.target) && arrived(play, each.key));
    if (all.length === 0 || message.deleted || message.failed || (message.by === 'us' && (seen.row(message.key)?.shows?.part ?? seen.row(message.key)?.part ?? 0) > 0)) continue;
    // Nobody knows yet which message that is.
    if (seen.row(message.key)?.state === 'asked') continue;
    if (seen.told(all.flatMap(({ key, removedBy }) => [key, removedBy])).length > 0) continue;
    const left = all.filter(({ removedBy }) => !arrived(play, removedBy)).sort((a, b) => at(play, b.key) - at(play, a.key)).map(({ emoji }) => emoji ?? '');
    const listed = (emoji: Iterable<string>): string => [...emoji].toSorted((a, b) => a.localeCompare(b)).join();
    const wanted = listed([...new Set(left)].slice(0, play.world.conditions.abilities.reactions));
    const there = listed(message.ours);
    // Where the first part came only when it was sent again, another part has them.
    const elsewhere = play.retried && play.world.network.messages.some((other) => other !== message && listed(other.ours) === wanted && eventsOf(other, play, seen).some(({ event }) => events.includes(event)));
    if (there !== wanted && !elsewhere) problems.push(`our reactions on ${message.id} are "${there}", not "${wanted}"`);
  }
  return problems;
}

/** An answer points at what it answers, where that is there. */
function replies(play: Play, seen: Seen): readonly string[] {
  return play.said.flatMap((said) => {
    const target = said.replyTo;
    if (target === null || said.versions.length > 1 || target.versions.length > 1 || said.deleted !== null || target.deleted !== null) return [];
    if (said.side === 'matrix') {
      const messages = play.world.network.messages.filter(({ by, text, failed }) => by === 'us' && !failed && marksIn(text).some(({ side, n, part }) => side === 'matrix' && n === said.n && part === 0));
      const ids = play.world.network.messages.filter(({ id, text, by }) => id === target.id || (by === 'us' && target.side === 'matrix' && marksIn(text).some(({ side, n }) => side === 'matrix' && n === target.n))).map(({ id }) => String(id));
      return messages.filter(({ replyTo }) => replyTo !== null && !ids.includes(replyTo)).map(({ replyTo }) => `m${said.n} answers ${replyTo}, not m or n${target.n}`);
    }
    const events = target.side === 'network' ? seen.of('network', target.n).map(({ shown }) => shown.event) : [target.id];
    return seen.of('network', said.n).filter(({ shown, mark }) => mark.part === 0 && shown.answers !== null && !events.includes(shown.answers))
      .map(({ shown }) => `n${said.n} answers ${shown.answers}, not ${events.join()}`);
  });
}

/** Every command has one answer. */
function answers(play: Play, seen: Seen): readonly string[] {
  return play.commands.filter((event) => arrived(play, event)).flatMap((event) => {
    const given = seen.told([event]);
    const lost = seen.rows.some(({ state, event: of, task }) => state === 'dead' && of === null && JSON.stringify(task).includes(event));
    return given.length === 1 || lost ? [] : [`a command has ${given.length} answers`];
  });
}

/** In the end everything is settled, so the read position stands at the end of each room; but for a report that was not said. */
function readPositions({ world }: Play, seen: Seen): readonly string[] {
  if (seen.rows.some(({ state, lane }) => state === 'dead' && lane.startsWith('out:r'))) return [];
  return world.store.liveRooms().flatMap(({ row, roomId, kind }) => {
    const last = world.store.lastEvent(row);
    if (last === null || roomId === null || kind === 'unknown') return [];
    return last.settled === last.eventId ? [] : [`the read position of ${roomId} stands at ${last.settled}, not at ${last.eventId}`];
  });
}

import type { Clock } from '../../model/clock.ts';
import { Rejected } from '../../model/errors.ts';
import type { MatrixEvent } from '../../model/events.ts';
import type { AccountId, EventId, PersonRow, PortalRow, RoomId, RoomRow, UserId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import { type Effect, type MatrixTask, type OutboxItem, type Store, StoreBusy } from '../../store/store.ts';
import type { Backfill } from '../backfill/backfill.ts';
import { MARKER } from '../keys.ts';
import type { Turn } from '../lanes/lanes.ts';
import type { Outages } from '../outages.ts';
import type { Puppets } from '../people/puppets.ts';
import { isBridged, type Rooms } from '../portals/rooms.ts';
import type { Upgrades } from '../portals/upgrades.ts';
import { inRooms } from '../reports/telling.ts';
import type { DeliverySettings } from '../settings.ts';
import { backoff, failureOf } from './failure.ts';
import { eventOf, fileAlone, finalContent, isOvertaken, originOf } from './matrix-content.ts';
import type { MatrixMedia } from './matrix-media.ts';
import { lookFor } from './look-for.ts';
import { pin } from './pins.ts';
import { pollEvent } from './polls.ts';
import { eventsOf, redactOne, type RedactionTask } from './redactions.ts';
import { hungUp } from './threads.ts';
import { type Voice, Voices } from './voices.ts';

export interface ToMatrixDeps {
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly rooms: Rooms;
  readonly puppets: Puppets;
  readonly media: MatrixMedia;
  readonly backfill: Backfill;
  readonly upgrades: Upgrades;
  readonly outages: Outages;
  readonly settings: DeliverySettings;
  readonly clock: Clock;
  readonly log: Logger;
  /** Runs a person's command and returns the bot's answer. */
  readonly command: (task: Extract<MatrixTask, { kind: 'command' }>, row: OutboxItem) => Promise<readonly Effect[]>;
  /** A ghost has said something in a room. */
  readonly said: (room: RoomRow, event: EventId) => void;
  /** Rooms that the owners of an account share with the bot. */
  readonly ownerRooms: (account: AccountId) => readonly RoomRow[];
  /** Who is asked into a new room of the account. */
  readonly hosts: (account: AccountId) => readonly UserId[];
  /** Somebody's own account has just said something: whoever speaks has read. */
  readonly spoke: (portal: PortalRow, user: UserId, event: EventId) => void;
  readonly wake: (lanes: readonly string[]) => void;
  /** Named edges between commits and calls; tests stop the process there. */
  readonly step: (name: string) => void;
  readonly count: (outcome: string, row: OutboxItem) => void;
}


const DAMAGED = 'It was damaged in the bridge’s database.';

/** A row whose outcome is not known, and still is not: the cause is why the room could not be read. */
class NotLookedFor extends Error {}

/** Works `out:r…` lanes: one row, one call to the homeserver, under the key that is stored with it. */
export class ToMatrix {
  readonly #deps: ToMatrixDeps;
  readonly #voices: Voices;

  constructor(deps: ToMatrixDeps) {
    this.#deps = deps;
    this.#voices = new Voices(deps.store, deps.rooms, deps.puppets);
  }

  async turn(lane: string): Promise<Turn> {
    const { store, outages, clock, settings } = this.#deps;
    const row = store.outHead(lane);
    if (row === null) return 'empty';
    // Of what makes a room nothing is sealed that is not known without it, and everything behind it needs the room.
    const task = row.task ?? (row.kind === 'create' ? { to: 'matrix', kind: 'create' } as const : null);
    if (task?.to !== 'matrix') {
      await this.#settle(row, { to: 'dead', code: 'damaged', reason: DAMAGED }, row.kind === 'backfill' ? this.#deps.backfill.over(row) : this.#lost(row, DAMAGED));
      return 'more';
    }
    const now = clock.now();
    if (outages.isDown('matrix')) return { until: now + 1_000 };
    if (row.dueAt > now) return { until: row.dueAt };
    // What somebody said grows old. What the bridge itself does for a room or says in it is as true as before.
    if (isBridged(task) && now - row.createdAt > settings.maxAge) {
      await this.#settle(row, { to: 'dead', code: 'too_old', reason: 'It waited too long.' }, this.#lost(row, 'It waited too long.'));
      return 'more';
    }
    try {
      if (task.kind === 'backfill') return await this.#deps.backfill.turn(row, task);
      await this.#work(row, task);
    } catch (error) {
      // Nothing can be written now; the row stands as it was, and is looked into when the lane comes again.
      if (error instanceof StoreBusy) throw error;
      await (error instanceof NotLookedFor ? this.#lookAgain(row, error.cause) : this.#failed(row, error));
    }
    return 'more';
  }

  async #work(row: OutboxItem, task: Exclude<MatrixTask, { kind: 'backfill' }>): Promise<void> {
    switch (task.kind) {
      case 'create': return this.#create(row);
      case 'refresh': return this.#step(row, () => this.#deps.rooms.refresh(row));
      case 'child': return this.#step(row, () => this.#deps.rooms.gather(row, task.child, task.present));
      case 'welcome': return this.#welcome(row);
      case 'bridge info': return this.#step(row, () => this.#deps.rooms.showBridge(row, task.shown));
      case 'follow': return this.#follow(row, task);
      case 'command': return this.#command(row, task);
      case 'enter': return this.#step(row, () => this.#deps.rooms.speaker(task.as, row));
      case 'invite':
      case 'join':
      case 'leave': return this.#membership(row, task);
      case 'message': return this.#message(row, task);
      case 'reaction':
      case 'vote':
      case 'poll end': return this.#about(row, task);
      case 'pin': return this.#pin(row, task);
      case 'verify': return this.#verify(row, task);
      case 'unreaction':
      case 'redaction': return this.#redact(row, task);
    }
  }

  async #message(row: OutboxItem, first: Extract<MatrixTask, { kind: 'message' }>): Promise<void> {
    const { homeserver, rooms, media, store, puppets } = this.#deps;
    if (row.state !== 'ready' && await this.#foundSent(row, rooms.placeOf(row))) return;
    const room = rooms.idOf(row);
    const voice = await this.#voices.ofMessage(row, first);
    const { as } = voice;
    const wanted = isOvertaken(store, row, first) ? fileAlone(first) : first;
    const ready = wanted.media === undefined ? wanted : await media.ready(row, wanted, voice.puppet === null ? as : homeserver.bot);
    if (ready === null) return;
    this.#deps.step('matrix.prepared');
    const said = voice.say(ready);
    const content = finalContent(store, row, said, (marker) => puppets.sealed(room, as, marker));
    if (!await this.#begin(row)) return;
    // The newest edit by the homeserver's time is the one shown, and networks tell time in seconds: edits go without theirs.
    const eventId = await this.#spoken(row, voice, () => homeserver.send(as, room, said.type, row.key, content, said.edits === undefined ? said.ts : undefined));
    if (eventId === null) return;
    this.#deps.step('matrix.sent');
    this.#said(row, eventId);
    const spool = media.spoolOf(ready);
    await this.#settle(row, { to: 'confirmed', remoteId: eventId, at: this.#deps.clock.now() }, [...this.#mapped(row, said, eventId, as), ...media.over(ready)]);
    await media.remove(ready, spool);
    if (voice.puppet !== null && row.portal !== null) this.#deps.spoke(row.portal, voice.puppet, eventId);
  }

  #said({ room, portal }: OutboxItem, event: EventId): void {
    if (room !== null && portal !== null) this.#deps.said(room, event);
  }

  /** Null where somebody's own account was refused: the row goes out again at once, by the bot. */
  async #spoken(row: OutboxItem, { puppet }: Pick<Voice, 'puppet'>, send: () => Promise<EventId>): Promise<EventId | null> {
    const { puppets, clock } = this.#deps;
    if (puppet === null || row.room === null) return send();
    try {
      const eventId = await send();
      await puppets.worked(puppet);
      return eventId;
    } catch (error) {
      if (!puppets.isRefusal(error)) throw error;
      await puppets.refused(puppet, row.room, error);
      await this.#settle(row, { to: 'ready', dueAt: clock.now(), tried: false, code: error.code, reason: error.message });
      return null;
    }
  }

  #mapped(row: OutboxItem, task: Extract<MatrixTask, { kind: 'message' }>, eventId: EventId, as: UserId): readonly Effect[] {
    if (task.map === undefined || row.portal === null) return [];
    // An edit is found under the event that clients show it in.
    const edited = task.edits === undefined ? null : eventOf(this.#deps.store, row, task.edits);
    const author = this.#voices.authorOf(task, as);
    return [
      { do: 'map', row: { portal: row.portal, eventId: edited ?? eventId, outPart: 0, ...task.map, origin: 'network', author, thread: task.thread?.root ?? null } },
      ...hungUp(this.#deps.store, row, task, eventId),
    ];
  }

  /** What is about a message or a poll, and is sent as an event of its own. */
  async #about(row: OutboxItem, task: Extract<MatrixTask, { kind: 'reaction' | 'vote' | 'poll end' }>): Promise<void> {
    const { homeserver, rooms, store, clock, puppets } = this.#deps;
    const room = rooms.placeOf(row);
    const target = eventOf(store, row, { remote: task.target });
    const event = target === null ? null : task.kind === 'reaction'
      ? { type: 'm.reaction', content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key: task.emoji } } }
      : await pollEvent(homeserver, store, row, task, target, room);
    if (event === null) {
      await this.#settle(row, { to: 'cancelled', reason: 'What it belongs to never arrived.' });
      return;
    }
    if (row.state !== 'ready' && await this.#foundSent(row, room)) return;
    rooms.idOf(row);
    const voice = await this.#voices.of(row, task.kind === 'poll end' ? { as: task.as } : task);
    if (!await this.#begin(row)) return;
    const marker = puppets.sealed(room, voice.as, originOf(row));
    try {
      const eventId = await this.#spoken(row, voice, () => homeserver.send(voice.as, room, event.type, row.key, { ...event.content, [MARKER]: marker }, task.ts));
      if (eventId === null) return;
      this.#deps.step('matrix.reacted');
      this.#said(row, eventId);
      await this.#settle(row, { to: 'confirmed', remoteId: eventId, at: clock.now() }, [{ do: 'reacted', key: row.key, eventId }]);
    } catch (error) {
      if (!(error instanceof Rejected) || error.code !== 'M_DUPLICATE_ANNOTATION') throw error;
      await this.#settle(row, { to: 'confirmed', remoteId: null, at: clock.now() });
    }
  }

  /** Done twice it changes nothing, so an uncertain one is simply repeated. */
  async #pin(row: OutboxItem, task: Extract<MatrixTask, { kind: 'pin' }>): Promise<void> {
    const { homeserver, rooms, store, clock } = this.#deps;
    const room = rooms.idOf(row);
    const target = eventOf(store, row, { remote: task.target });
    if (target === null) {
      await this.#settle(row, { to: 'cancelled', reason: 'What it belongs to never arrived.' });
      return;
    }
    if (!await this.#begin(row)) return;
    await pin(homeserver, room, target, task.pinned, originOf(row));
    await this.#settle(row, { to: 'confirmed', remoteId: null, at: clock.now() });
  }

  async #verify(row: OutboxItem, task: Extract<MatrixTask, { kind: 'verify' }>): Promise<void> {
    const { homeserver, rooms, clock } = this.#deps;
    const room = rooms.idOf(row);
    if (!await this.#begin(row)) return;
    const found = await homeserver.event(homeserver.bot, room, task.event).catch((error: unknown) => {
      if (error instanceof Rejected && error.code === 'M_NOT_FOUND') return null;
      throw error;
    });
    this.#deps.step('matrix.verified');
    const gone = found !== null && (found.unsigned?.redacted_because !== undefined || Object.keys(found.content).length === 0);
    await this.#settle(row, gone ? { to: 'confirmed', remoteId: null, at: clock.now() } : { to: 'cancelled', reason: 'The homeserver shows it as it was.' });
  }

  /** Redacting twice changes nothing, so an uncertain one is simply repeated. */
  async #redact(row: OutboxItem, task: RedactionTask): Promise<void> {
    const { homeserver, rooms, store, clock } = this.#deps;
    const room = rooms.idOf(row);
    const events = eventsOf(store, row, task);
    if (!await this.#begin(row)) return;
    const as = events.length === 0 ? homeserver.bot : (await this.#voices.of(row, task)).as;
    for (const [index, event] of events.entries()) {
      const redaction = await redactOne({ store, homeserver, rooms }, row, task, as, room, event, index === 0 ? row.key : `${row.key}.${index}`);
      if (redaction !== null) this.#said(row, redaction);
    }
    this.#deps.step('matrix.redacted');
    const gone: readonly Effect[] = task.kind === 'redaction' && row.portal !== null ? [
      { do: 'unmap', portal: row.portal, remoteId: task.target, ...(task.part === undefined ? {} : { part: task.part }) },
    ] : [];
    await this.#settle(row, { to: 'confirmed', remoteId: null, at: clock.now() }, gone);
  }

  async #create(row: OutboxItem): Promise<void> {
    if (!await this.#begin(row)) return;
    const { roomId, effects } = await this.#deps.rooms.create(row);
    this.#deps.step('matrix.created');
    await this.#settle(row, { to: 'confirmed', remoteId: roomId, at: this.#deps.clock.now() }, effects);
  }

  /** Said in the words of this moment, and once: it is looked for as any message is. */
  async #welcome(row: OutboxItem): Promise<void> {
    const said = this.#deps.rooms.welcome(row);
    if (said === null) await this.#settle(row, { to: 'cancelled', reason: 'Nothing is to be said.' });
    else await this.#message(row, said);
  }

  /** Nothing of it does harm twice, and one commit makes the room another. */
  async #follow(row: OutboxItem, task: Extract<MatrixTask, { kind: 'follow' }>): Promise<void> {
    if (!await this.#begin(row)) return;
    const effects = await this.#deps.upgrades.follow(row, task);
    this.#deps.step('matrix.followed');
    if (effects === null) await this.#settle(row, { to: 'cancelled', reason: 'It does not replace the room.' });
    else await this.#settle(row, { to: 'confirmed', remoteId: task.into, at: this.#deps.clock.now() }, effects);
  }

  /** Each step brings one thing to what it should be, so a second time changes nothing. */
  async #step(row: OutboxItem, bring: () => Promise<unknown>): Promise<void> {
    if (!await this.#begin(row)) return;
    await bring();
    await this.#settle(row, { to: 'confirmed', remoteId: null, at: this.#deps.clock.now() });
  }

  async #membership(row: OutboxItem, task: Extract<MatrixTask, { kind: 'invite' | 'join' | 'leave' }>): Promise<void> {
    const { homeserver, rooms, clock, puppets } = this.#deps;
    const room = rooms.idOf(row);
    if (!await this.#begin(row)) return;
    try {
      const isIn = task.kind === 'invite' && await puppets.welcome(task.user, row);
      if (isIn) this.#deps.log.debug('Somebody is let into their room.', { room: row.room });
      else if (task.kind === 'invite') await rooms.invite(row, task.user);
      else if (task.kind === 'join') await homeserver.join(homeserver.bot, room);
      else await homeserver.leave(rooms.userOf(task.as), room, task.reason);
    } catch (error) {
      // Already in, or already out: nothing is missing.
      if (!(error instanceof Rejected) || !['M_FORBIDDEN', 'M_NOT_FOUND', 'M_INVITE_BLOCKED'].includes(error.code)) throw error;
      this.#deps.log.info('A membership was refused.', { kind: task.kind, code: error.code });
    }
    this.#deps.step('matrix.joined');
    const effects: readonly Effect[] = task.kind === 'join' ? await rooms.arrived(row) : [];
    await this.#settle(row, { to: 'confirmed', remoteId: null, at: clock.now() }, effects);
  }

  async #command(row: OutboxItem, task: Extract<MatrixTask, { kind: 'command' }>): Promise<void> {
    // Actions may be repeated: a command found unfinished after a stop is run again.
    if (!await this.#begin(row)) return;
    const effects = await this.#deps.command(task, row);
    this.#deps.step('matrix.commanded');
    await this.#settle(row, { to: 'confirmed', remoteId: null, at: this.#deps.clock.now() }, effects);
  }

  async #begin(row: OutboxItem): Promise<boolean> {
    const begun = await this.#deps.store.begin(row);
    this.#deps.step('matrix.begun');
    return begun;
  }

  async #foundSent(row: OutboxItem, room: RoomId): Promise<boolean> {
    let own: MatrixEvent | null;
    try {
      own = await lookFor(this.#deps.homeserver, row, room, (event) => this.#deps.puppets.origin(event)?.key === row.key);
    } catch (error) {
      throw new NotLookedFor('It could not be looked for.', { cause: error });
    }
    if (own === null) return false;
    const eventId = own.event_id as EventId;
    const effects = row.task?.to === 'matrix' && row.task.kind === 'message' ? [...this.#mapped(row, row.task, eventId, own.sender as UserId), ...this.#deps.media.over(row.task)] : [];
    await this.#settle(row, { to: 'confirmed', remoteId: eventId, at: this.#deps.clock.now() }, [...effects, { do: 'reacted', key: row.key, eventId }]);
    return true;
  }

  /** As uncertain as before: it is not sent again on that account. */
  async #lookAgain(row: OutboxItem, error: unknown): Promise<void> {
    const { outages, homeserver, log, clock, settings } = this.#deps;
    log.warn('A row could not be looked for on Matrix.', { seq: row.seq, kind: row.kind, error });
    const failure = failureOf(error, row, clock.now(), settings);
    if ('sideDown' in failure) outages.down('matrix', failure.sideDown, () => homeserver.ping());
    const dueAt = failure.settle.to === 'ready' ? failure.settle.dueAt : clock.now() + backoff(row.tries);
    await this.#settle(row, { to: 'uncertain', dueAt, code: row.code ?? 'uncertain', reason: row.reason ?? 'Its answer was lost.' });
  }

  async #failed(row: OutboxItem, error: unknown): Promise<void> {
    const { outages, homeserver, log, clock, settings, store, rooms } = this.#deps;
    if (error instanceof Rejected && error.code === 'M_FORBIDDEN' && row.tries < 2 && row.task?.to === 'matrix' && 'as' in row.task && row.task.as !== null) {
      // Perhaps the ghost is not in the room any more, whatever we believe: join again, once or twice.
      await this.#settle(row, { to: 'ready', dueAt: clock.now(), tried: true, code: error.code, reason: error.message }, rooms.forget(row, row.task.as as PersonRow));
      return;
    }
    if (error instanceof Rejected && error.code === 'M_FORBIDDEN' && isBridged(row.task) && (row.blockedSince === null || clock.now() - row.blockedSince < settings.maxBlock) && await this.#deps.upgrades.isReplaced(row)) {
      // Refused in a room that is given up for another: word of that is on its way, and it is shown there.
      await this.#settle(row, { to: 'ready', dueAt: clock.now() + 1_000, tried: true, code: error.code, reason: error.message });
      return;
    }
    if (error instanceof Rejected && this.#movesOn(row, error)) return this.#moveOn(row, error);
    const failure = failureOf(error, row, clock.now(), settings);
    if ('sideDown' in failure) outages.down('matrix', failure.sideDown, () => homeserver.ping());
    if ('bug' in failure) log.error('A bug met a row on its way to Matrix.', { seq: row.seq, kind: row.kind, error });
    else log.warn('A row did not reach Matrix.', { seq: row.seq, kind: row.kind, error });
    const state = store.outboxRow(row.seq)?.state;
    // Nothing was called yet where the row was never marked.
    const settle = failure.settle.to === 'uncertain' && state === 'ready' ? { to: 'ready', dueAt: clock.now() + 1_000, tried: true, code: failure.settle.code, reason: failure.settle.reason } as const : failure.settle;
    await this.#settle(row, settle, settle.to === 'dead' ? this.#lost(row, settle.reason) : []);
  }

  /** Refused in a room that was given up while it was under way, and certainly not shown there. */
  #movesOn(row: OutboxItem, { code }: Rejected): boolean {
    if (row.kind !== 'message' || row.remoteRef === null || row.portal === null || this.#deps.store.portal(row.portal)?.state !== 'closed') return false;
    return code === 'encrypted' || (code === 'room_gone' && row.state === 'ready');
  }

  /** It is shown in the next room, as all that waited when this one was given up. */
  async #moveOn(row: OutboxItem, { code, message: reason }: Rejected): Promise<void> {
    await this.#settle(row, { to: 'ready', dueAt: 0, tried: false, code, reason });
    if (row.portal !== null && row.account !== null) this.#deps.wake(await this.#deps.store.apply([{ do: 'close', portal: row.portal, invite: this.#deps.hosts(row.account) }]));
  }

  /** What cannot be shown is said where it would have stood, else to the owners of its account. */
  #lost(row: OutboxItem, reason: string): readonly Effect[] {
    const { task, kind } = row;
    if (task?.kind === 'redaction' && row.room !== null) {
      return inRooms([row.room], `⚠️ A message was deleted where it came from, and is still here: ${reason}`, `lost ${row.key}`);
    }
    if (kind === 'follow') return this.#deps.upgrades.leftBehind(row, reason);
    if ((task !== null && !isBridged(task)) || row.room === null || row.account === null) return [];
    if (task?.kind === 'message' && task.past === true) return [];
    const room = this.#deps.store.room(row.room);
    const here = room?.roomId != null && room.state === 'live' && !room.encrypted;
    const person = task === null || task.as === null ? null : this.#deps.store.person(task.as);
    const text = `⚠️ A ${kind} from ${person?.name ?? row.account}${here ? '' : ` (${row.account})`} could not be shown: ${reason}`;
    return inRooms(here ? [row.room] : this.#deps.ownerRooms(row.account), text, `lost ${row.key}`);
  }

  async #settle(row: OutboxItem, outcome: Parameters<Store['settleOut']>[1], effects: readonly Effect[] = []): Promise<void> {
    const lanes = await this.#deps.store.settleOut(row.seq, outcome, effects);
    this.#deps.step('matrix.settled');
    if (outcome.to !== 'ready') this.#deps.count(outcome.to, row);
    this.#deps.wake(lanes);
  }
}

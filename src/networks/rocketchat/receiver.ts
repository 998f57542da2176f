import type { Clock } from '../../model/clock.ts';
import { AccountBroken, DeliveryError, Rejected, Retry, Unreachable } from '../../model/errors.ts';
import type { NetworkItem } from '../../model/events.ts';
import type { Millis } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import { at, num, str } from '../shared/json.ts';
import { Recent } from '../shared/recent.ts';
import type { RocketChatApi } from './api.ts';
import { Ddp } from './ddp.ts';
import { type Context, conversationOf, roomOf, when } from './decode/context.ts';
import { decodeMessage } from './decode/message.ts';
import { decodeRoom, decodeStream, deleted, deletedOf } from './decode/stream.ts';
import { namesIn, type People } from './people.ts';
import type { Position } from './position.ts';
import type { Rooms } from './rooms.ts';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** More than that waiting, and the connection is made anew: what was missed is asked for. */
const MOST_WAITING = 2_000;
const MOST_CHARACTERS = 64 * 1024 * 1024;
const BATCH = 100;
/** Asked again of what was heard already: two servers of a cluster do not write in one order. */
const OVERLAP_MS = 60_000;
/** Where all that changed in a room is too much for one answer: so many messages are asked for at a time, so many times at most. */
const FEW = 25;
const MOST_PAGES = 80;
/** A room that the server does not tell of is asked about again after this. */
const PATIENCE_MS = 10 * 60_000;
/** Typing and deletions are told room by room; the rooms where something happened last come first. */
const MOST_ROOMS = 200;

export interface ReceiverOptions {
  readonly url: string;
  readonly token: string;
  readonly self: string;
  /** The account is a person's own login. */
  readonly personal: boolean;
  readonly scope: string;
  readonly api: RocketChatApi;
  readonly people: People;
  readonly rooms: Rooms;
  readonly position: Position;
  readonly clock: Clock;
  readonly log: Logger;
  readonly answerMs?: number;
  readonly works: () => void;
  readonly breaks: (error: AccountBroken) => void;
}

interface Frame {
  readonly collection: string;
  readonly eventName: string;
  readonly args: readonly unknown[];
  readonly size: number;
}

/** Listens on the WebSocket, and asks for what happened while nobody did. What is heard is committed in order, a batch at a time. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #context: Context;
  #ddp: Ddp | undefined;
  readonly #told = new Map<string, string>();
  /** Until when the account was last told to have read, by conversation. */
  readonly #read = new Map<string, Millis>();
  /** Rooms that the server did not tell of, and until when they are not asked about. */
  readonly #hidden = new Recent<Millis>(1_000);

  constructor(options: ReceiverOptions) {
    this.#options = options;
    const { scope, self, rooms, people, position } = options;
    this.#context = {
      personal: options.personal,
      scope, self, room: (rid) => rooms.get(rid), named: (username) => people.named(username),
      remembers: { reactions: (id) => position.hadReactions(id) },
    };
  }

  get context(): Context {
    return this.#context;
  }

  /** The socket, where it is there now. */
  get ddp(): Ddp | undefined {
    return this.#ddp;
  }

  /** Until told to stop. `live` is called once, when the first connection stands; `failed` where it does not come up. */
  async run(signal: AbortSignal, live: () => void, failed: (error: unknown) => void): Promise<void> {
    const { clock, log } = this.#options;
    let failures = 0;
    let up = false;
    while (!signal.aborted) {
      try {
        await this.#session(signal, () => {
          failures = 0;
          up = true;
          this.#options.works();
          live();
        });
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        if (error instanceof AccountBroken) this.#options.breaks(error);
        if (!up) return failed(error);
        if (failures === 1) log.warn('The WebSocket of Rocket.Chat ended; it is opened again', { code: error instanceof DeliveryError ? error.code : 'not_committed' });
        const asked = error instanceof Retry ? (error.afterMs ?? 0) : 0;
        const wait = error instanceof AccountBroken ? LONGEST_WAIT_MS : Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 10), LONGEST_WAIT_MS);
        await clock.sleep(Math.max(asked, wait * (0.75 + Math.random() / 2)), signal);
      }
    }
    if (!up) failed(new Error('stopped'));
  }

  /** One connection, from its login to its end. Always throws. */
  async #session(signal: AbortSignal, live: () => void): Promise<never> {
    const { url, token, self, answerMs } = this.#options;
    const queue: Frame[] = [];
    let waiting = 0;
    let wake = (): void => {};
    let overflow = false;
    const ending = new AbortController();
    const ends = AbortSignal.any([signal, ending.signal]);
    const ddp = await Ddp.open({
      url, token, signal: ends, ...(answerMs === undefined ? {} : { answerMs }),
      changed: (collection, eventName, args, size) => {
        if (queue.length >= MOST_WAITING || waiting + size > MOST_CHARACTERS) overflow = true;
        else {
          queue.push({ collection, eventName, args, size });
          waiting += size;
        }
        wake();
      },
      odd: (reason) => this.#options.log.debug('Rocket.Chat sent something odd', { reason }),
    });
    try {
      let over: string | undefined;
      void ddp.closed.then((why) => {
        over = why;
        wake();
      });
      // First listen, then ask: nothing can fall between.
      await ddp.subscribe('stream-room-messages', '__my_messages__');
      for (const kind of ['rooms-changed', 'subscriptions-changed', 'message']) await ddp.subscribe('stream-notify-user', `${self}/${kind}`);
      for (const kind of ['Users:NameChanged', 'updateAvatar']) {
        await ddp.subscribe('stream-notify-logged', kind).catch((error: unknown) => {
          if (!(error instanceof Rejected)) throw error;
        });
      }
      await this.#catchUp(ends);
      this.#ddp = ddp;
      live();
      void this.#followRooms(ddp, ends);
      for (;;) {
        if (over !== undefined) throw new Retry('Rocket.Chat’s WebSocket closed.', over);
        if (overflow) throw new Retry('More came than could be written down.', 'overflow');
        const batch = queue.splice(0, BATCH);
        for (const { size } of batch) waiting -= size;
        if (batch.length > 0) await this.#take(batch, ddp, ends);
        else await new Promise<void>((resolve) => { wake = resolve; });
      }
    } finally {
      this.#ddp = undefined;
      ending.abort();
      ddp.close();
    }
  }

  async #take(frames: readonly Frame[], ddp: Ddp, signal: AbortSignal): Promise<void> {
    const { people, position, clock } = this.#options;
    // Anybody can make public rooms and write there: what the account is not in costs it no call.
    const batch = frames.filter(({ collection, args }) => collection !== 'stream-room-messages' || !isElsewhere(args));
    for (const frame of batch) await this.#know(frame, ddp, signal);
    await people.lookUp(batch.flatMap(({ collection, eventName, args }) => (collection === 'stream-room-messages' ? args.flatMap(namesIn) : /\/(?:user-activity|typing)$/.test(eventName) && typeof args[0] === 'string' ? [args[0]] : [])));
    const now = clock.now();
    const items = batch.flatMap(({ collection, eventName, args }) => {
      if (!this.#wanted(collection, eventName, args)) return [];
      return decodeStream(this.#context, collection, eventName, args, now);
    });
    const heard = Math.max(0, ...frames.flatMap(({ collection, args }) => (collection === 'stream-room-messages' ? (when(args[0], '_updatedAt') ?? when(args[0], 'ts') ?? []) : [])));
    await position.accept(items.filter((item) => this.#isNews(item)), heard > 0 ? heard : undefined);
    for (const { collection, eventName, args } of batch) this.#forget(collection, eventName, args);
  }

  /** What has to be known before it is decoded. */
  async #know({ collection, eventName, args }: Frame, ddp: Ddp, signal: AbortSignal): Promise<void> {
    const { rooms, people, api, clock } = this.#options;
    if (collection === 'stream-room-messages') {
      for (const message of args.slice(0, 1)) {
        people.learnFrom(message);
        const rid = str(message, 'rid');
        if (rid === undefined || rooms.get(rid) !== undefined || (this.#hidden.get(rid) ?? 0) > clock.now()) continue;
        // The account came into it a moment ago.
        const room = await api.room(rid).catch((error: unknown) => {
          if (error instanceof Rejected) return null;
          throw error;
        });
        if (room !== null) rooms.learn(room);
        else this.#hidden.set(rid, clock.now() + PATIENCE_MS);
        void this.#follow(ddp, rid, signal);
      }
    } else if (eventName.endsWith('/rooms-changed') && args[0] !== 'removed') rooms.learn(args[1]);
    else if (eventName.endsWith('/subscriptions-changed') && args[0] === 'inserted') {
      const rid = str(args[1], 'rid');
      rooms.learnSubscription(args[1]);
      if (rid !== undefined) void this.#follow(ddp, rid, signal);
    } else if (eventName === 'Users:NameChanged') for (const user of args) people.learn(user);
  }

  #forget(collection: string, eventName: string, args: readonly unknown[]): void {
    if (collection !== 'stream-notify-user' || args[0] !== 'removed') return;
    const rid = eventName.endsWith('/subscriptions-changed') ? str(args[1], 'rid') : str(args[1], '_id');
    if (rid !== undefined) this.#options.rooms.forget(rid);
  }

  #wanted(collection: string, eventName: string, args: readonly unknown[]): boolean {
    const { rooms } = this.#options;
    if (collection === 'stream-room-messages') {
      const rid = str(args[0], 'rid') ?? '';
      return rooms.wanted(rid, str(args[1], 'roomType'));
    }
    if (collection === 'stream-notify-room') return rooms.wanted(eventName.slice(0, eventName.lastIndexOf('/')));
    const rid = str(args[1], 'rid') ?? str(args[1], '_id');
    if (collection === 'stream-notify-user' && rid !== undefined) return rooms.wanted(rid, str(args[1], 't'));
    return true;
  }

  /** Rooms are told again with every message in them, and much is told that has no place anywhere. */
  #isNews({ event }: NetworkItem): boolean {
    if (event.type === 'unsupported') return event.conversation !== undefined && event.what !== 'messagesRead' && event.what !== 'videoconf' && event.what !== 'command' && event.what !== 'hidden';
    if (event.type === 'receipt' && event.reader.isSelf === true) {
      // A subscription is told with every message in its room, mostly with nothing read anew.
      if (this.#read.get(event.conversation.id) === event.time) return false;
      if (this.#read.size > 10_000) this.#read.clear();
      this.#read.set(event.conversation.id, event.time);
      return true;
    }
    if (event.type === 'typing' && event.sender.isSelf === true) return this.#context.personal === true;
    if (event.type !== 'conversation.changed' || event.by !== undefined) return true;
    const { id, title, topic, avatar } = event.conversation;
    const looks = JSON.stringify([title, topic, avatar?.id]);
    if (this.#told.get(id) === looks) return false;
    if (this.#told.size > 10_000) this.#told.clear();
    this.#told.set(id, looks);
    return true;
  }

  /** All that changed since the server was heard last. At the very first nothing has been missed. */
  async #catchUp(signal: AbortSignal): Promise<void> {
    const { api, rooms, position, clock } = this.#options;
    const { since } = position;
    const { update } = await patiently(() => api.rooms(), clock, signal);
    for (const room of update) rooms.learn(room);
    for (const room of update) {
      const news = decodeRoom(this.#context, room);
      // How they are is known; what of it is new shows from now on.
      for (const item of news) this.#isNews(item);
    }
    if (since === undefined) {
      const newest = Math.max(0, ...update.map((room) => when(room, 'lm') ?? 0));
      return position.accept([], Math.max(newest, clock.now() - OVERLAP_MS));
    }
    const changed = update.filter((room) => (when(room, '_updatedAt') ?? when(room, 'lm') ?? since) >= since - OVERLAP_MS)
      .filter((room) => rooms.wanted(str(room, '_id') ?? '')).sort((one, other) => (when(one, 'lm') ?? 0) - (when(other, 'lm') ?? 0));
    let heard = since;
    for (const room of changed) heard = Math.max(heard, await this.#catchUpRoom(str(room, '_id') ?? '', since, signal));
    if (heard > since) await position.accept([], heard);
  }

  async #catchUpRoom(rid: string, since: Millis, signal: AbortSignal): Promise<Millis> {
    const { people, position } = this.#options;
    const { updated, deleted: gone } = await this.#changes(rid, since - OVERLAP_MS, signal);
    // The oldest first, as they were said.
    const messages = [...updated].sort((one, other) => (when(one, 'ts') ?? 0) - (when(other, 'ts') ?? 0));
    for (const message of messages) people.learnFrom(message);
    const conversation = conversationOf(this.#context, roomOf(this.#context, rid));
    const context: Context = { ...this.#context, toldUntil: since };
    for (let from = 0; from < messages.length; from += BATCH) {
      const page = messages.slice(from, from + BATCH);
      await people.lookUp(page.flatMap(namesIn));
      await position.accept(page.flatMap((message) => decodeMessage(context, message)).filter((item) => this.#isNews(item)));
    }
    const deletions = deletedOf(gone).flatMap(({ id, time }) => deleted([id], conversation, time));
    if (deletions.length > 0) await position.accept(deletions);
    return Math.max(since, ...messages.map((message) => when(message, '_updatedAt') ?? num(message, '_updatedAt') ?? 0));
  }

  /** One room that is refused, or in which too much happened, keeps no other waiting. */
  async #changes(rid: string, since: Millis, signal: AbortSignal): Promise<{ readonly updated: readonly unknown[]; readonly deleted?: unknown }> {
    const { api, clock, log } = this.#options;
    try {
      return await patiently(() => api.changes(rid, since), clock, signal).catch(async (error: unknown) => {
        if (!isUnreadable(error)) throw error;
        log.info('More changed in a room of Rocket.Chat than one answer holds: what was said is asked for in parts', { rid });
        return { updated: await this.#said(rid, since, signal) };
      });
    } catch (error) {
      if (!(error instanceof Rejected) && !isUnreadable(error)) throw error;
      log.warn('A room of Rocket.Chat could not be caught up with', { rid, code: error.code });
      return { updated: [] };
    }
  }

  /** The newest first, as far back as `since`. */
  async #said(rid: string, since: Millis, signal: AbortSignal): Promise<readonly unknown[]> {
    const { api, rooms, clock } = this.#options;
    const found: unknown[] = [];
    let latest: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const messages = await patiently(() => api.history(rooms.get(rid)?.type, rid, FEW, latest), clock, signal);
      found.push(...messages.filter((message) => (when(message, 'ts') ?? 0) >= since));
      const oldest = Math.min(...messages.map((message) => when(message, 'ts') ?? Number.POSITIVE_INFINITY));
      const next = Number.isFinite(oldest) ? new Date(oldest).toISOString() : undefined;
      if (messages.length < FEW || oldest < since || next === undefined || next === latest) break;
      latest = next;
    }
    return found;
  }

  /** Beside what is heard: the server takes only so many subscriptions in a time. */
  async #followRooms(ddp: Ddp, signal: AbortSignal): Promise<void> {
    const wanted = [...this.#options.rooms.all()].filter(({ rid }) => this.#options.rooms.wanted(rid)).slice(0, MOST_ROOMS);
    for (const { rid } of wanted) {
      if (signal.aborted) return;
      await this.#follow(ddp, rid, signal);
    }
  }

  async #follow(ddp: Ddp, rid: string, signal: AbortSignal): Promise<void> {
    const { rooms, clock, log } = this.#options;
    if (!rooms.wanted(rid)) return;
    const kinds = ['deleteMessage', 'deleteMessageBulk', 'user-activity', ...(rooms.get(rid)?.type === 'd' ? ['messagesRead'] : [])];
    for (const kind of kinds) {
      try {
        await patiently(() => ddp.subscribe('stream-notify-room', `${rid}/${kind}`), clock, signal);
      } catch (error) {
        if (!(error instanceof DeliveryError)) throw error;
        log.debug('Rocket.Chat does not tell of a room', { kind, code: error.code });
        return;
      }
    }
  }
}

/** Public rooms are told to whoever may read them. */
function isElsewhere(args: readonly unknown[]): boolean {
  return args.slice(1).some((beside) => at(beside, 'roomParticipant') === false);
}

/** The server answered well, with more than is read of an answer. */
function isUnreadable(error: unknown): error is Unreachable {
  return error instanceof Unreachable && error.code === 'http_200';
}

/** Waits where the server asks for it, as often as it does. */
async function patiently<T>(call: () => Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Retry) || !error.rateLimited || signal.aborted) throw error;
      await clock.sleep(Math.max(error.afterMs ?? 1_000, 100), signal);
      if (signal.aborted) throw error;
    }
  }
}


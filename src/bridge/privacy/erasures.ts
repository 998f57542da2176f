import type { Clock } from '../../model/clock.ts';
import { Rejected, Retry } from '../../model/errors.ts';
import type { EventId, Mxc, PersonRow, RoomId, UserId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { SpoolStore } from '../../model/media.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import { type Erased, type Erasure, type ErasureEvent, type ErasureRoom, type ErasureWish, type Store, StoreBusy } from '../../store/store.ts';
import { keyOf } from '../keys.ts';

export interface ErasuresDeps {
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly spool: Pick<SpoolStore, 'remove'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Something of an erasure is done on the homeserver; `left`: events still to be redacted. */
  readonly progress?: (erasure: Erasure, left: number) => void;
  /** All of it is. `refused`: events that the homeserver would not redact. */
  readonly done?: (erasure: Erasure, refused: number) => void;
  readonly signal: AbortSignal;
}

/** Events between two commits: so many are redacted once more at most after a stop. */
const BATCH = 50;
const PATIENCE = 60_000;
/** State that names a chat, and whom it is with. */
const NAMING: ReadonlySet<string> = new Set(['m.room.name', 'm.room.topic', 'm.room.avatar', 'm.bridge', 'uk.half-shot.bridge']);

/**
 * Erases people. What the bridge knows goes in one commit. What is to be done on the homeserver follows beside the lanes: each call
 * changes nothing when it is made twice, so after a stop it goes on where it was.
 */
export class Erasures {
  readonly #deps: ErasuresDeps;
  #running: Promise<void> | null = null;

  constructor(deps: ErasuresDeps) {
    this.#deps = deps;
  }

  async person(row: PersonRow, wish: ErasureWish): Promise<Erased> {
    const erased = await this.#deps.store.erasePerson(row, wish);
    await this.#settled(erased);
    void this.look();
    return erased;
  }

  async user(user: UserId): Promise<Erased> {
    const erased = await this.#deps.store.eraseUser(user);
    await this.#settled(erased);
    return erased;
  }

  /** Does what is left; resolves once nothing is, or the signal says so. */
  look(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async #settled({ spool }: Erased): Promise<void> {
    const { store, log } = this.#deps;
    for (const id of spool) await this.#deps.spool.remove(id);
    try {
      await store.scrub();
    } catch (error) {
      log.warn('The database could not be written anew: traces of what was erased may be in its file until that is done. Is there space for a copy of it?', { error });
    }
  }

  async #run(): Promise<void> {
    const { store, clock, log, signal } = this.#deps;
    await Promise.resolve();
    for (let wait = 1_000; !signal.aborted;) {
      try {
        const [erasure] = store.erasures();
        if (erasure === undefined) break;
        await this.#work(erasure);
        wait = 1_000;
      } catch (error) {
        // The homeserver or the database is away: it goes on when they are back.
        if (!(error instanceof StoreBusy)) log.warn('An erasure waits for the homeserver.', { error });
        await clock.sleep(error instanceof Retry ? (error.afterMs ?? wait) : wait, signal);
        wait = Math.min(wait * 2, PATIENCE);
      }
    }
    // At once: whatever comes next is looked for anew.
    this.#running = null;
  }

  async #work(erasure: Erasure): Promise<void> {
    const { store, signal, log } = this.#deps;
    const refused = erasure.redact ? await this.#redactAll(erasure) : 0;
    if (signal.aborted) return;
    // First what was said, then who said it: another name makes an event of its own in each room.
    for (const room of erasure.rooms) await this.#unname(erasure, room);
    for (const ghost of erasure.ghosts) await this.#hide(ghost);
    for (const room of erasure.rooms) for (const ghost of room.ghosts) await this.#leave(ghost, room.id);
    await store.erasureDone(erasure.id);
    store.checkpoint();
    log.info('Somebody is erased.', { erasure: erasure.id, events: erasure.of, refused });
    this.#deps.done?.(erasure, refused);
  }

  async #redactAll(erasure: Erasure): Promise<number> {
    const { store, signal } = this.#deps;
    let refused = 0;
    for (let left = erasure.left; !signal.aborted;) {
      const events = store.erasureEvents(erasure.id, BATCH);
      if (events.length === 0) break;
      for (const event of events) if (!await this.#redact(erasure, event)) refused += 1;
      await store.redacted(erasure.id, events.map(({ event }) => event));
      left -= events.length;
      this.#deps.progress?.(erasure, Math.max(left, 0));
    }
    return refused;
  }

  /** Where two chats became one, an event may be in the room of the other. */
  async #redact(erasure: Erasure, { event, room, ghost }: ErasureEvent): Promise<boolean> {
    const rooms = [room, ...erasure.rooms.filter(({ id, direct }) => direct && id !== room).map(({ id }) => id)];
    for (const id of rooms) if (await this.#redactIn(erasure, id, event, this.#userOf(ghost))) return true;
    return false;
  }

  /** By its author, who may have left; else by the bot, which administers most rooms. */
  async #redactIn({ id }: Pick<Erasure, 'id'>, room: RoomId, event: EventId, author: UserId): Promise<boolean> {
    const { homeserver } = this.#deps;
    for (const as of [author, homeserver.bot]) {
      const done = await this.#tolerant(() => homeserver.redact(as, room, event, keyOf('erase', id, event, as)));
      if (done) return true;
    }
    return false;
  }

  /** A room that was made for a chat with them says no more with whom; and in any the ghost's own entry loses its name. */
  async #unname({ id: erasure, redact }: Erasure, { id: room, direct, ghosts }: ErasureRoom): Promise<void> {
    const { homeserver } = this.#deps;
    const users = new Set<string>(ghosts.map((ghost) => this.#userOf(ghost)));
    if (!direct && !redact) return;
    await this.#tolerant(async () => {
      for (const { type, state_key: key, event_id: event, sender, content } of await homeserver.state(homeserver.bot, room)) {
        const isName = direct && NAMING.has(type);
        const isEntry = type === 'm.room.member' && key !== undefined && users.has(key);
        if (redact && (isName || isEntry)) await this.#redactIn({ id: erasure }, room, event as EventId, sender as UserId);
        if (isName && Object.keys(content).length > 0) await homeserver.setState(homeserver.bot, room, type, key ?? '', {});
      }
    });
  }

  async #hide(ghost: string): Promise<void> {
    const { homeserver } = this.#deps;
    if (this.#isBack(ghost)) return;
    await this.#tolerant(() => homeserver.setDisplayName(this.#userOf(ghost), ''));
    await this.#tolerant(() => homeserver.setAvatar(this.#userOf(ghost), '' as Mxc));
  }

  async #leave(ghost: string, room: RoomId): Promise<void> {
    if (!this.#isBack(ghost)) await this.#tolerant(() => this.#deps.homeserver.leave(this.#userOf(ghost), room));
  }

  /** They have written again meanwhile, as somebody new of the same id. */
  #isBack(ghost: string): boolean {
    return this.#deps.store.personByLocalpart(ghost) !== null;
  }

  #userOf(ghost: string): UserId {
    return `@${ghost}:${this.#deps.homeserver.serverName}` as UserId;
  }

  /** False where the homeserver refuses, which it would again. */
  async #tolerant(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      this.#deps.log.debug('The homeserver refused a part of an erasure.', { error });
      return false;
    }
  }
}

import type { Clock } from '../../model/clock.ts';
import type { EventId, Millis, PortalRow, RoomId, RoomRow, UserId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import type { Portal, Store } from '../../store/store.ts';
import { type Live, targetOf } from '../deciding.ts';
import type { LiveAccount } from '../outbound/to-network.ts';
import type { Puppets } from '../people/puppets.ts';
import type { Rooms } from '../portals/rooms.ts';
import { Latest } from './latest.ts';

export interface LiveDeps {
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly rooms: Rooms;
  readonly puppets: Puppets;
  readonly account: (id: Portal['account']) => LiveAccount | null;
  readonly permitted: (user: string) => boolean;
  readonly readReceipts: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

type Read = Extract<Live, { do: 'read' }>;

/** Milliseconds between two marks of one kind to one conversation. */
const PAUSE = 1_000;
/** How long the homeserver shows somebody as typing who is not said to have stopped. Milliseconds. */
const TYPING = 20_000;
/** What a network tells of the account so soon after we marked something there as read is our own mark. Milliseconds. */
const ECHO = 10_000;

/** Typing and receipts: in memory, the latest wins, and one that does not arrive is not missed. */
export class Lively {
  readonly #deps: LiveDeps;
  /** Newest read mark of each portal on its way, so that a burst becomes one call. */
  readonly #reads = new Map<string, Read>();
  readonly #typing = new Map<PortalRow, ReadonlySet<string>>();
  readonly #marks: Latest<string>;
  /** How far people's own accounts were marked as having read, by portal and user: the homeserver tells of it as if they had done it here. */
  readonly #puppetRead = new Map<string, EventId>();
  /** Until when their own accounts are shown as typing. */
  readonly #puppetTypes = new Map<string, Millis>();
  /** Until when a mark of the account's is taken for our own. */
  readonly #marked = new Map<PortalRow, Millis>();

  constructor(deps: LiveDeps) {
    this.#deps = deps;
    this.#marks = new Latest(deps.clock, PAUSE);
  }

  fromNetwork(outputs: readonly Live[]): void {
    for (const output of outputs) {
      if (output.do === 'types' || output.do === 'puppet types') this.#types(output);
      else if (!this.#deps.readReceipts) continue;
      else if (output.do === 'read') this.#ghostReads(output);
      else if (this.#deps.clock.now() >= (this.#marked.get(output.portal) ?? 0)) this.#puppetReads(output.portal, output.user, output.event);
    }
  }

  /** Whoever has said something in the network's own app has read what stood there. */
  spoke(portal: PortalRow, user: UserId, event: EventId): void {
    if (this.#deps.readReceipts) this.#puppetReads(portal, user, event);
  }

  #puppetReads(portal: PortalRow, user: UserId, event: EventId): void {
    const { store, homeserver, puppets } = this.#deps;
    const key = `${portal} ${user}`;
    const room = store.room(store.portal(portal)?.room ?? (0 as RoomRow));
    const id = room?.roomId;
    if (id == null || this.#puppetRead.get(key) === event || !puppets.isIn(user, room?.row ?? (0 as RoomRow))) return;
    this.#puppetRead.set(key, event);
    this.#marks.run(`puppet read ${key}`, () => this.#quietly(() => homeserver.readUpTo(user, id, event)));
  }

  /** Of ghosts that are there, and of people whose typing is not our own, told back. */
  #types(output: Extract<Live, { do: 'types' | 'puppet types' }>): void {
    const { store, homeserver, rooms, puppets, clock } = this.#deps;
    const { portal, active } = output;
    const user = output.do === 'types' ? rooms.userIdOf(output.person) : output.user;
    const key = `${portal} ${user}`;
    if (output.do === 'puppet types') {
      if ((this.#typing.get(portal)?.size ?? 0) > 0) return;
      this.#puppetTypes.set(key, active ? clock.now() + TYPING : 0);
    }
    this.#marks.run(`types ${key}`, () => this.#quietly(async () => {
      const room = store.room(store.portal(portal)?.room ?? (0 as RoomRow));
      const isIn = room !== null && (output.do === 'types' ? store.member(room.row, user)?.membership === 'join' : puppets.isIn(user, room.row));
      if (room?.roomId != null && isIn) await homeserver.typing(user, room.roomId, active, TYPING);
    }));
  }

  /** Networks tell what was read in any order. */
  #ghostReads(read: Read): void {
    const { store, homeserver, rooms } = this.#deps;
    const { portal, person } = read;
    const room = store.portal(portal)?.room;
    const roomId = room === undefined ? null : store.room(room)?.roomId ?? null;
    const key = `${portal}:${person.row}`;
    if (roomId === null) return;
    const waiting = this.#reads.get(key);
    if (waiting === undefined || waiting.seq < read.seq) this.#reads.set(key, read);
    if (waiting !== undefined) return;
    void this.#quietly(async () => {
      await this.#deps.clock.sleep(200);
      const { event } = this.#reads.get(key) ?? read;
      this.#reads.delete(key);
      await homeserver.receipt(rooms.userIdOf(person), roomId, event);
    });
  }

  /** EDUs of the homeserver: `m.typing` and `m.receipt`, each with its room. */
  fromMatrix(edus: readonly unknown[]): void {
    for (const edu of edus) {
      try {
        this.#take(edu as { type?: unknown; room_id?: unknown; content?: unknown });
      } catch (error) {
        // The transaction that it came with is committed: nothing here may refuse that.
        this.#lost(error);
      }
    }
  }

  #take({ type, room_id: room, content }: { readonly type?: unknown; readonly room_id?: unknown; readonly content?: unknown }): void {
    if (typeof room !== 'string' || typeof content !== 'object' || content === null) return;
    const found = this.#deps.store.roomById(room as RoomId);
    if (found === null) return;
    for (const portal of this.#deps.store.portalsOf(found.row)) {
      if (portal.conversation.stopped !== undefined) continue;
      if (type === 'm.typing') this.#typed(portal, (content as { user_ids?: unknown }).user_ids);
      if (type === 'm.receipt' && this.#deps.readReceipts) this.#read(portal, content as Record<string, unknown>);
    }
  }

  #typed(portal: Portal, users: unknown): void {
    if (!Array.isArray(users)) return;
    const now = new Set(users.filter((user): user is string => typeof user === 'string' && this.#counts(user) && this.#deps.clock.now() >= (this.#puppetTypes.get(`${portal.row} ${user}`) ?? 0)));
    const before = this.#typing.get(portal.row);
    this.#typing.set(portal.row, now);
    const active = now.size > 0;
    if (active === ((before?.size ?? 0) > 0)) return;
    const account = this.#deps.account(portal.account);
    const target = targetOf(portal.conversation);
    // Who wants no read marks shown wants none by this way either.
    if (!this.#deps.readReceipts && account?.connection.capabilities(target).typingReads === true) return;
    this.#marks.run(`typing ${portal.row}`, () => this.#quietly(async () => account?.connection.typing?.(target, active)));
  }

  /** A person's read mark goes to the network as far as the newest message of its that they have seen. */
  #read(portal: Portal, content: Record<string, unknown>): void {
    for (const [event, kinds] of Object.entries(content)) {
      const readers = Object.keys(((kinds as Record<string, unknown> | null)?.['m.read'] ?? {}) as object)
        .filter((user) => this.#counts(user) && this.#puppetRead.get(`${portal.row} ${user}`) !== event);
      if (readers.length === 0) continue;
      const upTo = this.#deps.store.inboundUpTo(portal.row, portal.room, event as EventId);
      const account = this.#deps.account(portal.account);
      if (upTo === null) continue;
      this.#marked.set(portal.row, this.#deps.clock.now() + ECHO);
      this.#marks.run(`read ${portal.row}`, () => this.#quietly(async () => account?.connection.markRead?.(targetOf(portal.conversation), upTo)));
    }
  }

  #counts(user: string): boolean {
    return !this.#deps.rooms.isOurs(user as UserId) && this.#deps.permitted(user);
  }

  async #quietly(work: () => Promise<unknown>): Promise<void> {
    await work().catch((error: unknown) => this.#lost(error));
  }

  #lost(error: unknown): void {
    this.#deps.log.debug('A receipt or a typing mark was lost.', { error });
  }
}

import type { Clock } from '../../model/clock.ts';
import type { EventId, PortalRow, RoomId, UserId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import type { Portal, Store } from '../../store/store.ts';
import { type Live, targetOf } from '../deciding.ts';
import type { LiveAccount } from '../outbound/to-network.ts';
import type { Rooms } from '../portals/rooms.ts';
import { Latest } from './latest.ts';

export interface LiveDeps {
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly rooms: Rooms;
  readonly account: (id: Portal['account']) => LiveAccount | null;
  readonly permitted: (user: string) => boolean;
  readonly readReceipts: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Milliseconds between two marks of one kind to one conversation. */
const PAUSE = 1_000;

/** Typing and receipts: in memory, the latest wins, and one that does not arrive is not missed. */
export class Lively {
  readonly #deps: LiveDeps;
  /** Newest read mark of each portal on its way, so that a burst becomes one call. */
  readonly #reads = new Map<string, Live>();
  readonly #typing = new Map<PortalRow, ReadonlySet<string>>();
  readonly #marks: Latest<string>;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
    this.#marks = new Latest(deps.clock, PAUSE);
  }

  fromNetwork(outputs: readonly Live[]): void {
    if (this.#deps.readReceipts) for (const output of outputs) this.#ghostReads(output);
  }

  /** Networks tell what was read in any order. */
  #ghostReads(read: Live): void {
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
    const now = new Set(users.filter((user): user is string => typeof user === 'string' && this.#counts(user)));
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
      const readers = Object.keys(((kinds as Record<string, unknown> | null)?.['m.read'] ?? {}) as object).filter((user) => this.#counts(user));
      if (readers.length === 0) continue;
      const upTo = this.#deps.store.inboundUpTo(portal.row, portal.room, event as EventId);
      const account = this.#deps.account(portal.account);
      if (upTo !== null) this.#marks.run(`read ${portal.row}`, () => this.#quietly(async () => account?.connection.markRead?.(targetOf(portal.conversation), upTo)));
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

import type { MatrixEvent } from '../../model/events.ts';
import type { EventId, RoomRow } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import type { Room, Store } from '../../store/store.ts';

export interface ReconcileDeps {
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly log: Logger;
  readonly wake: (lanes: readonly string[]) => void;
}

/** At most this many events of a room are looked back for. */
const FAR = 2_000;

/**
 * Homeservers can lose what they had queued for us when they stop (Synapse issue 11637). After the bridge or the
 * homeserver was down each room is compared with its recent history, the most recently active first, and what was never
 * taken in is taken in now, in the room's order. Meanwhile its lane waits.
 */
export class Reconcile {
  readonly #deps: ReconcileDeps;
  readonly #held = new Set<RoomRow>();
  #running: Promise<void> | null = null;
  #again = false;
  /** The database was put back from a backup: the rooms may hold what it has forgotten that it handled. */
  #restored = false;

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
  }

  held(room: RoomRow): boolean {
    return this.#held.has(room);
  }

  /** Starts a round in the background; a second call while one runs makes another follow it. */
  start(restored = false): void {
    this.#restored ||= restored;
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    const rooms = this.#deps.store.liveRooms().filter(({ roomId, kind }) => roomId !== null && kind !== 'unknown');
    for (const { row } of rooms) this.#held.add(row);
    this.#running = this.#round(rooms).finally(() => {
      this.#running = null;
      this.#held.clear();
      this.#deps.wake(rooms.map(({ row }) => `in:r${row}`));
      this.#restored = false;
      if (!this.#again) return;
      this.#again = false;
      this.start();
    });
  }

  /** Resolves when no round runs. */
  async idle(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  async #round(rooms: readonly Room[]): Promise<void> {
    for (const room of rooms) {
      try {
        await this.#compare(room);
      } catch (error) {
        this.#deps.log.warn('A room could not be compared with its history.', { room: room.row, error });
      }
      this.#held.delete(room.row);
      this.#deps.wake([`in:r${room.row}`]);
    }
  }

  async #compare(room: Room): Promise<void> {
    const { store, homeserver, log, wake } = this.#deps;
    if (room.roomId === null) return;
    const missing: MatrixEvent[] = [];
    let from: string | undefined;
    for (let seen = 0; seen < FAR;) {
      const { events, end } = await homeserver.messages(homeserver.bot, room.roomId, { limit: 100, ...(from === undefined ? {} : { from }) });
      const unseen = new Set(store.unseen('matrix', events.map(({ event_id }) => event_id)));
      missing.push(...events.filter(({ event_id }) => unseen.has(event_id)));
      seen += events.length;
      // The first event known on this page ends the gap: the homeserver hands events over in order.
      if (unseen.size < events.length || end === undefined || events.length === 0) break;
      from = end;
    }
    if (missing.length === 0) return;
    const mark = this.#restored ? await homeserver.fullyRead(room.roomId) : null;
    // Newest first: from the read position on everything was settled.
    const at = mark === null ? -1 : missing.findIndex(({ event_id }) => event_id === mark);
    if (at >= 0) await store.acceptMatrix({ events: missing.splice(at).reverse(), toDevice: [], restored: 'settled' });
    const accepted = await store.acceptMatrix({ events: missing.reverse(), toDevice: [], ...(this.#restored ? { restored: 'doubtful' } : {}) });
    log.info('Events that the homeserver had not handed over were found in the room.', { room: room.row, events: accepted.fresh });
    wake(accepted.wake);
  }
}

/** The bot's read position moves only past events that are wholly settled; at most one write a room every ten seconds. */
export class ReadPosition {
  readonly #deps: Pick<ReconcileDeps, 'store' | 'homeserver' | 'log'>;
  readonly #written = new Map<RoomRow, EventId>();

  constructor(deps: Pick<ReconcileDeps, 'store' | 'homeserver' | 'log'>) {
    this.#deps = deps;
  }

  /** Called every ten seconds with the rooms that something happened in. */
  async write(rooms: Iterable<RoomRow>): Promise<void> {
    for (const row of rooms) {
      const room = this.#deps.store.room(row);
      const settled = this.#deps.store.lastEvent(row)?.settled ?? null;
      if (room?.roomId == null || room.state !== 'live' || settled === null || this.#written.get(row) === settled) continue;
      this.#written.set(row, settled);
      try {
        await this.#deps.homeserver.setFullyRead(room.roomId, settled);
      } catch (error) {
        this.#deps.log.debug('The read position was not written.', { room: row, error });
      }
    }
  }
}

import type { ConversationRef, MatrixEvent, MessageEvent, NetworkEvent, NetworkItem, PersonRef } from '../../../../src/model/events.ts';
import type { AccountId, ConversationRow, EventId, Millis, NetworkId, OutboxSeq, PortalRow, RemoteId, RoomId, RoomRow, UserId } from '../../../../src/model/ids.ts';
import { plain } from '../../../../src/model/richtext.ts';
import type { Accepted, Effect, MatrixTask, NetworkTask, NewOutbox, OutboxItem, Person, Portal, Store } from '../../../../src/store/store.ts';

/** A store under test. The same suite runs over every implementation: each brings a factory of these. */
export interface TestStore {
  readonly store: Store;
  /** Closes it without warning and opens what was committed. */
  reopen(): Promise<Store>;
  dispose(): Promise<void>;
}

export type StoreFactory = (now: () => Millis) => Promise<TestStore>;

export const NETWORK = 'fake' as NetworkId;
export const ACCOUNT = 'fake/app/one' as AccountId;
export const ALICE = '@alice:test' as UserId;
export const KEEP = { deadContent: 1_000, settled: 1_000, accepted: 86_400_000, seen: null };

/** What a test works with: the store, the time, and the everyday steps towards it. */
export class Bench {
  now: Millis = Date.UTC(2026, 0, 1);
  #under: TestStore | null = null;
  #store: Store | null = null;
  #keys = 0;

  async open(factory: StoreFactory): Promise<void> {
    this.#under = await factory(() => this.now);
    this.#store = this.#under.store;
  }

  async close(): Promise<void> {
    await this.#under?.dispose();
    this.#under = null;
  }

  get store(): Store {
    if (this.#store === null) throw new Error('open it first');
    return this.#store;
  }

  async reopen(): Promise<void> {
    if (this.#under === null) throw new Error('open it first');
    this.#store = await this.#under.reopen();
  }

  /** Whom the store knows by this id. */
  person(id: string): Person {
    const found = this.store.personById(NETWORK, '', id);
    if (found === null) throw new Error(`nobody is called ${id}`);
    return found;
  }

  async take(event: NetworkEvent, key = `key ${++this.#keys}`, account = ACCOUNT): Promise<Accepted> {
    return this.store.acceptNetwork({ network: NETWORK, account, items: [{ key, event }] });
  }

  async hear(...events: MatrixEvent[]): Promise<Accepted> {
    return this.store.acceptMatrix({ events, toDevice: [] });
  }

  /** A live portal for the conversation that this event belongs to; the event itself is handled. */
  async portal(event: NetworkEvent, roomId = `!room-of-${this.#keys}:test`): Promise<Portal> {
    const lane = (await this.take(event)).wake[0] ?? '';
    const item = this.store.inHead(lane);
    if (item?.body.side !== 'network' || item.body.conversation === null) throw new Error('no conversation');
    const { conversation } = item.body;
    await this.store.settleIn(item.seq, { to: 'done' }, [{ do: 'portal', conversation, account: ACCOUNT, invite: [] }]);
    const made = this.portalOf(conversation);
    const create = this.head(`out:r${made.room}`);
    await this.begin(create.seq);
    await this.store.settleOut(create.seq, { to: 'confirmed', remoteId: roomId, at: this.now }, [
      { do: 'room', room: made.room, change: { roomId: roomId as RoomId, state: 'live' } },
      { do: 'portalState', portal: made.row, state: 'live' },
    ]);
    await this.drain(roomLane(made.room));
    return this.portalOf(conversation);
  }

  portalOf(conversation: ConversationRow): Portal {
    const { portal } = this.store.remoteContext(conversation, null, []);
    if (portal === null) throw new Error(`conversation ${conversation} has no portal`);
    return portal;
  }

  /** The conversation of the first item that waits in the lanes that this woke. */
  conversationOf(accepted: Accepted): ConversationRow {
    const item = this.store.inHead(accepted.wake[0] ?? '');
    if (item?.body.side !== 'network' || item.body.conversation === null) throw new Error('no conversation');
    return item.body.conversation;
  }

  head(lane: string): OutboxItem {
    const row = this.store.outHead(lane);
    if (row === null) throw new Error(`${lane} is empty`);
    return row;
  }

  row(seq: OutboxSeq): OutboxItem {
    const row = this.store.outboxRow(seq);
    if (row === null) throw new Error(`there is no row ${seq}`);
    return row;
  }

  begin(seq: OutboxSeq): Promise<boolean> {
    return this.store.begin(this.row(seq));
  }

  /** Queues one row and returns it. */
  async send(row: Partial<NewOutbox> & { readonly lane: string; readonly key: string }): Promise<OutboxItem> {
    await this.store.apply([{ do: 'send', row: { task: says('hello'), account: ACCOUNT, ...row } }]);
    const found = this.store.outboxByKey(row.key);
    if (found === null) throw new Error('it was not queued');
    return found;
  }

  /** Every key of a lane, in the order in which its heads come. Settles them all. */
  async drain(lane: string): Promise<readonly string[]> {
    const keys: string[] = [];
    for (let head = this.store.outHead(lane); head !== null; head = this.store.outHead(lane)) {
      keys.push(head.key);
      await this.begin(head.seq);
      await this.store.settleOut(head.seq, { to: 'confirmed', remoteId: null, at: this.now }, []);
    }
    return keys;
  }
}

export const says = (text: string): NetworkTask => ({ to: 'network', kind: 'message', content: { kind: 'text', text: plain(text) }, relay: null });
export const writes = (body: string, more: Partial<Extract<MatrixTask, { kind: 'message' }>> = {}): MatrixTask =>
  ({ to: 'matrix', kind: 'message', as: null, type: 'm.room.message', content: { msgtype: 'm.text', body }, ...more });

export function person(id: string, ...aliases: readonly string[]): PersonRef {
  return { id, scope: '', name: `Name of ${id}`, ...(aliases.length > 0 ? { aliases } : {}) };
}

export function direct(id: string, ...aliases: readonly string[]): ConversationRef {
  return { id, scope: '', kind: 'direct', perAccount: true, ...(aliases.length > 0 ? { aliases } : {}) };
}

let messages = 0;

/** A message of somebody in their direct chat. */
export function message(id: string, aliases: readonly string[] = [], more: Partial<MessageEvent> = {}): MessageEvent {
  return {
    type: 'message', id: `remote ${++messages}` as RemoteId, conversation: direct(id, ...aliases), sender: person(id, ...aliases),
    time: 1_000, parts: [{ kind: 'text', text: plain('hi') }], ...more,
  };
}

export function item(key: string, event: NetworkEvent): NetworkItem {
  return { key, event };
}

export function matrixEvent(id: string, room: string, content: Record<string, unknown> = { msgtype: 'm.text', body: 'hi' }): MatrixEvent {
  return { event_id: `$${id}`, room_id: room, sender: ALICE, type: 'm.room.message', origin_server_ts: 1_000, content };
}

/** A row of the message map, as a send to the network writes it. */
export function mapping(portal: PortalRow, event: string, remote: string, part = 0): Effect {
  return { do: 'map', row: {
    portal, eventId: event as EventId, outPart: part, remoteId: remote as RemoteId, inPart: 0, remoteTime: 1_000, origin: 'matrix', author: ALICE,
  } };
}

export const roomLane = (room: RoomRow): string => `out:r${room}`;
export const portalLane = (portal: PortalRow): string => `out:p${portal}`;

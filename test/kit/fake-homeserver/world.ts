import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';

/** An event as clients see it. */
export interface FakeEvent {
  readonly event_id: string;
  readonly room_id: string;
  readonly sender: string;
  readonly type: string;
  readonly origin_server_ts: number;
  readonly state_key?: string;
  readonly redacts?: string;
  content: Record<string, unknown>;
  unsigned?: Record<string, unknown>;
}

export interface FakeRoom {
  readonly id: string;
  readonly version: string;
  readonly timeline: FakeEvent[];
  /** `type\0state key` */
  readonly state: Map<string, FakeEvent>;
}

export interface StoredMedia {
  readonly mime: string;
  readonly name?: string;
  readonly data: Buffer;
}

/** Everything that changes what the homeserver keeps on disk. */
export type Op =
  | { readonly op: 'user'; readonly id: string }
  | { readonly op: 'profile'; readonly user: string; readonly field: string; readonly value: unknown }
  | { readonly op: 'room'; readonly id: string; readonly version: string }
  | { readonly op: 'event'; readonly event: FakeEvent }
  | { readonly op: 'alias'; readonly alias: string; readonly room: string }
  | { readonly op: 'account'; readonly key: string; readonly content: Record<string, unknown> }
  | { readonly op: 'device'; readonly key: string }
  | { readonly op: 'deviceTxn'; readonly key: string; readonly event: string }
  | { readonly op: 'media'; readonly id: string; readonly mime: string; readonly name?: string; readonly base64: string }
  | { readonly op: 'queue'; readonly event: string }
  | { readonly op: 'lost' }
  | { readonly op: 'txn'; readonly id: number; readonly events: readonly string[] }
  | { readonly op: 'txnDone'; readonly id: number }
  | { readonly op: 'txnReset' }
  | { readonly op: 'service'; readonly up: boolean };

/**
 * What a homeserver's database holds. With a file every change is appended to it before it counts, so that a killed
 * process finds everything again.
 */
export class World {
  readonly users = new Map<string, Map<string, unknown>>();
  readonly rooms = new Map<string, FakeRoom>();
  readonly events = new Map<string, FakeEvent>();
  readonly aliases = new Map<string, string>();
  readonly account = new Map<string, Record<string, unknown>>();
  readonly devices = new Set<string>();
  readonly deviceTxns = new Map<string, string>();
  readonly media = new Map<string, StoredMedia>();
  /** What redacted events held. A real homeserver forgets it; a test wants to know. */
  readonly originals = new Map<string, Record<string, unknown>>();
  /** Events for the application service in no transaction yet. */
  queue: FakeEvent[] = [];
  /** Transactions not yet answered 2xx, oldest first. */
  readonly unsent = new Map<number, FakeEvent[]>();
  serviceUp = true;
  lastTxn = 0;
  readonly #file: number | undefined;

  constructor(path?: string) {
    if (path !== undefined && existsSync(path)) {
      const lines = readFileSync(path, 'utf8').split('\n');
      // A kill in the middle of a write leaves half a line, which was never answered.
      for (const line of lines.slice(0, -1)) this.#take(JSON.parse(line) as Op);
    }
    this.#file = path === undefined ? undefined : openSync(path, 'a');
  }

  apply(op: Op): void {
    if (this.#file !== undefined) writeSync(this.#file, `${JSON.stringify(op)}\n`);
    this.#take(op);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  #take(op: Op): void {
    switch (op.op) {
      case 'user': this.users.set(op.id, new Map()); break;
      case 'profile': this.users.get(op.user)?.set(op.field, op.value); break;
      case 'room': this.rooms.set(op.id, { id: op.id, version: op.version, timeline: [], state: new Map() }); break;
      case 'event': this.#takeEvent(op.event); break;
      case 'alias': this.aliases.set(op.alias, op.room); break;
      case 'account': this.account.set(op.key, op.content); break;
      case 'device': this.devices.add(op.key); break;
      case 'deviceTxn': this.deviceTxns.set(op.key, op.event); break;
      case 'media': this.media.set(op.id, { mime: op.mime, data: Buffer.from(op.base64, 'base64'), ...(op.name === undefined ? {} : { name: op.name }) }); break;
      default: this.#takePush(op);
    }
  }

  #takeEvent(event: FakeEvent): void {
    const room = this.rooms.get(event.room_id);
    if (room === undefined) throw new Error(`no room ${event.room_id}`);
    this.events.set(event.event_id, event);
    room.timeline.push(event);
    if (event.state_key !== undefined) room.state.set(`${event.type}\0${event.state_key}`, event);
    const target = event.type === 'm.room.redaction' && event.redacts !== undefined ? this.events.get(event.redacts) : undefined;
    if (target === undefined) return;
    if (!this.originals.has(target.event_id)) this.originals.set(target.event_id, target.content);
    target.content = target.type === 'm.room.member' ? { membership: target.content['membership'] } : {};
    target.unsigned = { redacted_because: event };
  }

  #takePush(op: Extract<Op, { op: 'queue' | 'lost' | 'txn' | 'txnDone' | 'txnReset' | 'service' }>): void {
    switch (op.op) {
      case 'queue': this.queue.push(this.events.get(op.event)!); break;
      case 'lost': this.queue = []; break;
      case 'txn': {
        this.lastTxn = op.id;
        this.unsent.set(op.id, op.events.map((id) => this.events.get(id)!));
        this.queue = this.queue.slice(op.events.length);
        break;
      }
      case 'txnDone': this.unsent.delete(op.id); break;
      case 'txnReset': this.lastTxn = 0; break;
      case 'service': this.serviceUp = op.up; break;
    }
  }
}

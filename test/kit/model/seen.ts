import type { MatrixEvent } from '../../../src/model/events.ts';
import { MARKER } from '../../../src/bridge/keys.ts';
import type { OutboxItem, Store } from '../../../src/store/store.ts';
import { BOT, type FakeRoom } from './homeserver.ts';
import type { World } from './world.ts';

/** One mark, as it is found in a text. */
export interface Mark {
  readonly side: 'network' | 'matrix';
  readonly n: number;
  readonly part: number;
  readonly version: number;
}

export function marksIn(text: string): readonly Mark[] {
  return [...text.matchAll(/([nm])(\d+)\.(\d+)v(\d+);/g)].map(([, side, n, part, version]) => ({
    side: side === 'n' ? 'network' : 'matrix', n: Number(n), part: Number(part), version: Number(version),
  }));
}

/** A message as a Matrix client shows it: with its newest edit, gone once redacted. */
export interface Shown {
  readonly room: FakeRoom;
  readonly event: string;
  readonly index: number;
  readonly sender: string;
  readonly body: string;
  /** What it said before it was edited. */
  readonly first: string;
  readonly marks: readonly Mark[];
  readonly answers: string | null;
  readonly notice: boolean;
  /** The outbox key in its marker. */
  readonly key: string | null;
}

interface Relates {
  readonly rel_type?: string;
  readonly event_id?: string;
  readonly key?: string;
  readonly 'm.in_reply_to'?: { readonly event_id: string };
}

const relatesOf = (event: MatrixEvent): Relates => (event.content['m.relates_to'] ?? {}) as Relates;
const isMessage = ({ type }: MatrixEvent): boolean => type === 'm.room.message' || type === 'm.sticker';

function shownIn(room: FakeRoom): readonly Shown[] {
  const shown: Shown[] = [];
  room.timeline.forEach((event, index) => {
    if (!isMessage(event) || room.redacted.has(event.event_id) || relatesOf(event).rel_type === 'm.replace') return;
    const edits = room.timeline.filter((edit) => isMessage(edit) && edit.sender === event.sender && !room.redacted.has(edit.event_id)
      && relatesOf(edit).rel_type === 'm.replace' && relatesOf(edit).event_id === event.event_id);
    // The newest by the clock of their origin, as the specification says.
    const newest = edits.reduce<MatrixEvent | null>((best, edit) => (best === null || edit.origin_server_ts >= best.origin_server_ts ? edit : best), null);
    const content = (newest?.content['m.new_content'] ?? event.content) as Record<string, unknown>;
    const body = textOf(content.body);
    shown.push({
      room, event: event.event_id, index, sender: event.sender, body, first: textOf(event.content.body), marks: marksIn(body), answers: relatesOf(event)['m.in_reply_to']?.event_id ?? null,
      notice: content.msgtype === 'm.notice', key: (event.content[MARKER] as { key?: string } | undefined)?.key ?? null,
    });
  });
  return shown;
}

/** Emoji that are shown on an event, each with its sender. */
export function annotationsOn(room: FakeRoom, event: string): readonly { readonly sender: string; readonly emoji: string }[] {
  return room.timeline.filter((each) => each.type === 'm.reaction' && !room.redacted.has(each.event_id) && relatesOf(each).event_id === event)
    .map((each) => ({ sender: each.sender, emoji: relatesOf(each).key ?? '' }));
}

/** Every row of the outbox that is still there. */
function rowsOf(store: Store): readonly OutboxItem[] {
  const rows: OutboxItem[] = [];
  for (let seq = 1, misses = 0; misses < 50; seq++) {
    const row = store.outboxRow(seq as never);
    misses = row === null ? misses + 1 : 0;
    if (row !== null) rows.push(row);
  }
  return rows;
}

/** All that is left in the end, read once. */
export class Seen {
  readonly rooms: readonly FakeRoom[];
  readonly shown: readonly Shown[];
  readonly rows: readonly OutboxItem[];
  readonly #byKey: ReadonlyMap<string, OutboxItem>;
  readonly #kept: ReadonlySet<string>;

  constructor(world: World) {
    this.rooms = [...world.homeserver.rooms.values()];
    this.shown = this.rooms.flatMap(shownIn);
    this.rows = rowsOf(world.store);
    this.#byKey = new Map(this.rows.map((row) => [row.key, row]));
    this.#kept = new Set(this.rows.filter(({ state }) => state === 'dead').flatMap(({ task }) =>
      marksIn(JSON.stringify(task ?? '')).map(({ side, n, part, version }) => `${side} ${n} ${part} ${version}`)));
  }

  row(key: string | null): OutboxItem | undefined {
    return key === null ? undefined : this.#byKey.get(key);
  }

  /** Kept for the administrator to send again. */
  kept({ side, n, part, version }: Mark): boolean {
    return this.#kept.has(`${side} ${n} ${part} ${version}`);
  }

  /** What the bot said of these events; also what it could not say, for it is kept. */
  told(events: readonly (string | null)[]): readonly string[] {
    const said = this.shown.filter(({ sender, notice, answers }) => sender === BOT && notice && answers !== null && events.includes(answers)).map(({ body }) => body);
    const kept = this.rows.flatMap(({ state, task }) => {
      const answers = state === 'dead' && task?.to === 'matrix' && task.kind === 'message' && task.replyTo !== undefined && 'event' in task.replyTo ? task.replyTo.event : null;
      return answers !== null && events.includes(answers) ? [`kept: ${String((task as { content?: { body?: unknown } }).content?.body)}`] : [];
    });
    return [...said, ...kept];
  }

  /** Whether the bot said this anywhere, or keeps it to be said. */
  says(text: string): boolean {
    return this.shown.some(({ body }) => body.includes(text)) || this.rows.some(({ state, task }) => state === 'dead' && JSON.stringify(task).includes(text));
  }

  /** What the bridge shows of a message in any room. */
  of(side: Mark['side'], n: number): readonly { readonly shown: Shown; readonly mark: Mark }[] {
    return this.shown.flatMap((shown) => shown.marks.filter((mark) => mark.side === side && mark.n === n).map((mark) => ({ shown, mark })));
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

import type { EventId, PortalRow, RoomRow, UserId } from '../../model/ids.ts';
import { plain, type RichText } from '../../model/richtext.ts';
import type { Effect, MatrixTask, OutboxItem } from '../../store/store.ts';
import { toMatrix } from '../../text/to-matrix.ts';
import { keyOf } from '../keys.ts';

/** Characters. What comes from elsewhere may stand in it, and an event holds only so much. */
const MOST = 8_000;

/** A notice of the bot in a room, as a reply where it concerns an event. Never has targets itself. */
export function notice(room: RoomRow, text: string | RichText, key: string, replyTo?: EventId): Effect {
  const task: MatrixTask = { ...noticeTask(text), ...(replyTo === undefined ? {} : { replyTo: { event: replyTo } }) };
  return { do: 'send', row: { lane: `out:r${room}`, key, room, task } };
}

export function noticeTask(text: string | RichText): Extract<MatrixTask, { kind: 'message' }> {
  const said = typeof text === 'string' ? plain(text.length > MOST ? `${text.slice(0, MOST).replace(/[\ud800-\udbff]$/, '')}…` : text) : text;
  return { to: 'matrix', kind: 'message', as: null, type: 'm.room.message', content: { msgtype: 'm.notice', ...toMatrix(said) } };
}

/** Tells the sender what became of their event on one network, and in these other rooms. Sent once per outcome. */
export function report(row: OutboxItem, room: RoomRow, network: string, outcome: { readonly state: 'dead' | 'asked'; readonly reason: string }, also: readonly RoomRow[] = []): Effect[] {
  if (row.event === null) return [];
  const text = outcome.state === 'dead'
    ? `⚠️ Not delivered to ${network}: ${outcome.reason}`
    : `❓ It is not known whether this reached ${network}: ${outcome.reason} It was not sent again. To send it again: retry ${row.seq}`;
  const key = [row.key, outcome.state, row.tries, row.createdAt] as const;
  const effect = notice(room, part(row, text), keyOf('report', ...key), row.event);
  if (effect.do !== 'send') return [];
  return [{ do: 'send', row: { ...effect.row, reports: row.seq } }, ...also.map((other) => notice(other, `${part(row, text)} It is what somebody said in another network's conversation, in a room of ${row.account}.`, keyOf('report', ...key, other)))];
}

/** A report that turned out wrong is put right in place. */
export function corrected(row: OutboxItem, room: RoomRow, network: string): Effect[] {
  if (row.report === null) return [];
  const task: MatrixTask = {
    to: 'matrix', kind: 'message', as: null, type: 'm.room.message',
    content: { msgtype: 'm.notice', ...toMatrix(plain(part(row, `✅ Delivered to ${network} after all.`))) },
    edits: { row: row.report },
  };
  return [{ do: 'send', row: { lane: `out:r${room}`, key: keyOf('corrected', row.key, row.report), room, task } }];
}

/** MSC-less but widely read: what Beeper's and other clients show beside a message. */
export function statusEvent(
  row: OutboxItem, room: RoomRow, network: string, status: 'SUCCESS' | 'FAIL_PERMANENT', { reason, deliveredTo }: { readonly reason?: string; readonly deliveredTo?: readonly UserId[] } = {},
): Effect[] {
  if (row.event === null) return [];
  const task: MatrixTask = {
    to: 'matrix', kind: 'message', as: null, type: 'com.beeper.message_send_status',
    content: {
      network, status, ...(reason ? { message: reason, reason: 'm.foreign_network_error' } : {}), ...(deliveredTo === undefined ? {} : { delivered_to_users: deliveredTo }),
      'm.relates_to': { rel_type: 'm.reference', event_id: row.event },
    },
  };
  return [{ do: 'send', row: { lane: `out:r${room}`, key: keyOf('status', row.key, status, ...(deliveredTo ?? [])), room, task } }];
}

function part(row: OutboxItem, text: string): string {
  return row.parts > 1 ? `${text} (part ${row.part + 1} of ${row.parts})` : text;
}

/** Something that was not even tried, and why. `portal`: where, for elsewhere it may have been. */
export function refusal(room: RoomRow, event: EventId, text: string, portal?: PortalRow): Effect {
  return notice(room, `⚠️ ${text}`, keyOf('refusal', event, ...(portal === undefined ? [] : [portal])), event);
}

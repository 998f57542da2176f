import type { Content, MediaKind, MediaRef } from '../../model/content.ts';
import type { MatrixEvent } from '../../model/events.ts';
import type { EventId, Mxc } from '../../model/ids.ts';
import type { RichText } from '../../model/richtext.ts';
import { isPollStart, pollOf } from './polls.ts';
import { fromMatrix } from '../../text/from-matrix.ts';

type Json = Readonly<Record<string, unknown>>;

/** What an event says it relates to; anything malformed counts as nothing. */
export interface Relations {
  readonly replyTo: EventId | null;
  /** The event that its thread hangs on. */
  readonly thread: EventId | null;
  readonly edits: EventId | null;
  /** A vote, or the end of a poll: to its start. */
  readonly refersTo: EventId | null;
  readonly annotates: { readonly event: EventId; readonly emoji: string } | null;
}

export function relationsOf(content: Json): Relations {
  const relates = record(content['m.relates_to']);
  const event = short(relates.event_id, 255) as EventId | null;
  const reply = short(record(relates['m.in_reply_to']).event_id, 255) as EventId | null;
  const emoji = short(relates.key, 1_000);
  const threaded = relates.rel_type === 'm.thread' && event !== null;
  return {
    // A thread's fallback reply only helps clients without threads: the message answers the thread, not that event.
    replyTo: threaded && relates.is_falling_back === true ? null : reply,
    thread: threaded ? event : null,
    edits: relates.rel_type === 'm.replace' ? event : null,
    refersTo: relates.rel_type === 'm.reference' ? event : null,
    annotates: relates.rel_type === 'm.annotation' && event !== null && emoji !== null ? { event, emoji } : null,
  };
}

/** Ids have 255 bytes at most, emoji far fewer; anybody can write more, which no index of a database need take. */
function short(value: unknown, most: number): string | null {
  const text = string(value);
  return text !== null && Buffer.byteLength(text) <= most ? text : null;
}

/** What a message event carries, or why it cannot be bridged. `content` is the event's, or an edit's `m.new_content`. */
export function contentOf(event: MatrixEvent, content: Json = event.content): Content | { readonly refused: string } {
  if (event.type === 'm.sticker') return media('sticker', content);
  if (isPollStart(event.type)) return pollOf(content) ?? { refused: 'The poll has no question, or no answers.' };
  switch (content.msgtype) {
    case 'm.text': return { kind: 'text', text: fromMatrix(content) };
    case 'm.notice': return { kind: 'text', text: fromMatrix(content), style: 'notice' };
    case 'm.emote': return { kind: 'text', text: fromMatrix(content), style: 'emote' };
    case 'm.image': return media('image', content);
    case 'm.video': return media('video', content);
    case 'm.audio': return media('org.matrix.msc3245.voice' in content ? 'voice' : 'audio', content);
    case 'm.file': return media('file', content);
    case 'm.location': return location(content);
    default: {
      const text = fromMatrix(content);
      return text.length > 0 ? { kind: 'text', text } : { refused: `This kind of message (${(string(content.msgtype) ?? 'none').slice(0, 60)}) cannot be bridged.` };
    }
  }
}

function media(kind: MediaKind, content: Json): Content | { readonly refused: string } {
  if ('file' in content) return { refused: 'Encrypted files cannot be bridged.' };
  const mxc = string(content.url);
  if (mxc === null || !/^mxc:\/\/[^/\s]+\/[A-Za-z0-9_-]+$/.test(mxc)) return { refused: 'The file has no valid address.' };
  const info = record(content.info);
  const name = string(content.filename) ?? string(content.body);
  const caption: RichText = typeof content.filename === 'string' && content.filename !== content.body ? fromMatrix(content) : [];
  const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null);
  const mime = string(info.mimetype);
  const [size, width, height, duration] = [number(info.size), number(info.w), number(info.h), number(info.duration)];
  const ref: MediaRef = {
    source: { mxc: mxc as Mxc }, ...(mime === null ? {} : { mime }), ...(name === null ? {} : { name }), ...(size === null ? {} : { size }),
    ...(width === null ? {} : { width }), ...(height === null ? {} : { height }), ...(duration === null ? {} : { durationMs: duration }),
  };
  const hidden = content['page.codeberg.everypizza.msc4193.spoiler'] === true || record(content['town.robin.msc3725.content_warning']).type === 'town.robin.msc3725.spoiler';
  return {
    kind, media: ref, ...(caption.length > 0 ? { caption } : {}),
    ...(info['fi.mau.gif'] === true || info['org.matrix.msc4230.is_animated'] === true ? { animated: true } : {}),
    ...(info['fi.mau.telegram.round_message'] === true ? { round: true } : {}), ...(hidden ? { spoiler: true } : {}),
  };
}

function location(content: Json): Content | { readonly refused: string } {
  const uri = string(content.geo_uri) ?? string(record(content['org.matrix.msc3488.location']).uri) ?? '';
  const found = /^geo:(-?\d{1,3}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)/.exec(uri);
  const [latitude, longitude] = [Number(found?.[1]), Number(found?.[2])];
  if (!found || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return { refused: 'The location is not a valid geo: address.' };
  const name = string(record(content['org.matrix.msc3488.location']).description);
  return { kind: 'location', latitude, longitude, ...(name === null ? {} : { name: name.slice(0, 200) }) };
}

function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function string(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

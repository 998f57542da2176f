import { createHash } from 'node:crypto';
import type { ConversationRef, NetworkEvent, NetworkItem, PersonRef } from '../../../model/events.ts';
import type { Millis } from '../../../model/ids.ts';
import { asTime } from '../../../model/clock.ts';
import { at, num, str } from '../../shared/json.ts';
import { conversation, type RoomFacts } from '../ids.ts';

/** What is known beside what is decoded. A capture comes alone: then nothing is. */
export interface Context {
  /** What makes ids unique: the server. Empty where it is not known. */
  readonly scope: string;
  /** The id of the account's own user; empty where it is not known. */
  readonly self: string;
  /** The account is a person's own login: what it has read they have. */
  readonly personal?: boolean;
  room(rid: string): RoomFacts | undefined;
  /** Somebody of whom only the name is told. */
  named?(username: string): { readonly _id: string; readonly name?: string | undefined } | undefined;
  /** Handed over when asked for the past. */
  readonly historical?: true;
  /** Changes before this time were told already: an edited message that is newer was never told as it was before. */
  readonly toldUntil?: Millis;
  /** What was told of a message before. Absent: nobody remembers, so only what a message says is told, not what it says no more. */
  readonly remembers?: { reactions(id: string): boolean };
}

export const alone: Context = { scope: '', self: '', room: () => undefined };

/** `{"$date": ms}` of a socket, a date of REST, or milliseconds. */
export function when(value: unknown, ...path: readonly string[]): Millis | undefined {
  const found = at(value, ...path);
  const ms = num(found, '$date') ?? (typeof found === 'number' ? found : undefined);
  if (ms !== undefined) return asTime(ms);
  const text = str(found, '$date') ?? (typeof found === 'string' ? found : undefined);
  const parsed = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isFinite(parsed) ? asTime(parsed) : undefined;
}

/** Parts of a key, none of which can run into the next; what is long comes shortened. */
export function keyOf(...parts: readonly (string | number)[]): string {
  return parts.map((part) => (String(part).length > 80 ? digest(part) : String(part).replace(/[|\\]/g, '\\$&'))).join('|');
}

export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value) ?? '').digest('base64url').slice(0, 16);
}

export function roomOf(context: Context, rid: string, type?: string, name?: string): RoomFacts {
  const known = context.room(rid);
  return known ?? { rid, type, ...(type !== 'd' && name !== undefined ? { title: name, name } : {}) };
}

export function conversationOf(context: Context, room: RoomFacts, sender?: PersonRef): ConversationRef {
  return conversation(room, context.scope, context.self, sender);
}

/** Somebody who is told by name only. */
export function byName(context: Context, username: string, name?: string): PersonRef {
  const known = context.named?.(username);
  const isSelf = known !== undefined && known._id === context.self ? { isSelf: true } : {};
  if (known === undefined) return { id: `@${username}`, scope: context.scope, name: name ?? username, username };
  return { id: known._id, aliases: [`@${username}`], scope: context.scope, name: known.name ?? name ?? username, username, ...isSelf };
}

export function item(key: string, event: NetworkEvent): NetworkItem {
  return { key, event };
}

/** Something real without a place in a room. */
export function unsupported(what: string, reason: string, more: {
  readonly time?: Millis | undefined; readonly key?: string; readonly conversation?: ConversationRef | undefined; readonly sender?: PersonRef | undefined;
} = {}): NetworkItem {
  const { time = 0, key = '', conversation: where, sender } = more;
  return {
    key: keyOf('unsupported', what, key, time),
    event: { type: 'unsupported', what, reason, time, ...(where && { conversation: where }), ...(sender && { sender }) },
  };
}

import type { NetworkItem } from '../../../model/events.ts';
import { at, isFields, list, str, type Fields } from '../../shared/json.ts';
import { contactIds, normalId, rank } from '../ids.ts';
import { isWithoutContent } from './content.ts';
import { contextOf, unsupported, type Context } from './context.ts';
import { decodeGroup } from './group.ts';
import { decodeMessage } from './message.ts';
import { decodeCall, decodeError, decodeHistoryChunk, decodeNotice, decodePreference, decodeUserId } from './notice.ts';
import { decodeStatus } from './status.ts';

/**
 * One change of a webhook, cut down to one item: `{id, time, field, value}` with the account's id and the time of its entry.
 * A piece has the shape of what it was cut from, so it can be kept and decoded again.
 */
export type Piece = Fields;

/** What stands beside the items of a change and belongs to all of them. */
const SHARED = new Set(['messaging_product', 'metadata', 'contacts', 'conversation_context']);
/** The arrays whose elements are decoded one by one. */
const ITEMS = ['errors', 'messages', 'message_echoes', 'statuses', 'calls', 'user_id_update', 'history', 'groups', 'user_preferences'] as const;

/** Cuts a change into pieces of one item each, in the order in which they are to be handled. */
export function cutChange(id: string | undefined, time: unknown, change: unknown): readonly Piece[] {
  const field = str(change, 'field') ?? 'messages';
  const outer = at(change, 'value');
  // Of a chat that another program has in hand the same arrays come one level deeper (…/webhooks/reference/standby).
  const inner = at(outer, 'standby');
  const value = isFields(outer) && isFields(inner) ? { ...outer, standby: undefined, ...inner } : outer;
  const piece = (rest: Fields): Piece => ({ id, time, field, value: rest });
  if (!isFields(value) || !hasItems(value)) return [piece(isFields(value) ? value : { value })];
  const shared = Object.fromEntries(Object.entries(value).filter(([key]) => SHARED.has(key)));
  const contactsOf = contactFinder(value);
  const pieces: Piece[] = [];
  for (const key of ITEMS) {
    if (key === 'errors' && isReason(value)) continue;
    const items = key === 'history' ? list(value, key).flatMap(cutHistory) : list(value, key);
    for (const [index, item] of items.entries()) {
      const errors = key === 'messages' && items.length === 1 ? { errors_beside: value['errors'] } : {};
      pieces.push(piece({ ...shared, ...errors, contacts: contactsOf(key, items, index), [key]: [item] }));
    }
  }
  for (const [key, rest] of Object.entries(value)) {
    const handled = SHARED.has(key) || (ITEMS as readonly string[]).includes(key) || !(isFields(rest) || Array.isArray(rest));
    if (!handled) pieces.push(piece({ ...shared, [key]: rest }));
  }
  return pieces;
}

/** One error beside one message that came without content is told as the reason of that, and not a second time. */
function isReason(value: Fields): boolean {
  const [message, ...more] = list(value, 'messages');
  return list(value, 'errors').length === 1 && more.length === 0 && isFields(message) && isWithoutContent(message);
}

function hasItems(value: Fields): boolean {
  return ITEMS.some((key) => list(value, key).length > 0);
}

/** A chunk of the past can hold thousands of messages: one piece a message. */
function cutHistory(chunk: unknown): readonly unknown[] {
  const cut = list(chunk, 'threads').flatMap((thread) =>
    list(thread, 'messages').map((message) => ({
      metadata: at(chunk, 'metadata'),
      threads: [{ ...(isFields(thread) ? thread : {}), messages: [message] }],
    })),
  );
  return cut.length > 0 ? cut : [chunk];
}

/** Of contacts that share an id so many are kept: a body of nothing else must not grow with its square. */
const MOST_ALIKE = 4;

/** Finds the contacts that can belong to an item: those that share an id with it, else the one in its place, else a lone one. */
function contactFinder(value: Fields): (key: string, items: readonly unknown[], index: number) => readonly unknown[] {
  const contacts = list(value, 'contacts');
  const byId = new Map<string, number[]>();
  contacts.forEach((contact, place) => {
    for (const id of rank(contactIds(contact))) {
      const alike = byId.get(id) ?? [];
      byId.set(id, alike);
      if (alike.length < MOST_ALIKE) alike.push(place);
    }
  });
  const loneFor = new Map<string, boolean>();
  const isLone = (key: string): boolean => {
    const known = loneFor.get(key) ?? sameAuthor(list(value, key));
    loneFor.set(key, known);
    return known;
  };
  return (key, items, index) => {
    const ids = idsIn(items[index]);
    const places = new Set(ids.flatMap((id) => byId.get(id) ?? []));
    if (places.size > 0) return [...places].sort((left, right) => left - right).map((place) => contacts[place]);
    if (contacts.length === 1) return isLone(key) ? contacts : [];
    const placed = contacts[index];
    return ids.length === 0 && contacts.length === items.length && placed !== undefined ? [placed] : [];
  };
}

function idsIn(item: unknown): readonly string[] {
  const keys = [
    'from', 'from_user_id', 'from_parent_user_id', 'to', 'to_user_id', 'to_parent_user_id', 'recipient_id', 'recipient_user_id',
    'parent_recipient_user_id', 'recipient_participant_id', 'recipient_participant_user_id', 'participant_recipient_id', 'wa_id',
  ];
  const inner = at(item, 'message');
  return keys.flatMap((key) => [str(item, key), str(inner, key)].flatMap((id) => (id === undefined ? [] : [normalId(id)])));
}

function sameAuthor(items: readonly unknown[]): boolean {
  return new Set(items.map((item) => idsIn(item).join(' '))).size <= 1;
}

/** Decodes a piece; a whole change works as well. Every item yields at least one event. */
export function decodeChange(piece: unknown): { readonly account?: string; readonly items: readonly NetworkItem[] } {
  const base = contextOf(piece);
  const value = at(piece, 'value');
  const context = { ...base, errors: [...base.errors, ...list(value, 'errors_beside')] };
  const items: NetworkItem[] = [];
  for (const error of list(value, 'errors')) items.push(decodeError(context, error));
  const past = context.field === 'history' ? { history: { thread: undefined } } : {};
  for (const message of list(value, 'messages')) items.push(...decodeMessage(context, message, { echo: false, ...past }));
  for (const echo of list(value, 'message_echoes')) items.push(...decodeMessage(context, echo, { echo: true, ...past }));
  for (const status of list(value, 'statuses')) items.push(decodeStatus(context, status));
  for (const call of list(value, 'calls')) items.push(decodeCall(context, call));
  for (const update of list(value, 'user_id_update')) items.push(...decodeUserId(context, update));
  for (const chunk of list(value, 'history')) items.push(...decodeHistory(context, chunk));
  for (const group of list(value, 'groups')) items.push(decodeGroup(context, group));
  for (const preference of list(value, 'user_preferences')) items.push(decodePreference(context, preference));
  if (items.length === 0) items.push(decodeRest(context, value));
  return context.number === '' ? { items } : { account: context.number, items };
}

function decodeHistory(context: Context, chunk: unknown): readonly NetworkItem[] {
  const messages = list(chunk, 'threads').flatMap((thread) =>
    list(thread, 'messages').flatMap((message) => decodeMessage(context, message, { echo: false, history: { thread } })),
  );
  return messages.length > 0 ? messages : decodeHistoryChunk(context, chunk);
}

/** Nothing that is decoded one by one: an account's notice, or a field that nobody has seen yet. */
function decodeRest(context: Context, value: unknown): NetworkItem {
  if (context.field !== 'messages') return decodeNotice(context, context.field, value);
  const keys = isFields(value) ? Object.keys(value).filter((key) => !SHARED.has(key)) : [];
  const what = keys.length > 0 ? `messages.${keys.join('.')}`.slice(0, 100) : 'messages';
  return unsupported(context, { what, reason: 'WhatsApp sent an update that holds no message and no status.', item: value });
}

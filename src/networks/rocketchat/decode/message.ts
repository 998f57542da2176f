import type { MessageEvent, NetworkItem, PersonRef } from '../../../model/events.ts';
import type { Millis, RemoteId } from '../../../model/ids.ts';
import { at, defined, flag, isFields, list, str, type Fields } from '../../shared/json.ts';
import { emojiOf } from '../emoji.ts';
import { person } from '../ids.ts';
import { decodeContent } from './content.ts';
import { byName, type Context, conversationOf, digest, item, keyOf, roomOf, unsupported, when } from './context.ts';
import { decodeSystem, editorOf, type Place } from './system.ts';

/** Whoever writes may choose the id of a message and the name that stands on it; longer ones fit no index. */
const LONGEST_ID = 200;

/** What stands beside a message in a stream: `{roomParticipant, roomType, roomName}`. */
export type Beside = Pick<Fields, string> | undefined;

/**
 * A message as it stands now. Rocket.Chat sends all of it again whenever anything about it changes, so it may be a new one, an
 * edit, reactions, a pin, or several of these; the keys see to it that each is taken once.
 */
export function decodeMessage(context: Context, raw: unknown, beside?: Beside): readonly NetworkItem[] {
  const [id, rid] = [str(raw, '_id'), str(raw, 'rid')];
  if (!isFields(raw) || id === undefined || rid === undefined || id.length > LONGEST_ID) return [unsupported('message', 'A message came without its id or its room.', { key: digest(raw) })];
  const place = placeOf(context, raw, id, rid, beside);
  if (place === undefined) return [unsupported('message', 'A message came without any word of whom it is from.', { key: id, time: when(raw, 'ts') })];
  if (flag(raw, '_hidden')) return [unsupported('hidden', 'An earlier state of a message that was edited; the message itself comes as well.', { key: id, time: place.time })];
  const type = str(raw, 't');
  if (type !== undefined) {
    const system = decodeSystem(context, raw, type, place);
    if (system !== undefined) return type === 'rm' || context.historical ? system : [...system, ...reactionItems(context, raw, place)];
  }
  return [...writtenItems(context, raw, place), ...reactionItems(context, raw, place), ...pinItems(context, raw, place)];
}

function placeOf(context: Context, message: Fields, id: string, rid: string, beside: Beside): Place | undefined {
  const sender = senderOf(context, message);
  if (sender === undefined) return undefined;
  const room = roomOf(context, rid, str(beside, 'roomType'), str(beside, 'roomName'));
  return { id, rid, sender, conversation: conversationOf(context, room, sender), time: when(message, 'ts') ?? when(message, '_updatedAt') ?? 0 };
}

/** An integration writes as one user under many names: each of them is somebody of their own. */
function senderOf(context: Context, message: Fields): PersonRef | undefined {
  const sender = person(at(message, 'u'), context.scope, context.self);
  if (sender === undefined) return undefined;
  const isBot = sender.isBot === true || isFields(at(message, 'bot')) ? { isBot: true as const } : {};
  const alias = str(message, 'alias');
  if (alias === undefined || sender.isSelf === true || alias === sender.name) return { ...sender, ...isBot };
  return { id: `${sender.id}/${alias.length > LONGEST_ID ? digest(alias) : alias}`, scope: sender.scope, name: alias, ...isBot };
}

function writtenItems(context: Context, message: Fields, place: Place): readonly NetworkItem[] {
  const { id, conversation, time, sender } = place;
  const { parts, replyTo } = decodeContent(message);
  const edited = when(message, 'editedAt');
  if (edited !== undefined && !isUnseen(context, time)) {
    return [item(keyOf('edit', id, edited), { type: 'edit', id: id as RemoteId, target: id as RemoteId, conversation, time: edited, sender: editedByOther(context, message, sender), parts })];
  }
  const tmid = str(message, 'tmid');
  const event: MessageEvent = defined({
    type: 'message' as const, id: id as RemoteId, conversation, time, sender, parts,
    replyTo,
    thread: tmid === undefined ? undefined : { root: tmid as RemoteId, ...(flag(message, 'tshow') ? { broadcast: true as const } : {}) },
    key: sender.isSelf === true && isOwnKey(id) ? id : undefined,
    historical: context.historical,
  });
  return [item(keyOf('message', id), event)];
}

/** The ids of what we send are our keys; those that the server gives are shorter. */
function isOwnKey(id: string): boolean {
  return /^[\w-]{32}$/.test(id);
}

/** Who edits is the author, or somebody who may edit for them. */
function editedByOther(context: Context, message: Fields, sender: PersonRef): PersonRef {
  const editor = editorOf(context, message);
  return editor === undefined || editor.id === sender.id || sender.id.startsWith(`${editor.id}/`) ? sender : { ...editor };
}

/** Nobody was told of it as it was before the edit. */
function isUnseen(context: Context, time: Millis): boolean {
  return context.historical === true || (context.toldUntil !== undefined && time > context.toldUntil);
}

function reactionItems(context: Context, message: Fields, place: Place): readonly NetworkItem[] {
  const { id, conversation, time } = place;
  const found = at(message, 'reactions');
  const knowing = withOwnNames(context, message);
  const reactions = isFields(found) ? Object.entries(found).flatMap(([name, who]) => {
    const emoji = emojiOf(name);
    const names = list(who, 'names');
    return list(who, 'usernames').flatMap((username, index) => (typeof username === 'string' && username !== ''
      ? [{ emoji, sender: byName(knowing, username, typeof names[index] === 'string' ? names[index] : undefined) }] : []));
  }) : [];
  const updated = when(message, '_updatedAt');
  // With the last of them the whole key goes: only who remembers that there was one knows.
  const emptied = isFields(found) || context.remembers?.reactions(id) === true;
  if (reactions.length === 0 && (!emptied || context.historical === true)) return [];
  // When they last changed is not told: what they are and when the message changed stand for it.
  return [item(keyOf('reactions', id, digest(found ?? {}), updated ?? 0), {
    type: 'reactions.set', target: id as RemoteId, conversation, time: updated ?? time, reactions,
  })];
}

/** Reactions tell only names; whoever the message names with an id beside them is known by it. */
function withOwnNames(context: Context, message: Fields): Context {
  const here = [at(message, 'u'), ...list(message, 'mentions')];
  return {
    ...context,
    named: (username) => {
      const known = context.named?.(username);
      if (known !== undefined) return known;
      const found = here.find((each) => str(each, 'username') === username);
      const _id = str(found, '_id');
      return _id === undefined ? undefined : { _id, name: str(found, 'name') };
    },
  };
}

function pinItems(context: Context, message: Fields, place: Place): readonly NetworkItem[] {
  const { id, conversation, time } = place;
  const pinned = at(message, 'pinned');
  const since = when(message, 'pinnedAt');
  if (typeof pinned !== 'boolean' || (!pinned && (since === undefined || context.historical === true))) return [];
  const by = person(at(message, 'pinnedBy'), context.scope, context.self);
  const told = pinned ? (since ?? time) : (when(message, '_updatedAt') ?? since ?? time);
  return [item(keyOf('pin', id, String(pinned), since ?? told), defined({
    type: 'pin' as const, target: id as RemoteId, pinned, conversation, time: told, sender: by,
  }))];
}

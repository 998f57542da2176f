import type { ConversationRef, MemberEvent, NetworkItem, PersonRef } from '../../../model/events.ts';
import type { Millis, RemoteId } from '../../../model/ids.ts';
import { plain } from '../../../model/richtext.ts';
import { at, defined, list, str, type Fields } from '../../shared/json.ts';
import { avatarHandle } from '../ids.ts';
import { quotedId } from './attachments.ts';
import { decodeContent } from './content.ts';
import { byName, type Context, item, keyOf, unsupported } from './context.ts';
import { sentenceOf } from './sentences.ts';

export interface Place {
  readonly id: string;
  readonly rid: string;
  readonly conversation: ConversationRef;
  readonly sender: PersonRef;
  readonly time: Millis;
}

type Change = MemberEvent['change'];
/** Whoever the message is of did it themselves. */
const THEMSELVES: Readonly<Record<string, Change>> = { uj: 'join', ujt: 'join', ut: 'join', ul: 'leave', ult: 'leave', uir: 'leave' };
/** It was done to the one whose user name the message holds. */
const TO_OTHERS: Readonly<Record<string, Change>> = {
  au: 'join', 'added-user-to-team': 'join', ru: 'kick', 'removed-user-from-team': 'kick', 'abac-removed-user-from-room': 'kick', ui: 'invite', 'user-banned': 'ban',
};

/** A message with a `t`: something that happened in the room. Undefined for one that is written by somebody all the same. */
export function decodeSystem(context: Context, message: Fields, type: string, place: Place): readonly NetworkItem[] | undefined {
  const { id, conversation, sender, time } = place;
  const msg = str(message, 'msg') ?? '';
  const one = (what: string): string => keyOf(what, id);
  if (Object.hasOwn(THEMSELVES, type)) {
    const change = THEMSELVES[type] ?? 'join';
    return [item(one('member'), { type: 'member', conversation, time, person: sender, change })];
  }
  if (Object.hasOwn(TO_OTHERS, type) && msg !== '') {
    const change = TO_OTHERS[type] ?? 'join';
    // Of a team or a whole list several are named.
    return msg.split(/,\s*/).slice(0, 100).map((username) => item(keyOf('member', id, username), {
      type: 'member', conversation, time, person: byName(context, username.replace(/^@/, '')), change, by: sender,
    }));
  }
  switch (type) {
    case 'r': return [changed({ title: msg })];
    case 'room_changed_topic': return [changed({ topic: msg })];
    case 'room_changed_avatar': return [changed({ avatar: { id, handle: avatarHandle(`/avatar/room/${encodeURIComponent(place.rid)}`, id) } })];
    case 'room-archived':
      return [item(one('gone'), { type: 'conversation.gone', conversation, time, reason: `${sender.name ?? 'Somebody'} archived the room in Rocket.Chat; nothing can be written there any more.` })];
    case 'livechat-close':
      return [item(one('gone'), { type: 'conversation.gone', conversation, time, reason: `${sender.name ?? 'Somebody'} closed the conversation${msg === '' ? '' : `: ${msg}`}.` })];
    case 'rm': return [item(keyOf('deletion', id), { type: 'deletion', conversation, time, target: id as RemoteId, sender: editorOf(context, message) ?? sender })];
    case 'message_pinned': {
      const target = list(message, 'attachments').map((each) => quotedId(str(each, 'message_link'))).find((each) => each !== undefined);
      if (target !== undefined) return [item(keyOf('pin', target, id), { type: 'pin', conversation, time, target: target as RemoteId, pinned: true, sender })];
      break;
    }
    case 'discussion-created':
      return [said(`started the discussion “${msg}”`)];
    case 'e2e':
    case 'otr': return undefined;
    case 'command': return [unsupported('command', 'A command of Rocket.Chat was used; what it did comes by itself.', { time, key: id, conversation, sender })];
  }
  const sentence = sentenceOf(type, message);
  if (sentence !== undefined) return [said(sentence)];
  // Other systems put kinds of their own into `t`; what is written in it is shown all the same.
  const parts = decodeContent(message).parts.filter((part) => part.kind !== 'unsupported');
  if (parts.length === 0) return [unsupported(type, `Rocket.Chat says that something of the kind "${type}" happened, which the bridge does not know.`, { time, key: id, conversation, sender })];
  return [item(one('message'), {
    type: 'message', id: id as RemoteId, conversation, time, sender,
    parts: [...parts, { kind: 'unsupported', what: type, reason: `It is of the kind "${type}", which the bridge does not know.` }],
  })];

  function changed(facts: Pick<ConversationRef, 'title' | 'topic' | 'avatar'>): NetworkItem {
    return item(one('changed'), { type: 'conversation.changed', conversation: { ...conversation, ...facts }, time, by: sender });
  }

  function said(text: string): NetworkItem {
    return item(one('message'), defined({
      type: 'message' as const, id: id as RemoteId, conversation, time, sender, parts: [{ kind: 'text' as const, style: 'notice' as const, text: plain(`${sender.name ?? sender.username ?? 'Somebody'} ${text}.`) }],
      historical: context.historical,
    }));
  }
}

export function editorOf(context: Context, message: unknown): PersonRef | undefined {
  const by = at(message, 'editedBy');
  const [id, username] = [str(by, '_id'), str(by, 'username')];
  if (id === undefined && username === undefined) return undefined;
  if (id === undefined) return byName(context, username ?? '');
  return defined({
    id, aliases: username === undefined ? undefined : [`@${username}`], scope: context.scope, name: str(by, 'name'), username,
    isSelf: context.self !== '' && id === context.self ? true : undefined,
  });
}

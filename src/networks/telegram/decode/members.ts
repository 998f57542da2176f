import type { MemberEvent, NetworkItem } from '../../../model/events.ts';
import { at, defined, flag, str } from '../../shared/json.ts';
import { conversationOf, idOf, nameOf, personOf, timeOf } from '../ids.ts';
import { fieldNames, keyOf, unsupported, type Context } from './context.ts';

/** Whether a `ChatMember` is in the chat. */
function isIn(member: unknown): boolean {
  const status = str(member, 'status');
  return status === 'creator' || status === 'administrator' || status === 'member' || (status === 'restricted' && flag(member, 'is_member'));
}

/** `my_chat_member` and `chat_member`: a `ChatMemberUpdated` (core.telegram.org/bots/api#chatmemberupdated). */
export function decodeMember(context: Context, update: unknown, ours: boolean): readonly NetworkItem[] {
  const conversation = conversationOf(at(update, 'chat'));
  const time = timeOf(update, 'date');
  const [before, now] = [at(update, 'old_chat_member'), at(update, 'new_chat_member')];
  const by = personOf(at(update, 'from'), context.self);
  const user = personOf(at(now, 'user'), context.self) ?? personOf(at(before, 'user'), context.self);
  const status = str(now, 'status');
  if (conversation === undefined || user === undefined || status === undefined) {
    return [unsupported({ what: ours ? 'my_chat_member' : 'chat_member', reason: 'Telegram told that somebody’s place in a chat changed, without saying whose or where.', item: update, time, conversation, detail: { fields: fieldNames(update) } })];
  }
  const key = (kind: string): string => keyOf(kind, conversation.id, user.id, time, str(before, 'status'), status);
  if (ours || user.isSelf === true) return ownMember(update, { before: isIn(before), now: isIn(now), status, key, conversation, time, by });
  const [was, is] = [isIn(before), isIn(now)];
  if (was === is && !(status === 'kicked' && str(before, 'status') !== 'kicked')) {
    return [unsupported({ what: 'chat_member', reason: `${nameOf(at(now, 'user')) ?? 'Somebody'} is now ${rank(status)} in this chat.`, item: update, time, conversation, sender: by })];
  }
  const another = by !== undefined && by.id !== user.id ? by : undefined;
  const change: MemberEvent['change'] = is ? 'join' : status === 'kicked' ? 'ban' : another === undefined ? 'leave' : 'kick';
  return [{ key: key('member'), event: defined({ type: 'member' as const, person: user, change, by: another, conversation, time }) }];
}

interface Own {
  readonly before: boolean;
  readonly now: boolean;
  readonly status: string;
  readonly key: (kind: string) => string;
  readonly conversation: NonNullable<ReturnType<typeof conversationOf>>;
  readonly time: number;
  readonly by: ReturnType<typeof personOf>;
}

/** What became of the bot itself. In private chats `kicked` means blocked, `member` the opposite. */
function ownMember(update: unknown, own: Own): readonly NetworkItem[] {
  const { before, now, status, key, conversation, time, by } = own;
  const direct = conversation.kind === 'direct';
  if (!now) {
    const reason = direct ? 'The other person has blocked the bot on Telegram: nothing reaches them any more.'
      : status === 'kicked' ? 'The bot was put out of this chat on Telegram: nothing can be sent there any more.'
      : 'The bot is no longer in this chat on Telegram: nothing can be sent there any more.';
    return [{ key: key('gone'), event: { type: 'conversation.gone', conversation, reason, time } }];
  }
  if (!before && !direct) return [{ key: key('conversation'), event: defined({ type: 'conversation.changed' as const, conversation, by, time }) }];
  const reason = !before ? 'The other person lets the bot write to them again.' : `The bot is now ${rank(status)} in this chat.`;
  return [unsupported({ what: 'my_chat_member', reason, item: update, time, conversation, sender: by })];
}

function rank(status: string): string {
  switch (status) {
    case 'creator': return 'the owner';
    case 'administrator': return 'an administrator';
    case 'member': return 'an ordinary member';
    case 'restricted': return 'a member with restricted rights';
    case 'left': return 'no member';
    case 'kicked': return 'banned';
    default: return status.slice(0, 40);
  }
}

/** Somebody asks to be let in: only an administrator of the chat can do so. */
export function decodeJoinRequest(context: Context, request: unknown): readonly NetworkItem[] {
  const who = personOf(at(request, 'from'), context.self);
  const reason = `${nameOf(at(request, 'from')) ?? 'Somebody'} asks to join; an administrator can let them in on Telegram.`;
  return [unsupported({ what: 'chat_join_request', reason, item: idOf(request, 'from', 'id'), time: timeOf(request, 'date'), conversation: conversationOf(at(request, 'chat')), sender: who })];
}

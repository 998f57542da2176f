import type { Content, ChoiceContent } from '../../../model/content.ts';
import type { MessageEvent, NetworkItem } from '../../../model/events.ts';
import type { RemoteId } from '../../../model/ids.ts';
import type { Inline, RichText } from '../../../model/richtext.ts';
import { isMedia } from '../../../model/content.ts';
import { at, defined, flag, isFields, list, num, str } from '../../shared/json.ts';
import { chatAsPerson, conversationOf, idOf, MADE_UP, messageId, senderOf, timeOf, topicId } from '../ids.ts';
import { contentOf, text } from './content.ts';
import { day, digest, fieldNames, keyOf, money, unsupported, type Context } from './context.ts';
import { decodeService, type Frame } from './service.ts';
import { buttonsOf, chatName, originName, richOf, say } from './words.ts';

/** One `Message` (core.telegram.org/bots/api#message), new or edited; never nothing. */
export function decodeMessage(context: Context, message: unknown, edited: boolean): readonly NetworkItem[] {
  const conversation = conversationOf(at(message, 'chat'), message);
  const time = timeOf(message, 'date');
  if (conversation === undefined) {
    return [unsupported({ what: 'message', reason: 'Telegram sent a message without any word of where it is from.', item: message, time, detail: { fields: fieldNames(message) } })];
  }
  const chat = idOf(message, 'chat', 'id') ?? conversation.id;
  const sender = senderOf(message, context.self) ?? chatAsPerson(at(message, 'chat'), context.self);
  // Zero is that of a message which will get its own only later (…#message).
  const id = idOf(message, 'message_id');
  if (isFields(at(message, 'receiver_user')) || str(message, 'ephemeral_message_id') !== undefined) {
    return [unsupported({ what: 'ephemeral_message', reason: 'Wrote something that only the bot may see; it is not shown to the room.', item: message, time, conversation, sender })];
  }
  const frame: Frame = { chat, message: id ?? digest(message), conversation, sender, time };
  const told = edited ? undefined : decodeService(context, message, frame);
  if (Array.isArray(told)) return told.length > 0 ? told : [notUnderstood(frame, message)];
  const said = told !== undefined && 'sentence' in told ? told : undefined;
  if (sender === undefined) {
    return [unsupported({ what: said?.what ?? 'message', reason: said?.sentence ?? 'Telegram sent a message without any word of whom it is from.', item: message, time, conversation, detail: { fields: fieldNames(message) } })];
  }
  const parts = said === undefined ? partsOf(message, edited) : [{ kind: 'text' as const, text: say(said.sentence), style: 'notice' as const }];
  const own = id === undefined ? (`${MADE_UP}${digest(message)}` as RemoteId) : said?.what === 'forum_topic_created' ? topicId(chat, id) : messageId(chat, id);
  return [edited ? editItem(message, own, frame, parts) : messageItem(message, own, frame, parts)];
}

function messageItem(message: unknown, id: RemoteId, frame: Frame, parts: readonly Content[]): NetworkItem {
  const { chat, conversation, sender, time } = frame;
  const thread = topicOf(message);
  const root = thread === undefined ? undefined : topicId(chat, thread);
  const forwardedFrom = originName(message);
  const event: MessageEvent = defined({
    type: 'message' as const,
    id,
    conversation,
    sender: sender ?? { id: chat, scope: '' },
    time,
    parts,
    replyTo: replyTo(message, chat, thread),
    thread: root === undefined || root === id ? undefined : { root },
    album: str(message, 'media_group_id'),
    forwarded: forwardedFrom === undefined ? undefined : ('once' as const),
    forwardedFrom,
  });
  return { key: keyOf('message', id), event };
}

/** Edits have no id of their own; in one second there may be several (live locations), told apart by what they say. */
function editItem(message: unknown, target: RemoteId, frame: Frame, parts: readonly Content[]): NetworkItem {
  const { chat, conversation, sender } = frame;
  const stamp = str(message, 'edit_date') ?? str(message, 'date') ?? '';
  const version = `${stamp}/${digest(parts).slice(0, 12)}`;
  return {
    key: keyOf('edit', target, version),
    event: {
      type: 'edit', id: `${target}/${version}` as RemoteId, target, conversation, sender: sender ?? { id: chat, scope: '' },
      time: timeOf(message, 'edit_date') || frame.time, parts,
    },
  };
}

function partsOf(message: unknown, edited: boolean): readonly Content[] {
  const shown = contentOf(message, edited);
  const choice = webApp(message);
  const parts = shown.length > 0 ? shown : choice === undefined ? [unknown(message)] : [choice];
  const before = contextOf(message);
  const after = [...signature(message), ...suggestion(message), ...buttonsOf(message)];
  return framed(parts, before, after);
}

/** Puts lines before and after what was written: into the text or the caption where there is one, else as a text of their own. */
function framed(parts: readonly Content[], before: RichText, after: RichText): readonly Content[] {
  const first = parts[0];
  const lastIndex = parts.length - 1;
  const withBefore = before.length === 0 ? parts
    : first?.kind === 'text' ? [{ ...first, text: [...before, ...first.text] }, ...parts.slice(1)]
    : [text(before), ...parts];
  if (after.length === 0) return withBefore;
  const last = withBefore[withBefore.length - 1];
  const rest = withBefore.slice(0, -1);
  if (last?.kind === 'text') return [...rest, { ...last, text: [...last.text, ...after] }];
  if (lastIndex === 0 && last !== undefined && isMedia(last) && last.kind !== 'sticker' && last.round === undefined) return [...rest, { ...last, caption: [...(last.caption ?? []), ...after] }];
  return [...withBefore, text(after)];
}

const ENVELOPE: ReadonlySet<string> = new Set([
  'message_id', 'message_thread_id', 'from', 'sender_chat', 'date', 'chat', 'is_topic_message', 'edit_date', 'reply_to_message', 'reply_markup',
  'author_signature', 'has_protected_content', 'effect_id', 'link_preview_options', 'is_from_offline', 'is_paid_post', 'paid_star_count',
  'business_connection_id', 'guest_query_id', 'guest_bot_caller_user', 'guest_bot_caller_chat', 'direct_messages_topic', 'external_reply', 'quote',
  'reply_to_story', 'reply_to_checklist_task_id', 'reply_to_poll_option_id', 'suggested_post_info', 'show_caption_above_media', 'has_media_spoiler',
  'media_group_id', 'entities', 'caption_entities', 'forward_from_chat', 'forward_from_message_id', 'forward_signature', 'forward_sender_name',
  'sender_boost_count', 'sender_business_bot', 'forward_origin', 'forward_from', 'forward_date', 'is_automatic_forward', 'via_bot', 'sender_tag',
]);

function unknown(message: unknown): Content {
  const names = fieldNames(message, ENVELOPE);
  const what = names.split(', ')[0] ?? '';
  if (what === 'text') return { kind: 'unsupported', what: 'text', reason: 'A text without anything to be seen in it.' };
  if (what === '') return { kind: 'unsupported', what: 'message', reason: 'A message whose content Telegram does not hand over to bots.' };
  return { kind: 'unsupported', what, reason: `The bridge does not know messages with: ${names}.` };
}

function notUnderstood(frame: Frame, message: unknown): NetworkItem {
  const { conversation, sender, time } = frame;
  return unsupported({ what: 'service_message', reason: 'A service message that lacks what it tells about.', item: message, time, conversation, sender, detail: { fields: fieldNames(message, ENVELOPE) } });
}

function webApp(message: unknown): ChoiceContent | undefined {
  if (!isFields(at(message, 'web_app_data'))) return undefined;
  return defined({ kind: 'choice' as const, title: str(message, 'web_app_data', 'button_text') ?? '', value: str(message, 'web_app_data', 'data') });
}

/** Only topics of a forum are threads; other groups number the replies to a message as one too, and those are replies here. */
function topicOf(message: unknown): string | undefined {
  return flag(message, 'is_topic_message') ? idOf(message, 'message_thread_id') : undefined;
}

function replyTo(message: unknown, chat: string, thread: string | undefined): MessageEvent['replyTo'] {
  const target = at(message, 'reply_to_message');
  const id = idOf(target, 'message_id');
  // Within a topic everything is a reply to the message that created it, where it is none to another.
  if (id === undefined || id === thread) return undefined;
  return defined({
    id: isFields(at(target, 'forum_topic_created')) ? topicId(chat, id) : messageId(chat, id),
    quote: str(message, 'quote', 'text') ?? answered(message, target),
    sender: idOf(target, 'sender_chat', 'id') ?? idOf(target, 'from', 'id'),
  });
}

/** Which task of a checklist, or option of a poll, is answered to. */
function answered(message: unknown, target: unknown): string | undefined {
  const [task, option] = [str(message, 'reply_to_checklist_task_id'), str(message, 'reply_to_poll_option_id')];
  if (task !== undefined) return str(list(target, 'checklist', 'tasks').find((each) => str(each, 'id') === task), 'text');
  return option === undefined ? undefined : str(list(target, 'poll', 'options').find((each) => str(each, 'persistent_id') === option), 'text');
}

/** What somebody answers to that is not in this conversation: a message of another chat, a story. */
function contextOf(message: unknown): RichText {
  const external = at(message, 'external_reply');
  if (isFields(external)) {
    const who = originName(external) ?? chatName(at(external, 'chat')) ?? 'another chat';
    const where = chatName(at(external, 'chat'));
    const quote = richOf(at(message, 'quote'), 'text', 'entities');
    const kind = ['photo', 'video', 'animation', 'voice', 'video_note', 'audio', 'document', 'sticker', 'poll', 'location', 'venue', 'contact', 'dice', 'story', 'game', 'invoice', 'checklist', 'paid_media', 'giveaway'].find((key) => at(external, key) !== undefined);
    const head = `${who}${where === undefined || where === who ? '' : ` in ${where}`}${quote.length > 0 ? ':' : kind === undefined ? '' : `: ${kind.replace('_', ' ')}`}`;
    return [{ t: 'quote', children: [...say(head), ...quote] }];
  }
  if (isFields(at(message, 'reply_to_story'))) {
    const name = chatName(at(message, 'reply_to_story', 'chat'));
    return [{ t: 'quote', children: say(`A story${name === undefined ? '' : ` of ${name}`}`) }];
  }
  return [];
}

/** What is asked and offered for a post that somebody suggests to a channel. */
function suggestion(message: unknown): RichText {
  const info = at(message, 'suggested_post_info');
  if (!isFields(info)) return [];
  const facts = [money(at(info, 'price'), 'amount'), num(info, 'send_date') === undefined ? undefined : `for ${day(num(info, 'send_date'))}`, str(info, 'state')].filter((fact) => fact !== undefined);
  return say(`📝 Suggested as a post${facts.length === 0 ? '' : `: ${facts.join(', ')}`}`);
}

/** In channels, and of anonymous administrators: who of them it was, or what they are called. */
function signature(message: unknown): RichText {
  const signed = str(message, 'author_signature');
  if (signed === undefined || num(message, 'forward_date') !== undefined || isFields(at(message, 'forward_origin'))) return [];
  const children: Inline[] = say(`— ${signed}`).flatMap((block) => (block.t === 'paragraph' ? block.children : []));
  return [{ t: 'paragraph', children: [{ t: 'italic', children }] }];
}

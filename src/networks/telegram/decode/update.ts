import type { MessageEvent, NetworkItem } from '../../../model/events.ts';
import type { RemoteId } from '../../../model/ids.ts';
import { at, defined, isFields, list, str } from '../../shared/json.ts';
import { conversationOf, idOf, messageId, nameOf, personOf, timeOf } from '../ids.ts';
import { EMPTY } from './capture.ts';
import { fieldNames, keyOf, unsupported, type Context } from './context.ts';
import { decodeJoinRequest, decodeMember } from './members.ts';
import { decodeMessage } from './message.ts';
import { decodePoll, decodePollAnswer } from './polls.ts';
import { decodeReaction, decodeReactionCount } from './reactions.ts';

type Decoder = (context: Context, value: unknown) => readonly NetworkItem[];

/** What a bot is told: one field of an `Update` each (core.telegram.org/bots/api#update). */
const KINDS: Readonly<Record<string, Decoder>> = {
  message: (context, value) => decodeMessage(context, value, false),
  channel_post: (context, value) => decodeMessage(context, value, false),
  edited_message: (context, value) => decodeMessage(context, value, true),
  edited_channel_post: (context, value) => decodeMessage(context, value, true),
  message_reaction: decodeReaction,
  message_reaction_count: (_context, value) => decodeReactionCount(value),
  poll: decodePoll,
  poll_answer: decodePollAnswer,
  my_chat_member: (context, value) => decodeMember(context, value, true),
  chat_member: (context, value) => decodeMember(context, value, false),
  chat_join_request: decodeJoinRequest,
  callback_query: decodeCallback,
  chat_boost: (context, value) => boost(context, value, 'The chat was boosted on Telegram.'),
  removed_chat_boost: (context, value) => boost(context, value, 'A boost of the chat has ended.'),
  ...told({
    business_connection: 'The bot was connected to, or cut off from, somebody’s business account; the bridge does not speak for those.',
    business_message: 'A message of somebody’s business account, which the bridge does not speak for.',
    edited_business_message: 'An edit in somebody’s business account, which the bridge does not speak for.',
    deleted_business_messages: 'Messages were deleted in somebody’s business account, which the bridge does not speak for.',
    guest_message: 'The bot was called in a chat that it is no member of; the bridge has no room for that.',
    stopped_message_generation: 'Somebody stopped an answer that was being written; the bridge writes none.',
    inline_query: 'Somebody typed a search for the bot; the bridge has no results to offer.',
    chosen_inline_result: 'Somebody chose a search result of the bot; the bridge offers none.',
    shipping_query: 'A shop’s question about shipping; the bridge sells nothing.',
    pre_checkout_query: 'A shop’s question before a payment; the bridge sells nothing.',
    purchased_paid_media: 'Somebody bought media from the bot; the bridge sells none.',
    managed_bot: 'A bot that this one manages has changed.',
    subscription: 'Somebody’s paid subscription has changed.',
    [EMPTY]: 'An answer of getUpdates with nothing new in it.',
  }),
};

function told(reasons: Readonly<Record<string, string>>): Record<string, Decoder> {
  return Object.fromEntries(Object.entries(reasons).map(([what, reason]) => [what, (context: Context, value: unknown) => {
    const who = personOf(at(value, 'from') ?? at(value, 'user'), context.self);
    const time = timeOf(value, 'date');
    return [unsupported({ what, reason, item: [context.update, value], time, sender: who, detail: { update: context.update } })];
  }]));
}

/** One `Update`. Never throws and never nothing: what is not known comes out as such. */
export function decodeUpdate(given: Omit<Context, 'update'>, update: unknown): readonly NetworkItem[] {
  const context: Context = { ...given, update: str(update, 'update_id') ?? '' };
  // Some programs write down what an update does not have, too.
  const kinds = isFields(update) ? Object.keys(update).filter((key) => key !== 'update_id' && update[key] !== null) : [];
  const known = kinds.filter((kind) => Object.hasOwn(KINDS, kind));
  if (known.length === 0) {
    const names = kinds.map((kind) => kind.replace(/[^\w.-]/g, '').slice(0, 40)).filter(Boolean).slice(0, 6).join(', ');
    const what = names.split(', ')[0] || 'update';
    const reason = names === '' ? 'An update that says nothing.' : `The bridge does not know updates of the kind ${names}.`;
    return [unsupported({ what, reason, item: update, time: 0, detail: { update: context.update } })];
  }
  return known.flatMap((kind) => {
    try {
      return KINDS[kind]?.(context, at(update, kind)) ?? [];
    } catch (error) {
      const detail = { update: context.update, fields: fieldNames(at(update, kind)), error: error instanceof Error ? error.name : 'unknown' };
      return [unsupported({ what: kind, reason: `An update of the kind ${kind} could not be read.`, item: update, time: 0, detail })];
    }
  });
}

/** A press on a button below a message: what was chosen, as an answer to that message. */
function decodeCallback(context: Context, query: unknown): readonly NetworkItem[] {
  const sender = personOf(at(query, 'from'), context.self);
  const message = at(query, 'message');
  const conversation = conversationOf(at(message, 'chat'), message);
  const target = idOf(message, 'message_id');
  const data = str(query, 'data');
  if (sender === undefined || conversation === undefined) {
    return [unsupported({ what: 'callback_query', reason: 'Somebody pressed a button of a message that is in no chat of the bot.', item: query, time: 0, sender })];
  }
  const event: MessageEvent = defined({
    type: 'message' as const,
    id: `${conversation.id}:press/${str(query, 'id') ?? ''}` as RemoteId,
    conversation, sender,
    // A press has no time of its own.
    time: timeOf(message, 'edit_date') || timeOf(message, 'date'),
    parts: [defined({ kind: 'choice' as const, title: buttonText(message, data) ?? str(query, 'game_short_name') ?? '', value: data })],
    replyTo: target === undefined ? undefined : { id: messageId(idOf(message, 'chat', 'id') ?? conversation.id, target) },
  });
  return [{ key: keyOf('press', conversation.id, str(query, 'id')), event }];
}

function buttonText(message: unknown, data: string | undefined): string | undefined {
  const keyboard = at(message, 'reply_markup', 'inline_keyboard');
  const buttons = (Array.isArray(keyboard) ? keyboard : []).flatMap((row: unknown) => list({ row }, 'row'));
  return data === undefined ? undefined : str(buttons.find((button) => str(button, 'callback_data') === data), 'text');
}

function boost(context: Context, value: unknown, reason: string): readonly NetworkItem[] {
  const user = at(value, 'boost', 'source', 'user') ?? at(value, 'source', 'user');
  const name = nameOf(user);
  const time = timeOf(value, 'boost', 'add_date') || timeOf(value, 'remove_date');
  return [unsupported({ what: 'chat_boost', reason: name === undefined ? reason : `${reason} (${name})`, item: value, time, conversation: conversationOf(at(value, 'chat')), sender: personOf(user, context.self) })];
}

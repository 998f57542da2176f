import type { ConversationRef, MessageEvent, NetworkItem, PersonRef } from '../../../model/events.ts';
import type { RemoteId } from '../../../model/ids.ts';
import { at, defined, flag, isFields, str, type Fields } from '../../shared/json.ts';
import { MADE_UP, directChat, groupChat, normalId, type Named } from '../ids.ts';
import { decodeContent, typeOf } from './content.ts';
import { digest, keyOf, personFor, self, timeOf, unsupported, type Context } from './context.ts';
import { decodeSystem } from './system.ts';

/** Where a message stood: beside what others wrote, among what the business's own app sent, or in the past. */
export interface Place {
  readonly echo: boolean;
  /** One of the past, with the chat it belongs to. */
  readonly history?: { readonly thread: unknown };
}

/** Who wrote, and where. */
interface Frame {
  readonly sender: PersonRef;
  readonly conversation: ConversationRef;
}

/** One element of `messages`, `message_echoes` or a thread's `messages`; never nothing. */
export function decodeMessage(context: Context, raw: unknown, place: Place): readonly NetworkItem[] {
  const message = unwrapped(raw);
  const type = typeOf(message);
  if (type === 'system') return decodeSystem(context, message);
  // Nothing can refer to a message without an id, but it can be read.
  const id = str(message, 'id') ?? `${MADE_UP}${digest(message)}`;
  const frame = frameOf(context, message, place);
  if (frame === undefined) {
    return [unsupported(context, { what: type, reason: place.history === undefined ? 'WhatsApp sent a message without any word of whom it is from.' : 'WhatsApp sent a message of the past without any word of its chat.', item: message, detail: { type, id } })];
  }
  return [decodeTyped(context, message, type, id, frame, place)];
}

/** Echoes of a program carry the whole request under `message` (…/whatsapp/webhooks/reference/standby). */
function unwrapped(raw: unknown): Fields {
  if (!isFields(raw)) return { value: raw };
  const inner = at(raw, 'message');
  return str(raw, 'type') === undefined && isFields(inner) ? { ...inner, ...raw } : raw;
}

function decodeTyped(context: Context, message: Fields, type: string, id: string, frame: Frame, place: Place): NetworkItem {
  const time = timeOf(context, message);
  const when = String(time);
  const { conversation, sender } = frame;
  if (type === 'reaction') {
    // One of Meta's pages spells it with a third s.
    const target = str(message, 'reaction', 'message_id') ?? str(message, 'reaction', 'messsage_id');
    if (target !== undefined) {
      const emoji = str(message, 'reaction', 'emoji') ?? null;
      return {
        // The target, the emoji and the time as well: a change or a removal may come under the id of the first reaction.
        key: keyOf(context, 'reaction', id, digest([target, emoji, sender.id, when])),
        event: { type: 'reaction', target: target as RemoteId, sender, emoji, exclusive: true, conversation, time },
      };
    }
  }
  if (type === 'edit') {
    const target = str(message, 'edit', 'original_message_id');
    if (target !== undefined) {
      const parts = decodeContent(at(message, 'edit', 'message') ?? at(message, 'edit'), time, context.errors);
      return {
        key: keyOf(context, 'edit', id, digest([target, when])),
        event: { type: 'edit', id: id as RemoteId, target: target as RemoteId, sender, parts, conversation, time },
      };
    }
  }
  if (type === 'revoke') {
    const target = str(message, 'revoke', 'original_message_id');
    if (target !== undefined) {
      return {
        key: keyOf(context, 'deletion', id, digest([target])),
        event: { type: 'deletion', target: target as RemoteId, sender, conversation, time },
      };
    }
  }
  if (type === 'pin' && str(message, 'pin', 'message_id') !== undefined) {
    const done = str(message, 'pin', 'type') === 'unpin' ? 'unpinned' : 'pinned';
    return unsupported(context, { what: type, reason: `A message was ${done}; pins are not carried over.`, item: message, conversation, sender });
  }
  if (type === 'request_welcome') {
    return unsupported(context, { what: type, reason: 'Opened the chat for the first time and has not written yet.', item: message, conversation, sender });
  }
  return decodePlain(context, message, id, frame, place);
}

function decodePlain(context: Context, message: Fields, id: string, frame: Frame, place: Place): NetworkItem {
  const time = timeOf(context, message);
  const parts = decodeContent(message, time, context.errors);
  const event: MessageEvent = defined({
    type: 'message' as const,
    id: id as RemoteId,
    ...frame,
    time,
    parts,
    replyTo: replyTo(message),
    forwarded: forwarded(message),
    referral: referral(message),
    key: str(message, 'biz_opaque_callback_data'),
    historical: place.history === undefined ? undefined : (true as const),
  });
  // The file behind a placeholder of the past comes later under the same id.
  const late = place.history !== undefined && place.history.thread === undefined ? 'file' : '';
  return { key: keyOf(context, 'message', id, late), event };
}

function frameOf(context: Context, message: Fields, place: Place): Frame | undefined {
  const from = str(message, 'from');
  const thread = place.history?.thread;
  const fromUs = from !== undefined && context.display !== '' && normalId(from) === context.display;
  const own = place.echo || (fromUs && hasPeer(message, thread));
  // The file of a message of ours from the past comes without its chat; it is in none with ourselves.
  if (fromUs && !own && place.history !== undefined) return undefined;
  const peer = personFor(context, own ? recipient(message, thread) : author(message, thread));
  const group = str(message, 'group_id') ?? (str(message, 'recipient_type') === 'group' ? str(message, 'to') : undefined);
  const sender = own ? self(context) : peer?.ref;
  const conversation = group === undefined ? peer && directChat(peer.ids, context.scope) : groupChat(group, context.scope);
  return sender === undefined || conversation === undefined ? undefined : { sender, conversation };
}

function hasPeer(message: Fields, thread: unknown): boolean {
  return thread !== undefined || str(message, 'to') !== undefined || str(message, 'to_user_id') !== undefined;
}

function author(message: Fields, thread: unknown): Named {
  const past = threadIds(thread);
  return {
    userId: str(message, 'from_user_id') ?? past.userId,
    parentId: str(message, 'from_parent_user_id') ?? past.parentId,
    numbers: [str(message, 'from'), ...past.numbers],
  };
}

function recipient(message: Fields, thread: unknown): Named {
  const past = threadIds(thread);
  return {
    userId: str(message, 'to_user_id') ?? str(message, 'recipient') ?? past.userId,
    parentId: str(message, 'to_parent_user_id') ?? past.parentId,
    numbers: [str(message, 'to'), ...past.numbers],
  };
}

/** `{id, context:{wa_id, user_id, parent_user_id}}` of a chat of the past. */
function threadIds(thread: unknown): Named {
  return {
    userId: str(thread, 'context', 'user_id'),
    parentId: str(thread, 'context', 'parent_user_id'),
    numbers: [str(thread, 'context', 'wa_id'), str(thread, 'id')],
  };
}

function replyTo(message: Fields): MessageEvent['replyTo'] {
  const id = str(message, 'context', 'id') ?? str(message, 'context', 'message_id');
  const from = str(message, 'context', 'from');
  return id === undefined ? undefined : defined({ id: id as RemoteId, sender: from === undefined ? undefined : normalId(from) });
}

function forwarded(message: Fields): MessageEvent['forwarded'] {
  if (flag(message, 'context', 'frequently_forwarded')) return 'often';
  return flag(message, 'context', 'forwarded') ? 'once' : undefined;
}

/** An advertisement or a post (`referral`), or the product that a question is about (`context.referred_product`). */
function referral(message: Fields): MessageEvent['referral'] {
  const found = at(message, 'referral');
  const product = str(message, 'context', 'referred_product', 'product_retailer_id');
  if (isFields(found)) {
    return defined({
      title: str(found, 'headline'),
      body: str(found, 'body'),
      url: str(found, 'source_url'),
      source: str(found, 'source_type'),
      id: str(found, 'source_id'),
      media: str(found, 'image_url') ?? str(found, 'video_url') ?? str(found, 'image', 'url') ?? str(found, 'video', 'url') ?? str(found, 'thumbnail_url'),
      click: str(found, 'ctwa_clid'),
      greeting: str(found, 'welcome_message', 'text'),
      product,
    });
  }
  if (product === undefined) return undefined;
  const catalog = str(message, 'context', 'referred_product', 'catalog_id');
  return defined({ title: product, body: catalog === undefined ? undefined : `catalog ${catalog}`, source: 'product' });
}

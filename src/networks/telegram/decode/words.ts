import type { Inline, RichText } from '../../../model/richtext.ts';
import { plain } from '../../../model/richtext.ts';
import { cleanText } from '../../../text/clean.ts';
import { safeHref } from '../../../text/links.ts';
import { at, isFields, list, str } from '../../shared/json.ts';
import { buttonInlines } from '../rich.ts';
import { decode, entitiesOf } from '../markup.ts';
import { nameOf } from '../ids.ts';

/** A text with its entities, which stand under another name; empty where there is none. */
export function richOf(holder: unknown, key: string, entitiesKey: string): RichText {
  const text = str(holder, key);
  return text === undefined ? [] : decode(text, entitiesOf(holder, entitiesKey));
}

export function say(text: string): RichText {
  return plain(cleanText(text));
}

/** Who wrote a forwarded message first, as people read it (core.telegram.org/bots/api#messageorigin, and the fields before it). */
export function originName(message: unknown): string | undefined {
  const origin = isFields(at(message, 'forward_origin')) ? at(message, 'forward_origin') : at(message, 'origin');
  const known = originOf(origin);
  if (known !== undefined) return known;
  const chat = chatName(at(message, 'forward_from_chat'));
  const signed = str(message, 'forward_signature');
  if (chat !== undefined) return signed === undefined ? chat : `${chat} (${signed})`;
  return nameOf(at(message, 'forward_from')) ?? str(message, 'forward_sender_name');
}

function originOf(origin: unknown): string | undefined {
  const signed = str(origin, 'author_signature');
  const chat = chatName(at(origin, 'sender_chat')) ?? chatName(at(origin, 'chat'));
  if (chat !== undefined) return signed === undefined ? chat : `${chat} (${signed})`;
  return nameOf(at(origin, 'sender_user')) ?? str(origin, 'sender_user_name');
}

export function chatName(chat: unknown): string | undefined {
  return str(chat, 'title') ?? nameOf(chat);
}

/** Buttons below a message that lead somewhere, as links; others do nothing outside of Telegram and are named. */
export function buttonsOf(message: unknown): RichText {
  const keyboard = at(message, 'reply_markup', 'inline_keyboard');
  const buttons = (Array.isArray(keyboard) ? keyboard : []).flatMap((row: unknown) => list({ row }, 'row')).slice(0, 100);
  const lines = buttons.flatMap((button): Inline[][] => {
    const label = str(button, 'text');
    if (label === undefined) return [];
    const href = safeHref(str(button, 'url') ?? str(button, 'web_app', 'url') ?? str(button, 'login_url', 'url') ?? '');
    return [href === undefined ? [{ t: 'text', text: `[${cleanText(label).replaceAll('\n', ' ')}]` }] : buttonInlines({ text: label, url: href })];
  });
  if (lines.length === 0) return [];
  return [{ t: 'paragraph', children: lines.flatMap((line, index): Inline[] => [...(index > 0 ? [{ t: 'break' } as const] : []), ...line]) }];
}

import { AccountBroken, Rejected, Retry, Uncertain, Unreachable, type DeliveryError } from '../../model/errors.ts';
import { isFields, num, str } from '../shared/json.ts';
import { tidy } from '../shared/tidy.ts';
import { idOf } from './ids.ts';

/** What came back: an HTTP status and, where it was JSON, the body. */
interface Failure {
  readonly status: number;
  readonly body: unknown;
  /** Of the header `Retry-After`. */
  readonly retryAfterMs?: number;
  /** True where repeating the call could do a thing twice. */
  readonly sending: boolean;
  /** Kept out of every text. */
  readonly token: string;
}

/** The group has become a supergroup: the same call has to go there. Never leaves the adapter. */
export class Migrated extends Rejected {
  readonly to: string;

  constructor(to: string) {
    super('The group has become a supergroup.', 'migrated');
    this.to = to;
  }
}

const MOST_MS = 60 * 60_000;

/**
 * Descriptions are all that tells refusals apart (tdlib/telegram-bot-api, Client.cpp); they are said to change, so none but the
 * code decides what is final. The first that fits is told.
 */
const REASONS: readonly (readonly [pattern: RegExp, code: string, reason: string])[] = [
  [/bot was blocked by the user/i, 'blocked', 'The other person has blocked the bot on Telegram.'],
  [/user is deactivated/i, 'deactivated', 'The other person’s Telegram account no longer exists.'],
  [/bot can't initiate conversation/i, 'not_started', 'The other person has to write to the bot first: bots on Telegram cannot begin a chat.'],
  [/bot can't send messages to bots/i, 'to_bot', 'Bots on Telegram cannot write to bots.'],
  [/bot was kicked/i, 'kicked', 'The bot was put out of the chat on Telegram.'],
  [/bot is not a member/i, 'not_member', 'The bot is no member of the chat on Telegram.'],
  [/chat_write_forbidden|need administrator rights in the channel|have no rights to send|not enough rights to send/i, 'no_rights', 'The bot may not write in this chat on Telegram; an administrator there can allow it.'],
  [/not enough rights|CHAT_ADMIN_REQUIRED|need administrator rights/i, 'no_rights', 'The bot lacks the right for that in this chat on Telegram; an administrator there can give it.'],
  [/chat not found/i, 'chat_not_found', 'Telegram does not know the chat, or the bot was never in it.'],
  [/user not found|USER_ID_INVALID|PARTICIPANT_ID_INVALID/i, 'user_not_found', 'Telegram does not know this person.'],
  [/group chat was deactivated/i, 'deactivated', 'The group no longer exists on Telegram.'],
  [/message is not modified/i, 'not_modified', 'Nothing was changed.'],
  [/there is no text in the message to edit/i, 'no_text', 'Telegram does not let the bot change this message.'],
  [/message to edit not found/i, 'not_found', 'The message is no longer on Telegram.'],
  [/message can't be edited/i, 'not_editable', 'Telegram does not let the bot change this message.'],
  [/message to delete not found|message identifier is not specified/i, 'not_found', 'The message is no longer on Telegram.'],
  [/message can't be deleted/i, 'not_deletable', 'Telegram lets bots delete messages for 48 hours, and those of others only as an administrator.'],
  [/message to react not found|MESSAGE_ID_INVALID|message to pin not found/i, 'not_found', 'The message is no longer on Telegram.'],
  [/message to be replied not found|replied message not found/i, 'reply_not_found', 'The message that this answers is no longer on Telegram.'],
  [/message thread not found/i, 'no_topic', 'The topic no longer exists on Telegram.'],
  [/TOPIC_CLOSED/i, 'topic_closed', 'The topic is closed on Telegram.'],
  [/REACTION_INVALID|reaction.*(?:not|in)valid/i, 'reaction_invalid', 'This chat does not take that reaction on Telegram.'],
  [/REACTIONS_TOO_MANY/i, 'reactions', 'There are too many different reactions on the message already.'],
  [/message is too long|MESSAGE_TOO_LONG|caption is too long/i, 'too_long', 'The text is longer than Telegram takes.'],
  [/(?:message|text) (?:text )?is empty|text must be non-empty/i, 'empty', 'Telegram takes no empty message.'],
  [/file is too big/i, 'too_large', 'The file is larger than bots can fetch from Telegram (20 MB).'],
  [/request entity too large|file .*too (?:big|large)/i, 'too_large', 'The file is larger than bots can send on Telegram (50 MB).'],
  [/PHOTO_INVALID_DIMENSIONS|IMAGE_PROCESS_FAILED|PHOTO_EXT_INVALID/i, 'picture', 'Telegram cannot show this picture.'],
  [/voice_messages_forbidden/i, 'no_voice', 'The other person takes no voice messages on Telegram.'],
  [/poll has already been closed|POLL_.*CLOSED/i, 'poll_closed', 'The poll is over already.'],
  [/poll can't be stopped|message with poll to stop not found/i, 'poll', 'Telegram does not let the bot end this poll.'],
];

const NEW_TOKEN = 'Ask @BotFather for a new token (/token) and put it into token.';

/** What the owner of an account has to do about a code that broke it. */
export function fixFor(code: string): string {
  if (code === 'other_asker') return 'End the other program that asks Telegram for this bot’s messages, or give the bridge a bot of its own.';
  if (code === 'no_public_url') return 'Set public_url, or receive: poll.';
  return NEW_TOKEN;
}

/**
 * The error class of an answer that is not a success: `{"ok":false,"error_code":400,"description":"…","parameters":{…}}`
 * (core.telegram.org/bots/api#making-requests). Without such a body the answer is from something on the way.
 */
export function failureToError(failure: Failure): DeliveryError {
  const { body, sending } = failure;
  const code = num(body, 'error_code') ?? failure.status;
  if (!isFields(body) || body['ok'] !== false) return bareFailure(failure);
  const description = tidy(str(body, 'description') ?? '', failure.token);
  const to = idOf(body, 'parameters', 'migrate_to_chat_id');
  if (to !== undefined) return new Migrated(to);
  const wait = num(body, 'parameters', 'retry_after');
  if (code === 429) return new Retry('Telegram is asked too often.', '429', { afterMs: Math.min(wait === undefined ? (failure.retryAfterMs ?? 1000) : wait * 1000, MOST_MS), rateLimited: true });
  if (code === 401) return new AccountBroken('Telegram refused the token of the bot.', '401');
  if (code === 409) return new AccountBroken('Another program asks Telegram for this bot’s messages.', 'other_asker');
  if (code === 404 && !/method/i.test(description)) return new AccountBroken('Telegram does not know the token of the bot.', '404');
  if (code >= 500) return sending ? new Uncertain('Telegram failed without saying whether it took the message.', String(code)) : new Unreachable('Telegram’s Bot API failed.', String(code));
  if (/temporarily unavailable/i.test(description)) return new Retry('Telegram does not have the file for the moment.', 'file_unavailable');
  const known = REASONS.find(([pattern]) => pattern.test(description));
  if (known !== undefined) return new Rejected(known[2], known[1]);
  const said = description.replace(/^(?:Bad Request|Forbidden): /, '');
  return new Rejected(said === '' ? `Telegram refused it with the number ${code}.` : `Telegram refused it: ${said}`, String(code));
}

function bareFailure({ status, retryAfterMs, sending }: Failure): DeliveryError {
  const code = `http_${status}`;
  if (status === 429) return new Retry('Telegram is asked too often.', code, { afterMs: Math.min(retryAfterMs ?? 1000, MOST_MS), rateLimited: true });
  if (status === 413) return new Rejected('The file is larger than bots can send on Telegram (50 MB).', 'too_large');
  if (status === 401) return new AccountBroken('Telegram refused the token of the bot.', code);
  if (status >= 400 && status < 500 && status !== 408) return new Rejected(`Telegram’s Bot API answered ${status}.`, code);
  return sending
    ? new Uncertain(`Telegram’s Bot API answered ${status} without saying whether the message was taken.`, code)
    : new Unreachable(`Telegram’s Bot API answered ${status}.`, code);
}

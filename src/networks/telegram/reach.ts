import { Rejected } from '../../model/errors.ts';
import type { PersonRef } from '../../model/events.ts';
import type { Found, Invited, Named, Reach, Target } from '../network.ts';
import { str } from '../shared/json.ts';
import type { BotClient } from './client.ts';
import { addressOf, conversationOf, idOf } from './ids.ts';

interface ReachOptions {
  readonly client: BotClient;
  readonly watched: <T>(call: () => Promise<T>) => Promise<T>;
  /** The other side of a private chat, as `getChat` describes it. */
  readonly personIn: (chat: unknown) => PersonRef | undefined;
}

/** core.telegram.org/bots/api#setchattitle */
const MAX_TITLE = 128;

/** What a bot may do with chats (core.telegram.org/bots/api#available-methods): it lists none, finds nobody and makes no group. */
export class TelegramReach implements Reach {
  readonly #options: ReachOptions;

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  /** Known only of people who have written to the bot, and of chats that it is in or that are open. */
  async resolve(input: string): Promise<Found | null> {
    const text = input.trim().replace(/^tg:\/\/user\?id=/, '').replace(/^https?:\/\/t\.me\/(?=\w+$)/, '@');
    const isId = /^-?[1-9]\d{2,15}$/.test(text);
    if (!isId && !/^@[A-Za-z]\w{3,31}$/.test(text)) throw new Rejected(FORM, 'bad_id');
    const chat = await this.#call('getChat', { chat_id: isId ? Number(text) : text }).catch((error: unknown) => {
      if (error instanceof Rejected && /^(?:chat_not_found|user_not_found)$/.test(error.code)) return null;
      throw error;
    });
    const conversation = chat === null ? undefined : conversationOf(chat);
    if (conversation === undefined) return null;
    const person = conversation.kind === 'direct' ? this.#options.personIn(chat) : undefined;
    return person === undefined ? { conversation } : { person, conversation };
  }

  /** One link for each who asks: a bot may hand out its own without taking back that of others. */
  async invite(conversation: Target): Promise<Invited> {
    const link = str(await this.#call('createChatInviteLink', groupOf(conversation)), 'invite_link');
    if (link === undefined) throw new Rejected('Telegram gave no link to come in.', 'no_link');
    return { refused: [], link };
  }

  /** Who is only sent out may come again: a ban ends at once. */
  async kick(conversation: Target, { ids }: Named): Promise<void> {
    const user = ids.flatMap((id) => idOf({ id }, 'id') ?? [])[0];
    if (user === undefined) throw new Rejected('Telegram does not know this person.', 'user_not_found');
    const who = { ...groupOf(conversation), user_id: Number(user) };
    await this.#call('banChatMember', who);
    // Plain groups have no list of those who are banned.
    if (String(who.chat_id).startsWith('-100')) await this.#call('unbanChatMember', { ...who, only_if_banned: true });
  }

  async leave(conversation: Target): Promise<void> {
    await this.#call('leaveChat', groupOf(conversation));
  }

  async setTitle(conversation: Target, title: string): Promise<void> {
    await this.#call('setChatTitle', { ...groupOf(conversation), title: [...title.trim()].slice(0, MAX_TITLE).join('') });
  }

  #call(method: string, values: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#options.watched(() => this.#options.client.call(method, values));
  }
}

export const FORM = 'Give the number of a person or chat that knows the bot, like 123456789 or -1001234567890, or the @name of an open group or channel. Bots cannot find people by name or phone number: ask them to write to the bot first.';

function groupOf({ id, kind }: Target): { readonly chat_id: number } {
  const { chat_id, direct_messages_topic_id: topic } = addressOf(id);
  if (kind === 'direct' || topic !== undefined) throw new Rejected('A private chat on Telegram stays one of two.', 'direct');
  return { chat_id };
}

import { Feed } from '../feed.ts';
import { seededRandom, type Random } from '../random.ts';
import { noFaults, type Faults } from './faults.ts';
import type { TelegramSandboxOptions } from './options.ts';

export type Json = Readonly<Record<string, unknown>>;
export type ChatType = 'private' | 'group' | 'supergroup' | 'channel';
export type Status = 'creator' | 'administrator' | 'member' | 'left' | 'kicked';

export interface User {
  readonly id: number;
  firstName: string;
  lastName: string | null;
  username: string | null;
  readonly isBot: boolean;
  photo: StoredFile | null;
  /** Has the bot blocked. */
  blocked: boolean;
  /** Has written to the bot, so that the bot may write. */
  started: boolean;
}

export interface Chat {
  readonly id: number;
  type: ChatType;
  title: string | null;
  username: string | null;
  description: string | null;
  isForum: boolean;
  photo: StoredFile | null;
  readonly members: Map<number, Status>;
  /** The supergroup that this group became. */
  migratedTo: number | null;
  /** Ids of what is pinned, the newest last. */
  pinned: number[];
  /** Topics that are closed. */
  readonly closed: Set<number>;
  /** Reactions are told as counts, as in channels. */
  anonymousReactions: boolean;
}

export interface StoredFile {
  readonly id: string;
  readonly uniqueId: string;
  readonly bytes: Buffer;
  readonly mime: string;
  readonly name: string | null;
  readonly path: string;
}

export type Reaction = { readonly type: 'emoji'; readonly emoji: string } | { readonly type: 'custom_emoji'; readonly custom_emoji_id: string } | { readonly type: 'paid' };

/** A message as it was taken. */
export interface Message {
  readonly chat: number;
  readonly id: number;
  /** The user's id, or the chat's where it speaks as itself. */
  readonly from: number;
  readonly at: number;
  editedAt: number | null;
  /** All but the envelope: `text`, `photo`, `reply_to_message`'s id is apart. */
  body: Record<string, unknown>;
  readonly replyTo: number | null;
  readonly topic: number | null;
  readonly file: StoredFile | null;
  deleted: boolean;
  /** By who reacted. */
  readonly reactions: Map<number, readonly Reaction[]>;
}

export type SandboxEvent = { readonly kind: 'message'; readonly chat: number; readonly id: number } | { readonly kind: 'chat'; readonly id: number } | { readonly kind: 'user'; readonly id: number } | { readonly kind: 'typing'; readonly chat: number } | { readonly kind: 'call' };

/** A poll, wherever its message is. */
export interface Poll {
  readonly id: string;
  readonly chat: number;
  readonly message: number;
  readonly votes: Map<number, readonly number[]>;
}

/** Everything that the sandbox knows; in memory only. */
export class World {
  readonly options: TelegramSandboxOptions;
  readonly random: Random;
  readonly feed = new Feed<SandboxEvent>();
  readonly users = new Map<number, User>();
  readonly chats = new Map<number, Chat>();
  readonly messages: Message[] = [];
  readonly files = new Map<string, StoredFile>();
  readonly polls = new Map<string, Poll>();
  /** Until when the bot is shown as typing, by chat. */
  readonly typing = new Map<number, number>();
  /** Parameters that no page documents, with their method: Telegram takes no notice of them. */
  readonly strange = new Set<string>();
  faults: Faults = noFaults();
  origin = '';
  readonly bot: User;
  readonly #byId = new Map<string, Message>();
  readonly #counters = new Map<number, number>();
  #fileCount = 0;

  constructor(options: TelegramSandboxOptions) {
    this.options = options;
    this.random = seededRandom(options.seed ?? 1);
    this.bot = { id: Number(options.token.split(':')[0]), firstName: options.botName ?? 'Sandbox bot', lastName: null, username: options.botUsername ?? 'sandbox_bot', isBot: true, photo: null, blocked: false, started: true };
    this.users.set(this.bot.id, this.bot);
  }

  message(chat: number, id: number): Message | undefined {
    return this.#byId.get(`${chat}:${id}`);
  }

  /** Messages of private chats and plain groups are numbered together, those of each supergroup and channel apart. */
  nextId(chat: Chat): number {
    const counter = chat.type === 'private' || chat.type === 'group' ? 0 : chat.id;
    const id = (this.#counters.get(counter) ?? 0) + 1;
    this.#counters.set(counter, id);
    return id;
  }

  add(chat: Chat, from: number, body: Record<string, unknown>, more: { readonly replyTo?: number | null; readonly topic?: number | null; readonly file?: StoredFile | null } = {}): Message {
    const message: Message = {
      chat: chat.id, id: this.nextId(chat), from, at: Date.now(), editedAt: null, body,
      replyTo: more.replyTo ?? null, topic: more.topic ?? null, file: more.file ?? null, deleted: false, reactions: new Map(),
    };
    this.messages.push(message);
    this.#byId.set(`${chat.id}:${message.id}`, message);
    this.changed(message);
    return message;
  }

  changed(message: Message): void {
    this.feed.emit({ kind: 'message', chat: message.chat, id: message.id });
  }

  store(bytes: Buffer, mime: string, name: string | null, folder: string): StoredFile {
    this.#fileCount += 1;
    const ending = /\.[\w]{1,8}$/.exec(name ?? '')?.[0] ?? '';
    const file: StoredFile = {
      id: `AgAC${this.random.hex(40)}`, uniqueId: `AQAD${this.random.hex(10)}`, bytes, mime, name, path: `${folder}/file_${this.#fileCount}${ending}`,
    };
    this.files.set(file.id, file);
    return file;
  }

  chatOf(user: User): Chat {
    const known = this.chats.get(user.id);
    if (known !== undefined) return known;
    const chat = this.newChat(user.id, 'private', null);
    chat.members.set(user.id, 'member');
    chat.members.set(this.bot.id, 'member');
    return chat;
  }

  newChat(id: number, type: ChatType, title: string | null): Chat {
    const chat: Chat = { id, type, title, username: null, description: null, isForum: false, photo: null, members: new Map(), migratedTo: null, pinned: [], closed: new Set(), anonymousReactions: type === 'channel' };
    this.chats.set(id, chat);
    this.feed.emit({ kind: 'chat', id });
    return chat;
  }

  inChat(chat: number): readonly Message[] {
    return this.messages.filter((message) => message.chat === chat);
  }
}

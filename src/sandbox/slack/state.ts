import { Feed } from '../feed.ts';
import { seededRandom, type Random } from '../random.ts';
import { noFaults, type Faults } from './faults.ts';
import { BOT_SCOPES, type SlackSandboxOptions } from './options.ts';

export interface User {
  readonly id: string;
  readonly teamId: string;
  /** The handle. */
  name: string;
  realName: string;
  displayName: string;
  readonly isBot: boolean;
  readonly botId?: string;
  readonly appId?: string;
  deleted: boolean;
  /** Path of the picture on this server; another picture has another. */
  avatar: string | null;
  updated: number;
}

export interface Channel {
  readonly id: string;
  name: string;
  kind: 'channel' | 'group' | 'mpim' | 'im';
  readonly members: Set<string>;
  readonly creator: string;
  readonly created: number;
  topic: string;
  purpose: string;
  isArchived: boolean;
  /** With another organization. */
  isShared: boolean;
  readonly pins: string[];
}

export interface Message {
  readonly channel: string;
  readonly ts: string;
  user?: string;
  botId?: string;
  appId?: string;
  subtype?: string;
  username?: string;
  iconUrl?: string;
  iconEmoji?: string;
  text: string;
  blocks?: readonly unknown[];
  attachments?: readonly unknown[];
  files?: readonly string[];
  threadTs?: string;
  edited?: { readonly user: string; readonly ts: string };
  metadata?: { readonly event_type: string; readonly event_payload: Readonly<Record<string, unknown>> };
  clientMsgId?: string;
  extra?: Readonly<Record<string, unknown>>;
  /** By name, those who put it there. */
  readonly reactions: Map<string, string[]>;
  deleted?: boolean;
}

export interface StoredFile {
  readonly id: string;
  readonly name: string;
  title: string;
  readonly user: string;
  readonly created: number;
  readonly declared: number;
  bytes: Buffer | null;
  mime: string;
  completed: boolean;
  deleted: boolean;
  subtype?: string;
  /** Only files.info says more, as for files of other organizations. */
  guarded?: boolean;
  /** By channel, the `ts` of messages that share it. */
  readonly shares: Map<string, string[]>;
}

/** Who a token speaks as. */
export interface Token {
  readonly token: string;
  readonly user: string;
  readonly kind: 'bot' | 'user';
  scopes: readonly string[];
  revoked: boolean;
}

export type WorldEvent = { readonly kind: 'message'; readonly channel: string; readonly ts: string } | { readonly kind: 'people' | 'channels' | 'faults' | 'event' };

/** All of the workspace, in memory. */
export class World {
  readonly options: SlackSandboxOptions;
  readonly random: Random;
  readonly faults: Faults = noFaults();
  readonly feed = new Feed<WorldEvent>();
  readonly teamId: string;
  readonly appId: string;
  readonly bot: User;
  readonly users = new Map<string, User>();
  readonly channels = new Map<string, Channel>();
  readonly messages: Message[] = [];
  readonly files = new Map<string, StoredFile>();
  readonly emoji = new Map<string, string>();
  readonly groups = new Map<string, { readonly id: string; readonly handle: string; readonly name: string }>();
  readonly tokens = new Map<string, Token>();
  /** Where somebody has read to, by channel and user. */
  readonly reads = new Map<string, string>();
  /** What an app did that Slack would bear in silence, and that it should not do. */
  readonly oddities: string[] = [];
  readonly scale: number;
  origin = '';
  #last = 0;
  #count = 0;

  constructor(options: SlackSandboxOptions) {
    this.options = options;
    this.random = seededRandom(options.seed ?? 1);
    this.scale = options.clockScale ?? 1;
    this.teamId = options.teamId ?? 'T0SANDBOX';
    this.appId = options.appId ?? 'A0SANDBOX';
    const botUser = options.botUserId ?? 'U0BRIDGE';
    this.bot = {
      id: botUser, teamId: this.teamId, name: (options.botName ?? 'bridge').toLowerCase(), realName: options.botName ?? 'Bridge', displayName: '', isBot: true,
      botId: `B${botUser.slice(1)}`, appId: this.appId, deleted: false, avatar: null, updated: nowSeconds(),
    };
    this.users.set(this.bot.id, this.bot);
    this.tokens.set(options.botToken, { token: options.botToken, user: this.bot.id, kind: 'bot', scopes: options.botScopes ?? BOT_SCOPES, revoked: false });
  }

  id(prefix: string): string {
    this.#count += 1;
    return `${prefix}0${this.#count.toString(36).toUpperCase().padStart(3, '0')}${this.random.hex(5)}`;
  }

  /** Never the same twice, in any channel. */
  ts(): string {
    const micros = Math.max(Date.now() * 1000, this.#last + 100);
    this.#last = micros;
    return `${Math.floor(micros / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`;
  }

  message(channel: string, ts: string): Message | undefined {
    return this.messages.find((each) => each.channel === channel && each.ts === ts && each.deleted !== true);
  }

  /** Oldest first. */
  of(channel: string): Message[] {
    return this.messages.filter((each) => each.channel === channel && each.deleted !== true);
  }

  replies(root: Message): Message[] {
    return this.of(root.channel).filter((each) => each.threadTs === root.ts && each.ts !== root.ts);
  }

  avatarUrl(user: User): string {
    return `${this.origin}/avatars/${user.id}_${user.avatar ?? 'none'}_512.png`;
  }
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

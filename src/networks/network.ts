import type { z } from 'zod';
import type { Capabilities } from '../model/capabilities.ts';
import type { Clock } from '../model/clock.ts';
import type { Content } from '../model/content.ts';
import type { ConversationRef, NetworkItem, PersonRef } from '../model/events.ts';
import type { Millis, NetworkId, RemoteId } from '../model/ids.ts';
import type { Logger } from '../model/log.ts';
import type { MediaSource, MediaStream } from '../model/media.ts';
import type { LoginFlow } from './login.ts';

/**
 * What an adapter is to the core. It knows its network and nothing of Matrix; the core knows Matrix and nothing of any
 * network. A `Network` holds no state; everything that lives belongs to a `Connection`, one per account.
 */
export interface Network {
  readonly id: NetworkId;
  /** As people write it: `WhatsApp`. */
  readonly name: string;
  /** One app: what the vendor's developer console knows; owns webhooks, and holds its accounts under `accounts`. */
  readonly settings: z.ZodType<AppSettings>;
  /** What a fresh conversation with one person can do; the generated capability table is made of it. */
  readonly capabilities: Capabilities;
  /** What a group can do, where that is something else. */
  readonly groupCapabilities?: Capabilities;
  /** Keys of a person and of a conversation for what a user typed (`open whatsapp +31 6…`); throws `Rejected` with the form it wants. */
  resolve(input: string, account: AccountSettings): { readonly person: PersonRef; readonly conversation: ConversationRef };
  /** What else than its own ids the network knows people by. */
  readonly lookups: readonly ('phone' | 'email' | 'username')[];
  readonly webhooks: readonly Webhook[];
  /** How `inspect` reads what was captured, where that is not what a webhook of ours would be sent: frames of a socket, answers of a poll. */
  readonly capture?: Pick<Webhook, 'split' | 'decode'>;
  connect(options: ConnectOptions): Connection;
  /** Ways to add an account; the first is the usual one. */
  readonly logins: readonly LoginFlow[];
  /** One line each, for `doctor`. Never throws. */
  check(options: ConnectOptions): AsyncIterable<Check>;
}

/** Every network's own schema gives at least this. Secrets are plain strings here: loading has resolved them. */
export interface AppSettings {
  readonly accounts: Readonly<Record<string, AccountSettings>>;
}

export interface AccountSettings {
  /** Matrix users invited to new portals, and told when the account breaks. */
  readonly owners: readonly string[];
  /** The one of them whose own Matrix account shows what the account does in the network's app; absent: the owner, where it is a person's login and there is one alone. */
  readonly puppet?: string | undefined;
  /** `user`: a person's own login. Anything else, or none, can be written by several. */
  readonly kind?: string | undefined;
}

export interface ConnectOptions {
  /** The name of the app in the config. */
  readonly app: string;
  /** The same object for all accounts of the app; those that were added while the bridge runs do not stand in it. */
  readonly appSettings: AppSettings;
  /** The key under `accounts`. */
  readonly account: string;
  readonly settings: AccountSettings;
  readonly clock: Clock;
  readonly log: Logger;
  /** Absent where the admin has configured none. */
  readonly publicUrl?: string;
  /** To be told of each call: the status of its answer, or `error` where there was none. */
  readonly answered?: (status: number | 'error') => void;
  /** How long an answer is waited for; absent: as long as the network may take. */
  readonly answerTimeoutMs?: number;
}

export interface Check {
  readonly what: string;
  readonly ok: boolean;
  /** Not tried: it would only say again what another line says. No failure of its own, so `ok`. */
  readonly skipped?: true;
  /** What was tried, what should be, which key to change. */
  readonly detail: string;
  readonly fix?: string;
}

export function notTried(what: string, because: string): Check {
  return { what, ok: true, skipped: true, detail: `not tried: ${because}` };
}

export interface WebhookRequest {
  readonly method: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Signatures are made over these bytes, never over what parsing makes of them. */
  readonly raw: Uint8Array;
}

/** `answer` ends the request at once (a handshake). */
export type Verdict =
  | { readonly ok: true; readonly answer?: { readonly status: number; readonly body: string } }
  | { readonly ok: false; readonly status: number; readonly reason: string };

export interface Decoded {
  /** The account's id on the network; undefined where the piece concerns the app as a whole. */
  readonly account?: string;
  readonly items: readonly NetworkItem[];
}

/** `/webhooks/<network>/<app>` */
export interface Webhook {
  readonly method: 'GET' | 'POST';
  /** Bytes. */
  readonly maxBody: number;
  verify(request: WebhookRequest, app: AppSettings): Verdict;
  /**
   * Pure. Cuts a body into what is decoded apart, so that one bad piece spoils no other.
   * Throws `NotThisNetwork` when the body is not this network's.
   */
  split(raw: Uint8Array): readonly unknown[];
  /**
   * Pure. Throws only on a piece that it cannot make sense of; what it knows but cannot map becomes `unsupported`.
   * `app`: the settings of the app that it came to, where that is known; a piece alone may not say who we are.
   */
  decode(piece: unknown, app?: AppSettings): readonly Decoded[];
}

/** The body is no webhook of this network; `message` says what was looked for. */
export class NotThisNetwork extends Error {
  override name = 'NotThisNetwork';
}

/** Where the network's own id of an account stands in its settings. */
export interface Sink {
  /** As it was committed last; null at the very first. */
  cursor(): string | null;
  /** Resolves after the commit. */
  accept(items: readonly NetworkItem[], cursor?: string): Promise<void>;
  /** The account cannot work, or works again. */
  state(state: { readonly ok: true } | { readonly ok: false; readonly reason: string; readonly fix: string }): void;
}

/** A conversation as the store holds it, at the moment of the call. */
export interface Target {
  readonly id: string;
  readonly scope: string;
  readonly kind: ConversationRef['kind'];
  /** Every id that the other person of a direct chat is known by, strongest first. */
  readonly aliases: readonly string[];
  /** The newest message that came in: windows, typing and read marks hang on it. */
  readonly lastInbound?: { readonly id: RemoteId; readonly at: Millis };
}

export interface SendRequest {
  readonly conversation: Target;
  readonly content: Content;
  /** Null: the account speaks for itself. Else somebody speaks through a relay account. */
  readonly relay: Relay | null;
  readonly replyTo?: RemoteId;
  /** `broadcast`: to be shown in the conversation itself too. */
  readonly thread?: { readonly root: RemoteId; readonly broadcast?: true };
}

/** Who speaks through a relay account. */
export interface Relay {
  readonly name: string;
  /** An address that anybody can fetch for some time, without credentials. */
  readonly avatarUrl?: string;
}

/** What a network knows of a conversation. */
export interface ConversationFacts {
  readonly conversation: ConversationRef;
  /** Null where the network does not tell, or it is too large to be told. */
  readonly members: readonly PersonRef[] | null;
}

/** A page of the past, oldest last. */
export interface HistoryPage {
  readonly items: readonly NetworkItem[];
  /** Hands over the page before; absent: there is none. */
  readonly next?: string;
}

/** One part: one outbox row, one key, one call. */
export interface PartRequest extends SendRequest {
  /** Ours; travels as the network's own callback data where there is such a thing. At most 200 characters of `[A-Za-z0-9_.-]`. */
  readonly key: string;
  /** The bytes of a media part, already fitted to `capabilities().media`. */
  readonly media?: MediaSource;
}

export interface SendResult {
  readonly id: RemoteId;
  readonly time: Millis;
  /** `accepted`: a delivery event follows. */
  readonly state: 'accepted' | 'confirmed';
  /** What the answer taught about the other person, for instance a stronger id. */
  readonly learnt?: { readonly alias?: string };
  /** It was sent, but not as it was written: a sentence for whoever wrote it. */
  readonly note?: string;
}

/** Somebody, or a conversation of several, as a network lists or finds it. */
export interface Found {
  /** Absent: a conversation of several. */
  readonly person?: PersonRef;
  /** Of a person the direct chat with them, which need not be there yet. */
  readonly conversation: ConversationRef;
}

export interface FoundPage {
  readonly items: readonly Found[];
  /** Hands over the page after; absent: there is none. */
  readonly next?: string;
}

/** Somebody that the network knows, by every id that we know of them, strongest first. */
export interface Named {
  readonly ids: readonly string[];
}

export interface Invited {
  /** Who did not come in, and why, in words. */
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
  /** Nobody can be put there: they come in by this link, once somebody has sent it to them. */
  readonly link?: string;
}

export interface Created extends Invited {
  /** Null: the network makes it in a moment, and tells of it by an event. */
  readonly conversation: ConversationRef | null;
}

/**
 * Whom and what an account can find on its network, and the conversations that it can make and change. What is absent it
 * cannot do: `Capabilities.reach` says why. Somebody waits for each answer, so none of them waits for a limit: it throws `Retry`.
 * @throws Retry, Rejected, AccountBroken, Unreachable; Uncertain, where a conversation may have been made
 */
export interface Reach {
  /** People whom the account may write to, as the network lists them. */
  contacts?(after?: string): Promise<FoundPage>;
  /** Conversations of several that the account is in or could join. */
  conversations?(after?: string): Promise<FoundPage>;
  /** At most some dozens, the best first. */
  search?(query: string): Promise<readonly Found[]>;
  /** Asks the network who or what somebody means by that; null: nobody. @throws Rejected with the form it wants */
  resolve?(input: string): Promise<Found | null>;
  /** A conversation of several, the account among them. Without a title where the network needs none. */
  create?(wanted: { readonly title: string | null; readonly people: readonly Named[] }): Promise<Created>;
  invite?(conversation: Target, people: readonly Named[]): Promise<Invited>;
  kick?(conversation: Target, person: Named): Promise<void>;
  /** The account is in it no longer. */
  leave?(conversation: Target): Promise<void>;
  setTitle?(conversation: Target, title: string): Promise<void>;
}

/** One account's line to the network. Every call throws only the classes of `model/errors.ts`. */
export interface Connection {
  /** The network's own id of the account: what `Decoded.account` says. */
  readonly remoteId: string;
  /** Starts receiving where the network is asked rather than asking us; resolves when the account is live. */
  start(sink: Sink, signal: AbortSignal): Promise<void>;
  /** Asks the network, by a call that changes nothing, whether it is there; after `Unreachable` until it is. */
  check(): Promise<void>;
  capabilities(conversation: Target): Capabilities;
  /** Pure: splits what is too long, measured after encoding. At least one part; the order is the order of sending. */
  plan(request: SendRequest): readonly Content[];
  /**
   * One part, one call; uploads what `media` needs first.
   * @throws Retry, Rejected, Uncertain, AccountBroken, Unreachable
   */
  send(request: PartRequest): Promise<SendResult>;
  edit?(request: PartRequest & { readonly target: RemoteId }): Promise<SendResult>;
  delete?(conversation: Target, target: RemoteId, key: string): Promise<void>;
  /**
   * `emoji` comes to what the account shows on the message (null: nothing does) and `gone` goes. Where it shows one at most, that is
   * replaced, or by null removed. Where a network makes a message of a reaction, its id comes back.
   */
  react?(conversation: Target, target: RemoteId, emoji: string | null, key: string, gone?: string): Promise<SendResult>;
  pin?(conversation: Target, target: RemoteId, pinned: boolean, key: string): Promise<void>;
  typing?(conversation: Target, active: boolean): Promise<void>;
  /** Title, topic, picture and members as they stand; asked when a portal is made. */
  describe?(conversation: Target): Promise<ConversationFacts>;
  /** What somebody's own profile says, where it says more than what they write. */
  profile?(person: { readonly id: string; readonly scope: string }): Promise<PersonRef | null>;
  /** At most `limit` messages before `before` (absent: the newest). Their items carry `historical`. */
  history?(conversation: Target, limit: number, before?: string): Promise<HistoryPage>;
  markRead?(conversation: Target, upTo: RemoteId): Promise<void>;
  /** `unknown` where the network cannot be asked. `place`: the thread that a message was to go into, and what it was to answer. */
  findSent(key: string, conversation: Target, since: Millis, place?: Pick<SendRequest, 'thread' | 'replyTo'>): Promise<SendResult | 'absent' | 'unknown'>;
  /** `handle` as it stood in `MediaRef.source.network`. */
  openMedia(handle: string, signal: AbortSignal): Promise<MediaStream>;
  readonly reach?: Reach;
  /** Two requests that share a key share a limit: one at a time, in order. */
  rateKeys(conversation: Target): readonly RateKey[];
  close(): Promise<void>;
}

/** One limit of a network. */
export interface RateKey {
  readonly key: string;
  /** What it sustains. */
  readonly perSecond: number;
  /** What may go at once. */
  readonly burst: number;
  /** A burst is borrowed: it ends with the pause after its first request, and then nothing goes until all of it is paid back. */
  readonly borrows?: boolean;
}

import type { Content } from './content.ts';
import type { Millis, RemoteId } from './ids.ts';

/** A conversation as a network names it. */
export interface ConversationRef {
  /** The network's id of the chat; for a direct chat the id of the other person. */
  readonly id: string;
  /** Workspace, page, business number: what makes `id` unique on the network. Empty where ids are global. */
  readonly scope: string;
  readonly kind: 'direct' | 'group' | 'channel';
  /** True where ids differ per account (direct chats): the account is then part of the key. */
  readonly perAccount: boolean;
  readonly title?: string;
  /** Empty: it has none any more. */
  readonly topic?: string;
  /** Null: it has none any more. */
  readonly avatar?: Picture | null;
  /** Other ids of the same chat. */
  readonly aliases?: readonly string[];
}

/** A picture of a person or of a chat. */
export interface Picture {
  /** Another picture has another id. */
  readonly id: string;
  /** The adapter's own handle, opened with `openMedia`. */
  readonly handle: string;
}

/** A person as a network names them. */
export interface PersonRef {
  /** The strongest id known, and every other id that means the same person, strongest first. */
  readonly id: string;
  readonly aliases?: readonly string[];
  /** What makes `id` unique on the network; empty where ids are global. */
  readonly scope: string;
  readonly name?: string;
  readonly username?: string;
  readonly phone?: string;
  /** Null: they have none any more. */
  readonly avatar?: Picture | null;
  /** A program. */
  readonly isBot?: true;
  /** The account's own presence: what was sent from the network's own app or by another program. */
  readonly isSelf?: boolean;
}

interface InConversation {
  readonly conversation: ConversationRef;
  readonly time: Millis;
}

export interface MessageEvent extends InConversation {
  readonly type: 'message';
  readonly id: RemoteId;
  readonly sender: PersonRef;
  readonly parts: readonly Content[];
  readonly replyTo?: { readonly id: RemoteId; readonly quote?: string; readonly sender?: string };
  /** `root` is the thread's first message, or what stands for it. `broadcast`: also said in the conversation itself. */
  readonly thread?: { readonly root: RemoteId; readonly broadcast?: true };
  /** Messages with the same one were sent as one album. */
  readonly album?: string;
  readonly forwarded?: 'once' | 'often';
  /** Who said it first, as people read it. */
  readonly forwardedFrom?: string;
  /** What led the person here, for instance an advertisement: one line for the room. */
  readonly referral?: {
    readonly title?: string;
    readonly body?: string;
    readonly url?: string;
    readonly source?: string;
    /** The network's own id of the advertisement or post. */
    readonly id?: string;
    /** Address of its picture or film. */
    readonly media?: string;
    /** The network's own id of the click. */
    readonly click?: string;
    /** What the person was greeted with before they wrote. */
    readonly greeting?: string;
    /** The product that they asked about, beside all this. */
    readonly product?: string;
  };
  /** Our own key, where the network gives it back: this is an echo of what we sent. */
  readonly key?: string;
  /** One of the past that the network handed over by itself: goes where backfill goes, is never relayed or announced. */
  readonly historical?: true;
}

export interface EditEvent extends InConversation {
  readonly type: 'edit';
  readonly id: RemoteId;
  readonly target: RemoteId;
  readonly sender: PersonRef;
  readonly parts: readonly Content[];
}

export interface DeletionEvent extends InConversation {
  readonly type: 'deletion';
  readonly target: RemoteId;
  readonly sender?: PersonRef;
}

export interface ReactionEvent extends InConversation {
  readonly type: 'reaction';
  readonly target: RemoteId;
  readonly sender: PersonRef;
  /** Null removes what this person had put there. */
  readonly emoji: string | null;
  /** With null, on networks where a person may have several: only this one goes. */
  readonly removed?: string;
  /** True where a network allows one reaction a person, so that a new one replaces the old. */
  readonly exclusive: boolean;
}

/** All reactions on a message as they stand now: those of one person, or of everybody. */
export interface ReactionsSetEvent extends InConversation {
  readonly type: 'reactions.set';
  readonly target: RemoteId;
  /** Only this person's are said; absent: everybody's. */
  readonly sender?: PersonRef;
  /** `sender` absent: nobody knows whose, and there are `count` of them. */
  readonly reactions: readonly { readonly emoji: string; readonly sender?: PersonRef; readonly count?: number }[];
}

export interface PinEvent extends InConversation {
  readonly type: 'pin';
  readonly target: RemoteId;
  readonly pinned: boolean;
  readonly sender?: PersonRef;
}

/** What one person has chosen in a poll, all of it; nothing: they took their vote back. */
export interface PollVoteEvent extends InConversation {
  readonly type: 'poll.vote';
  readonly target: RemoteId;
  readonly sender: PersonRef;
  /** Ids of options; of a poll that was sent from here their places, the first 0, where the network does not keep ids. */
  readonly options: readonly string[];
}

/** A poll is over. `results`: what is known of it then. */
export interface PollEndEvent extends InConversation {
  readonly type: 'poll.end';
  readonly target: RemoteId;
  readonly results?: readonly { readonly text: string; readonly votes: number }[];
}

/** Somebody comes or goes. */
export interface MemberEvent extends InConversation {
  readonly type: 'member';
  readonly person: PersonRef;
  readonly change: 'join' | 'invite' | 'leave' | 'kick' | 'ban';
  /** Who did it, where that was another. */
  readonly by?: PersonRef;
}

/** A person has another name or picture. */
export interface ProfileEvent {
  readonly type: 'profile';
  readonly person: PersonRef;
  readonly time: Millis;
}

/** The title, topic or picture of a conversation: what `conversation` says is so now, what it leaves out is as before. */
export interface ConversationChangedEvent extends InConversation {
  readonly type: 'conversation.changed';
  readonly by?: PersonRef;
}

/** The conversation goes on under another id. */
export interface ConversationReplacedEvent extends InConversation {
  readonly type: 'conversation.replaced';
  readonly into: ConversationRef;
}

/** Nothing can be sent there any more: it was archived or deleted, or the account was put out of it. */
export interface ConversationGoneEvent extends InConversation {
  readonly type: 'conversation.gone';
  /** A sentence for the room. */
  readonly reason: string;
}

/** The other side has read everything up to here. In memory only. */
export interface ReceiptEvent extends InConversation {
  readonly type: 'receipt';
  readonly reader: PersonRef;
  readonly upTo: { readonly id: RemoteId } | { readonly time: Millis };
}

/** In memory only. */
export interface TypingEvent extends InConversation {
  readonly type: 'typing';
  readonly sender: PersonRef;
  readonly active: boolean;
}

/** What became of something that we sent. `key` is ours, where the network carries it. */
export interface DeliveryEvent {
  readonly type: 'delivery';
  readonly id: RemoteId;
  readonly key?: string;
  readonly time: Millis;
  readonly status: 'sent' | 'delivered' | 'read' | 'played' | 'failed';
  readonly recipient?: PersonRef;
  readonly failure?: { readonly code: string; readonly reason: string; readonly retryable: boolean };
}

/** Two ids mean one person. `to` outranks `from`. */
export interface AliasEvent {
  readonly type: 'identity.alias';
  readonly scope: string;
  readonly from: string;
  readonly to: string;
  readonly time: Millis;
  /** Where the person's direct chat is keyed by their id: it moves along. */
  readonly conversation?: ConversationRef;
  /** One line for the room, for instance that the number changed. */
  readonly notice?: string;
}

/** Something real without a counterpart. With a conversation it becomes a notice there, else the administrator is told. */
export interface UnsupportedEvent {
  readonly type: 'unsupported';
  readonly what: string;
  readonly reason: string;
  readonly time: Millis;
  readonly conversation?: ConversationRef;
  readonly sender?: PersonRef;
  /** Facts for the administrator, already readable: no secrets, no message content. */
  readonly detail?: Readonly<Record<string, string>>;
  /** The network's own bookkeeping, such as the preview of a link: known, and nobody is told. */
  readonly quiet?: true;
}

/** Everything that an adapter can hand to the core. */
export type NetworkEvent =
  | MessageEvent
  | EditEvent
  | DeletionEvent
  | ReactionEvent
  | ReactionsSetEvent
  | PinEvent
  | PollVoteEvent
  | PollEndEvent
  | MemberEvent
  | ProfileEvent
  | ConversationChangedEvent
  | ConversationReplacedEvent
  | ConversationGoneEvent
  | ReceiptEvent
  | TypingEvent
  | DeliveryEvent
  | AliasEvent
  | UnsupportedEvent;

/** An event with the key that makes a second arrival recognisable: made of kind, id and version (status, edit time, actor). */
export interface NetworkItem {
  readonly key: string;
  readonly event: NetworkEvent;
}

/** An event from the homeserver, as it stood in the transaction. */
export interface MatrixEvent {
  readonly event_id: string;
  readonly room_id: string;
  readonly sender: string;
  readonly type: string;
  readonly origin_server_ts: Millis;
  readonly state_key?: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly redacts?: string;
  readonly unsigned?: Readonly<Record<string, unknown>>;
}

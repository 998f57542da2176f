import { createHash } from 'node:crypto';
import { Feed } from '../feed.ts';
import { seededRandom, type Random } from '../random.ts';
import { noFaults, type Faults } from './faults.ts';
import type { Group } from './groups.ts';
import { clockScale, documented, type ClockScale, type WhatsAppSandboxOptions } from './options.ts';
import { firstTemplates, type Template } from './templates.ts';

export type MessageStatus = 'accepted' | 'sent' | 'delivered' | 'read' | 'played' | 'failed';

/** A person on WhatsApp, as this business sees them. */
export interface Person {
  /** Ours, and never changes: the number the person was first known by. */
  readonly key: string;
  waId: string;
  /** The business-scoped user id; null for a person of the time before them. */
  userId: string | null;
  parentUserId: string | null;
  name: string;
  username: string | null;
  /** Webhooks hide the number (the person has a username). */
  phoneless: boolean;
  /** Opens the customer service window. */
  lastInboundAt: number | null;
  /** The business is shown as typing until then. */
  typingUntil: number;
}

export interface Media {
  readonly id: string;
  readonly bytes: Buffer;
  readonly mime: string;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly filename: string | null;
  readonly expiresAt: number;
  /** What the bytes really are. */
  readonly content: MediaContent;
}

export interface MediaContent {
  /** By their first bytes; null when nothing known. */
  readonly mime: string | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly animated: boolean;
}

/** A message in either direction, as it was accepted. */
export interface Message {
  /** Order of acceptance in the whole sandbox. */
  readonly seq: number;
  readonly id: string;
  readonly from: 'business' | 'person';
  /** Key of the person on the other side; of what the business says to a group the group's id. */
  readonly person: string;
  /** Id of the group that it stands in; null in a direct chat. */
  readonly group: string | null;
  readonly type: string;
  /** What stood under the name of the type; edits replace it. */
  body: unknown;
  readonly at: number;
  /** Id of the message quoted. */
  readonly replyTo: string | null;
  /** The quoted message is not in the conversation: the phone shows no quote. */
  readonly quoteMissing: boolean;
  /** `biz_opaque_callback_data` of the send. */
  readonly callbackData: string | null;
  media: Media | null;
  status: MessageStatus;
  error: { readonly code: number; readonly details: string } | null;
  /** One emoji a side at most. */
  readonly reactions: { business?: string; person?: string };
  edited: boolean;
  revoked: boolean;
}

export type SandboxEvent =
  | { readonly kind: 'message'; readonly id: string }
  | { readonly kind: 'person'; readonly key: string }
  | { readonly kind: 'group'; readonly id: string }
  | { readonly kind: 'faults' };

export type NewMessage = Pick<Message, 'from' | 'person' | 'type' | 'body'> &
  Partial<Pick<Message, 'group' | 'replyTo' | 'quoteMissing' | 'callbackData' | 'media'>>;

/** Everything the sandbox knows; in memory only. */
export class World {
  readonly options: WhatsAppSandboxOptions;
  readonly scale: ClockScale;
  readonly random: Random;
  readonly feed = new Feed<SandboxEvent>();
  readonly people = new Map<string, Person>();
  readonly groups = new Map<string, Group>();
  readonly templates: Template[];
  readonly messages: Message[] = [];
  readonly media = new Map<string, Media>();
  faults: Faults = noFaults();
  /** The base of URLs that the sandbox hands out; set once it listens. */
  origin = '';
  readonly #byId = new Map<string, Message>();
  readonly #byConversation = new Map<string, Message[]>();
  readonly #byAddress = new Map<string, Person>();

  constructor(options: WhatsAppSandboxOptions) {
    this.options = options;
    this.scale = clockScale(options.clockScale);
    this.random = seededRandom(options.seed ?? 1);
    this.templates = [...(options.templates ?? firstTemplates)];
  }

  /** The business's number as webhooks carry it. */
  get displayDigits(): string {
    return this.options.displayPhoneNumber.replace(/\D/g, '');
  }

  message(id: string): Message | undefined {
    return this.#byId.get(id);
  }

  /** Makes or changes a person; what reached them before and no longer fits them, reaches nobody. */
  savePerson(person: Person): void {
    if (this.people.has(person.key)) {
      for (const [address, owner] of this.#byAddress) if (owner === person) this.#byAddress.delete(address);
    }
    for (const address of [person.waId, person.userId, person.parentUserId]) if (address !== null) this.#byAddress.set(address, person);
    this.people.set(person.key, person);
    this.feed.emit({ kind: 'person', key: person.key });
  }

  /** By present number or user id: whom a message to it reaches. */
  reached(address: string): Person | undefined {
    return this.#byAddress.get(address);
  }

  /** By present number, present user id, or the number first known. */
  findPerson(id: string): Person | undefined {
    return this.#byAddress.get(id) ?? this.people.get(id);
  }

  /** A group that is still there. */
  liveGroup(id: string): Group | undefined {
    const group = this.groups.get(id);
    return group?.deleted === false ? group : undefined;
  }

  /** The messages with one person, or in one group, in order. */
  conversation(key: string): readonly Message[] {
    return this.#byConversation.get(key) ?? [];
  }

  /** Appends to the record; the order of calls is the order of acceptance. */
  add(given: NewMessage): Message {
    const person = this.people.get(given.person);
    const message: Message = {
      group: null, replyTo: null, quoteMissing: false, callbackData: null, media: null, ...given,
      seq: this.messages.length + 1,
      id: this.#messageId((person?.phoneless ? person.userId : person?.waId) ?? given.person, given.from),
      at: Date.now(),
      status: given.from === 'business' ? 'accepted' : 'delivered',
      error: null, reactions: {}, edited: false, revoked: false,
    };
    this.messages.push(message);
    this.#byId.set(message.id, message);
    const place = message.group ?? message.person;
    const conversation = this.#byConversation.get(place);
    if (conversation) conversation.push(message);
    else this.#byConversation.set(place, [message]);
    this.changed(message);
    return message;
  }

  changed(message: Message): void {
    this.feed.emit({ kind: 'message', id: message.id });
  }

  storeMedia(bytes: Buffer, mime: string, content: MediaContent, filename: string | null, origin: 'uploaded' | 'received'): Media {
    const life = origin === 'uploaded' ? documented.uploadedMediaMs : documented.receivedMediaMs;
    const media: Media = {
      id: this.random.digits(16), bytes, mime, content, filename,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      expiresAt: Date.now() + life / this.scale.media,
    };
    this.media.set(media.id, media);
    return media;
  }

  /** Undefined once expired or deleted. */
  liveMedia(id: string): Media | undefined {
    const media = this.media.get(id);
    return media && media.expiresAt > Date.now() ? media : undefined;
  }

  windowOpen({ lastInboundAt }: Pick<Person, 'lastInboundAt'>): boolean {
    return lastInboundAt !== null && Date.now() - lastInboundAt < documented.windowMs / this.scale.window;
  }

  /** `wamid.` and base64 of a number and a random part, the outer form of Meta's: it may hold `+`, `/` and `=`. */
  #messageId(number: string, from: Message['from']): string {
    const digits = Buffer.from(number.replace(/\W/g, ''), 'ascii');
    const unique = from === 'business' ? this.random.hex(18) : `3A${this.random.hex(18)}`;
    const head = Buffer.from([0x1c, 0x18, digits.length]);
    const middle = Buffer.from([0x15, 0x02, 0x00, from === 'business' ? 0x11 : 0x12, 0x18, unique.length]);
    return `wamid.${Buffer.concat([head, digits, middle, Buffer.from(unique), Buffer.from([0])]).toString('base64')}`;
  }
}

import type { Random } from '../../../src/sandbox/random.ts';
import type { FakeUser } from '../fake-homeserver/server.ts';
import type { Stack } from '../stack/stack.ts';
import { type Act, type Conversation, isSpoken, type Kind } from './acts.ts';
import { type SampleKind, type Samples } from './samples.ts';
import { Sightings } from './sightings.ts';

const emojis = ['👍', '❤️', '😂', '😮', '😢', '🙏', '🎉', '🔥'];
const files: ReadonlySet<Kind> = new Set<Kind>(['image', 'video', 'audio', 'voice', 'file', 'sticker']);

/** What has been done to a message; each side reacts to it at most once, so that every reaction can be told apart. */
interface Marks {
  in?: Act;
  out?: Act;
  edited?: Act;
  deleted?: Act;
  unreacted?: Act;
}

/** Alice on Matrix and people on WhatsApp, who talk, and the record of all that they did. */
export class Talk {
  readonly acts: Act[] = [];
  readonly conversations: Conversation[] = [];
  readonly alice: FakeUser;
  readonly #stack: Stack;
  readonly #samples: Samples;
  readonly #random: Random;
  readonly #marks = new Map<Act, Marks>();
  #seen: Sightings;

  constructor(stack: Stack, samples: Samples, random: Random) {
    this.#stack = stack;
    this.#samples = samples;
    this.#random = random;
    this.alice = stack.homeserver.user('alice');
    this.#seen = new Sightings(stack);
  }

  meet(name: string): Conversation {
    const key = `3161${String(this.conversations.length + 1).padStart(7, '0')}`;
    const met = { key, name, person: this.#stack.sandbox.person(key, { name }) };
    this.conversations.push(met);
    return met;
  }

  /** Alice joins wherever she is invited; then she, and everybody, looks at what there is. */
  look(): Sightings {
    for (const id of this.#stack.homeserver.rooms.keys()) {
      if (this.#stack.homeserver.membership(id, this.alice.id) === 'invite') this.alice.join(id);
    }
    this.#seen = new Sightings(this.#stack);
    return this.#seen;
  }

  /** The room in which Alice can talk with them; null while there is none. */
  roomOf(conversation: Conversation): string | null {
    return this.#seen.roomsOf(conversation).findLast((id) => this.#stack.homeserver.membership(id, this.alice.id) === 'join') ?? null;
  }

  marksOf(act: Act): Readonly<Marks> {
    return this.#marks.get(act) ?? {};
  }

  /** Null where it cannot be done now: no room yet, or nothing to do it to. */
  async do(conversation: Conversation, way: Act['way'], kind: Kind): Promise<Act | null> {
    const target = isSpoken(kind) && kind !== 'reply' ? undefined : this.#targetFor(conversation, way, kind);
    if (target === null) return null;
    const token = `tok${this.acts.length + 1}z`;
    const emoji = kind === 'react' ? emojis[this.#random.int(emojis.length)] : undefined;
    const sample = files.has(kind) ? this.#samples.of(kind as SampleKind, token) : undefined;
    const lines = kind === 'long' ? Array.from({ length: way === 'in' ? 40 : 110 }, (_, n) => `${token} line ${n} ${'·'.repeat(60)}`) : undefined;
    const draft = { token, conversation, way, kind, ...(target && { target }), ...(emoji && { emoji }), ...(sample && { sha: sample.sha }), ...(lines && { lines }) };
    const id = way === 'in' ? await this.#phone(draft) : this.#client(draft);
    if (id === null) return null;
    const act: Act = { ...draft, id };
    this.acts.push(act);
    if (target) this.#mark(act, target);
    return act;
  }

  #mark(act: Act, target: Act): void {
    const marks = this.#marks.get(target) ?? {};
    this.#marks.set(target, marks);
    if (act.kind === 'react') marks[act.way] = act;
    if (act.kind === 'edit') marks.edited = act;
    if (act.kind === 'delete') marks.deleted = act;
    if (act.kind === 'unreact') marks.unreacted = act;
  }

  /** Undefined where none is needed, null where none is there. */
  #targetFor(conversation: Conversation, way: Act['way'], kind: Kind): Act | null | undefined {
    if (kind === 'command') return undefined;
    const fits = this.acts.filter((act) => {
      const marks = this.marksOf(act);
      if (act.conversation !== conversation || marks.deleted !== undefined) return false;
      if (kind === 'unreact') return act.kind === 'react' && act.way === way && marks.unreacted === undefined && this.marksOf(act.target as Act).deleted === undefined;
      if (!isSpoken(act.kind)) return false;
      if (kind === 'edit') return act.way === way && (act.kind === 'text' || act.kind === 'formatted') && marks.edited === undefined;
      if (kind === 'delete') return act.way === way;
      return (kind === 'reply' || marks[way] === undefined) && this.#visibleTo(act, way);
    });
    return fits.length === 0 ? null : (fits[this.#random.int(fits.length)] ?? null);
  }

  #visibleTo(act: Act, way: Act['way']): boolean {
    if (act.way === way) return true;
    return way === 'in' ? this.#seen.onPhone(act).length > 0 : this.#seen.onMatrix(act).some(({ event_id }) => this.#seen.redactionsOf(event_id).length === 0);
  }

  async #phone({ conversation: { person }, token, kind, target, emoji, lines }: Omit<Act, 'id'>): Promise<string | null> {
    const aim = target === undefined ? '' : target.way === 'in' ? target.id : (this.#seen.onPhone(target)[0]?.id ?? '');
    switch (kind) {
      case 'text': return person.sendText(`${token} said`);
      case 'formatted': return person.sendText(`*bold* _${token}_ ~gone~`);
      case 'long': return person.sendText((lines ?? []).join('\n').slice(0, 4096));
      case 'reply': return person.reply(aim, `${token} answered`);
      case 'location': return person.sendLocation({ latitude: 52.1, longitude: 5.1, name: token });
      case 'contacts': return person.sendContacts([{ name: { formatted_name: token, first_name: token }, phones: [{ phone: '+31 6 87654321' }] }]);
      case 'order': return person.order({ catalog_id: 'c1', text: token, product_items: [{ product_retailer_id: 'p1', quantity: 1 }] });
      case 'react': return person.react(aim, emoji ?? null);
      case 'unreact': return person.react(this.#phoneId(target?.target), null);
      case 'edit': return person.edit(aim, `${token} edited`);
      case 'delete': return person.revoke(aim);
      case 'emote':
      case 'command': return null;
      default: return this.#phoneFile(sampleKind(kind), token, person);
    }
  }

  #phoneId(act: Act | undefined): string {
    if (act === undefined) return '';
    return act.way === 'in' ? act.id : (this.#seen.onPhone(act)[0]?.id ?? '');
  }

  async #phoneFile(kind: SampleKind, token: string, person: Conversation['person']): Promise<string> {
    const { bytes, mime, extension } = this.#samples.of(kind, token);
    if (kind === 'voice') return person.sendMedia('audio', bytes, { mime: 'audio/ogg; codecs=opus', voice: true });
    if (kind === 'file') return person.sendMedia('document', bytes, { mime, filename: `${token}.${extension}`, caption: `${token} below` });
    return person.sendMedia(kind, bytes, { mime, ...(kind === 'image' || kind === 'video' ? { caption: `${token} below` } : {}) });
  }

  #client({ conversation, token, kind, target, emoji, lines }: Omit<Act, 'id'>): string | null {
    const room = this.roomOf(conversation);
    if (room === null) return null;
    const aim = target === undefined ? '' : target.way === 'out' ? target.id : (this.#seen.onMatrix(target)[0]?.event_id ?? '');
    const text = (body: string, more: object = {}): string => this.alice.send(room, { msgtype: 'm.text', body, ...more });
    switch (kind) {
      case 'text': return text(`${token} said`);
      case 'formatted': return text(`${token} bold`, { format: 'org.matrix.custom.html', formatted_body: `<em>${token}</em> <strong>bold</strong>` });
      case 'long': return text((lines ?? []).join('\n'));
      case 'emote': return this.alice.send(room, { msgtype: 'm.emote', body: `${token} waves` });
      case 'reply': return text(`${token} answered`, { 'm.relates_to': { 'm.in_reply_to': { event_id: aim } } });
      case 'location': return this.alice.send(room, {
        msgtype: 'm.location', body: 'here', geo_uri: 'geo:52.1,5.1', 'org.matrix.msc3488.location': { uri: 'geo:52.1,5.1', description: token },
      });
      case 'react': return this.alice.send(room, { 'm.relates_to': { rel_type: 'm.annotation', event_id: aim, key: emoji ?? '' } }, 'm.reaction');
      case 'edit': return text(`* ${token} edited`, { 'm.new_content': { msgtype: 'm.text', body: `${token} edited` }, 'm.relates_to': { rel_type: 'm.replace', event_id: aim } });
      case 'unreact':
      case 'delete': return this.alice.redact(room, aim);
      case 'command': return text('!db help');
      case 'contacts':
      case 'order': return null;
      default: return this.#clientFile(sampleKind(kind), token, room);
    }
  }

  #clientFile(kind: SampleKind, token: string, room: string): string {
    const { bytes, mime, extension } = this.#samples.of(kind, token);
    const filename = `${token}.${extension}`;
    const url = this.#stack.homeserver.addMedia(bytes, mime, filename);
    const info = { mimetype: mime, size: bytes.length };
    if (kind === 'sticker') return this.alice.send(room, { body: token, url, info }, 'm.sticker');
    const captioned = kind === 'image' || kind === 'video' || kind === 'file';
    return this.alice.send(room, {
      msgtype: kind === 'voice' ? 'm.audio' : `m.${kind}`, url, info, filename, body: captioned ? `${token} below` : filename,
      ...(kind === 'voice' ? { 'org.matrix.msc3245.voice': {} } : {}),
    });
  }
}

function sampleKind(kind: Kind): SampleKind {
  return kind as SampleKind;
}

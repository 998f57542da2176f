import { writable } from './access.ts';
import { bad } from './errors.ts';
import type { Limits } from './limits.ts';
import { fileOf, mediaBody, type FileField } from './media.ts';
import { documented } from './options.ts';
import type { Given } from './parse.ts';
import type { Entity } from './shapes.ts';
import type { Chat, Json, StoredFile, World } from './state.ts';
import { takeText } from './text.ts';
import { messageView } from './views.ts';

export type Values = Readonly<Record<string, unknown>>;

/** Files by method, and the folder that the server keeps them in. */
export const FILES: Readonly<Record<string, readonly [FileField, string]>> = {
  sendphoto: ['photo', 'photos'], sendvideo: ['video', 'videos'], sendanimation: ['animation', 'animations'], sendaudio: ['audio', 'music'],
  sendvoice: ['voice', 'voice'], sendvideonote: ['video_note', 'video_notes'], senddocument: ['document', 'documents'], sendsticker: ['sticker', 'stickers'],
};

/** Methods that make a message. */
export class Sender {
  readonly #world: World;
  readonly #limits: Limits;

  constructor(world: World, limits: Limits) {
    this.#world = world;
    this.#limits = limits;
  }

  async send(method: string, values: Values, given: Given): Promise<Json> {
    const chat = writable(this.#world, values['chat_id']);
    const around = this.#around(chat, values);
    const { body, file } = await this.#body(method, values, given);
    this.#limits.count(chat);
    this.#world.typing.delete(chat.id);
    const message = this.#world.add(chat, chat.type === 'channel' ? chat.id : this.#world.bot.id, body, { ...around, file });
    const poll = body['poll'];
    if (typeof poll === 'object' && poll !== null && 'id' in poll) {
      this.#world.polls.set(String(poll.id), { id: String(poll.id), chat: chat.id, message: message.id, votes: new Map() });
    }
    return messageView(this.#world, message);
  }

  /** The topic, and the message that is answered. */
  #around(chat: Chat, values: Values): { readonly replyTo: number | null; readonly topic: number | null } {
    const topic = typeof values['message_thread_id'] === 'number' ? values['message_thread_id'] : null;
    if (topic !== null) {
      const root = this.#world.message(chat.id, topic);
      if (!chat.isForum || root?.body['forum_topic_created'] === undefined) throw bad('message thread not found');
      if (chat.closed.has(topic)) throw bad('TOPIC_CLOSED');
    }
    const reply = values['reply_parameters'] as { readonly message_id: number; readonly chat_id?: unknown; readonly allow_sending_without_reply?: boolean; readonly quote?: string } | undefined;
    if (reply === undefined) return { replyTo: null, topic };
    const target = this.#world.message(chat.id, reply.message_id);
    const there = target !== undefined && !target.deleted && reply.chat_id === undefined;
    if (!there && reply.allow_sending_without_reply !== true) throw bad('message to be replied not found');
    return { replyTo: there ? reply.message_id : null, topic: topic ?? (there ? (target?.topic ?? null) : null) };
  }

  async #body(method: string, values: Values, given: Given): Promise<{ readonly body: Record<string, unknown>; readonly file: StoredFile | null }> {
    const media = FILES[method];
    if (media !== undefined) {
      const [field, folder] = media;
      const file = fileOf(this.#world, field, folder, given, values[field]);
      return { body: { ...(await mediaBody(field, file, values)), ...this.captionOf(values), ...(values['has_spoiler'] === true && { has_media_spoiler: true }) }, file };
    }
    return { body: this.#plainBody(method, values), file: null };
  }

  #plainBody(method: string, values: Values): Record<string, unknown> {
    switch (method) {
      case 'sendmessage': return this.textOf(values);
      case 'sendlocation': return { location: placeOf(values) };
      case 'sendvenue': {
        const [title, address] = [String(values['title']).trim(), String(values['address']).trim()];
        if (title === '' || address === '') throw bad(title === '' ? 'venue title must be non-empty' : 'venue address must be non-empty');
        return { venue: { location: placeOf(values), title, address }, location: placeOf(values) };
      }
      case 'sendcontact': {
        const { phone_number, first_name, last_name, vcard } = values;
        if (String(phone_number).trim() === '' || String(first_name).trim() === '') throw bad('contact needs a phone number and a first name');
        if (typeof vcard === 'string' && Buffer.byteLength(vcard) > 2048) throw bad('vcard is too long');
        return { contact: { phone_number, first_name, ...(last_name !== undefined && { last_name }), ...(vcard !== undefined && { vcard }) } };
      }
      case 'sendpoll': return { poll: this.#poll(values) };
      default: throw new Error(`no such method ${method}`);
    }
  }

  textOf(values: Values): Record<string, unknown> {
    if (values['parse_mode'] !== undefined) throw bad('the sandbox reads entities only, no markup');
    const { text, entities } = takeText(this.#world, String(values['text']), (values['entities'] as Entity[] | undefined) ?? [], documented.text, 'message is too long');
    if (text === '') throw bad('message text is empty');
    return { text, ...(entities.length > 0 && { entities }) };
  }

  captionOf(values: Values): Record<string, unknown> {
    if (typeof values['caption'] !== 'string') return {};
    const { text, entities } = takeText(this.#world, values['caption'], (values['caption_entities'] as Entity[] | undefined) ?? [], documented.caption, 'message caption is too long');
    return text === '' ? {} : { caption: text, ...(entities.length > 0 && { caption_entities: entities }) };
  }

  /** …#sendpoll: a question of 300 characters, 1 to 12 options of 100. */
  #poll(values: Values): Json {
    const question = String(values['question']).trim();
    const options = (values['options'] as readonly (string | { readonly text: string })[]).map((option) => (typeof option === 'string' ? option : option.text).trim());
    if (question === '' || Array.from(question).length > 300) throw bad(question === '' ? 'poll question must be non-empty' : 'poll question length must not exceed 300');
    if (options.length < 1) throw bad('poll must have at least 1 option');
    if (options.length > 12) throw bad("poll can't have more than 12 options");
    for (const option of options) if (option === '' || Array.from(option).length > 100) throw bad(option === '' ? 'poll options must be non-empty' : 'poll options length must not exceed 100');
    return {
      id: this.#world.random.digits(18), question, options: options.map((text, index) => ({ persistent_id: `o${index}${this.#world.random.digits(4)}`, text, voter_count: 0 })),
      total_voter_count: 0, is_closed: values['is_closed'] === true, is_anonymous: values['is_anonymous'] !== false, type: values['type'] ?? 'regular',
      allows_multiple_answers: values['allows_multiple_answers'] === true, allows_revoting: true, members_only: false,
    };
  }
}

function placeOf(values: Values): Json {
  const { latitude, longitude, live_period: period } = values;
  if (typeof latitude !== 'number' || typeof longitude !== 'number' || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) throw bad('wrong latitude or longitude specified');
  if (period !== undefined && period !== 0x7fffffff && (typeof period !== 'number' || period < 60 || period > 86_400)) throw bad('wrong live location period specified');
  return { latitude, longitude, ...(period !== undefined && { live_period: period }) };
}


import { isAdmin, messageFor, writable } from './access.ts';
import { bad } from './errors.ts';
import { fileOf, mediaBody, type FileField } from './media.ts';
import { documented } from './options.ts';
import type { Given } from './parse.ts';
import type { Sender, Values } from './send.ts';
import type { Chat, Json, Message, Reaction, World } from './state.ts';
import type { Updates } from './updates.ts';
import { messageView, pollView } from './views.ts';

/** What bots may react with (core.telegram.org/bots/api#reactiontypeemoji). */
const REACTIONS = '👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡'.split(' ');

/** Methods that change what was sent. */
export class Changes {
  readonly #world: World;
  readonly #sender: Sender;
  readonly #updates: Updates;

  constructor(world: World, sender: Sender, updates: Updates) {
    this.#world = world;
    this.#sender = sender;
    this.#updates = updates;
  }

  text(values: Values): Json {
    const [, message] = this.#editable(values);
    if (message.body['text'] === undefined) throw bad('there is no text in the message to edit');
    return this.#changed(message, this.#sender.textOf(values));
  }

  caption(values: Values): Json {
    const [, message] = this.#editable(values);
    if (message.file === null || message.body['sticker'] !== undefined || message.body['video_note'] !== undefined) throw bad('there is no caption in the message to edit');
    const { caption: _caption, caption_entities: _entities, ...rest } = message.body;
    return this.#changed(message, { ...rest, ...this.#sender.captionOf(values) });
  }

  async media(values: Values, given: Given): Promise<Json> {
    const [, message] = this.#editable(values);
    const media = values['media'] as { readonly type: FileField; readonly media: string };
    if (message.file === null) throw bad('there is no media in the message to edit');
    const file = fileOf(this.#world, media.type, `${media.type}s`, given, media.media);
    const body = { ...(await mediaBody(media.type, file, media)), ...this.#sender.captionOf(media) };
    Object.assign(message, { file });
    return this.#changed(message, body);
  }

  location(values: Values, stop: boolean): Json {
    const [, message] = this.#editable(values);
    const place = message.body['location'] as Json | undefined;
    if (place?.['live_period'] === undefined) throw bad("message can't be edited");
    const { live_period: period, ...still } = place;
    const next = stop ? still : { latitude: values['latitude'], longitude: values['longitude'], live_period: values['live_period'] ?? period };
    return this.#changed(message, { location: next });
  }

  stopPoll(values: Values): Json {
    const chat = writable(this.#world, values['chat_id']);
    const message = messageFor(this.#world, chat, values['message_id'], 'message with poll to stop not found');
    const poll = message.body['poll'] as Json | undefined;
    const found = this.#world.polls.get(String(poll?.['id']));
    if (poll === undefined || found === undefined || !this.#ours(chat, message)) throw bad("poll can't be stopped");
    if (poll['is_closed'] === true) throw bad('poll has already been closed');
    message.body = { poll: { ...poll, is_closed: true } };
    this.#world.changed(message);
    const view = pollView(message.body['poll'] as Json, found);
    this.#updates.add('poll', view, `poll:${found.id}`);
    return view;
  }

  delete(values: Values): true {
    const chat = writable(this.#world, values['chat_id']);
    const message = messageFor(this.#world, chat, values['message_id'], 'message to delete not found');
    if (!this.#ours(chat, message) && chat.type !== 'private' && !isAdmin(this.#world, chat)) throw bad("message can't be deleted");
    if (Date.now() - message.at > documented.deleteMs / (this.#world.options.clockScale ?? 1)) throw bad("message can't be deleted for everyone");
    message.deleted = true;
    this.#world.changed(message);
    return true;
  }

  /** A bot without Premium has one on a message; no update tells of it. */
  react(values: Values): true {
    const chat = writable(this.#world, values['chat_id']);
    const message = messageFor(this.#world, chat, values['message_id'], 'message to react not found');
    const reactions = (values['reaction'] as readonly Reaction[] | undefined) ?? [];
    if (reactions.length > 1) throw bad('REACTIONS_TOO_MANY');
    for (const reaction of reactions) {
      if (reaction.type === 'paid') throw bad('REACTION_INVALID');
      if (reaction.type === 'emoji' && !REACTIONS.includes(reaction.emoji)) throw bad('REACTION_INVALID');
    }
    if (reactions.length === 0) message.reactions.delete(this.#world.bot.id);
    else message.reactions.set(this.#world.bot.id, reactions);
    this.#world.changed(message);
    return true;
  }

  pin(values: Values, pinned: boolean): true {
    const chat = writable(this.#world, values['chat_id']);
    if (chat.type !== 'private' && !isAdmin(this.#world, chat)) throw bad('not enough rights to manage pinned messages in the chat');
    const id = values['message_id'] ?? chat.pinned.at(-1);
    const message = messageFor(this.#world, chat, id, pinned ? 'message to pin not found' : 'message to unpin not found');
    chat.pinned = chat.pinned.filter((each) => each !== message.id);
    this.#world.changed(message);
    if (!pinned) return true;
    chat.pinned.push(message.id);
    // One of the few things of its own that a bot is told of (Client.cpp, need_skip_update_message).
    const service = this.#world.add(chat, chat.type === 'channel' ? chat.id : this.#world.bot.id, { pinned_message: messageView(this.#world, message, 1) });
    this.#updates.add(chat.type === 'channel' ? 'channel_post' : 'message', messageView(this.#world, service), `message:${chat.id}`);
    return true;
  }

  #ours(chat: Chat, message: Message): boolean {
    return message.from === this.#world.bot.id || (chat.type === 'channel' && message.from === chat.id);
  }

  #editable(values: Values): readonly [Chat, Message] {
    const chat = writable(this.#world, values['chat_id']);
    const message = messageFor(this.#world, chat, values['message_id'], 'message to edit not found');
    if (!this.#ours(chat, message)) throw bad("message can't be edited");
    return [chat, message];
  }

  #changed(message: Message, body: Record<string, unknown>): Json {
    if (JSON.stringify(body) === JSON.stringify(message.body)) {
      throw bad('message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message');
    }
    message.body = body;
    message.editedAt = Date.now();
    this.#world.changed(message);
    return messageView(this.#world, message);
  }
}

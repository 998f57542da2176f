import { Rejected, Uncertain } from '../../model/errors.ts';
import type { MediaSource, MediaStream } from '../../model/media.ts';
import type { ConnectOptions } from '../network.ts';
import { segment } from '../shared/http.ts';
import { at, defined, flag, isFields, list, str, type Fields } from '../shared/json.ts';
import { multipart } from '../shared/multipart.ts';
import { RocketChatClient } from './client.ts';
import type { Handle } from './ids.ts';
import { SETTINGS } from './limits.ts';
import type { RocketChatAccount, RocketChatApp } from './settings.ts';

/** What is written into a room, besides the room. */
export type Draft = Fields & { readonly _id?: string };

const PAGE = 100;
const MOST_PAGES = 20;

/** The calls of the REST API (developer.rocket.chat, and the OpenAPI files in RocketChat/Rocket.Chat-Open-API) for one user. */
export class RocketChatApi {
  readonly client: RocketChatClient;
  /** Servers before 7 may lack the upload in two steps, servers from 8 on the one in one. */
  #twoSteps = true;

  constructor(app: RocketChatApp, account: RocketChatAccount, options: Pick<ConnectOptions, 'answered' | 'answerTimeoutMs'> = {}) {
    this.client = new RocketChatClient({
      url: app.url.replace(/\/+$/, ''), userId: account.user_id, token: account.token,
      ...(options.answered && { answered: options.answered }), ...(options.answerTimeoutMs !== undefined && { answerMs: options.answerTimeoutMs }),
    });
  }

  me(): Promise<Fields> {
    return this.client.get('me');
  }

  /** Without rights only the first two numbers of the version. */
  async version(): Promise<string | undefined> {
    const info = await this.client.info();
    return str(info, 'version') ?? str(info, 'info', 'version');
  }

  /** The settings that everybody may read and that matter here; a server that does not know the question answers its first page. */
  async settings(): Promise<ReadonlyMap<string, unknown>> {
    const answer = await this.client.get('settings.public', { _id: SETTINGS.join(','), count: '100' });
    return new Map(list(answer, 'settings').flatMap((each) => {
      const id = str(each, '_id');
      return id === undefined ? [] : [[id, at(each, 'value')] as const];
    }));
  }

  /** The roles that have a permission; undefined where the server does not say. */
  async rolesWith(permission: string): Promise<readonly string[] | undefined> {
    const answer = await this.client.get('permissions.listAll');
    const found = list(answer, 'update').find((each) => str(each, '_id') === permission);
    return found === undefined ? undefined : list(found, 'roles').filter((role) => typeof role === 'string');
  }

  /** POST `chat.sendMessage`: the only call that takes an id of our own, so that nothing can be written twice. */
  async send(message: Draft): Promise<Fields> {
    const answer = await this.client.post('chat.sendMessage', { message }, true);
    const sent = at(answer, 'message');
    if (!isFields(sent) || str(sent, '_id') === undefined) throw new Uncertain('Rocket.Chat took the message without showing it.', 'no_message');
    return sent;
  }

  async update(rid: string, id: string, text: string): Promise<Fields> {
    const answer = await this.client.post('chat.update', { roomId: rid, msgId: id, text });
    const message = at(answer, 'message');
    return isFields(message) ? message : {};
  }

  async remove(rid: string, id: string): Promise<void> {
    await this.client.post('chat.delete', { roomId: rid, msgId: id });
  }

  async react(id: string, emoji: string, shouldReact: boolean): Promise<void> {
    await this.client.post('chat.react', { messageId: id, emoji, shouldReact });
  }

  async pin(id: string, pinned: boolean): Promise<void> {
    await this.client.post(pinned ? 'chat.pinMessage' : 'chat.unPinMessage', { messageId: id });
  }

  async markRead(rid: string): Promise<void> {
    await this.client.post('subscriptions.read', { rid });
  }

  /** Null where there is no such message. */
  async message(id: string): Promise<Fields | null> {
    try {
      const message = at(await this.client.get('chat.getMessage', { msgId: id }), 'message');
      return isFields(message) ? message : null;
    } catch (error) {
      if (error instanceof Rejected) return null;
      throw error;
    }
  }

  /** `channels.history`, `groups.history` or `im.history`: the newest first. */
  async history(type: string | undefined, rid: string, count: number, latest?: string): Promise<readonly unknown[]> {
    const family = type === 'c' ? 'channels' : type === 'd' ? 'im' : 'groups';
    const answer = await this.client.get(`${family}.history`, { roomId: rid, count: String(count), latest, inclusive: 'false', showThreadMessages: 'true' });
    return list(answer, 'messages');
  }

  /** Everything that changed in a room since a time: messages as they stand now, and what was deleted. */
  async changes(rid: string, since: number): Promise<{ readonly updated: readonly unknown[]; readonly deleted: unknown }> {
    const result = at(await this.client.get('chat.syncMessages', { roomId: rid, lastUpdate: new Date(since).toISOString() }), 'result');
    return { updated: list(result, 'updated'), deleted: at(result, 'deleted') };
  }

  async rooms(since?: number): Promise<{ readonly update: readonly unknown[]; readonly remove: readonly unknown[] }> {
    const answer = await this.client.get('rooms.get', since === undefined ? {} : { updatedSince: new Date(since).toISOString() });
    return { update: list(answer, 'update'), remove: list(answer, 'remove') };
  }

  async room(rid: string): Promise<Fields | null> {
    const room = at(await this.client.get('rooms.info', { roomId: rid }), 'room');
    return isFields(room) ? room : null;
  }

  /** Null where there are more than `most`. */
  async members(type: string | undefined, rid: string, most: number): Promise<readonly unknown[] | null> {
    const family = type === 'c' ? 'channels' : type === 'd' ? 'im' : 'groups';
    const found: unknown[] = [];
    for (let page = 0; page < MOST_PAGES; page++) {
      const answer = await this.client.get(`${family}.members`, { roomId: rid, count: String(PAGE), offset: String(found.length) });
      const members = list(answer, 'members');
      found.push(...members);
      const total = Number(str(answer, 'total') ?? found.length);
      if (total > most) return null;
      if (members.length === 0 || found.length >= total) return found;
    }
    return null;
  }

  async user(who: { readonly userId: string } | { readonly username: string }): Promise<Fields | null> {
    const user = at(await this.client.get('users.info', who), 'user');
    return isFields(user) ? user : null;
  }

  /** The room with one other person, made where it is not there yet. */
  async direct(username: string): Promise<string> {
    const room = at(await this.client.post('im.create', { username }), 'room');
    const rid = str(room, 'rid') ?? str(room, '_id');
    if (rid === undefined) throw new Rejected('Rocket.Chat did not open a direct chat.', 'no_room');
    return rid;
  }

  /** Uploads the bytes; nobody sees them before `confirm`, and unconfirmed the server forgets them after a day. Null: there is only the old way. */
  async upload(rid: string, media: MediaSource): Promise<string | null> {
    if (!this.#twoSteps) return null;
    try {
      const answer = await this.client.upload(`rooms.media/${segment(rid)}`, multipart({}, media));
      const id = str(answer, 'file', '_id');
      if (id === undefined) throw new Rejected('Rocket.Chat took the file without giving it an id.', 'no_id');
      return id;
    } catch (error) {
      if (!(error instanceof Rejected) || !/^(?:http_(?:404|405|410|501)|invalid-route|API_endpoint)/.test(error.code)) throw error;
      this.#twoSteps = false;
      return null;
    }
  }

  /** Makes a message of what was uploaded. */
  async confirm(rid: string, fileId: string, fields: Fields): Promise<Fields> {
    return messageIn(await this.client.post(`rooms.mediaConfirm/${segment(rid)}/${segment(fileId)}`, fields, true));
  }

  /** Before version 7: the file and its message in one call. */
  async uploadOld(rid: string, media: MediaSource, fields: Readonly<Record<string, string>>): Promise<Fields> {
    return messageIn(await this.client.upload(`rooms.upload/${segment(rid)}`, multipart(fields, media), true));
  }

  async download(handle: Handle, maxBytes: number, signal: AbortSignal): Promise<MediaStream> {
    const found = await this.client.download(handle.path, maxBytes, signal);
    return { ...found, ...defined({ mime: handle.mime ?? found.mime, name: handle.name }) };
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function messageIn(answer: Fields): Fields {
  const message = at(answer, 'message');
  if (!isFields(message) || str(message, '_id') === undefined) throw new Uncertain('Rocket.Chat took the file without showing the message.', 'no_message');
  return message;
}

export function isActive(me: unknown): boolean {
  return at(me, 'active') === undefined || flag(me, 'active');
}

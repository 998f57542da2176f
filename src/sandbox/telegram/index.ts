import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { pageRoutes } from '../page.ts';
import { apiRoutes } from './api.ts';
import { Changes } from './change.ts';
import { controlRoutes } from './control.ts';
import type { Faults } from './faults.ts';
import { Group } from './group.ts';
import { Members } from './members.ts';
import { Limits } from './limits.ts';
import type { TelegramSandboxOptions } from './options.ts';
import { PersonHandle } from './person.ts';
import { Sender } from './send.ts';
import { World, type ChatType, type Message } from './state.ts';
import { Teller } from './tell.ts';
import { Updates, type Webhook, type WebhookPost } from './updates.ts';

export type { Faults } from './faults.ts';
export type { Group } from './group.ts';
export type { TelegramSandboxOptions } from './options.ts';
export type { PersonHandle } from './person.ts';
export type { Message } from './state.ts';

export interface PersonOptions {
  readonly firstName?: string | undefined;
  readonly lastName?: string | null | undefined;
  readonly username?: string | null | undefined;
  /** Has written to the bot before, so that it may write. Default: yes. */
  readonly started?: boolean | undefined;
}

export interface GroupOptions {
  readonly type?: Exclude<ChatType, 'private'> | undefined;
  readonly members?: readonly PersonHandle[] | undefined;
  /** What the bot is there; null: nothing yet. Default: an administrator. */
  readonly bot?: 'member' | 'administrator' | null | undefined;
  readonly forum?: boolean | undefined;
}

/** A running stand-in of the Bot API. */
export interface TelegramSandbox {
  /** The base of the API, without `/bot…`; the page is at `/`. */
  readonly url: string;
  readonly bot: { readonly id: number; readonly username: string | null };
  /** Everything taken, from all sides, in order. */
  readonly messages: readonly Readonly<Message>[];
  /** Every post of a webhook that was tried. */
  readonly posts: readonly WebhookPost[];
  readonly webhook: Readonly<Webhook> | null;
  /** What the bot asked to be told of; empty: what comes by itself. */
  readonly allowed: readonly string[];
  /** Parameters that were sent and that no page documents. */
  readonly strange: ReadonlySet<string>;
  /** May be changed at any time. */
  readonly faults: Faults;
  /** Updates that the bot has not asked past yet. */
  readonly pending: number;
  /** Whether the bot is shown as typing in a chat. */
  isTyping(chat: number): boolean;
  /** Finds the person by id, or makes them. */
  person(id: number, given?: PersonOptions): PersonHandle;
  group(title: string, given?: GroupOptions): Group;
  message(chat: number, id: number): Readonly<Message> | undefined;
  /** An update of any kind, as it would come. */
  tell(kind: string, value: Readonly<Record<string, unknown>>): void;
  listen(listener: () => void): () => void;
  /** Resolves when every webhook queued so far has been delivered. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the sandbox. It is written from Telegram's documentation of the Bot API and keeps everything in memory. */
export async function startTelegramSandbox(options: TelegramSandboxOptions): Promise<TelegramSandbox> {
  const world = new World(options);
  const updates = new Updates(world);
  const tell = new Teller(world, updates);
  const sender = new Sender(world, new Limits(world));
  const person = (id: number, given: PersonOptions = {}): PersonHandle => new PersonHandle(world, tell, userOf(world, id, given));
  const group = (title: string, given: GroupOptions = {}): Group => new Group(world, tell, newGroup(world, title, given));
  const groupOf = (id: number): Group | undefined => {
    const chat = world.chats.get(id);
    return chat === undefined || chat.type === 'private' ? undefined : new Group(world, tell, chat);
  };
  const app = httpServer(options);
  apiRoutes(app, { world, updates, sender, changes: new Changes(world, sender, updates), members: new Members(world, tell) });
  controlRoutes(app, { world, updates, person, group, groupOf });
  pageRoutes(app, { folder: new URL('./page/', import.meta.url), scripts: ['page.js', 'thread.js'], img: 'blob: data:', media: 'blob:' });
  world.origin = await app.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' });
  return {
    url: world.origin, bot: world.bot, messages: world.messages, posts: updates.posts, strange: world.strange, faults: world.faults, person, group,
    get webhook() { return updates.webhook; },
    get allowed() { return updates.allowed; },
    get pending() { return updates.pending; },
    isTyping: (chat) => (world.typing.get(chat) ?? 0) > Date.now(),
    message: (chat, id) => world.message(chat, id),
    tell: (kind, value) => updates.add(kind, value, `message:${kind}`),
    listen: (listener) => world.feed.listen(listener),
    idle: async () => updates.idle(),
    close: async () => {
      await updates.close();
      await app.close();
    },
  };
}

function httpServer(options: TelegramSandboxOptions): FastifyInstance {
  const bodyLimit = (options.localDir === undefined ? 51 : 2001) * 1024 * 1024;
  const app = fastify({ bodyLimit, forceCloseConnections: true, routerOptions: { maxParamLength: 400 } });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    if (fromElsewhere(request)) await reply.code(403).send({ error: 'not from another origin' });
  });
  app.setNotFoundHandler(async (_request, reply) => {
    await reply.code(404).send({ ok: false, error_code: 404, description: 'Not Found' });
  });
  app.setErrorHandler(async (error: Error & { readonly statusCode?: number }, request, reply) => {
    if (error.statusCode === 413) return reply.code(413).send({ ok: false, error_code: 413, description: 'Request Entity Too Large' });
    if (request.url.startsWith('/_sandbox/')) return reply.code(400).send({ error: error.message });
    return reply.code(500).send({ ok: false, error_code: 500, description: 'Internal Server Error' });
  });
  return app;
}

/** Another web page must not act through the visitor's browser: the sandbox has no login of its own. */
function fromElsewhere(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  return origin !== undefined && origin !== `http://${host ?? ''}`;
}

function userOf(world: World, id: number, given: PersonOptions): ReturnType<World['users']['get']> & object {
  const known = world.users.get(id);
  if (known !== undefined) return known;
  const user = { id, firstName: given.firstName ?? `Person ${world.users.size}`, lastName: given.lastName ?? null, username: given.username ?? null, isBot: false, photo: null, blocked: false, started: given.started ?? true };
  world.users.set(id, user);
  world.feed.emit({ kind: 'user', id });
  return user;
}

function newGroup(world: World, title: string, given: GroupOptions): ReturnType<World['newChat']> {
  const type = given.type ?? 'supergroup';
  const id = type === 'group' ? -Number(world.random.digits(9)) : -1_000_000_000_000 - Number(world.random.digits(9));
  const chat = world.newChat(id, type, title);
  chat.isForum = given.forum ?? false;
  (given.members ?? []).forEach((member, index) => chat.members.set(member.id, index === 0 ? 'creator' : 'member'));
  if (given.bot !== null) chat.members.set(world.bot.id, given.bot ?? 'administrator');
  return chat;
}

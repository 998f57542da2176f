import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { pageRoutes } from '../page.ts';
import { controlRoutes } from './control.ts';
import { Delivery, type Sent } from './delivery.ts';
import { SlackError } from './errors.ts';
import { Events } from './events.ts';
import type { Faults } from './faults.ts';
import { chatMethods } from './methods/chat.ts';
import { conversationMethods, openDirect } from './methods/conversations.ts';
import { fileMethods, fileRoutes } from './methods/files.ts';
import { membershipMethods } from './methods/membership.ts';
import { otherMethods } from './methods/others.ts';
import type { SlackSandboxOptions } from './options.ts';
import { PersonHandle } from './person.ts';
import { nowSeconds, World, type Channel, type Message, type User } from './state.ts';
import { webApi } from './web-api.ts';

export type { Faults } from './faults.ts';
export type { SlackSandboxOptions } from './options.ts';
export type { PersonHandle } from './person.ts';
export type { Message } from './state.ts';

interface ChannelOptions {
  readonly kind?: 'channel' | 'group' | 'mpim';
  readonly members?: readonly string[];
  readonly topic?: string;
  /** Absent: the bot is a member. */
  readonly withoutBot?: boolean;
  readonly shared?: boolean;
}

/** A running stand-in of one Slack workspace and one app in it. */
export interface SlackSandbox {
  /** The page on which one is a person there. */
  readonly url: string;
  /** What stands for `https://slack.com/api`. */
  readonly apiUrl: string;
  readonly teamId: string;
  readonly botUserId: string;
  readonly botId: string;
  /** All that was said, deleted or not, oldest first. */
  readonly messages: readonly Readonly<Message>[];
  /** Every event that was to go to the app. */
  readonly sent: readonly Readonly<Sent>[];
  /** What the app did that Slack would bear in silence, and that it should not do. */
  readonly oddities: readonly string[];
  /** May be changed at any time. */
  readonly faults: Faults;
  readonly sockets: number;
  /** Those that have been opened, the ones that are closed again among them. */
  readonly opened: number;
  /** Finds the person by id or handle, or makes them. */
  person(name: string, given?: { readonly realName?: string; readonly avatar?: string; readonly teamId?: string }): PersonHandle;
  /** Finds the channel by name, or makes it. Returns its id. */
  channel(name: string, given?: ChannelOptions): string;
  /** Somebody else's program. Says something by its own name, or by one for this message only. */
  program(name: string, channel: string, said: { readonly text: string; readonly username?: string; readonly attachments?: readonly unknown[]; readonly blocks?: readonly unknown[] }): string;
  emoji(name: string, url: string): void;
  group(id: string, handle: string): void;
  /** A file's bytes and type; null where there is none, or no bytes of it have come. */
  file(id: string): { readonly bytes: Buffer; readonly mime: string } | null;
  /** Where somebody has read to. */
  readTo(channel: string, user: string): string | undefined;
  /** Slack asks for another socket and closes this one. */
  refresh(reason?: 'warning' | 'refresh_requested', closeMs?: number): void;
  /** Cuts every socket. */
  cut(): void;
  /** A frame as it is. */
  frame(text: string): void;
  /** What is no event but comes the same way. */
  emitBare(body: Readonly<Record<string, unknown>>): void;
  /** Posts as Slack does, signed, and tells the answer. */
  post(url: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly text: string } | undefined>;
  /** Withdraws a token; `tell`: the app hears of it. */
  revoke(token: string, tell?: boolean): void;
  restore(token: string): void;
  uninstall(): void;
  /** Takes the address by its handshake, and posts events there from now on. @throws Error saying what was answered */
  subscribe(url: string): Promise<void>;
  listen(listener: () => void): () => void;
  /** Resolves when every event has been acknowledged or given up on. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

const bodyLimit = 64 * 1024 * 1024;

/**
 * Starts the sandbox. It is written from Slack's documentation of the Web API, Socket Mode and the Events API, and keeps everything in memory.
 * @throws Error when the port is taken
 */
export async function startSlackSandbox(options: SlackSandboxOptions): Promise<SlackSandbox> {
  const world = new World(options);
  const delivery = new Delivery(world);
  const events = new Events(world, delivery);
  const app = httpServer();
  webApi(app, world, { ...chatMethods(events, openDirect), ...conversationMethods(events), ...membershipMethods(events), ...fileMethods(events), ...otherMethods(events, delivery) });
  fileRoutes(app, world);
  const person = (name: string, given: Parameters<SlackSandbox['person']>[1] = {}): PersonHandle => new PersonHandle(world, events, findOrMake(world, events, name, given));
  const channel = (name: string, given: ChannelOptions = {}): string => makeChannel(world, events, name, given).id;
  const sandbox: SlackSandbox = {
    get url() { return world.origin; },
    get apiUrl() { return `${world.origin}/api`; },
    teamId: world.teamId, botUserId: world.bot.id, botId: world.bot.botId ?? '', messages: world.messages, sent: delivery.sent, oddities: world.oddities, faults: world.faults,
    get sockets() { return delivery.sockets; },
    get opened() { return delivery.opened; },
    person, channel,
    program: (name, id, said) => speakAs(world, events, name, id, said),
    emoji: (name, url) => void world.emoji.set(name, url),
    group: (id, handle) => void world.groups.set(id, { id, handle, name: handle }),
    file: (id) => {
      const found = world.files.get(id);
      return found?.bytes == null ? null : { bytes: found.bytes, mime: found.mime };
    },
    readTo: (id, user) => world.reads.get(`${id} ${user}`),
    refresh: (reason = 'refresh_requested', closeMs = 1_000) => delivery.refresh(reason, closeMs),
    cut: () => delivery.cut(),
    frame: (text) => delivery.raw(text),
    emitBare: (body) => delivery.emitBare(body),
    post: async (url, body, headers) => delivery.post(url, body, headers),
    revoke: (token, tell = true) => {
      const found = world.tokens.get(token);
      if (found === undefined) return;
      const user = world.users.get(found.user);
      if (tell && user !== undefined) events.revoked(user);
      found.revoked = true;
    },
    restore: (token) => {
      const found = world.tokens.get(token);
      if (found !== undefined) found.revoked = false;
    },
    uninstall: () => {
      events.uninstalled();
      for (const token of world.tokens.values()) token.revoked = true;
    },
    subscribe: async (url) => delivery.subscribe(url),
    listen: (listener) => world.feed.listen(listener),
    idle: async () => delivery.idle(),
    close: async () => {
      await delivery.close();
      await app.close();
    },
  };
  controlRoutes(app, { world, events, sandbox });
  // Also what somebody who is not logged in gets instead of a file.
  pageRoutes(app, { folder: new URL('./page/', import.meta.url), scripts: ['page.js', 'message.js'], img: 'blob: data:', media: 'blob:' });
  world.origin = await app.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' });
  delivery.attach(app.server);
  return sandbox;
}

function httpServer(): FastifyInstance {
  const app = fastify({ bodyLimit, forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    if (fromElsewhere(request)) await reply.code(403).send({ error: 'not from another origin' });
  });
  app.setErrorHandler(async (error, _request, reply) => {
    await reply.code(400).send({ error: error instanceof SlackError ? error.code : error instanceof Error ? error.message : 'failed' });
  });
  return app;
}

/** Another web page must not act through the visitor's browser: the sandbox has no login of its own. */
function fromElsewhere(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  return origin !== undefined && origin !== `http://${host ?? ''}`;
}

function findOrMake(world: World, events: Events, name: string, given: { readonly realName?: string; readonly avatar?: string; readonly teamId?: string }): User {
  const known = world.users.get(name) ?? [...world.users.values()].find((user) => user.name === name);
  if (known !== undefined) return known;
  const made: User = {
    id: /^[UW][A-Z0-9]{3,}$/.test(name) ? name : world.id('U'), teamId: given.teamId ?? world.teamId, name: name.toLowerCase(), realName: given.realName ?? name, displayName: given.realName ?? name, isBot: false, deleted: false,
    avatar: given.avatar ?? null, updated: nowSeconds(),
  };
  world.users.set(made.id, made);
  events.newcomer(made);
  return made;
}

function makeChannel(world: World, events: Events, name: string, given: ChannelOptions): Channel {
  const known = [...world.channels.values()].find((channel) => channel.name === name);
  if (known !== undefined) return known;
  const kind = given.kind ?? 'channel';
  const made: Channel = {
    id: world.id(kind === 'mpim' ? 'G' : 'C'), name, kind, members: new Set(given.members ?? []), creator: given.members?.[0] ?? world.bot.id, created: nowSeconds(), topic: given.topic ?? '', purpose: '', isArchived: false,
    isShared: given.shared ?? false, pins: [],
  };
  world.channels.set(made.id, made);
  if (given.withoutBot !== true) {
    made.members.add(world.bot.id);
    events.joined(made, world.bot.id, made.creator);
  }
  world.feed.emit({ kind: 'channels' });
  return made;
}

function speakAs(world: World, events: Events, name: string, id: string, said: { readonly text: string; readonly username?: string; readonly attachments?: readonly unknown[]; readonly blocks?: readonly unknown[] }): string {
  const channel = world.channels.get(id);
  if (channel === undefined) throw new SlackError('channel_not_found');
  let bot = [...world.users.values()].find((user) => user.isBot && user.realName === name);
  if (bot === undefined) {
    const userId = world.id('U');
    bot = { id: userId, teamId: world.teamId, name: name.toLowerCase(), realName: name, displayName: '', isBot: true, botId: `B${userId.slice(1)}`, appId: world.id('A'), deleted: false, avatar: null, updated: nowSeconds() };
    world.users.set(bot.id, bot);
  }
  const message: Message = {
    channel: id, ts: world.ts(), reactions: new Map(), ...said, ...(bot.botId === undefined ? {} : { botId: bot.botId }), ...(bot.appId === undefined ? {} : { appId: bot.appId }),
    ...(said.username === undefined ? { user: bot.id } : { subtype: 'bot_message' }),
  };
  world.messages.push(message);
  events.posted(channel, message);
  return message.ts;
}

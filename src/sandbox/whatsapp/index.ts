import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { pageRoutes } from '../page.ts';
import { accountRoutes, unknownPath } from './account-routes.ts';
import { controlRoutes } from './control.ts';
import type { Faults } from './faults.ts';
import { Graph } from './graph.ts';
import { Limits } from './limits.ts';
import { mediaRoutes } from './media-routes.ts';
import type { WhatsAppSandboxOptions } from './options.ts';
import { PersonHandle } from './person.ts';
import { Sender } from './send.ts';
import { World, type Message, type Person } from './state.ts';
import { Statuses } from './statuses.ts';
import { Webhooks, type WebhookPost } from './webhooks.ts';

export type { Faults } from './faults.ts';
export type { WhatsAppSandboxOptions } from './options.ts';
export type { PersonHandle } from './person.ts';
export type { Message } from './state.ts';

export interface PersonOptions {
  readonly name?: string | undefined;
  /** The business-scoped user id; null for none, as before 2026. Default: one is made. */
  readonly bsuid?: string | null | undefined;
  readonly parentUserId?: string | null | undefined;
  readonly username?: string | null | undefined;
  /** Webhooks hide the number. */
  readonly phoneless?: boolean | undefined;
}

/** A running stand-in of the Graph API for WhatsApp. */
export interface WhatsAppSandbox {
  /** The base of the API, without `/v{N}.0`; the page is at `/`. */
  readonly url: string;
  /** Everything accepted, from both sides, in order of acceptance. */
  readonly messages: readonly Readonly<Message>[];
  /** Every post of a webhook that was tried. */
  readonly posts: readonly WebhookPost[];
  /** May be changed at any time. */
  readonly faults: Faults;
  /** Finds the person by number or user id, or makes them. */
  person(waId: string, given?: PersonOptions): PersonHandle;
  /** Calls back whenever a message comes or changes. Returns the function that ends it. */
  listen(listener: (message: Readonly<Message>) => void): () => void;
  /** Verifies the webhook by its handshake and sends there from now on. @throws Error saying what was answered */
  subscribe(url: string): Promise<void>;
  /** Resolves when every webhook queued so far has been delivered; statuses that are still to come do not count. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** Documents may have 100 MB; the rest is for the form around them. */
const bodyLimit = 105 * 1024 * 1024;

/**
 * Starts the sandbox. It is written from Meta's documentation of the Cloud API and keeps everything in memory.
 * @throws Error when the port is taken
 */
export async function startWhatsAppSandbox(options: WhatsAppSandboxOptions): Promise<WhatsAppSandbox> {
  const world = new World(options);
  const webhooks = new Webhooks(world);
  const limits = new Limits(world);
  const statuses = new Statuses(world, webhooks);
  const parts = { world, webhooks, statuses, limits };
  const person = (waId: string, given: PersonOptions = {}): PersonHandle => new PersonHandle(parts, findOrMake(world, waId, given));
  const app = httpServer(world);
  const graph = new Graph(app, world);
  mediaRoutes(app, graph, world);
  accountRoutes(graph, world, new Sender(world, limits, statuses), webhooks);
  controlRoutes(app, { world, webhooks, person });
  pageRoutes(app, { folder: new URL('./page/', import.meta.url), scripts: ['page.js', 'thread.js', 'voice.js'], img: 'blob: data:', media: 'blob:' });
  world.origin = await app.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' });
  return {
    url: world.origin, messages: world.messages, posts: webhooks.posts, faults: world.faults, person,
    listen: (listener) => world.feed.listen((event) => {
      const message = event.kind === 'message' ? world.message(event.id) : undefined;
      if (message) listener(message);
    }),
    subscribe: async (url) => webhooks.subscribe(url),
    idle: async () => webhooks.idle(),
    close: async () => {
      await webhooks.close();
      await app.close();
    },
  };
}

function httpServer(world: World): FastifyInstance {
  const app = fastify({ bodyLimit, forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    if (fromElsewhere(request)) await reply.code(403).send({ error: 'not from another origin' });
  });
  app.setNotFoundHandler(async (request, reply) => {
    const error = unknownPath(request.url);
    await reply.code(error.status).send(error.body(`A${world.random.hex(22)}`));
  });
  app.setErrorHandler(async (error, _request, reply) => {
    await reply.code(400).send({ error: error instanceof Error ? error.message : 'failed' });
  });
  return app;
}

/** Another web page must not act through the visitor's browser: the sandbox has no login of its own. */
function fromElsewhere(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  return origin !== undefined && origin !== `http://${host ?? ''}`;
}

function findOrMake(world: World, waId: string, given: PersonOptions): Person {
  const known = world.findPerson(waId);
  if (known) return known;
  const made: Person = {
    key: waId, waId, userId: given.bsuid === undefined ? `NL.${world.random.digits(17)}` : given.bsuid, parentUserId: given.parentUserId ?? null,
    name: given.name ?? `Person ${world.people.size + 1}`, username: given.username ?? null, phoneless: given.phoneless ?? false,
    lastInboundAt: null, typingUntil: 0,
  };
  world.savePerson(made);
  return made;
}

import fastify, { type FastifyRequest } from 'fastify';
import { pageRoutes } from '../page.ts';
import { controlRoutes } from './control.ts';
import { Sockets } from './ddp.ts';
import { type Faults, noFaults } from './faults.ts';
import { PersonHandle } from './person.ts';
import { type Call, Rest } from './rest.ts';
import { type Message, type Room, SITE, type User, World, type WorldOptions } from './state.ts';

export type { Faults } from './faults.ts';
export type { PersonHandle } from './person.ts';
export type { Message, Room, User } from './state.ts';

export interface RocketChatSandboxOptions extends WorldOptions {
  readonly port?: number;
  readonly host?: string;
  /** The account of the bridge. */
  readonly userId?: string;
  readonly token: string;
  readonly username?: string;
  /** Default: those of a bot. */
  readonly roles?: readonly string[];
}

/** A running stand-in of a Rocket.Chat server. */
export interface RocketChatSandbox {
  /** Of the server; the page is at `/`. */
  readonly url: string;
  readonly account: User;
  readonly messages: ReadonlyMap<string, Message>;
  readonly rooms: ReadonlyMap<string, Room>;
  readonly general: Room;
  /** Every call of the REST API that was answered. */
  readonly calls: readonly Call[];
  /** Every method that was called and every subscription that was asked for. */
  readonly socketCalls: Sockets['calls'];
  readonly reads: World['reads'];
  readonly faults: Faults;
  readonly settings: Record<string, unknown>;
  readonly permissions: Record<string, string[]>;
  /** Finds somebody by their user name, or makes them; everybody is in #general. */
  person(username: string, name?: string): PersonHandle;
  /** All messages of a room, the oldest first. */
  in(room: Room): readonly Message[];
  /** Resolves with the first defined result of `look`, tried now and whenever something happens. */
  until<T>(look: () => T | undefined, what: string, timeoutMs?: number): Promise<T>;
  /** The bytes of an upload; null where there is none. */
  file(id: string): Buffer | null;
  /** Resolves when no frame is on its way. */
  idle(): Promise<void>;
  /** How many sockets are open. */
  readonly sockets: number;
  breakSockets(): void;
  pingSockets(): void;
  close(): Promise<void>;
}

const BODY_LIMIT = 110 * 1024 * 1024;

/** Starts the sandbox. It is written from Rocket.Chat's documentation and keeps everything in memory. @throws Error when the port is taken */
export async function startRocketChatSandbox(options: RocketChatSandboxOptions): Promise<RocketChatSandbox> {
  const world = new World(options);
  const faults = noFaults();
  const roles = [...(options.roles ?? ['user', 'bot'])];
  const account = world.addUser({ _id: options.userId ?? 'bridgeBridge23456', username: options.username ?? 'bridge', name: 'Bridge', roles, type: 'bot', token: options.token });
  const general = world.addRoom('c', 'general', [account], { _id: 'GENERAL' });
  const app = fastify({ bodyLimit: BODY_LIMIT, forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    if (fromElsewhere(request)) await reply.code(403).send({ error: 'not from another origin' });
  });
  app.setNotFoundHandler(async (_request, reply) => reply.code(404).send({ status: 'error', message: 'API endpoint does not exist.' }));
  app.setErrorHandler(async (error, _request, reply) => reply.code(500).send({ success: false, error: error instanceof Error ? error.message : 'failed' }));
  const rest = new Rest(app, world, faults);
  const sockets = new Sockets(world, faults);
  sockets.attach(app.server);
  const person = (username: string, name?: string): PersonHandle => {
    const known = world.userNamed(username);
    if (known !== undefined) return new PersonHandle(world, known);
    const made = world.addUser({ username, ...(name === undefined ? {} : { name }) });
    world.join(general, made);
    return new PersonHandle(world, made);
  };
  const inRoom = (room: Room): readonly Message[] => [...world.messages.values()].filter(({ rid }) => rid === room._id).sort((one, other) => one.ts.getTime() - other.ts.getTime());
  controlRoutes(app, { world, account, person, in: inRoom });
  pageRoutes(app, { folder: new URL('./page/', import.meta.url), scripts: ['page.js'], img: 'data:', media: '' });
  const url = await app.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' });
  world.settings[SITE] ??= url;
  return {
    url, account, messages: world.messages, rooms: world.rooms, general, calls: rest.calls, socketCalls: sockets.calls, reads: world.reads, faults, settings: world.settings, permissions: world.permissions,
    person, in: inRoom, until: (look, what, timeoutMs = 20_000) => world.feed.until(look, what, timeoutMs),
    file: (id) => world.uploads.get(id)?.bytes ?? null, idle: () => sockets.idle(),
    get sockets() { return sockets.count; },
    breakSockets: () => sockets.breakAll(), pingSockets: () => sockets.pingAll(),
    close: async () => {
      sockets.close();
      await app.close();
    },
  };
}

/** Another web page must not act through the visitor's browser: the page has no login of its own. */
function fromElsewhere(request: FastifyRequest): boolean {
  const { origin, host } = request.headers;
  return origin !== undefined && origin !== `http://${host ?? ''}`;
}

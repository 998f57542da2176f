import type { Readable } from 'node:stream';
import { fastify } from 'fastify';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { CodedError } from '../model/errors.ts';
import type { Logger } from '../model/log.ts';
import type { Route, RouteHead } from '../model/route.ts';
import { errorAnswer, write } from './answers.ts';
import { Bodies } from './bodies.ts';

export interface Listener {
  readonly name: Route['listener'];
  readonly host: string;
  /** 0: any free one, which `ports` then names. */
  readonly port: number;
}

export interface HttpOptions {
  readonly listeners: readonly Listener[];
  readonly routes: readonly Route[];
  readonly log: Logger;
  /** A request that takes longer to arrive is cut off: slow senders must not hold sockets. Default 60 s. */
  readonly requestTimeoutMs?: number;
  /** A connection on which nothing moves for so long is ended: a reader that stalls must not hold a file. Default 3 min. */
  readonly silenceMs?: number;
  /** Of each listener; more are hung up on. Default 1,000: file handles are finite, and the database and the spool need some. */
  readonly maxConnections?: number;
  /** Bytes of bodies, of those whom nothing has let in yet, that are held at once. Default 64 MiB. */
  readonly maxHeld?: number;
  /** Requests under way at `close` get this long. Default 10 s. */
  readonly closeTimeoutMs?: number;
}

export interface HttpServers {
  /** The port of each listener. */
  readonly ports: Readonly<Partial<Record<Route['listener'], number>>>;
  /** Takes no more requests, lets those under way end. */
  close(): Promise<void>;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const;

/**
 * Mounts every route on its listener. Listeners with equal host and port (other than 0) share a socket.
 * @throws CodedError `DB-3001` where an address cannot be listened on; nothing is left open then
 */
export async function startHttp(options: HttpOptions): Promise<HttpServers> {
  const servers: FastifyInstance[] = [];
  const ports: Partial<Record<Route['listener'], number>> = {};
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => closeServer(server, options.closeTimeoutMs ?? 10_000)));
  };
  try {
    for (const group of grouped(options.listeners)) {
      const server = buildServer(options, group);
      servers.push(server);
      const port = await listen(server, group[0]!);
      for (const { name } of group) ports[name] = port;
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { ports, close };
}

function grouped(listeners: readonly Listener[]): Listener[][] {
  const groups = new Map<string, Listener[]>();
  listeners.forEach((listener, index) => {
    const key = listener.port === 0 ? `#${index}` : `${listener.host} ${listener.port}`;
    groups.set(key, [...(groups.get(key) ?? []), listener]);
  });
  return [...groups.values()];
}

function buildServer(options: HttpOptions, group: readonly Listener[]): FastifyInstance {
  const names = group.map((listener) => listener.name);
  const routes = options.routes.filter((route) => names.includes(route.listener));
  // Below this address everybody, clients too, reads errors as Matrix writes them.
  const isMatrix = (url: string): boolean => url.startsWith('/_matrix/') || names.every((name) => name === 'homeserver');
  const requestTimeout = options.requestTimeoutMs ?? 60_000;
  const server = fastify({
    logger: false,
    requestTimeout,
    connectionTimeout: options.silenceMs ?? 180_000,
    http: { connectionsCheckingInterval: Math.min(requestTimeout, 5_000) },
    forceCloseConnections: 'idle',
    // A Matrix id is up to 255 bytes and three times that once encoded; a configured address may end in a slash.
    routerOptions: { maxParamLength: 2048, ignoreDuplicateSlashes: true },
    exposeHeadRoutes: false,
    // What a proxy says of an address counts where it stands beside us; from the internet anybody could say it.
    trustProxy: ['loopback', 'linklocal', 'uniquelocal'],
    frameworkErrors: (error, request, reply) => {
      void write(reply, errorAnswer(isMatrix(request.url), error.statusCode ?? 400, 'The address is not valid.'));
    },
  });
  // Node swaps the two where the wait for headers is the longer one.
  server.server.headersTimeout = Math.min(requestTimeout, 30_000);
  server.server.maxConnections = options.maxConnections ?? 1_000;
  readRaw(server);
  const admitted = new WeakSet<FastifyRequest>();
  countHeld(server, new Bodies(options.maxHeld ?? MAX_HELD), admitted);
  server.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const known = error.statusCode !== undefined && ((error.statusCode >= 400 && error.statusCode < 500) || error.statusCode === 503);
    const status = known ? (error.statusCode ?? 500) : 500;
    if (status === 500) options.log.error('a request failed', { route: request.routeOptions.url, error: error.message });
    // What is still to come of a request that was cut off is not waited for.
    if (status === 503) void reply.headers({ connection: 'close', 'retry-after': '5' });
    return write(reply, errorAnswer(isMatrix(request.url), status, describe(status)));
  });
  server.setNotFoundHandler((request, reply) => write(reply, errorAnswer(isMatrix(request.url), 404, 'There is nothing at this address.')));
  mount(server, routes, admitted);
  return server;
}

const MAX_HELD = 64 * 1024 * 1024;

/**
 * Signatures are made over these bytes, so nothing may touch them, whatever type they are said to have: fastify refuses a
 * type that it cannot read, so it gets to see one that it can.
 */
function readRaw(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  const types = new WeakMap<FastifyRequest, string>();
  server.addHook('onRequest', async (request) => {
    const type = request.headers['content-type'];
    if (type === undefined) return;
    types.set(request, type);
    request.headers['content-type'] = 'application/octet-stream';
  });
  server.addHook('preValidation', async (request) => {
    const type = types.get(request);
    if (type !== undefined) request.headers['content-type'] = type;
  });
}

function countHeld(server: FastifyInstance, bodies: Bodies, admitted: WeakSet<FastifyRequest>): void {
  server.addHook('preParsing', async (request, reply, payload) => {
    if (admitted.has(request) || request.method === 'GET' || request.method === 'HEAD') return payload;
    const { stream, done } = bodies.count(payload as Readable);
    reply.raw.once('close', done);
    return stream;
  });
}

function mount(server: FastifyInstance, routes: readonly Route[], admitted: WeakSet<FastifyRequest>): void {
  const methods = new Map<string, { readonly matrix: boolean; readonly taken: Set<string> }>();
  for (const route of routes) {
    const known = methods.get(route.path) ?? { matrix: route.listener === 'homeserver' || route.path.startsWith('/_matrix/'), taken: new Set() };
    methods.set(route.path, known);
    known.taken.add(route.method);
    server.route({
      method: route.method,
      url: route.path,
      bodyLimit: Math.max(1, route.maxBody),
      onRequest: async (request, reply) => {
        if (route.headers !== undefined) void reply.headers({ ...route.headers });
        if (route.admit === undefined) return;
        const refusal = route.admit(headOf(request));
        if (refusal !== null) return write(reply, refusal);
        admitted.add(request);
      },
      handler: async (request, reply) => write(reply, await route.handle({ ...headOf(request), raw: rawOf(request) })),
    });
  }
  for (const [path, { matrix, taken }] of methods) {
    const allow = [...taken].join(', ');
    const others = METHODS.filter((method) => !taken.has(method));
    server.route({
      method: others,
      url: path,
      bodyLimit: 1_048_576,
      handler: async (_request, reply) => write(reply, { ...errorAnswer(matrix, 405, 'This method is not for this address.'), headers: { allow } }),
    });
  }
}

function rawOf({ body }: FastifyRequest): Uint8Array {
  return body instanceof Uint8Array ? body : new Uint8Array();
}

function headOf(request: FastifyRequest): RouteHead {
  const [path = '', search = ''] = request.url.split(/\?(.*)/s, 2);
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(search)) query[name] ??= value;
  const headers: Record<string, string | undefined> = Object.create(null);
  for (const [name, value] of Object.entries(request.headers)) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  return {
    method: request.method,
    path,
    params: request.params as Record<string, string>,
    query,
    headers,
    address: request.ip,
  };
}

async function listen(server: FastifyInstance, { name, host, port }: Listener): Promise<number> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    const code = (error as { code?: string } | null)?.code ?? 'unknown';
    throw new CodedError('DB-3001', `Cannot listen on ${host}:${port} for ${name} (${code}).`, portFix(code, `listen.${name}`), { cause: error });
  }
  const address = server.server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

async function closeServer(server: FastifyInstance, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => server.server.closeAllConnections(), timeoutMs);
  try {
    await server.close();
  } finally {
    clearTimeout(timer);
  }
}

function describe(status: number): string {
  if (status === 413) return 'The body is too large.';
  if (status === 503) return 'Too much is being sent at once. Come again.';
  return status === 500 ? 'Something went wrong here.' : 'The request is not valid.';
}

function portFix(code: string, key: string): string {
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `Put an address of this machine into the key ${key}.`;
  if (code === 'EACCES') return `Put a port from 1024 up into the key ${key}: those below are not for every user.`;
  return `Stop what uses the port, or change the key ${key}.`;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { invalid, rateLimited, SlackError } from './errors.ts';
import { documented } from './options.ts';
import type { Channel, Message, Token, User, World } from './state.ts';

/** A call as a method sees it. */
export interface Call {
  readonly world: World;
  readonly token: Token;
  readonly user: User;
  /** Text, or what stood in a JSON body. */
  readonly args: Readonly<Record<string, unknown>>;
}

type Tier = 1 | 2 | 3 | 4 | 'posting' | 'free';

export interface Method {
  /** One of these is enough; `app`: an app-level token with the scope. */
  readonly scopes: readonly string[];
  readonly level?: 'app';
  readonly tier: Tier;
  /** Every argument that the method is documented to take. */
  readonly takes: readonly string[];
  /** `then` happens when the answer is on its way. */
  run(call: Call): Promise<Record<string, unknown>> | Record<string, unknown>;
}

/** `/api/<method>`: form or JSON, a bearer token or the argument `token`, HTTP 200 also for refusals (docs.slack.dev/apis/web-api). */
export function webApi(app: FastifyInstance, world: World, methods: Readonly<Record<string, Method>>): void {
  const limits = new Limits(world);
  const calls = new Calls(world, methods, limits);
  app.route({ method: ['GET', 'POST'], url: '/api/:method', handler: async (request, reply) => calls.answer(request, reply) });
}

class Calls {
  readonly #world: World;
  readonly #methods: Readonly<Record<string, Method>>;
  readonly #limits: Limits;

  constructor(world: World, methods: Readonly<Record<string, Method>>, limits: Limits) {
    this.#world = world;
    this.#methods = methods;
    this.#limits = limits;
  }

  async answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const name = (request.params as { method: string }).method;
    const { faults, random } = this.#world;
    if (random.chance(faults.http500)) {
      await reply.code(500).type('text/html').send('<html>Something went wrong</html>');
      return;
    }
    let token: Token | undefined;
    try {
      const args = argsOf(request);
      const method = Object.hasOwn(this.#methods, name) ? this.#methods[name] : undefined;
      if (method === undefined) throw new SlackError('unknown_method', { extra: { req_method: name } });
      token = this.#token(request, args, method);
      this.#limits.take(name, method, token, args);
      for (const key of Object.keys(args)) if (key !== 'token' && !method.takes.includes(key)) this.#world.oddities.push(`${name} takes no argument ${key}`);
      const user = this.#world.users.get(token.user);
      if (user === undefined) throw new SlackError('account_inactive');
      const result = await method.run({ world: this.#world, token, user, args });
      if (name === 'chat.postMessage' && random.chance(faults.acceptThenReset)) {
        reply.hijack();
        request.raw.socket.resetAndDestroy();
        return;
      }
      await this.#send(reply, 200, { ok: true, ...result }, token);
    } catch (error) {
      const refusal = error instanceof SlackError ? error : new SlackError('internal_error');
      if (!(error instanceof SlackError)) this.#world.oddities.push(`${name}: ${String(error)}`);
      if (refusal.retryAfter !== undefined) reply.header('retry-after', String(refusal.retryAfter));
      await this.#send(reply, refusal.status, refusal.body(), token);
    }
  }

  async #send(reply: FastifyReply, status: number, body: Record<string, unknown>, token: Token | undefined): Promise<void> {
    if (this.#world.faults.slowMs > 0) await sleep(this.#world.faults.slowMs);
    if (token !== undefined) reply.header('x-oauth-scopes', token.scopes.join(','));
    await reply.code(status).type('application/json; charset=utf-8').send(body);
  }

  /** @throws SlackError not_authed, invalid_auth, token_revoked, token_expired, not_allowed_token_type, missing_scope */
  #token(request: FastifyRequest, args: Readonly<Record<string, unknown>>, method: Method): Token {
    const given = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? args['token'];
    if (typeof given !== 'string' || given === '') throw new SlackError('not_authed');
    const { appToken, appScopes = ['connections:write', 'authorizations:read'] } = this.#world.options;
    const isApp = appToken !== undefined && given === appToken;
    const token = isApp ? { token: given, user: this.#world.bot.id, kind: 'bot' as const, scopes: appScopes, revoked: false } : this.#world.tokens.get(given);
    if (token === undefined) throw new SlackError('invalid_auth');
    if (token.revoked) throw new SlackError('token_revoked');
    if (this.#world.faults.expireToken) throw new SlackError('token_expired');
    if (isApp !== (method.level === 'app')) throw new SlackError('not_allowed_token_type');
    if (method.scopes.length > 0 && !method.scopes.some((scope) => token.scopes.includes(scope))) {
      throw new SlackError('missing_scope', { extra: { needed: method.scopes[0], provided: token.scopes.join(',') } });
    }
    return token;
  }
}

/** Calls of a token within the last minute, by method; posts by channel. The clock may run faster. */
class Limits {
  readonly #world: World;
  readonly #taken = new Map<string, number[]>();

  constructor(world: World) {
    this.#world = world;
  }

  take(name: string, { tier }: Method, token: Token, args: Readonly<Record<string, unknown>>): void {
    const { random, faults, scale } = this.#world;
    if (random.chance(faults.rateLimit)) throw rateLimited(1);
    if (tier === 'free') return;
    const posts = tier === 'posting';
    const [windowMs, most] = posts ? [documented.postsMs * documented.postsBurst / scale, documented.postsBurst] : [60_000 / scale, documented.tiers[tier]];
    const key = posts ? `${token.token} ${String(args['channel'])}` : `${token.token} ${name}`;
    const now = Date.now();
    const recent = (this.#taken.get(key) ?? []).filter((at) => now - at < windowMs);
    if (recent.length >= most) throw rateLimited((windowMs - (now - (recent[0] ?? now))) / 1000);
    recent.push(now);
    this.#taken.set(key, recent);
  }
}

function argsOf(request: FastifyRequest): Record<string, unknown> {
  const query = request.query as Record<string, unknown>;
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const type = request.headers['content-type'] ?? '';
  if (body.length === 0) return { ...query };
  if (/^application\/json\b/i.test(type)) {
    try {
      const value: unknown = JSON.parse(body.toString('utf8'));
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SlackError('json_not_object');
      return { ...query, ...value };
    } catch (error) {
      throw error instanceof SlackError ? error : new SlackError('invalid_json');
    }
  }
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return { ...query, ...Object.fromEntries(new URLSearchParams(body.toString('utf8'))) };
  throw new SlackError('invalid_post_type');
}

/** @throws SlackError invalid_arguments where a needed one is missing */
export function text(args: Readonly<Record<string, unknown>>, name: string): string {
  const value = args[name];
  if (typeof value !== 'string' || value === '') throw invalid(`missing required field: ${name}`);
  return value;
}

export function maybe(args: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = args[name];
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;
}

export function flag(args: Readonly<Record<string, unknown>>, name: string): boolean {
  return args[name] === true || args[name] === 'true' || args[name] === '1';
}

/** A list or an object: JSON within a form. */
export function json(args: Readonly<Record<string, unknown>>, name: string, otherwise: string): unknown {
  const value = args[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new SlackError(otherwise);
  }
}

/** A number within bounds. */
export function count(args: Readonly<Record<string, unknown>>, name: string, usual: number, most: number): number {
  const value = Number(maybe(args, name) ?? usual);
  if (!Number.isInteger(value) || value < 1) throw invalid(`${name} must be a positive number`);
  return Math.min(value, most);
}

/** The channel, where the token's user may see it. @throws SlackError channel_not_found, not_in_channel */
export function channelFor({ world, user }: Call, id: string, member = true): Channel {
  const channel = world.channels.get(id);
  if (channel === undefined || (channel.kind !== 'channel' && !channel.members.has(user.id))) throw new SlackError('channel_not_found');
  if (member && !channel.members.has(user.id)) throw new SlackError('not_in_channel');
  return channel;
}

export function messageFor({ world }: Call, channel: string, ts: string, code = 'message_not_found'): Message {
  const found = world.message(channel, ts);
  if (found === undefined) throw new SlackError(code);
  return found;
}

/** One page of a list, with the cursor of the next. */
export function page<Item>(args: Readonly<Record<string, unknown>>, items: readonly Item[], usual: number, most: number): { readonly items: readonly Item[]; readonly next: string } {
  const size = count(args, 'limit', usual, most);
  const given = maybe(args, 'cursor');
  const from = given === undefined ? 0 : Number(/^at:(\d+)$/.exec(Buffer.from(given, 'base64').toString('utf8'))?.[1]);
  if (!Number.isInteger(from)) throw new SlackError('invalid_cursor');
  const more = from + size < items.length;
  return { items: items.slice(from, from + size), next: more ? Buffer.from(`at:${from + size}`).toString('base64') : '' };
}

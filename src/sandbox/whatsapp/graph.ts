import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GraphError, invalid, unknownObject } from './errors.ts';
import type { World } from './state.ts';

type Method = 'GET' | 'POST' | 'DELETE';

/** A call as a handler sees it. */
export interface Call {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly headers: FastifyRequest['headers'];
  /** Empty where none was sent. */
  readonly body: Buffer;
}

/** The answer's JSON, and what else is to happen to it. */
export interface Answer {
  readonly json: unknown;
  /** Reset the connection rather than answer. */
  readonly reset?: boolean;
}

export type Handler = (call: Call) => Answer | Promise<Answer>;

/** Registers calls under `/v{N}.0/`, each behind the token check and the faults, with errors in Graph's form. */
export class Graph {
  readonly #app: FastifyInstance;
  readonly #world: World;

  constructor(app: FastifyInstance, world: World) {
    this.#app = app;
    this.#world = world;
  }

  on(method: Method, path: string, handler: Handler): void {
    this.#app.route({
      method,
      url: `/:version(^v\\d+\\.0$)${path}`,
      handler: async (request, reply) => this.#run(request, reply, handler),
    });
  }

  async #run(request: FastifyRequest, reply: FastifyReply, handler: Handler): Promise<void> {
    let status = 200;
    let answer: Answer;
    try {
      this.#guard(request);
      answer = await handler(callOf(request));
    } catch (error) {
      const refusal = error instanceof GraphError ? error : new GraphError(131000);
      if (!(error instanceof GraphError)) request.log.error(error);
      status = refusal.status;
      answer = { json: refusal.body(this.trace()) };
    }
    if (this.#world.faults.slowMs > 0) await sleep(this.#world.faults.slowMs);
    if (answer.reset) {
      reply.hijack();
      request.raw.socket.resetAndDestroy();
      return;
    }
    await reply.code(status).header('facebook-api-version', 'v23.0').header('x-fb-trace-id', this.trace()).send(answer.json);
  }

  /** @throws GraphError 190 for a wrong, missing or expired token, 131000 for the fault `http500` */
  #guard(request: FastifyRequest): void {
    const { faults, random, options } = this.#world;
    if (random.chance(faults.http500)) throw new GraphError(131000);
    const given = bearer(request.headers.authorization) ?? (request.query as Record<string, unknown>)['access_token'];
    if (given === undefined) throw new GraphError(190, { message: 'An access token is required to request this resource.', status: 401 });
    if (given !== options.accessToken) throw new GraphError(190, { message: 'Invalid OAuth access token - Cannot parse access token' });
    if (faults.expireToken) throw new GraphError(190, { message: 'Error validating access token: Session has expired', subcode: 463 });
  }

  /** Meta's `fbtrace_id` has this look. */
  trace(): string {
    return `A${this.#world.random.hex(22)}`;
  }
}

/** The token of an `Authorization: Bearer` header. */
export function bearer(header: string | undefined): string | undefined {
  return /^Bearer (.+)$/i.exec(header ?? '')?.[1];
}

/** @throws GraphError 100 when the body is no JSON */
export function jsonOf(call: Call): unknown {
  if (!/^application\/json\b/i.test(call.headers['content-type'] ?? '')) throw invalid('The body must be application/json.');
  try {
    return JSON.parse(call.body.toString('utf8'));
  } catch {
    throw invalid('The body is not valid JSON.');
  }
}

/** @throws GraphError as for any object that the token cannot reach */
export function mustBe(id: string | undefined, expected: string): void {
  if (id !== expected) throw unknownObject(id ?? '');
}

function callOf(request: FastifyRequest): Call {
  return {
    params: request.params as Record<string, string>,
    query: request.query as Record<string, string | undefined>,
    headers: request.headers,
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
  };
}

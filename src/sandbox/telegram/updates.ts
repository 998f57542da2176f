import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { Lanes } from '../lanes.ts';
import { BotError } from './errors.ts';
import { documented } from './options.ts';
import type { Json, World } from './state.ts';

/** All but these come without being asked for (core.telegram.org/bots/api#getupdates). */
const ONLY_ASKED: ReadonlySet<string> = new Set(['chat_member', 'message_reaction', 'message_reaction_count']);

interface Update {
  readonly id: number;
  readonly body: Json;
  readonly queue: string;
}

export interface Webhook {
  readonly url: string;
  readonly secret: string | null;
}

/** One post that was tried. */
export interface WebhookPost {
  readonly body: string;
  readonly status: number;
}

const answerWithinMs = 15_000;

/** What the bot is to be told: kept until it asks past it, or answers a webhook with 2xx. One way excludes the other. */
export class Updates {
  readonly posts: WebhookPost[] = [];
  webhook: Webhook | null = null;
  allowed: readonly string[] = [];
  lastError: string | null = null;
  readonly #world: World;
  readonly #waiting: Update[] = [];
  /** Asked past; a fault may hand them over again. */
  #past: Update[] = [];
  #nextId: number;
  /** What was handed out keeps its number. */
  #handed = 0;
  #asking: ((error: BotError) => void) | null = null;
  #wake: (() => void)[] = [];
  readonly #closing = new AbortController();
  readonly #agent = new Agent({ connections: 40, pipelining: 1 });
  readonly #lanes: Lanes<Update>;

  constructor(world: World) {
    this.#world = world;
    this.#nextId = 100_000 + world.random.int(1_000_000);
    this.#lanes = new Lanes(async ([update]) => (update === undefined ? undefined : this.#post(update)), () => 1, this.#closing.signal);
  }

  get pending(): number {
    return this.#waiting.length;
  }

  isAllowed(kind: string): boolean {
    return this.allowed.length === 0 ? !ONLY_ASKED.has(kind) : this.allowed.includes(kind);
  }

  /** `queue`: what comes in order; reactions, votes and members have queues of their own (WebhookActor.cpp). */
  add(kind: string, value: Json, queue: string): void {
    if (!this.isAllowed(kind)) return;
    const { faults, random } = this.#world;
    if (random.chance(faults.badItem)) this.#queue({ id: this.#take(), body: this.#spoilt(), queue });
    const overtakes = !queue.startsWith('message:') && random.chance(faults.reorder);
    this.#queue({ id: this.#take(), body: { [kind]: value }, queue }, overtakes);
  }

  #take(): number {
    this.#nextId += 1;
    return this.#nextId;
  }

  /** What a program may never have seen. */
  #spoilt(): Json {
    const forms: readonly Json[] = [{}, { message: null }, { message: {} }, { message: { message_id: 'x', chat: { id: 'y' } } }, { no_such_update: { a: 1 } }, { message_reaction: {} }];
    return forms[this.#world.random.int(forms.length)] ?? {};
  }

  #queue(update: Update, overtakes = false): void {
    const delay = this.#world.faults.delayMs;
    if (this.webhook !== null) this.#lanes.add(update.queue, update, delay);
    else {
      const last = this.#waiting.at(-1);
      if (overtakes && last !== undefined && last.id > this.#handed) {
        // The later one has the smaller number: they were numbered as they left their queues.
        this.#waiting[this.#waiting.length - 1] = { ...update, id: last.id };
        this.#waiting.push({ ...last, id: update.id });
      } else this.#waiting.push(update);
      setTimeout(() => this.#wake.splice(0).forEach((wake) => wake()), delay);
    }
  }

  /** @throws BotError 409 while there is a webhook, or when another asks */
  async ask(offset: number | undefined, limit: number, timeoutMs: number, allowed: readonly string[] | undefined, gone: AbortSignal): Promise<readonly Json[]> {
    if (this.webhook !== null) throw new BotError(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first");
    if (allowed !== undefined) this.allowed = allowed;
    this.#asking?.(new BotError(409, 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running'));
    this.#confirm(offset);
    const end = Date.now() + Math.min(timeoutMs, documented.longestPollMs);
    let ended: BotError | null = null;
    const end409 = (error: BotError): void => {
      ended = error;
      this.#wake.splice(0).forEach((wake) => wake());
    };
    this.#asking = end409;
    try {
      while (this.#waiting.length === 0 && Date.now() < end && ended === null && !gone.aborted && !this.#closing.signal.aborted) {
        await Promise.race([
          new Promise<void>((resolve) => this.#wake.push(resolve)),
          sleep(Math.min(end - Date.now(), 1000), undefined, { signal: AbortSignal.any([gone, this.#closing.signal]) }).catch(() => undefined),
        ]);
      }
      if (ended !== null) throw ended as BotError;
      const again = this.#world.random.chance(this.#world.faults.duplicate) ? this.#past.slice(-3) : [];
      const given = this.#waiting.slice(0, limit);
      this.#handed = Math.max(this.#handed, ...given.map(({ id }) => id));
      return [...again, ...given].map(({ id, body }) => ({ update_id: id, ...body }));
    } finally {
      if (this.#asking === end409) this.#asking = null;
    }
  }

  #confirm(offset: number | undefined): void {
    if (offset === undefined) return;
    // A negative one counts from the end, and forgets what is before.
    const first = offset < 0 ? (this.#waiting.at(offset)?.id ?? 0) : offset;
    const done = this.#waiting.filter(({ id }) => id < first);
    this.#waiting.splice(0, done.length);
    this.#past = [...this.#past, ...done].slice(-100);
  }

  setWebhook(webhook: Webhook | null, allowed: readonly string[] | undefined, drop: boolean): void {
    this.webhook = webhook;
    if (allowed !== undefined) this.allowed = allowed;
    if (drop) this.#waiting.length = 0;
    if (webhook === null) return;
    this.#asking?.(new BotError(409, 'Conflict: terminated by setWebhook request'));
    for (const update of this.#waiting.splice(0)) this.#lanes.add(update.queue, update, 0);
  }

  async idle(): Promise<void> {
    await this.#lanes.idle();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake.splice(0).forEach((wake) => wake());
    await this.#agent.destroy();
  }

  /** Until answered 2xx: at once, then after 1, 2, 4… seconds; a `Retry-After` is kept to (WebhookActor.cpp). Here the seconds run faster. */
  async #post(update: Update): Promise<void> {
    const body = JSON.stringify({ update_id: update.id, ...update.body });
    const scale = this.#world.options.clockScale ?? 1;
    for (let pause = 0; !(await this.#attempt(body)); pause = pause === 0 ? 1000 : Math.min(pause * 2, 60_000)) {
      if (this.webhook === null) {
        this.#waiting.push(update);
        return;
      }
      await sleep(pause / scale, undefined, { signal: this.#closing.signal });
    }
    if (this.#world.random.chance(this.#world.faults.duplicate)) await this.#attempt(body);
  }

  async #attempt(body: string): Promise<boolean> {
    const { webhook } = this;
    if (webhook === null) return false;
    let status = 0;
    try {
      const headers = { 'content-type': 'application/json', 'accept-encoding': 'gzip, deflate', ...(webhook.secret !== null && { 'x-telegram-bot-api-secret-token': webhook.secret }) };
      const answer = await request(webhook.url, { method: 'POST', headers, body, dispatcher: this.#agent, signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(answerWithinMs)]) });
      await answer.body.dump();
      status = answer.statusCode;
      this.lastError = status >= 200 && status < 300 ? null : `Wrong response from the webhook: ${status}`;
    } catch {
      this.lastError = 'Connection refused';
    }
    this.posts.push({ body, status });
    if (this.posts.length > 10_000) this.posts.shift();
    return status >= 200 && status < 300;
  }
}

import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { Lanes } from '../lanes.ts';
import { documented } from './options.ts';
import type { World } from './state.ts';

/** What becomes one `changes[]` element. `value` is without `messaging_product` and `metadata`. */
export interface Change {
  readonly field:
    | 'messages' | 'user_id_update' | 'group_lifecycle_update' | 'group_participants_update' | 'group_settings_update' | 'group_status_update';
  readonly value: Readonly<Record<string, unknown>>;
}

/** One post that was tried. */
export interface WebhookPost {
  readonly at: number;
  readonly body: string;
  /** HTTP status of the answer; 0 when there was none. */
  readonly status: number;
}

const answerWithinMs = 15_000;
const keptPosts = 20_000;

/**
 * JSON as Meta's servers write it: everything beyond ASCII as `\uXXXX`, and `/` as `\/` (Webhooks, "Validate payloads": the
 * signature is made over the escaped form).
 */
export function metaJson(value: unknown): string {
  return JSON.stringify(value)
    .replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('/', '\\/');
}

/** `sha256=` and the hexadecimal HMAC of the raw body under the app secret. */
export function signature(appSecret: string, raw: string): string {
  return `sha256=${createHmac('sha256', appSecret).update(raw).digest('hex')}`;
}

/**
 * Posts webhooks: signed, again with growing pauses until answered 2xx, in order within a lane. Order is kept even over
 * retries, which Meta does not promise; the faults `reorder` and `lateStatus` take it away.
 */
export class Webhooks {
  readonly posts: WebhookPost[] = [];
  /** The app is subscribed to the business account. */
  subscribed: boolean;
  #url: string | null;
  #soloCount = 0;
  readonly #world: World;
  readonly #closing = new AbortController();
  readonly #agent = new Agent({ connections: 64, pipelining: 1 });
  readonly #lanes: Lanes<Change>;

  constructor(world: World) {
    this.#world = world;
    this.#url = world.options.webhookUrl ?? null;
    this.subscribed = this.#url !== null;
    this.#lanes = new Lanes(async (items) => this.#post(items), () => world.faults.batch, this.#closing.signal);
  }

  get url(): string | null {
    return this.#url;
  }

  /**
   * The verification request (Webhooks, "Configure webhooks"): GET with `hub.mode`, `hub.verify_token` and `hub.challenge`;
   * the answer must be 200 with the bare challenge.
   * @throws Error saying what was answered instead
   */
  async subscribe(url: string, verifyToken = this.#world.options.verifyToken): Promise<void> {
    const challenge = this.#world.random.digits(10);
    const target = new URL(url);
    target.searchParams.set('hub.mode', 'subscribe');
    target.searchParams.set('hub.verify_token', verifyToken);
    target.searchParams.set('hub.challenge', challenge);
    const answer = await request(target, { dispatcher: this.#agent, signal: AbortSignal.timeout(answerWithinMs) });
    const body = await answer.body.text();
    if (answer.statusCode !== 200 || body !== challenge) {
      throw new Error(`the webhook's handshake was answered ${answer.statusCode} ${JSON.stringify(body.slice(0, 100))}`);
    }
    this.#url = url;
    this.subscribed = true;
  }

  /** Queues one change. Without a webhook there is nobody to tell, and it is gone, as at Meta. */
  send(lane: string, change: Change, lateMs = 0): void {
    if (!this.subscribed || this.#url === null) return;
    const { faults, random } = this.#world;
    const overtaken = lateMs > 0 || random.chance(faults.reorder);
    const delay = faults.delayMs + lateMs + (overtaken ? 50 + random.int(400) : 0);
    this.#soloCount += 1;
    const ordered = faults.batch > 1 ? 'all' : lane;
    this.#lanes.add(overtaken ? `alone:${this.#soloCount}` : ordered, change, delay);
  }

  async idle(): Promise<void> {
    await this.#lanes.idle();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#agent.destroy();
  }

  async #post(changes: readonly Change[]): Promise<void> {
    const body = metaJson(this.#envelope(changes));
    const giveUp = Date.now() + documented.retryForMs / this.#world.scale.retry;
    let pause: number = documented.retryFirstMs;
    while (!(await this.#attempt(body))) {
      const wait = pause / this.#world.scale.retry;
      if (Date.now() + wait > giveUp) return;
      await sleep(wait, undefined, { signal: this.#closing.signal });
      pause = Math.min(pause * 2, documented.retryMaxMs);
    }
    if (this.#world.random.chance(this.#world.faults.duplicate)) await this.#again(body);
  }

  /** A second delivery of what was answered 2xx: at once, or after later ones. */
  async #again(body: string): Promise<void> {
    if (this.#world.random.chance(0.5)) {
      await this.#attempt(body);
      return;
    }
    const later = 50 + this.#world.random.int(500);
    void sleep(later, undefined, { signal: this.#closing.signal }).then(async () => this.#attempt(body), () => undefined);
  }

  async #attempt(body: string): Promise<boolean> {
    const status = this.#url === null ? 0 : await this.#request(this.#url, body);
    this.posts.push({ at: Date.now(), body, status });
    if (this.posts.length > keptPosts) this.posts.shift();
    return status >= 200 && status < 300;
  }

  async #request(url: string, body: string): Promise<number> {
    try {
      const headers = { 'content-type': 'application/json', 'user-agent': 'facebookexternalua', 'x-hub-signature-256': signature(this.#world.options.appSecret, body) };
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(answerWithinMs)]);
      const answer = await request(url, { method: 'POST', headers, body, dispatcher: this.#agent, signal });
      await answer.body.dump();
      return answer.statusCode;
    } catch {
      // Refused, reset or too slow: all are "not delivered" and are tried again.
      return 0;
    }
  }

  #envelope(changes: readonly Change[]): Record<string, unknown> {
    const { options, random, faults } = this.#world;
    const metadata = { display_phone_number: this.#world.displayDigits, phone_number_id: options.phoneNumberId };
    const spoilt = random.chance(faults.badItem) ? random.int(changes.length) : -1;
    const entries: { id: string; changes: unknown[] }[] = [];
    for (const [index, change] of merged(changes).entries()) {
      const value = { messaging_product: 'whatsapp', metadata, ...(index === spoilt ? this.#spoil(change.value) : change.value) };
      const last = entries.at(-1);
      if (last && random.chance(0.5)) last.changes.push({ value, field: change.field });
      else entries.push({ id: options.wabaId, changes: [{ value, field: change.field }] });
    }
    return { object: 'whatsapp_business_account', entry: entries };
  }

  /** Puts something malformed beside the good ones, before or after them. */
  #spoil(value: Change['value']): Record<string, unknown> {
    const id = `wamid.${this.#world.random.hex(20)}`;
    const forms: readonly unknown[] = [
      null, 'text', {}, { id: 5, type: 'text', text: 'no object' }, { from: null, id, timestamp: 'soon', type: 'text', text: null },
      { id, type: 'image', timestamp: '1', image: [] }, { id, status: 'sent', timestamp: {} },
    ];
    const bad = forms[this.#world.random.int(forms.length)];
    const first = this.#world.random.chance(0.5);
    const key = Array.isArray(value['statuses']) ? 'statuses' : 'messages';
    const good = Array.isArray(value[key]) ? value[key] : [];
    return { ...value, [key]: first ? [bad, ...good] : [...good, bad] };
  }
}

/** Neighbouring messages of one person share a change, as Meta may put several into `messages`. */
function merged(changes: readonly Change[]): Change[] {
  const result: Change[] = [];
  for (const change of changes) {
    const last = result.at(-1);
    const same = last && JSON.stringify(last.value['contacts']) === JSON.stringify(change.value['contacts']);
    if (same && Array.isArray(last.value['messages']) && Array.isArray(change.value['messages'])) {
      result[result.length - 1] = { field: last.field, value: { ...last.value, messages: [...last.value['messages'], ...change.value['messages']] } };
    } else {
      result.push(change);
    }
  }
  return result;
}

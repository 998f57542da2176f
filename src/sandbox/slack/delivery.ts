import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import type { Server } from 'node:http';
import { documented } from './options.ts';
import type { User, World } from './state.ts';

/** One event on its way to the app. */
export interface Sent {
  readonly eventId: string;
  readonly type: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly tries: number[];
  acknowledged: boolean;
}

interface Waiting {
  readonly sent: Sent;
  readonly settle: (acknowledged: boolean) => void;
}

/**
 * Hands events to the app: over one of its sockets, or posted and signed. What is not acknowledged within three seconds is sent
 * again up to three times (docs.slack.dev/apis/events-api, "Retries").
 */
export class Delivery {
  readonly sent: Sent[] = [];
  readonly #world: World;
  readonly #stop = new AbortController();
  readonly #sockets: WebSocket[] = [];
  readonly #tickets = new Set<string>();
  readonly #waiting = new Map<string, Waiting>();
  #server: WebSocketServer | null = null;
  #url: string | null;
  #busy = 0;
  #held: (() => void) | null = null;
  #idle: (() => void)[] = [];
  #contexts = new Map<string, readonly User[]>();

  constructor(world: World) {
    this.#world = world;
    this.#url = world.options.requestUrl ?? null;
  }

  /** How many sockets have ever been opened. */
  opened = 0;

  /** How many sockets are open. */
  get sockets(): number {
    return this.#sockets.length;
  }

  /** Takes the upgrades of `/link/`. */
  attach(server: Server): void {
    this.#server = new WebSocketServer({ noServer: true, maxPayload: 1024 * 1024 });
    server.on('upgrade', (request, socket, head) => {
      const ticket = new URL(request.url ?? '/', 'http://x').searchParams.get('ticket') ?? '';
      if (!request.url?.startsWith('/link/') || !this.#tickets.delete(ticket)) {
        socket.end('HTTP/1.1 408 Request Timeout\r\n\r\n');
        return;
      }
      this.#server?.handleUpgrade(request, socket, head, (opened) => this.#opened(opened));
    });
  }

  /** The address of a new socket; good for one. */
  ticket(): string {
    const ticket = this.#world.random.hex(32);
    this.#tickets.add(ticket);
    return `${this.#world.origin.replace(/^http/, 'ws')}/link/?ticket=${ticket}&app_id=${this.#world.appId}`;
  }

  /** Whom an event was for: what apps.event.authorizations.list tells. */
  authorized(context: string): readonly User[] | undefined {
    return this.#contexts.get(context);
  }

  /** An event for all installations in whose name somebody sees it; the envelope names one of them. */
  emit(event: Readonly<Record<string, unknown>>, viewers: readonly User[], more: Readonly<Record<string, unknown>> = {}): void {
    const { world } = { world: this.#world };
    const installed = viewers.filter((viewer) => [...world.tokens.values()].some(({ user, revoked }) => user === viewer.id && !revoked));
    const [first] = installed;
    if (first === undefined || this.#stop.signal.aborted) return;
    const eventId = `Ev0${world.random.hex(8)}`;
    const context = `4-${world.random.hex(24)}`;
    this.#contexts.set(context, installed);
    const body = {
      token: 'verification-token', team_id: world.teamId, context_team_id: world.teamId, context_enterprise_id: null, api_app_id: world.appId, event, type: 'event_callback', event_id: eventId, event_time: Math.floor(Date.now() / 1000),
      authorizations: [{ enterprise_id: null, team_id: world.teamId, user_id: first.id, is_bot: first.isBot, is_enterprise_install: false }], is_ext_shared_channel: false, event_context: context, ...more,
    };
    this.#queue({ eventId, type: String(event['type']), body, tries: [], acknowledged: false });
  }

  /** What is no event: `app_rate_limited`. */
  emitBare(body: Readonly<Record<string, unknown>>): void {
    this.#queue({ eventId: `Ev0${this.#world.random.hex(8)}`, type: String(body['type']), body, tries: [], acknowledged: false });
  }

  #queue(sent: Sent): void {
    const { faults, random } = this.#world;
    this.sent.push(sent);
    if (random.chance(faults.drop)) return;
    const go = (): void => {
      void this.#deliver(sent);
      if (random.chance(faults.duplicate)) void this.#deliver(sent);
    };
    if (random.chance(faults.reorder) && this.#held === null) {
      // The one behind it goes first; without one it goes all the same.
      this.#held = go;
      setTimeout(() => this.#release(), 200).unref();
      return;
    }
    go();
    this.#release();
  }

  #release(): void {
    const held = this.#held;
    this.#held = null;
    held?.();
  }

  async #deliver(sent: Sent): Promise<void> {
    this.#busy += 1;
    try {
      const { faults, scale } = this.#world;
      if (faults.delayMs > 0) await sleep(faults.delayMs, undefined, { signal: this.#stop.signal });
      for (let attempt = 0; attempt <= documented.retriesMs.length && !this.#stop.signal.aborted; attempt += 1) {
        const wait = attempt === 0 ? 0 : (documented.retriesMs[attempt - 1] ?? 0) / scale;
        if (wait > 0) await sleep(Math.max(wait, 50), undefined, { signal: this.#stop.signal });
        sent.tries.push(Date.now());
        const ok = this.#url === null ? await this.#overSocket(sent, attempt) : await this.#post(this.#url, sent, attempt);
        this.#world.feed.emit({ kind: 'event' });
        if (!ok) continue;
        sent.acknowledged = true;
        return;
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    } finally {
      this.#busy -= 1;
      if (this.#busy === 0) this.#idle.splice(0).forEach((resolve) => resolve());
    }
  }

  /** Any of the app's sockets may get it. */
  async #overSocket(sent: Sent, attempt: number): Promise<boolean> {
    const open = this.#sockets.filter((socket) => socket.readyState === WebSocket.OPEN);
    const socket = open[this.#world.random.int(Math.max(open.length, 1))];
    const ackMs = Math.max(documented.ackMs / Math.min(this.#world.scale, 3), 300);
    if (socket === undefined) {
      // Slack knows of no socket: as good as not acknowledged.
      await sleep(10, undefined, { signal: this.#stop.signal });
      return false;
    }
    const envelope = `${this.#world.random.hex(8)}-${this.#world.random.hex(12)}`.toLowerCase();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.set(envelope, { sent, settle: resolve });
    socket.send(JSON.stringify({
      envelope_id: envelope, payload: sent.body, type: 'events_api', accepts_response_payload: false, retry_attempt: attempt, retry_reason: attempt === 0 ? '' : 'timeout',
    }));
    const timer = setTimeout(() => resolve(false), ackMs);
    const gone = (): void => resolve(false);
    socket.once('close', gone);
    const acknowledged = await promise;
    clearTimeout(timer);
    socket.off('close', gone);
    this.#waiting.delete(envelope);
    return acknowledged;
  }

  async #post(url: string, sent: Sent, attempt: number): Promise<boolean> {
    const answer = await this.post(url, sent.body, attempt === 0 ? {} : { 'x-slack-retry-num': String(attempt), 'x-slack-retry-reason': 'http_error' });
    return answer !== undefined && answer.status >= 200 && answer.status < 300;
  }

  /** Signed over the raw bytes; anything beyond ASCII and every slash is escaped, as Slack does. */
  async post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number; readonly text: string } | undefined> {
    const raw = JSON.stringify(body).replaceAll('/', '\\/').replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
    const stamp = String(Math.floor(Date.now() / 1000));
    const signature = `v0=${createHmac('sha256', this.#world.options.signingSecret ?? '').update(`v0:${stamp}:${raw}`).digest('hex')}`;
    try {
      const answer = await fetch(url, {
        method: 'POST', body: raw, signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(documented.ackMs)]),
        headers: { 'content-type': 'application/json', 'x-slack-signature': signature, 'x-slack-request-timestamp': stamp, 'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)', ...headers },
      });
      return { status: answer.status, text: await answer.text() };
    } catch {
      return undefined;
    }
  }

  /** What "Request URL" does when it is typed in. @throws Error saying what was answered */
  async subscribe(url: string): Promise<void> {
    const challenge = this.#world.random.hex(40).toLowerCase();
    const answer = await this.post(url, { token: 'verification-token', challenge, type: 'url_verification' });
    if (answer?.status !== 200 || !answer.text.includes(challenge)) throw new Error(`${url} did not answer the challenge: ${answer?.status ?? 'no answer'} ${answer?.text.slice(0, 100) ?? ''}`);
    this.#url = url;
  }

  #opened(socket: WebSocket): void {
    if (this.#sockets.length >= documented.sockets) {
      socket.send(JSON.stringify({ type: 'disconnect', reason: 'too_many_websockets', debug_info: { host: 'sandbox' } }));
      socket.close();
      return;
    }
    this.#sockets.push(socket);
    this.opened += 1;
    socket.setMaxListeners(0);
    socket.on('close', () => {
      const place = this.#sockets.indexOf(socket);
      if (place >= 0) this.#sockets.splice(place, 1);
    });
    socket.on('message', (data: Buffer) => this.#heard(data));
    socket.send(JSON.stringify({
      type: 'hello', num_connections: this.#sockets.length, debug_info: { host: 'applink-sandbox', build_number: 1, approximate_connection_time: 18_060 }, connection_info: { app_id: this.#world.appId },
    }));
    if (!this.#world.faults.sendAway) return;
    socket.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested', debug_info: { host: 'applink-sandbox' } }));
    socket.close();
  }

  #heard(data: Buffer): void {
    try {
      const { envelope_id: id } = JSON.parse(data.toString('utf8')) as { envelope_id?: unknown };
      if (typeof id !== 'string') this.#world.oddities.push('a frame without envelope_id came over the socket');
      else this.#waiting.get(id)?.settle(true);
    } catch {
      this.#world.oddities.push('a frame that is no JSON came over the socket');
    }
  }

  /** Slack asks for another socket, and closes this one a little later. */
  refresh(reason: 'warning' | 'refresh_requested', closeMs = 1_000): void {
    for (const socket of [...this.#sockets]) {
      socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: { host: 'applink-sandbox' } }));
      setTimeout(() => socket.close(), closeMs).unref();
    }
  }

  /** Cuts every socket, without a word. */
  cut(): void {
    for (const socket of [...this.#sockets]) socket.terminate();
  }

  /** A frame as it is, to every socket. */
  raw(text: string): void {
    for (const socket of this.#sockets) socket.send(text);
  }

  async idle(): Promise<void> {
    if (this.#busy === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.cut();
    for (const { settle } of this.#waiting.values()) settle(false);
    await this.idle();
    this.#server?.close();
  }
}

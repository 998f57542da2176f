import { WebSocket } from 'ws';
import { AccountBroken, type DeliveryError, Rejected, Retry, Unreachable } from '../../model/errors.ts';
import { at, isFields, parseJson, str, type Fields } from '../shared/json.ts';
import { failureToError } from './errors.ts';

export interface DdpOptions {
  /** Of the server, as configured. */
  readonly url: string;
  readonly token: string;
  readonly signal: AbortSignal;
  /** `changed` of a stream. Frames are handed over in order. `size`: characters of the frame. */
  readonly changed: (collection: string, eventName: string, args: readonly unknown[], size: number) => void;
  /** A frame that cannot be read; nobody's fault here. */
  readonly odd: (reason: string) => void;
  /** Default 15 s. */
  readonly answerMs?: number;
  /** Default 30 s. */
  readonly pingMs?: number;
}

const ANSWER_MS = 15_000;
const PING_MS = 30_000;
/** Larger than any message can be with its tree and its previews. */
const MAX_FRAME = 32 * 1024 * 1024;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: DeliveryError) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * One connection to `/websocket` (Meteor's DDP, version 1): connect, log in by token, subscribe, call. Where nothing comes for too long, it is
 * closed; whoever made it makes another one.
 */
export class Ddp {
  readonly #socket: WebSocket;
  readonly #options: DdpOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly closed: Promise<string>;
  #next = 0;
  #heard = Date.now();
  #pulse: NodeJS.Timeout | undefined;

  private constructor(options: DdpOptions) {
    this.#options = options;
    const url = new URL(`${options.url.replace(/\/+$/, '')}/websocket`);
    url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
    this.#socket = new WebSocket(url, { handshakeTimeout: options.answerMs ?? ANSWER_MS, maxPayload: MAX_FRAME, headers: { 'user-agent': 'drawbridge' } });
    this.closed = new Promise((resolve) => {
      let why = 'closed by the server';
      this.#socket.on('error', (error) => { why = error.message.slice(0, 200); });
      this.#socket.on('close', () => {
        this.#ended();
        resolve(why);
      });
    });
    this.#socket.on('message', (data, binary) => this.#frame(binary ? '' : String(data as Buffer)));
    options.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /**
   * Connects and logs in.
   * @throws AccountBroken, Unreachable, Retry
   */
  static async open(options: DdpOptions): Promise<Ddp> {
    const ddp = new Ddp(options);
    try {
      await ddp.#opened();
      const connected = ddp.#wait('connected');
      ddp.#send({ msg: 'connect', version: '1', support: ['1'] });
      await connected;
      try {
        await ddp.call('login', [{ resume: options.token }]);
      } catch (error) {
        // 403: the token is none, or not any more.
        if (error instanceof Rejected) throw new AccountBroken('Rocket.Chat does not take the token: it was withdrawn, or is of another user.', error.code);
        throw error;
      }
    } catch (error) {
      ddp.close();
      throw error;
    }
    ddp.#beat();
    return ddp;
  }

  /** @throws Rejected where the server refuses it, Retry where it is asked too often, Unreachable */
  async subscribe(stream: string, eventName: string): Promise<void> {
    const id = `s${++this.#next}`;
    const ready = this.#wait(id);
    this.#send({ msg: 'sub', id, name: stream, params: [eventName, { useCollection: false, args: [] }] });
    await ready;
  }

  async call(method: string, params: readonly unknown[]): Promise<unknown> {
    const id = `m${++this.#next}`;
    const result = this.#wait(id);
    this.#send({ msg: 'method', method, id, params });
    return result;
  }

  close(): void {
    this.#socket.terminate();
    this.#ended();
  }

  readonly #abort = (): void => this.close();

  #opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#options.signal.aborted) reject(new Unreachable('The bridge is stopping.', 'aborted'));
      this.#socket.once('open', resolve);
      this.#socket.once('unexpected-response', (_request, response) => {
        response.resume();
        this.#socket.terminate();
        const status = response.statusCode ?? 0;
        reject(status === 429 ? new Retry('Rocket.Chat is asked too often.', 'http_429', { rateLimited: true, afterMs: 10_000 }) : new Unreachable(`Rocket.Chat’s WebSocket answered ${status}.`, `http_${status}`));
      });
      void this.closed.then((why) => reject(new Unreachable('Rocket.Chat’s WebSocket cannot be reached.', why)));
    });
  }

  #wait(id: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Unreachable('Rocket.Chat’s WebSocket did not answer.', 'timeout'));
        this.#socket.terminate();
      }, this.#options.answerMs ?? ANSWER_MS);
      this.#waiting.set(id, { resolve, reject, timer });
    });
  }

  #settle(id: string, settle: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(id);
    settle(waiting);
  }

  #send(frame: Fields): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #frame(text: string): void {
    this.#heard = Date.now();
    let frame: unknown;
    try {
      frame = parseJson(text);
    } catch {
      return this.#options.odd('a frame that is no JSON');
    }
    const id = str(frame, 'id') ?? '';
    switch (str(frame, 'msg')) {
      case 'ping': return this.#send({ msg: 'pong', ...(id === '' ? {} : { id }) });
      case 'connected': return this.#settle('connected', ({ resolve }) => resolve(frame));
      case 'failed': return this.#settle('connected', ({ reject }) => reject(new Unreachable('Rocket.Chat’s WebSocket takes another version of the protocol.', 'failed')));
      case 'ready': {
        const subs = at(frame, 'subs');
        for (const sub of Array.isArray(subs) ? subs : []) if (typeof sub === 'string') this.#settle(sub, ({ resolve }) => resolve(undefined));
        return;
      }
      case 'nosub': return this.#settle(id, ({ reject }) => reject(refusal(at(frame, 'error'))));
      case 'result': {
        const error = at(frame, 'error');
        return this.#settle(id, ({ resolve, reject }) => (error === undefined || error === null ? resolve(at(frame, 'result')) : reject(refusal(error))));
      }
      case 'changed': {
        const [collection, eventName, args] = [str(frame, 'collection'), str(frame, 'fields', 'eventName'), at(frame, 'fields', 'args')];
        if (collection !== undefined && eventName !== undefined && Array.isArray(args)) this.#options.changed(collection, eventName, args, text.length);
        return;
      }
    }
  }

  /** Both sides may fall silent without either being told. */
  #beat(): void {
    const every = this.#options.pingMs ?? PING_MS;
    this.#pulse = setInterval(() => {
      if (Date.now() - this.#heard > 2.5 * every) this.#socket.terminate();
      else this.#send({ msg: 'ping' });
    }, every);
    this.#pulse.unref();
  }

  #ended(): void {
    clearInterval(this.#pulse);
    this.#options.signal.removeEventListener('abort', this.#abort);
    for (const id of this.#waiting.keys()) this.#settle(id, ({ reject }) => reject(new Unreachable('Rocket.Chat’s WebSocket closed.', 'closed')));
  }
}

/** `{error: code, reason, details: {timeToReset}}` of a method or a subscription. */
function refusal(error: unknown): DeliveryError {
  const code = str(error, 'error') ?? (typeof error === 'string' ? error : 'refused');
  return failureToError({
    status: code === 'too-many-requests' ? 429 : 400, body: isFields(error) ? { error: str(error, 'reason') ?? code, errorType: code, details: at(error, 'details') } : { error: code },
    wait: undefined, sending: false, secret: '',
  });
}

import { WebSocket } from 'ws';
import type { Clock } from '../../model/clock.ts';
import { AccountBroken, DeliveryError } from '../../model/errors.ts';
import type { Logger } from '../../model/log.ts';
import type { AppSettings } from '../network.ts';
import { at, fieldsOf, isFields, list, parseJson, str, type Fields } from '../shared/json.ts';
import { isHere } from '../shared/settings.ts';
import { SlackApi } from './api.ts';
import { asApp } from './settings.ts';

/** An account that takes its share of what comes over the app's socket. */
export interface Member {
  /** `<team>/<user>` */
  readonly id: string;
  readonly team: string;
  readonly user: string;
  readonly isBot: boolean;
  readonly log: Logger;
  /** Resolves after the commit. */
  take(payload: Fields): Promise<void>;
  /** The socket is open; `gap`: it was away without a follower, so something may be missing. */
  live(gap: boolean): void;
  broken(error: AccountBroken): void;
}

interface Timing {
  readonly hello: number;
  readonly ping: number;
  readonly silence: number;
  /** A socket that was open for as long counts as a good one. */
  readonly lasting: number;
  /** So many that were not may follow each other without a pause. */
  readonly quick: number;
  readonly backoff: readonly number[];
}

const TIMING: Timing = { hello: 15_000, ping: 10_000, silence: 35_000, lasting: 10_000, quick: 4, backoff: [500, 1_000, 2_000, 5_000, 10_000, 30_000] };
const MAX_FRAME = 4 * 1024 * 1024;
/** Events in hand; beyond, nothing more is read until some are committed. */
const MOST_PENDING = 500;
const BROKEN_RECHECK_MS = 60_000;

const hubs = new WeakMap<AppSettings, Hub>();

/** Socket Mode is opened once for an app, whichever of its accounts an event is for. The first account opens it, the last one closes it. */
export function hubOf(settings: AppSettings, clock: Clock, answered?: (status: number | 'error') => void): Hub {
  const known = hubs.get(settings);
  if (known !== undefined && !known.isOver) return known;
  const hub = new Hub(settings, clock, answered);
  hubs.set(settings, hub);
  return hub;
}

/**
 * The app's socket (docs.slack.dev/apis/events-api/using-socket-mode): opened anew before Slack closes it, so that there is
 * never none; each envelope is acknowledged after it is committed and not before, and Slack sends again what it hears nothing of.
 */
class Hub {
  readonly #api: SlackApi;
  readonly #clock: Clock;
  readonly #members: Member[] = [];
  readonly #stop = new AbortController();
  readonly #lanes = new Map<string, Promise<void>>();
  readonly #sockets = new Set<WebSocket>();
  #running: Promise<void> | null = null;
  #live: WebSocket | null = null;
  #pending = 0;
  #canAskWho = true;

  constructor(settings: AppSettings, clock: Clock, answered?: (status: number | 'error') => void) {
    const { app_token: token, api_url: url } = asApp(settings);
    this.#api = new SlackApi({ url, token, answered });
    this.#clock = clock;
  }

  get isOver(): boolean {
    return this.#stop.signal.aborted;
  }

  get isLive(): boolean {
    return this.#live !== null;
  }

  /** Nothing is waiting for its commit. */
  get isIdle(): boolean {
    return this.#pending === 0;
  }

  join(member: Member): void {
    this.#members.push(member);
    this.#running ??= this.#run();
    if (this.isLive) member.live(true);
  }

  async leave(member: Member): Promise<void> {
    const place = this.#members.indexOf(member);
    if (place >= 0) this.#members.splice(place, 1);
    if (this.#members.length > 0) return;
    this.#stop.abort();
    for (const socket of this.#sockets) socket.terminate();
    await this.#running;
    await Promise.allSettled(this.#lanes.values());
    await this.#api.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let failures = 0;
    let gap = true;
    while (!signal.aborted) {
      try {
        const socket = await this.#open();
        const openedAt = this.#clock.now();
        // The old one goes on until the new one is there; where it did not last, something may be missing.
        if (this.#live?.readyState !== WebSocket.OPEN) gap = true;
        this.#live = socket.socket;
        for (const member of this.#members) member.live(gap);
        gap = (await socket.replaced) === 'lost';
        if (gap) this.#live = null;
        if (this.#clock.now() - openedAt >= TIMING.lasting) failures = 0;
        // Slack that greets and sends away at once is not asked without end.
        else if (++failures > TIMING.quick) await this.#pause(failures - TIMING.quick - 1);
      } catch (error) {
        if (signal.aborted) return;
        gap = true;
        this.#live = null;
        if (error instanceof AccountBroken) {
          for (const member of this.#members) member.broken(error);
          await this.#clock.sleep(BROKEN_RECHECK_MS, signal);
          continue;
        }
        this.#log('debug', 'The socket to Slack did not open.', error);
        await this.#pause(failures++, error instanceof DeliveryError && 'afterMs' in error && typeof error.afterMs === 'number' ? error.afterMs : 0);
      }
    }
  }

  async #pause(failures: number, atLeast = 0): Promise<void> {
    const wait = TIMING.backoff[Math.min(failures, TIMING.backoff.length - 1)] ?? 30_000;
    await this.#clock.sleep(Math.max(atLeast, wait * (0.75 + Math.random() / 2)), this.#stop.signal);
  }

  /** A socket that has said hello. `replaced` tells when another is wanted: it was lost, or Slack is about to close it. */
  async #open(): Promise<{ readonly socket: WebSocket; readonly replaced: Promise<'asked' | 'lost'> }> {
    const address = str(await this.#api.call('apps.connections.open', {}, { signal: this.#stop.signal }), 'url') ?? '';
    const url = URL.parse(address);
    if (url === null || !(url.protocol === 'wss:' || (url.protocol === 'ws:' && isHere(url.hostname)))) throw new Error('Slack gave no address to connect to.');
    const socket = new WebSocket(url, { handshakeTimeout: TIMING.hello, maxPayload: MAX_FRAME, perMessageDeflate: false });
    this.#sockets.add(socket);
    const { promise: replaced, resolve: replace } = Promise.withResolvers<'asked' | 'lost'>();
    const { promise: hello, resolve: greet, reject: refuse } = Promise.withResolvers<void>();
    let heard = Date.now();
    const watch = setInterval(() => {
      // One that is not read from for the moment says nothing either.
      if (socket.isPaused) heard = Date.now();
      else if (Date.now() - heard > TIMING.silence) socket.terminate();
      else if (socket.readyState === WebSocket.OPEN) socket.ping();
    }, TIMING.ping);
    const patience = setTimeout(() => socket.terminate(), TIMING.hello);
    const alive = (): void => {
      heard = Date.now();
    };
    socket.on('ping', alive);
    socket.on('pong', alive);
    socket.on('error', (error) => refuse(error));
    socket.on('close', (code) => {
      clearInterval(watch);
      clearTimeout(patience);
      this.#sockets.delete(socket);
      refuse(new Error(`Slack closed the socket (${code}).`));
      replace('lost');
    });
    socket.on('message', (data: Buffer) => {
      alive();
      const frame = this.#parse(data);
      const type = str(frame, 'type');
      if (type === 'hello') {
        clearTimeout(patience);
        greet();
      } else if (type === 'disconnect') {
        if (str(frame, 'reason') === 'link_disabled') {
          for (const member of this.#members) member.broken(new AccountBroken('Socket Mode was switched off for the app.', 'link_disabled'));
        }
        replace('asked');
      } else if (frame !== undefined && str(frame, 'envelope_id') !== undefined) this.#envelope(socket, frame, str(frame, 'envelope_id') ?? '');
    });
    await hello;
    return { socket, replaced };
  }

  #parse(data: Buffer): Fields | undefined {
    try {
      const frame = parseJson(data);
      return isFields(frame) ? frame : undefined;
    } catch (error) {
      this.#log('warn', 'A frame of Slack’s socket could not be read.', error);
      return undefined;
    }
  }

  /** What is about one conversation goes in order; others beside it. */
  #envelope(socket: WebSocket, frame: Fields, id: string): void {
    const payload = str(frame, 'type') === 'events_api' ? at(frame, 'payload') : { ...fieldsOf(frame, 'payload'), type: str(frame, 'type') };
    const lane = str(payload, 'event', 'channel') ?? str(payload, 'event', 'item', 'channel') ?? str(payload, 'event', 'channel', 'id') ?? '';
    this.#pending += 1;
    if (this.#pending > MOST_PENDING) socket.pause();
    const before = this.#lanes.get(lane) ?? Promise.resolve();
    const work = before.then(() => this.#deliver(fieldsOf(payload))).then(
      () => {
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ envelope_id: id }));
      },
      // Not acknowledged, so Slack sends it again.
      (error: unknown) => this.#log('warn', 'An event of Slack could not be taken in.', error),
    ).finally(() => {
      this.#pending -= 1;
      if (this.#pending <= MOST_PENDING / 2) for (const each of this.#sockets) if (each.isPaused) each.resume();
      if (this.#lanes.get(lane) === work) this.#lanes.delete(lane);
    });
    this.#lanes.set(lane, work);
  }

  async #deliver(payload: Fields): Promise<void> {
    for (const { member, as } of await this.#addressees(payload)) await member.take(as);
  }

  /**
   * An event names one of the installations that it is for. What several people see each for themselves (direct chats) goes to
   * every account that it is for; what is one conversation for all of them goes to the one.
   */
  async #addressees(payload: Fields): Promise<readonly { readonly member: Member; readonly as: Fields }[]> {
    const [first] = list(payload, 'authorizations');
    const team = str(first, 'team_id') ?? str(payload, 'context_team_id') ?? str(payload, 'team_id') ?? str(payload, 'team', 'id');
    const near = this.#members.filter((member) => member.team === team);
    const named = near.find((member) => member.user === str(first, 'user_id')) ?? near[0] ?? (team === undefined ? this.#members[0] : undefined);
    if (named === undefined) {
      this.#log('debug', 'An event is for a workspace that no account is in.');
      return [];
    }
    const others = near.length > 1 && isPersonal(payload) ? await this.#others(payload) : [];
    const all = near.filter((member) => member === named || others.some((each) => str(each, 'user_id') === member.user));
    const fit = (member: Member): Fields => ({ ...payload, authorizations: [{ team_id: member.team, user_id: member.user, is_bot: member.isBot }] });
    return (all.length > 0 ? all : [named]).map((member) => ({ member, as: fit(member) }));
  }

  /** docs.slack.dev/reference/methods/apps.event.authorizations.list; needs the scope authorizations:read. */
  async #others(payload: Fields): Promise<readonly unknown[]> {
    const context = str(payload, 'event_context');
    if (context === undefined || !this.#canAskWho) return [];
    try {
      return list(await this.#api.call('apps.event.authorizations.list', { event_context: context }, { signal: this.#stop.signal }), 'authorizations');
    } catch (error) {
      if (error instanceof AccountBroken) {
        this.#canAskWho = false;
        this.#log('warn', 'Slack does not say whom events are for: give app_token the scope authorizations:read, else a direct chat between two accounts shows for one of them only.', error);
      }
      return [];
    }
  }

  #log(level: 'debug' | 'warn', message: string, error?: unknown): void {
    this.#members[0]?.log[level](message, error === undefined ? {} : { error });
  }
}

function isPersonal(payload: Fields): boolean {
  const type = str(payload, 'event', 'channel_type');
  const channel = str(payload, 'event', 'channel') ?? str(payload, 'event', 'item', 'channel') ?? '';
  return type === 'im' || channel.startsWith('D');
}

import { AccountBroken } from '../../model/errors.ts';
import type { NetworkItem } from '../../model/events.ts';
import type { ConnectOptions, Sink } from '../network.ts';
import { at, isFields, list, str, type Fields } from '../shared/json.ts';
import { Recent } from '../shared/recent.ts';
import type { SlackApi } from './api.ts';
import { CatchUp } from './catchup.ts';
import { contextOf, type Context, type Known } from './decode/context.ts';
import { decode } from './decode/envelope.ts';
import { decodePast } from './decode/history.ts';
import type { Directory } from './directory.ts';
import { accountId, tsOf } from './ids.ts';
import { asApp, type SlackAccount } from './settings.ts';
import { hubOf, type Member } from './socket.ts';

interface ReceiverOptions {
  readonly options: ConnectOptions;
  readonly account: SlackAccount;
  readonly api: SlackApi;
  readonly directory: Directory;
  readonly broken: (error: AccountBroken) => void;
  readonly works: () => void;
}

interface Who {
  readonly botId: string | undefined;
  readonly appId: string | undefined;
}

/** How often it is noted that nothing is missing. */
const BEAT_MS = 60_000;
/** What Slack sends a little late is still looked for. */
const MARGIN_MS = 30_000;
/** Slack itself repeats what HTTP has not taken for about six minutes. */
const HTTP_MARGIN_MS = 10 * 60_000;
const FIRST_LIVE_MS = 30_000;

/**
 * One account's share of what comes in. The cursor is the last moment when nothing was missing: from there on it is caught up
 * with after a gap, or after a stop. What comes by HTTP does not pass here; only the past is fetched then.
 */
export class Receiver {
  readonly #parts: ReceiverOptions;
  readonly #own = new Recent<true>(2_000);
  readonly #roots = new Recent<string>(5_000);
  readonly #shares = new Recent<string>(500);
  readonly #stop = new AbortController();
  #who: Who = { botId: undefined, appId: undefined };
  #sink: Sink | null = null;
  #member: Member | null = null;
  #catchUp: CatchUp | null = null;
  #since: string | null = null;
  #beating = false;

  constructor(parts: ReceiverOptions) {
    this.#parts = parts;
  }

  /** Resolves when events come in; may be called again after the account was broken. */
  async start(sink: Sink, signal: AbortSignal, who: Who): Promise<void> {
    this.#sink = sink;
    this.#who = who;
    if (signal.aborted) return;
    signal.addEventListener('abort', () => this.#stop.abort(), { once: true });
    this.#since ??= sink.cursor();
    const isSocket = asApp(this.#parts.options.appSettings).receive === 'socket';
    if (isSocket) await this.#listen();
    else this.#missed();
    if (!this.#beating) void this.#beat(isSocket);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    const member = this.#member;
    this.#member = null;
    if (member !== null) await this.#hub.leave(member);
    await this.#catchUp?.done;
  }

  /** Something that the account does itself: its echo is no news. `key` as far as the event's own time. */
  own(key: string): void {
    this.#own.set(key, true);
  }

  notOwn(key: string): void {
    this.#own.delete(key);
  }

  /** The first message of the thread that a message stands in, where it came by lately. */
  rootOf(channel: string, ts: string): string | undefined {
    return this.#roots.get(`${channel}:${ts}`);
  }

  /** The message that shares a file, where it came by lately. */
  shareOf(file: string, channel: string): string | undefined {
    return this.#shares.get(`${file}:${channel}`);
  }

  context(historical: boolean): Context {
    const { team_id: team, user_id: user, kind } = this.#parts.account;
    const context = contextOf({ authorizations: [{ team_id: team, user_id: user, is_bot: kind === 'bot' }] }, this.#known);
    return historical ? { ...context, historical: true } : context;
  }

  get #known(): Known {
    const { partner, channelName, groupName } = this.#parts.directory;
    return { ...this.#who, partner, channelName, groupName };
  }

  get #hub(): ReturnType<typeof hubOf> {
    const { appSettings, clock, answered } = this.#parts.options;
    return hubOf(appSettings, clock, answered);
  }

  /** Resolves when the socket is open, or after a while without it: then the account is live all the same, and its messages go out. */
  async #listen(): Promise<void> {
    if (this.#member !== null) return;
    const { team_id: team, user_id: user, kind } = this.#parts.account;
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const member: Member = {
      id: accountId(team, user), team, user, isBot: kind === 'bot', log: this.#parts.options.log,
      take: (payload) => this.#take(payload),
      live: (gap) => {
        if (gap) this.#missed();
        this.#parts.works();
        open();
      },
      broken: (error) => {
        this.#parts.broken(error);
        open();
      },
    };
    this.#member = member;
    this.#hub.join(member);
    await Promise.race([opened, this.#parts.options.clock.sleep(FIRST_LIVE_MS, this.#stop.signal)]);
  }

  async #take(payload: Fields): Promise<void> {
    const { directory } = this.#parts;
    const event = at(payload, 'event');
    if (isFields(event)) {
      this.#note(event);
      await Promise.all([this.#catchUp?.ready(str(event, 'channel')), directory.learn(event)]);
    }
    const items = decode({ envelope: payload, ...(event === undefined ? {} : { event }) }, this.#known).flatMap((each) => each.items).filter((item) => !this.#isOwn(item));
    await this.#sink?.accept(items);
    this.#lost(event);
  }

  /** What later calls would have to ask Slack for. */
  #note(event: Fields): void {
    const channel = str(event, 'channel');
    const ts = str(event, 'ts');
    const root = str(event, 'thread_ts');
    if (channel === undefined || ts === undefined) {
      const renamed = str(event, 'type') === 'channel_rename' ? str(event, 'channel', 'name') : undefined;
      if (renamed !== undefined) this.#parts.directory.renamed(str(event, 'channel', 'id') ?? '', renamed);
      if (str(event, 'type') === 'emoji_changed') void this.#parts.directory.loadEmoji();
      return;
    }
    if (root !== undefined) this.#roots.set(`${channel}:${ts}`, root);
    for (const file of list(event, 'files')) this.#shares.set(`${str(file, 'id') ?? ''}:${channel}`, ts);
  }

  /** An echo is recognised once; the same done again in Slack is news. */
  #isOwn({ key, event }: NetworkItem): boolean {
    const self = this.#parts.account.user_id;
    if (event.type === 'edit') return this.#own.delete(key);
    if (event.type === 'pin') return event.sender?.id === self && this.#own.delete(key.split(':').slice(0, 3).join(':'));
    if (event.type !== 'reaction' || event.sender.id !== self) return false;
    const [kind, channel, ts, , ...name] = key.split(':');
    return this.#own.delete([kind, channel, ts, ...name.slice(0, -1)].join(':'));
  }

  /** The app was removed, or the token withdrawn: nothing more will come, and nothing can be sent. */
  #lost(event: unknown): void {
    const type = str(event, 'type');
    const { user_id: user } = this.#parts.account;
    const named = [at(event, 'tokens', 'oauth'), at(event, 'tokens', 'bot')].some((each) => Array.isArray(each) && each.includes(user));
    if (type === 'app_uninstalled') this.#parts.broken(new AccountBroken('The app was removed from the workspace.', 'account_inactive'));
    else if (type === 'tokens_revoked' && named) this.#parts.broken(new AccountBroken('The token was withdrawn.', 'token_revoked'));
    else if (type === 'app_rate_limited') this.#missed();
  }

  /** Fetches what may be missing since the cursor. At the very first start there is nothing to miss. */
  #missed(): void {
    const since = this.#since;
    const { api, directory, options } = this.#parts;
    if (this.#stop.signal.aborted) return;
    if (since === null) {
      void this.#keep(tsOf(options.clock.now()));
      return;
    }
    const context = this.context(false);
    const before = this.#catchUp?.done ?? Promise.resolve();
    void before.then(() => {
      if (this.#stop.signal.aborted) return;
      this.#catchUp = new CatchUp({
        api, clock: options.clock, log: options.log, since, signal: this.#stop.signal, note: (conversation) => directory.note(conversation),
        decode: (channel, conversation, message) => decodePast({ ...context, known: this.#known }, channel, typeOf(conversation), message),
        accept: async (items) => {
          if (items.length > 0) await this.#sink?.accept(items);
        },
      });
    });
  }

  /** The cursor moves while nothing is missing: the socket is open, all that came is committed, and nothing is being caught up with. */
  async #beat(isSocket: boolean): Promise<void> {
    const { clock } = this.#parts.options;
    const { signal } = this.#stop;
    this.#beating = true;
    while (!signal.aborted) {
      await this.#mark(isSocket, clock.now());
      await clock.sleep(BEAT_MS, signal);
    }
  }

  async #mark(isSocket: boolean, now: number): Promise<void> {
    await this.#catchUp?.done;
    const whole = !isSocket || (this.#member !== null && this.#hub.isLive && this.#hub.isIdle);
    if (!whole || this.#sink === null || this.#stop.signal.aborted) return;
    const cursor = tsOf(now - (isSocket ? MARGIN_MS : HTTP_MARGIN_MS));
    if (this.#since !== null && Number(cursor) <= Number(this.#since)) return;
    await this.#keep(cursor);
  }

  async #keep(cursor: string): Promise<void> {
    try {
      this.#since = cursor;
      await this.#sink?.accept([], cursor);
    } catch (error) {
      this.#parts.options.log.debug('The place up to which nothing is missing could not be noted.', { error });
    }
  }
}

function typeOf(conversation: unknown): string | undefined {
  if (!isFields(conversation)) return undefined;
  if (conversation['is_im'] === true) return 'im';
  return conversation['is_mpim'] === true ? 'mpim' : 'channel';
}

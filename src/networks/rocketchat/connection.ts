import type { Capabilities } from '../../model/capabilities.ts';
import type { Clock } from '../../model/clock.ts';
import { isMedia, type Content } from '../../model/content.ts';
import { AccountBroken, DeliveryError, Rejected } from '../../model/errors.ts';
import type { NetworkItem, PersonRef } from '../../model/events.ts';
import type { Millis, RemoteId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { MediaStream } from '../../model/media.ts';
import type { Connection, ConnectOptions, ConversationFacts, HistoryPage, PartRequest, RateKey, SendRequest, SendResult, Sink, Target } from '../network.ts';
import { Health } from '../shared/health.ts';
import { at, defined, isFields, list, parseJson, str, type Fields } from '../shared/json.ts';
import { Recent } from '../shared/recent.ts';
import { RocketChatApi } from './api.ts';
import { conversationOf, roomOf, when } from './decode/context.ts';
import { decodeMessage } from './decode/message.ts';
import { reactionName } from './emoji.ts';
import { type Around, captionOf, frameOf, jumpTo, textBody, usernamesFrom } from './encode/body.ts';
import { plan } from './encode/plan.ts';
import { withPrefix } from './encode/prefix.ts';
import { fixFor } from './errors.ts';
import { type Handle, person, userAvatar } from './ids.ts';
import { type Able, capabilitiesOf, DEFAULTS, limitsFrom, type ServerLimits } from './limits.ts';
import { namesIn, People } from './people.ts';
import { Position } from './position.ts';
import { RocketChatReach } from './reach.ts';
import { Receiver } from './receiver.ts';
import { Rooms } from './rooms.ts';
import { asAccount, asApp, type RocketChatAccount, type RocketChatApp, scopeOf, standsAt } from './settings.ts';

/** A token that is refused may be taken again: the server was restored, or the user activated. */
const RECHECK_MS = 60_000;
/** Clocks differ, and a send begins before it is done. */
const MARGIN_MS = 60_000;
/** Uploads whose message has not gone out yet; a retry then need not send the file again. */
const MAX_UPLOADS = 64;
const MOST_MEMBERS = 1_000;
const HISTORY_PAGE = 100;
/** `API_Enable_Rate_Limiter_Limit_Calls_Default` calls in a minute, for whoever has not the permission api-bypass-rate-limit. */
const LIMITED = { perSecond: 10 / 60, burst: 10 };
const FREE = { perSecond: 20, burst: 20 };

/** One user of one server: listens on its WebSocket, and speaks by its REST API. */
export class RocketChatConnection implements Connection {
  readonly remoteId: string;
  readonly reach: RocketChatReach;
  readonly #app: RocketChatApp;
  readonly #account: RocketChatAccount;
  readonly #api: RocketChatApi;
  readonly #options: ConnectOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #health = new Health({ sink: () => this.#sink, fixFor });
  readonly #scope: string;
  readonly #people: People;
  readonly #rooms: Rooms;
  readonly #uploads = new Recent<string>(MAX_UPLOADS);
  readonly #closing = new AbortController();
  #receiver: Receiver | undefined;
  #sink: Sink | undefined;
  #limits: ServerLimits = DEFAULTS;
  #username: string | undefined;
  #aliases: boolean;
  #limited = true;

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.#app = asApp(options.appSettings);
    standsAt(options.settings, this.#app);
    this.#account = asAccount(options.settings);
    this.#api = new RocketChatApi(this.#app, this.#account, options);
    this.#clock = options.clock;
    this.#log = options.log;
    this.#scope = scopeOf(this.#app);
    this.#people = new People(this.#api, options.clock);
    this.#rooms = new Rooms(this.#account);
    this.#aliases = this.#account.kind === 'bot' && this.#account.names === 'alias';
    this.remoteId = this.#account.user_id;
    this.reach = new RocketChatReach({
      client: this.#api.client, people: this.#people, rooms: this.#rooms, scope: this.#scope, self: this.remoteId,
      ridOf: async (conversation) => (await this.#room(conversation)).rid, watched: (call) => this.#health.watched(call),
    });
  }

  /** Rejects where the server cannot be reached; a token that is refused is told to the sink, and tried again beside. */
  async start(sink: Sink, signal: AbortSignal): Promise<void> {
    this.#sink = sink;
    if (this.#receiver !== undefined) return this.check();
    const ends = AbortSignal.any([signal, this.#closing.signal]);
    try {
      await this.#begin(sink, ends);
    } catch (error) {
      this.#receiver = undefined;
      if (!(error instanceof AccountBroken)) throw error;
      this.#health.breaks(error);
      void this.#tryAgain(sink, ends);
    }
  }

  async check(): Promise<void> {
    await this.#health.watched(() => this.#api.me());
  }

  capabilities(): Capabilities {
    return capabilitiesOf(this.#able());
  }

  plan(request: SendRequest): readonly Content[] {
    return plan(request, { maxText: this.#limits.maxText, aliases: this.#aliases });
  }

  async send(request: PartRequest): Promise<SendResult> {
    return this.#health.watched(async () => {
      const { rid, learnt } = await this.#room(request.conversation);
      const around = this.#around(request, rid);
      const { content, media, key } = request;
      const message = isMedia(content) && media !== undefined ? await this.#sendFile(request, rid, around) : await this.#write(request, rid, around);
      this.#uploads.delete(key);
      return { ...resultOf(message, key, this.#clock.now()), ...(learnt !== undefined && { learnt }) };
    });
  }

  /** What it answers stands before its text: without that the quote would go. */
  async edit(request: PartRequest & { readonly target: RemoteId }): Promise<SendResult> {
    return this.#health.watched(async () => {
      const { rid } = await this.#room(request.conversation);
      const around = this.#around(request, rid);
      const text = isMedia(request.content) ? captionOf(request.content, around) : String(textBody(request.content, around)['msg']);
      const message = await this.#api.update(rid, request.target, text);
      return { id: request.target, time: when(message, 'editedAt') ?? this.#clock.now(), state: 'confirmed' };
    });
  }

  /** What is not there any more needs no deleting. */
  async delete(conversation: Target, target: RemoteId): Promise<void> {
    await this.#health.watched(async () => {
      const { rid } = await this.#room(conversation);
      try {
        await this.#api.remove(rid, target);
      } catch (error) {
        if (!(error instanceof Rejected) || !/No message found|not-found|invalid-message/i.test(`${error.message} ${error.code}`)) throw error;
      }
    });
  }

  /** What a person put there in Rocket.Chat itself is theirs, and stays. */
  async react(_conversation: Target, target: RemoteId, emoji: string | null, _key: string, gone?: string): Promise<SendResult> {
    const name = emoji === null ? null : reactionName(emoji);
    if (emoji !== null && name === null) throw new Rejected('Rocket.Chat takes only emoji that it has a name for as a reaction.', 'not_emoji');
    const unwanted = gone === undefined ? null : reactionName(gone);
    return this.#health.watched(async () => {
      if (unwanted !== null && unwanted !== name) await this.#api.react(target, unwanted, false);
      if (name !== null) await this.#api.react(target, name, true);
      return { id: `${target}/reaction` as RemoteId, time: this.#clock.now(), state: 'confirmed' };
    });
  }

  async pin(_conversation: Target, target: RemoteId, pinned: boolean): Promise<void> {
    await this.#health.watched(() => this.#api.pin(target, pinned));
  }

  /** Shown for some seconds after each word of it. Only the account's own user can be shown. */
  async typing(conversation: Target, active: boolean): Promise<void> {
    const ddp = this.#receiver?.ddp;
    if (ddp === undefined || this.#username === undefined) return;
    const { rid } = await this.#room(conversation);
    await ddp.call('stream-notify-room', [`${rid}/user-activity`, this.#username, active ? ['user-typing'] : [], {}]);
  }

  async markRead(conversation: Target): Promise<void> {
    await this.#health.watched(async () => this.#api.markRead((await this.#room(conversation)).rid));
  }

  async describe(conversation: Target): Promise<ConversationFacts> {
    return this.#health.watched(async () => {
      const { rid } = await this.#room(conversation);
      const room = await this.#api.room(rid);
      const facts = (room === null ? undefined : this.#rooms.learn(room)) ?? roomOf(this.#context(), rid);
      // In some rooms only moderators may ask who is there.
      const members = await this.#api.members(facts.type, rid, MOST_MEMBERS).catch(ifRefused);
      for (const each of members ?? []) this.#people.learn(each);
      return { conversation: conversationOf(this.#context(), facts), members: members === null ? null : members.flatMap((each) => person(each, this.#scope, this.remoteId) ?? []) };
    });
  }

  async profile({ id }: { readonly id: string; readonly scope: string }): Promise<PersonRef | null> {
    // An integration's name is all there is of it.
    if (id.includes('/')) return null;
    return this.#health.watched(async () => {
      const user = await this.#api.user(id.startsWith('@') ? { username: id.slice(1) } : { userId: id }).catch(ifRefused);
      const who = person(user, this.#scope, this.remoteId);
      if (who?.username === undefined) return null;
      this.#people.learn(user);
      return { ...who, avatar: userAvatar(who.username, str(user, 'avatarETag')) };
    });
  }

  /** The newest first; a page begins before the oldest message of the one before. */
  async history(conversation: Target, limit: number, before?: string): Promise<HistoryPage> {
    return this.#health.watched(async () => {
      const { rid } = await this.#room(conversation);
      const count = Math.min(Math.max(limit, 1), HISTORY_PAGE);
      const messages = await this.#pageOf(rid, conversation, count, before);
      for (const message of messages) this.#people.learnFrom(message);
      await this.#people.lookUp(messages.flatMap(namesIn));
      const context = { ...this.#context(), historical: true as const };
      const ordered = [...messages].sort((one, other) => (when(other, 'ts') ?? 0) - (when(one, 'ts') ?? 0));
      const items = ordered.flatMap((message): readonly NetworkItem[] => decodeMessage(context, message)).filter(({ event }) => ['message', 'reactions.set', 'pin'].includes(event.type));
      const oldest = when(ordered.at(-1), 'ts');
      const next = messages.length < count || oldest === undefined ? undefined : new Date(oldest).toISOString();
      return { items, ...(next !== undefined && next !== before && { next }) };
    });
  }

  /** Text goes out under our own key as its id. Of a file only what this process still knows can be told. */
  async findSent(key: string, conversation: Target, since: Millis): Promise<SendResult | 'absent' | 'unknown'> {
    const found = await this.#api.message(key);
    if (found !== null) return resultOf(found, key, this.#clock.now());
    const { rid } = await this.#room(conversation);
    const fileId = this.#uploads.get(key);
    const recent = await this.#pageOf(rid, conversation, HISTORY_PAGE);
    const files = recent.filter((message) => str(message, 'u', '_id') === this.remoteId && (when(message, 'ts') ?? 0) >= since - MARGIN_MS
      && (isFields(at(message, 'file')) || list(message, 'files').length > 0));
    const mine = fileId === undefined ? undefined : files.find((message) => [...list(message, 'files'), at(message, 'file')].some((file) => str(file, '_id') === fileId));
    if (isFields(mine)) return resultOf(mine, key, this.#clock.now());
    // Another file of ours may be this one.
    return files.length > 0 && fileId === undefined ? 'unknown' : 'absent';
  }

  async openMedia(handle: string, signal: AbortSignal): Promise<MediaStream> {
    const found = parseJson(handle);
    const path = str(found, 'path');
    if (path === undefined) throw new Rejected('The file cannot be found any more.', 'media_gone');
    return this.#api.download({ ...(found as Handle), path }, Math.max(this.#limits.maxFile, DEFAULTS.maxFile) + 1024, signal);
  }

  rateKeys(): readonly RateKey[] {
    const { perSecond, burst } = this.#limited ? LIMITED : FREE;
    const scale = this.#account.rate_scale;
    return [{ key: `user:${this.#scope}:${this.remoteId}`, perSecond: perSecond * scale, burst: Math.max(1, Math.round(burst)) }];
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#sink = undefined;
    await this.#api.close();
  }

  /** Resolves when the account is live: it has heard what it missed, and listens. */
  async #begin(sink: Sink, signal: AbortSignal): Promise<void> {
    await this.#learnServer();
    const receiver = new Receiver({
      url: this.#app.url, token: this.#account.token, self: this.remoteId, personal: this.#account.kind === 'user', scope: this.#scope, api: this.#api, people: this.#people, rooms: this.#rooms,
      position: new Position(sink), clock: this.#clock, log: this.#log, works: () => this.#health.works(), breaks: (error) => this.#health.breaks(error),
      ...(this.#options.answerTimeoutMs !== undefined && { answerMs: this.#options.answerTimeoutMs }),
    });
    this.#receiver = receiver;
    await new Promise<void>((resolve, reject) => {
      void receiver.run(signal, resolve, reject);
    });
  }

  async #tryAgain(sink: Sink, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(RECHECK_MS, signal);
      if (signal.aborted) return;
      try {
        await this.#begin(sink, signal);
        return this.#health.works();
      } catch (error) {
        this.#receiver = undefined;
        this.#log.warn('Rocket.Chat does not take the account yet', { code: error instanceof DeliveryError ? error.code : 'unknown' });
      }
    }
  }

  /** Who the account is, and what the server lets it do. */
  async #learnServer(): Promise<void> {
    const me = await this.#api.me();
    if (str(me, '_id') !== undefined && str(me, '_id') !== this.remoteId) throw new AccountBroken('The token is of another user than user_id says.', 'wrong_user');
    this.#username = str(me, 'username');
    this.#people.learn(me);
    const roles = list(me, 'roles').filter((role) => typeof role === 'string');
    const soft = async <T>(call: () => Promise<T>): Promise<T | undefined> => call().catch((error: unknown) => {
      if (error instanceof DeliveryError && !(error instanceof AccountBroken)) return undefined;
      throw error;
    });
    const values = await soft(() => this.#api.settings());
    const version = await soft(() => this.#api.version());
    this.#limits = limitsFrom(values ?? new Map(), version);
    const may = await soft(() => this.#api.rolesWith('message-impersonate'));
    const free = await soft(() => this.#api.rolesWith('api-bypass-rate-limit'));
    if (may !== undefined && this.#account.kind === 'bot') this.#aliases = this.#account.names === 'alias' && may.some((role) => roles.includes(role));
    this.#limited = free === undefined ? !roles.includes('bot') : !free.some((role) => roles.includes(role));
  }

  #able(): Able {
    return { limits: this.#limits, aliases: this.#aliases, personal: this.#account.kind === 'user' };
  }

  #context() {
    return this.#receiver?.context ?? { scope: this.#scope, self: this.remoteId, room: (rid: string) => this.#rooms.get(rid), named: (name: string) => this.#people.named(name) };
  }

  /** The room behind a conversation; a direct one that is not there yet is opened. */
  async #room(target: Target): Promise<{ readonly rid: string; readonly learnt?: { readonly alias: string } }> {
    const rid = await this.#find(target);
    const room = this.#rooms.get(rid) ?? this.#rooms.learn(await this.#api.room(rid).catch(ifRefused));
    if (room?.encrypted === true) throw new Rejected('The room is end-to-end encrypted in Rocket.Chat; the bridge has no keys for it.', 'encrypted');
    const other = target.kind === 'direct' && target.id.startsWith('@') ? this.#people.named(target.id.slice(1))?._id : undefined;
    return other === undefined || target.aliases.includes(other) ? { rid } : { rid, learnt: { alias: other } };
  }

  async #find(target: Target): Promise<string> {
    if (target.kind !== 'direct') return target.id;
    const ids = [target.id, ...target.aliases];
    const known = ids.find((id) => this.#rooms.get(id) !== undefined) ?? ids.map((id) => this.#rooms.with(id)).find((rid) => rid !== undefined);
    if (known !== undefined) return known;
    const name = ids.find((id) => id.startsWith('@'))?.slice(1) ?? (await this.#usernameOf(target.id));
    const rid = await this.#api.direct(name);
    await this.#people.lookUp([name]);
    this.#rooms.learn({ _id: rid, t: 'd' });
    return rid;
  }

  async #usernameOf(id: string): Promise<string> {
    const known = this.#people.nameOf(id);
    if (known !== undefined) return known;
    const user = await this.#api.user({ userId: id });
    this.#people.learn(user);
    const username = str(user, 'username');
    if (username === undefined) throw new Rejected('There is no such user on the server.', 'error-invalid-user');
    return username;
  }

  #pageOf(rid: string, { kind }: Target, count: number, before?: string): ReturnType<RocketChatApi['history']> {
    const type = roomOf(this.#context(), rid).type ?? (kind === 'direct' ? 'd' : kind === 'channel' ? 'c' : 'p');
    return this.#api.history(type, rid, count, before);
  }

  #around(request: PartRequest, rid: string): Around {
    const { relay, replyTo, thread } = request;
    const { mention_everybody: everybody } = this.#account;
    const site = this.#limits.siteUrl ?? this.#app.url.replace(/\/+$/, '');
    return defined({
      usernames: usernamesFrom((id) => this.#people.nameOf(id), everybody === 'off' ? undefined : everybody), maxText: this.#limits.maxText,
      jump: replyTo === undefined ? '' : jumpTo(site, this.#rooms.get(rid), rid, replyTo),
      tmid: this.#limits.threads ? thread?.root : undefined,
      speaker: relay !== null && this.#aliases ? relay : undefined,
    });
  }

  async #write(request: PartRequest, rid: string, around: Around): Promise<Fields> {
    const { key, content, relay } = request;
    try {
      return await this.#api.send({ _id: key, rid, ...textBody(content, around), ...frameOf(around) });
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      // An id that is there already is refused in no particular words: then it went out before.
      const before = await this.#api.message(key);
      if (before !== null && str(before, 'u', '_id') === this.remoteId) return before;
      if (around.speaker === undefined || relay === null || !mayNotSpeakAs(error)) throw error;
      this.#aliases = false;
      const named = content.kind === 'text' ? { ...content, text: withPrefix(content.text, relay.name) } : content;
      return this.#api.send({ _id: key, rid, ...textBody(named, { ...around, speaker: undefined }), ...frameOf({ ...around, speaker: undefined }) });
    }
  }

  /** In two calls, so that a file whose message was lost need not be sent again; only the second shows it to anybody. */
  async #sendFile({ key, content, media, relay }: PartRequest, rid: string, around: Around): Promise<Fields> {
    if (media === undefined) throw new Rejected('The file is missing.', 'media_missing');
    const fields = (who: Around, shown: Content): Fields => {
      const msg = captionOf(shown, who);
      return { ...(msg === '' ? {} : { msg }), ...frameOf(who) };
    };
    const bare = { ...around, speaker: undefined };
    const named = (name: string): Content => (isMedia(content) ? { ...content, caption: withPrefix(content.caption ?? [], name) } : content);
    const known = this.#uploads.get(key);
    const fileId = known ?? (await this.#api.upload(rid, media));
    if (fileId === null) {
      const flat = Object.fromEntries(Object.entries(fields(bare, around.speaker === undefined ? content : named(around.speaker.name))).map(([name, value]) => [name, String(value)]));
      return this.#api.uploadOld(rid, media, flat);
    }
    this.#uploads.set(key, fileId);
    try {
      return await this.#api.confirm(rid, fileId, fields(around, content));
    } catch (error) {
      if (!(error instanceof Rejected) || around.speaker === undefined || relay === null || !mayNotSpeakAs(error)) throw error;
      this.#aliases = false;
      return this.#api.confirm(rid, fileId, fields(bare, named(relay.name)));
    }
  }
}

function resultOf(message: Fields, key: string, now: Millis): SendResult {
  return { id: (str(message, '_id') ?? key) as RemoteId, time: when(message, 'ts') ?? now, state: 'confirmed' };
}

/** What the server refuses to tell counts as nothing. */
function ifRefused(error: unknown): null {
  if (error instanceof Rejected) return null;
  throw error;
}

/** `Not enough permission` is all that the server says to an alias. */
function mayNotSpeakAs(error: Rejected): boolean {
  return /not enough permission|message-impersonate/i.test(error.message);
}

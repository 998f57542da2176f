import type { Capabilities } from '../../model/capabilities.ts';
import type { Clock } from '../../model/clock.ts';
import type { Content } from '../../model/content.ts';
import { AccountBroken, DeliveryError, Rejected, Uncertain } from '../../model/errors.ts';
import type { PersonRef } from '../../model/events.ts';
import type { RemoteId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { MediaStream } from '../../model/media.ts';
import type { Connection, ConnectOptions, ConversationFacts, PartRequest, RateKey, SendRequest, SendResult, Sink, Target } from '../network.ts';
import { Health } from '../shared/health.ts';
import { at, defined, isFields, num, str, type Fields } from '../shared/json.ts';
import { BotClient, filePath } from './client.ts';
import { CustomEmoji } from './custom-emoji.ts';
import { optionIds } from './decode/content.ts';
import { chatPicture, type Handle } from './decode/media.ts';
import { replaced } from './decode/service.ts';
import { reactionOf } from './encode/emoji.ts';
import { plan } from './encode/plan.ts';
import { editCall, sendCall, type Outgoing } from './encode/request.ts';
import { fixFor, Migrated } from './errors.ts';
import { addressOf, conversationOf, idOf, messageId, nameOf, placeOf, timeOf } from './ids.ts';
import { capabilitiesOf, RATES, type Setup } from './limits.ts';
import { Position } from './position.ts';
import { TelegramReach } from './reach.ts';
import { ALLOWED_UPDATES, receive } from './receiver.ts';
import { asAccount, asApp, botId, type TelegramAccount, type TelegramApp } from './settings.ts';

/** How often a token that Telegram refuses is tried again. */
const RECHECK_MS = 60_000;
/** core.telegram.org/bots/api#getfile */
const DOWNLOAD = 20 * 1024 * 1024;

/** One bot. */
export class TelegramConnection implements Connection {
  readonly remoteId: string;
  readonly reach: TelegramReach;
  readonly #client: BotClient;
  readonly #app: TelegramApp;
  readonly #appName: string;
  readonly #account: TelegramAccount;
  readonly #setup: Setup;
  readonly #publicUrl: string | undefined;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #health = new Health({ sink: () => this.#sink, fixFor });
  readonly #closing = new AbortController();
  #position: Position | undefined;
  #sink: Sink | undefined;
  #receiving = false;

  constructor(options: ConnectOptions) {
    this.#app = asApp(options.appSettings);
    this.#appName = options.app;
    this.#account = asAccount(options.settings);
    this.#setup = { local: this.#app.local_dir !== undefined, webhook: this.#app.receive === 'webhook' };
    this.#publicUrl = options.publicUrl;
    this.#client = new BotClient({ url: this.#app.api_url, token: this.#account.token, localDir: this.#app.local_dir, answered: options.answered, answerMs: options.answerTimeoutMs });
    this.#clock = options.clock;
    this.#log = options.log;
    this.remoteId = botId(this.#account.token);
    this.reach = new TelegramReach({ client: this.#client, watched: (call) => this.#health.watched(call), personIn: (chat) => personIn(chat, this.remoteId) });
  }

  /** Rejects where Telegram cannot be reached; a bot that is refused is told to the sink, and tried again beside. */
  async start(sink: Sink, signal: AbortSignal): Promise<void> {
    this.#sink = sink;
    if (this.#receiving) return this.check();
    this.#position ??= new Position(sink);
    const ends = AbortSignal.any([signal, this.#closing.signal]);
    try {
      await this.#begin(this.#position, ends);
    } catch (error) {
      if (!(error instanceof AccountBroken) && !(error instanceof Rejected)) throw error;
      this.#health.breaks(error);
      void this.#tryAgain(this.#position, ends);
    }
  }

  async check(): Promise<void> {
    await this.#health.watched(() => this.#client.call('getMe', {}));
  }

  capabilities(conversation: Target): Capabilities {
    return capabilitiesOf(conversation.kind, this.#setup);
  }

  plan(request: SendRequest): readonly Content[] {
    return plan(request, this.#account.relay_prefix);
  }

  async send(request: PartRequest): Promise<SendResult> {
    const call = sendCall(request.content, request.media);
    const message = await this.#post(request.conversation, call, this.#around(request));
    const result = this.#sent(message, request.conversation);
    const poll = at(message, 'poll');
    if (call.method === 'sendPoll' && isFields(poll)) await this.#remember(poll, message, result.id, request.conversation);
    return result;
  }

  async edit(request: PartRequest & { readonly target: RemoteId }): Promise<SendResult> {
    const place = placeOf(request.target);
    const call = editCall(request.content, request.media);
    const where = { chat_id: Number(place.chat), message_id: place.message };
    const answer = await this.#health.watched(() => this.#tolerant('not_modified', () => this.#tolerant('poll_closed', () => this.#change(call, where))));
    return { id: request.target, time: timeOf(answer, 'edit_date') || this.#clock.now(), state: 'confirmed' };
  }

  /** What is no longer there needs no deleting. */
  async delete(_conversation: Target, target: RemoteId): Promise<void> {
    const place = placeOf(target);
    await this.#health.watched(() => this.#tolerant('not_found', () => this.#client.call('deleteMessage', { chat_id: Number(place.chat), message_id: place.message })));
  }

  /** One a message: a new one takes the place of the one before (core.telegram.org/bots/api#setmessagereaction). */
  async react(_conversation: Target, target: RemoteId, emoji: string | null): Promise<SendResult> {
    const place = placeOf(target);
    const reaction = emoji === null ? [] : [reactionOf(emoji)];
    await this.#health.watched(() => this.#client.call('setMessageReaction', { chat_id: Number(place.chat), message_id: place.message, reaction }));
    return { id: `${target}/reaction` as RemoteId, time: this.#clock.now(), state: 'confirmed' };
  }

  async pin(_conversation: Target, target: RemoteId, pinned: boolean): Promise<void> {
    const place = placeOf(target);
    const where = { chat_id: Number(place.chat), message_id: place.message };
    await this.#health.watched(() => (pinned ? this.#client.call('pinChatMessage', { ...where, disable_notification: true }) : this.#client.call('unpinChatMessage', where)));
  }

  /** Shown for five seconds, or until a message comes; there is no "stopped". */
  async typing(conversation: Target, active: boolean): Promise<void> {
    const { direct_messages_topic_id: topic, ...where } = addressOf(conversation.id);
    if (!active || conversation.kind === 'channel' || topic !== undefined) return;
    await this.#health.watched(() => this.#client.call('sendChatAction', { ...where, action: 'typing' }));
  }

  /** Bots are told who administers a chat, and no more: members are known as they come and speak. */
  async describe(conversation: Target): Promise<ConversationFacts> {
    const { chat_id, direct_messages_topic_id: topic } = addressOf(conversation.id);
    const chat = await this.#health.watched(() => this.#client.call('getChat', { chat_id }));
    const known = conversationOf(chat) ?? { id: conversation.id, scope: '', kind: conversation.kind, perAccount: conversation.kind === 'direct' };
    const avatar = chatPicture(at(chat, 'photo'));
    if (known.kind === 'direct') return { conversation: known, members: [personIn(chat, this.remoteId)].flatMap((person) => person ?? []) };
    // Its title names who writes there, which only a message tells.
    if (topic !== undefined) return { conversation: { id: conversation.id, scope: '', kind: 'group', perAccount: false }, members: null };
    return { conversation: { ...known, topic: str(chat, 'description') ?? '', avatar: avatar ?? null }, members: null };
  }

  /** Known only of people who have written to the bot, or where it is. */
  async profile(person: { readonly id: string; readonly scope: string }): Promise<PersonRef | null> {
    if (idOf(person, 'id') === undefined) return null;
    try {
      const chat = await this.#health.watched(() => this.#client.call('getChat', { chat_id: Number(person.id) }));
      return personIn(chat, this.remoteId) ?? null;
    } catch (error) {
      if (error instanceof Rejected) return null;
      throw error;
    }
  }

  /** Nothing sent can be asked for, and nothing of ours travels with it. */
  findSent(): Promise<'unknown'> {
    return Promise.resolve('unknown');
  }

  async openMedia(handle: string, signal: AbortSignal): Promise<MediaStream> {
    const { id, name, mime, size } = parseHandle(handle);
    if (!this.#setup.local && size !== undefined && size > DOWNLOAD) {
      throw new Rejected('The file is larger than bots can fetch from Telegram (20 MB).', 'too_large');
    }
    const found = await this.#health.watched(async () => this.#client.download(filePath(await this.#client.call('getFile', { file_id: id }, { signal })), signal));
    return defined({ ...found, name: name ?? found.name, mime: mime ?? found.mime });
  }

  rateKeys(conversation: Target): readonly RateKey[] {
    const scale = this.#account.rate_scale;
    const key = (name: string, rate: { readonly perSecond: number; readonly burst: number }): RateKey => ({ key: name, perSecond: rate.perSecond * scale, burst: rate.burst });
    const { chat_id } = addressOf(conversation.id);
    return [key(`bot:${this.remoteId}`, RATES.bot), key(`chat:${this.remoteId}:${chat_id}`, conversation.kind === 'direct' ? RATES.direct : RATES.group)];
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#sink = undefined;
    await this.#client.close();
  }

  /** A bot gives its updates to one asker: what was set before is taken over, as the config says that the bridge is it. */
  async #begin(position: Position, signal: AbortSignal): Promise<void> {
    await this.#client.call('getMe', {}, { signal });
    if (this.#app.receive === 'webhook') {
      if (this.#publicUrl === undefined) throw new AccountBroken('Telegram is to call the bridge, but the config does not say under which address.', 'no_public_url');
      const url = `${this.#publicUrl.replace(/\/+$/, '')}/webhooks/telegram/${this.#appName}`;
      await this.#client.call('setWebhook', { url, secret_token: this.#app.webhook_secret, allowed_updates: ALLOWED_UPDATES.webhook }, { signal });
      this.#health.works();
      return;
    }
    await this.#client.call('deleteWebhook', {}, { signal });
    this.#health.works();
    // Begun twice, as after an outage, it is one that asks all the same.
    if (this.#receiving) return;
    this.#receiving = true;
    const emoji = new CustomEmoji(this.#client);
    const told = { works: () => this.#health.works(), breaks: (error: AccountBroken) => this.#health.breaks(error) };
    void receive({ client: this.#client, position, emoji, self: this.remoteId, clock: this.#clock, log: this.#log, ...told }, signal);
  }

  async #tryAgain(position: Position, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(RECHECK_MS, signal);
      if (signal.aborted || this.#receiving) return;
      try {
        await this.#begin(position, signal);
        return;
      } catch (error) {
        if (!signal.aborted) this.#log.warn('Telegram still does not take the bot', { code: error instanceof DeliveryError ? error.code : 'unknown' });
      }
    }
  }

  /** Topic and answered message of a request. A thread on a message that began no topic goes as replies to that message. */
  #around({ conversation, replyTo, thread }: PartRequest): Fields {
    const root = thread === undefined ? undefined : placeOf(thread.root);
    const topic = root?.topic === true && root.chat === String(addressOf(conversation.id).chat_id) ? root.message : undefined;
    const target = replyTo !== undefined && /^-?\d+:t?\d+$/.test(replyTo) ? placeOf(replyTo) : root?.topic === false ? root : undefined;
    const elsewhere = target !== undefined && target.chat !== String(addressOf(conversation.id).chat_id);
    return defined({
      message_thread_id: topic,
      reply_parameters: target === undefined || elsewhere ? undefined : { message_id: target.message, allow_sending_without_reply: true },
    });
  }

  async #post(conversation: Target, call: Outgoing, around: Fields): Promise<unknown> {
    const options = { sending: true, ...(call.file && { file: call.file }) };
    return this.#health.watched(async () => {
      try {
        return await this.#client.call(call.method, { ...addressOf(conversation.id), ...around, ...call.values }, options);
      } catch (error) {
        if (!(error instanceof Migrated)) throw error;
        // Surely not sent: the group lives on under another id, and there messages are numbered anew.
        await this.#moved(conversation, error.to);
        return this.#client.call(call.method, { chat_id: Number(error.to), ...call.values }, options);
      }
    });
  }

  async #moved(conversation: Target, to: string): Promise<void> {
    const old = { id: conversation.id, scope: conversation.scope, kind: conversation.kind, perAccount: true };
    await this.#position?.accept([replaced(old, to, this.#clock.now())]);
  }

  #sent(message: unknown, conversation: Target): SendResult {
    const [chat, id] = [idOf(message, 'chat', 'id') ?? String(addressOf(conversation.id).chat_id), idOf(message, 'message_id')];
    if (id === undefined) throw new Uncertain('Telegram took the message without giving it an id.', 'no_id');
    return { id: messageId(chat, id), time: timeOf(message, 'date') || this.#clock.now(), state: 'confirmed' };
  }

  /** A poll that cannot be remembered is sent all the same: only its votes stay unknown. */
  async #remember(poll: Fields, message: unknown, id: RemoteId, conversation: Target): Promise<void> {
    const pollId = str(poll, 'id');
    const ref = conversationOf(at(message, 'chat')) ?? { id: conversation.id, scope: '', kind: conversation.kind, perAccount: conversation.kind === 'direct' };
    if (pollId === undefined) return;
    try {
      await this.#position?.remember(pollId, { id, conversation: { id: ref.id, scope: '', kind: ref.kind, perAccount: ref.perAccount }, options: optionIds(poll) });
    } catch (error) {
      this.#log.warn('A poll could not be remembered; its votes will not be shown', { code: error instanceof DeliveryError ? error.code : 'not_committed' });
    }
  }

  /** What stands below a file is no text to Telegram. */
  async #change(call: Outgoing, where: { readonly chat_id: number; readonly message_id: number }): Promise<unknown> {
    const options = call.file === undefined ? {} : { file: call.file };
    try {
      return await this.#client.call(call.method, { ...where, ...call.values }, options);
    } catch (error) {
      if (!(error instanceof Rejected) || error.code !== 'no_text') throw error;
      const { text, entities } = call.values;
      if (typeof text === 'string' && text.length > 1024) throw error;
      return this.#client.call('editMessageCaption', defined({ ...where, caption: text, caption_entities: entities }));
    }
  }

  /** A refusal that says that things are as they should be is none. */
  async #tolerant(code: string, call: () => Promise<unknown>): Promise<unknown> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof Rejected && error.code === code) return undefined;
      throw error;
    }
  }
}

/** The other side of a private chat, or a chat that speaks as itself, as `getChat` describes it. */
function personIn(chat: unknown, self: string): PersonRef | undefined {
  const id = idOf(chat, 'id');
  if (id === undefined) return undefined;
  return defined({
    id, scope: '', name: str(chat, 'title') ?? nameOf(chat), username: str(chat, 'username'),
    avatar: chatPicture(at(chat, 'photo')) ?? null, isSelf: id === self ? true : undefined,
  });
}

/** @throws Rejected `media_handle` */
function parseHandle(handle: string): Handle {
  let parsed: unknown;
  try {
    parsed = JSON.parse(handle);
  } catch {
    throw new Rejected('The reference to the file is damaged.', 'media_handle');
  }
  const id = str(parsed, 'id');
  if (id === undefined) throw new Rejected('The reference to the file is damaged.', 'media_handle');
  return defined({ id, name: str(parsed, 'name'), mime: str(parsed, 'mime'), size: num(parsed, 'size') });
}

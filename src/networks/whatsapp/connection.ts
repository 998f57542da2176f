import type { Capabilities } from '../../model/capabilities.ts';
import type { Clock } from '../../model/clock.ts';
import type { Content } from '../../model/content.ts';
import { DeliveryError, Rejected } from '../../model/errors.ts';
import type { RemoteId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { MediaSource, MediaStream } from '../../model/media.ts';
import type { Connection, ConnectOptions, ConversationFacts, PartRequest, RateKey, SendRequest, SendResult, Sink, Target } from '../network.ts';
import { Health } from '../shared/health.ts';
import { defined, list, str, type Fields } from '../shared/json.ts';
import { Recent } from '../shared/recent.ts';
import { WhatsAppApi, parseHandle } from './api.ts';
import { memberOf } from './decode/group.ts';
import { addressee, contentBody, reactionEmoji } from './encode/body.ts';
import { firstOf, plan, planWhole } from './encode/plan.ts';
import { aroundValue, filled } from './encode/template.ts';
import { fixFor } from './errors.ts';
import { groupChat, MADE_UP, normalId } from './ids.ts';
import { MAX_TEXT, PAIR, TEXT_ONLY, WINDOW_CLOSED, capabilitiesOf, checkWindow, windowOpen } from './limits.ts';
import { encode } from './markup.ts';
import { WhatsAppReach } from './reach.ts';
import { asAccount, asApp, type ClosedWindow, type WhatsAppAccount } from './settings.ts';

/** How often a token that Meta refuses is tried again; it may have been renewed on Meta's side. */
const RECHECK_MS = 60_000;
/** After this time a number that may not send is let try again: nothing but a send shows whether it may. */
const PARDON_MS = 30 * 60_000;
/** The codes that any call shows, and not only a send. */
const TOKEN_CODES = /^(?:0|33|803|100\/33|102|190|http_401)\b/;
/** Uploads whose message has not gone out yet; a retry then need not send the file again. */
const MAX_UPLOADS = 64;
/** The longest that a pin can be asked for. */
const PIN_DAYS = 30;

/** One business phone number. What comes in comes by webhook, so this only sends, and watches whether it may. */
export class WhatsAppConnection implements Connection {
  readonly remoteId: string;
  readonly reach: WhatsAppReach;
  readonly #api: WhatsAppApi;
  readonly #account: WhatsAppAccount;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #health = new Health({ sink: () => this.#sink, fixFor, broke: ({ code }) => void this.#recheck(TOKEN_CODES.test(code)) });
  readonly #uploads = new Recent<string>(MAX_UPLOADS);
  /** What goes while the window is closed; null: nothing. */
  readonly #template: ClosedWindow | null;
  /** Characters of the template itself; undefined until WhatsApp has told. */
  #around: number | undefined;
  #sink: Sink | undefined;
  #signal: AbortSignal | undefined;

  constructor(options: ConnectOptions) {
    this.#account = asAccount(options.settings);
    this.#api = new WhatsAppApi(asApp(options.appSettings), this.#account, options);
    this.reach = new WhatsAppReach({ api: this.#api, scope: this.#account.waba_id, watched: (call) => this.#health.watched(call) });
    this.#clock = options.clock;
    this.#log = options.log;
    this.remoteId = this.#account.phone_number_id;
    this.#template = this.#account.closed_window === 'refuse' ? null : this.#account.closed_window;
  }

  /** Webhooks arrive without our doing, so the account is live at once; whether the token works is looked at beside. */
  start(sink: Sink, signal: AbortSignal): Promise<void> {
    this.#sink = sink;
    this.#signal = signal;
    void this.#probe();
    return Promise.resolve();
  }

  async check(): Promise<void> {
    await this.#health.watched(() => this.#api.numberFacts());
  }

  capabilities(conversation: Target): Capabilities {
    return capabilitiesOf(conversation.kind);
  }

  plan(request: SendRequest): readonly Content[] {
    const isClosed = this.#template !== null && !windowOpen(request.conversation, this.#clock.now());
    return isClosed ? planWhole(request) : plan(request, this.#account.relay_prefix);
  }

  async send(request: PartRequest): Promise<SendResult> {
    if (!windowOpen(request.conversation, this.#clock.now())) return this.#sendClosed(request);
    const reply = repliesTo(request) ? { context: { message_id: request.replyTo } } : {};
    const { content, note } = this.#whole(request.content);
    return this.#health.watched(async () => {
      const media = request.media === undefined ? undefined : { id: await this.#upload(request.key, request.media), name: request.media.name };
      const result = await this.#post(request.conversation, request.key, { ...contentBody(content, media), ...reply });
      this.#uploads.delete(request.key);
      return { ...result, ...note };
    });
  }

  /** Only a template may go: the text becomes its value, and whoever wrote it hears what became of it. */
  async #sendClosed(request: PartRequest): Promise<SendResult> {
    const template = this.#template;
    if (template === null) throw new Rejected(WINDOW_CLOSED, 'window_closed');
    if (request.content.kind !== 'text') throw new Rejected(TEXT_ONLY, 'window_closed');
    const text = encode(request.content.text);
    if (text.trim() === '') throw new Rejected('WhatsApp takes no empty message.', 'empty');
    const { body, changes } = filled(template, text, await this.#aroundValue(template));
    // With a template no quote is shown (…/whatsapp/cloud-api/guides/send-messages#contextual-replies).
    const all = [...changes, ...(repliesTo(request) ? ['it does not show what it answers'] : [])];
    const result = await this.#health.watched(() => this.#post(request.conversation, request.key, body));
    if (all.length === 0) return result;
    return { ...result, note: `The other side has not written within 24 hours, so this went out inside the template "${template.template}": ${all.join('; ')}.` };
  }

  /** Asked once; a network that does not tell refuses what is too long, and says so. */
  async #aroundValue(template: ClosedWindow): Promise<number> {
    try {
      this.#around ??= aroundValue(await this.#api.templates(template.template), template);
      return this.#around;
    } catch (error) {
      if (error instanceof DeliveryError) return 0;
      throw error;
    }
  }

  /** A text that was left whole for a template, where the other side has written in the meantime. */
  #whole(content: Content): { readonly content: Content; readonly note?: { readonly note: string } } {
    if (this.#template === null || content.kind !== 'text' || encode(content.text).length <= MAX_TEXT) return { content };
    return { content: { ...content, text: firstOf(content.text) }, note: { note: `It was cut off: a message has at most ${MAX_TEXT} characters.` } };
  }

  /** …/whatsapp/cloud-api/groups/groups-messaging#pin-and-unpin-group-message: the business, as the admin of its groups, may. */
  async pin(conversation: Target, target: RemoteId, pinned: boolean, key: string): Promise<void> {
    if (conversation.kind === 'direct') throw new Rejected('WhatsApp’s API pins only in groups.', 'no_direct_pins');
    if (target.startsWith(MADE_UP)) throw new Rejected('WhatsApp gave the message no id, so it cannot be pinned.', 'no_target');
    const pin = pinned ? { type: 'pin', message_id: target, expiration_days: PIN_DAYS } : { type: 'unpin', message_id: target };
    await this.#health.watched(() => this.#api.pin({ ...addressee(conversation), type: 'pin', pin, biz_opaque_callback_data: key }));
  }

  /** Subject, description and members of a group; names come with what somebody writes. */
  async describe(conversation: Target): Promise<ConversationFacts> {
    const facts = await this.#health.watched(() => this.#api.group(conversation.id));
    const { scope } = conversation;
    const context = { contacts: [], scope, display: '', number: this.remoteId };
    return {
      conversation: defined({ ...groupChat(conversation.id, scope), title: str(facts, 'subject'), topic: str(facts, 'description') }),
      members: list(facts, 'participants').flatMap((member) => memberOf(context, member) ?? []),
    };
  }

  /** …/whatsapp/cloud-api/messages/reaction-messages: one a person; an empty emoji takes it away. */
  async react(conversation: Target, target: RemoteId, emoji: string | null, key: string): Promise<SendResult> {
    if (conversation.kind !== 'direct') throw new Rejected('WhatsApp’s API takes no reactions in groups.', 'no_group_reactions');
    if (target.startsWith(MADE_UP)) throw new Rejected('WhatsApp gave the message no id, so nothing can be put to it.', 'no_target');
    checkWindow(conversation, this.#clock.now());
    const reaction = { message_id: target, emoji: emoji === null ? '' : reactionEmoji(emoji) };
    return this.#health.watched(() => this.#post(conversation, key, { type: 'reaction', reaction }));
  }

  /** Hangs on the newest message that came in, and marks it as read; there is no "stopped", it ends by itself after 25 seconds. */
  async typing(conversation: Target, active: boolean): Promise<void> {
    const last = conversation.lastInbound;
    if (!active || last === undefined || last.id.startsWith(MADE_UP) || conversation.kind !== 'direct' || !windowOpen(conversation, this.#clock.now())) return;
    await this.#health.watched(() => this.#api.markRead(last.id, true));
  }

  async markRead(conversation: Target, upTo: RemoteId): Promise<void> {
    if (conversation.kind !== 'direct' || upTo.startsWith(MADE_UP)) return;
    await this.#health.watched(() => this.#api.markRead(upTo, false));
  }

  /** Nothing can be asked for by key; the key comes back in the status webhooks. */
  findSent(): Promise<'unknown'> {
    return Promise.resolve('unknown');
  }

  async openMedia(handle: string, signal: AbortSignal): Promise<MediaStream> {
    const { id, url, name } = parseHandle(handle);
    const found = await this.#health.watched(() => (id === undefined ? this.#api.downloadFrom(url ?? '', signal) : this.#api.download(id, signal)));
    return { ...found, ...(name !== undefined && { name }) };
  }

  rateKeys(conversation: Target): readonly RateKey[] {
    const { throughput, rate_scale: scale } = this.#account;
    const account = { key: `throughput:${this.remoteId}`, perSecond: throughput * scale, burst: Math.max(1, Math.ceil(throughput / 10)) };
    const pair = { key: `pair:${this.remoteId}:${conversation.id}`, perSecond: PAIR.perSecond * scale, burst: PAIR.burst, borrows: true };
    return conversation.kind === 'direct' ? [account, pair] : [account];
  }

  close(): Promise<void> {
    this.#sink = undefined;
    return this.#api.close();
  }

  async #post(conversation: Target, key: string, body: Fields): Promise<SendResult> {
    const { id, ids } = await this.#api.send({ ...addressee(conversation), ...body, biz_opaque_callback_data: key });
    const known = new Set([conversation.id, ...conversation.aliases]);
    const alias = conversation.kind === 'direct' ? ids.map(normalId).find((each) => !known.has(each)) : undefined;
    return {
      id: id as RemoteId,
      time: this.#clock.now(),
      state: 'accepted',
      ...(alias !== undefined && { learnt: { alias } }),
    };
  }

  async #upload(key: string, media: MediaSource): Promise<string> {
    const known = this.#uploads.get(key);
    if (known !== undefined) return known;
    const id = await this.#api.upload(media);
    this.#uploads.set(key, id);
    return id;
  }

  async #recheck(token: boolean): Promise<void> {
    while (this.#health.broken && this.#sink !== undefined && this.#signal?.aborted === false) {
      await this.#clock.sleep(token ? RECHECK_MS : PARDON_MS, this.#signal);
      if (this.#signal.aborted) return;
      if (token) await this.#probe();
      else this.#health.works();
    }
  }

  /** Never rejects: what is found out goes to the sink. */
  async #probe(): Promise<void> {
    try {
      await this.check();
    } catch (error) {
      const code = error instanceof DeliveryError ? error.code : 'unknown';
      this.#log.warn('WhatsApp did not answer for the phone number', { code });
    }
  }
}

function repliesTo({ replyTo }: PartRequest): boolean {
  return replyTo !== undefined && !replyTo.startsWith(MADE_UP);
}

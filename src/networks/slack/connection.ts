import type { Capabilities } from '../../model/capabilities.ts';
import type { Clock } from '../../model/clock.ts';
import { isMedia, type Content } from '../../model/content.ts';
import { AccountBroken, DeliveryError, Rejected, Uncertain } from '../../model/errors.ts';
import type { PersonRef } from '../../model/events.ts';
import type { Millis, RemoteId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { MediaSource, MediaStream } from '../../model/media.ts';
import { iamcalNames } from '../../text/emoji-names.ts';
import type { Connection, ConnectOptions, ConversationFacts, HistoryPage, PartRequest, RateKey, SendRequest, SendResult, Sink, Target } from '../network.ts';
import { Health } from '../shared/health.ts';
import { at, flag, list, str, type Fields } from '../shared/json.ts';
import { Recent } from '../shared/recent.ts';
import { SlackApi, fileIn } from './api.ts';
import { readHandle } from './decode/files.ts';
import { Directory } from './directory.ts';
import { type Args, captionArgs, speaker, textArgs } from './encode/body.ts';
import { plan, safeName, withName } from './encode/plan.ts';
import type { WriteOptions } from './encode/rich-text.ts';
import { fixFor } from './errors.ts';
import { findSent } from './find-sent.ts';
import { accountId, isChannel, isUser, messageId, millisOf, splitMessageId } from './ids.ts';
import { POSTS, WORKSPACE, capabilitiesOf } from './limits.ts';
import { describe, historyPage, type Asking } from './past.ts';
import { SlackReach } from './reach.ts';
import { Receiver } from './receiver.ts';
import { asAccount, asApp, type SlackAccount } from './settings.ts';

/** How often a token that Slack refuses is tried again. */
const RECHECK_MS = 60_000;
/** After this time an account that lacks a scope is let try again: nothing but a send shows whether it may. */
const PARDON_MS = 30 * 60_000;
/** How long Slack is asked where a file that it took has got to. */
const SHARE_TRIES = 40;
const SHARE_WAIT_MS = 250;

/** One installation of the app, or one person's own login. */
export class SlackConnection implements Connection {
  readonly remoteId: string;
  readonly reach: SlackReach;
  readonly #api: SlackApi;
  readonly #account: SlackAccount;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #health = new Health({ sink: () => this.#sink, fixFor, broke: ({ code }) => void this.#recheck(code === 'missing_scope' ? PARDON_MS : RECHECK_MS) });
  readonly #directory: Directory;
  readonly #receiver: Receiver;
  readonly #write: WriteOptions;
  readonly #uploads = new Recent<string>(64);
  readonly #files = new Recent<string>(1_000);
  readonly #opened = new Recent<string>(5_000);
  readonly #roots = new Recent<string>(5_000);
  #sink: Sink | undefined;
  #signal: AbortSignal | undefined;
  #mayCustomize = true;

  constructor(options: ConnectOptions) {
    const account = asAccount(options.settings);
    this.#account = account;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#api = new SlackApi({ url: asApp(options.appSettings).api_url, token: account.token, answered: options.answered, answerTimeoutMs: options.answerTimeoutMs });
    this.remoteId = accountId(account.team_id, account.user_id);
    this.#directory = new Directory(this.#api, account.team_id, account.user_id);
    this.reach = new SlackReach({
      api: this.#api, directory: this.#directory, scope: account.team_id, self: account.user_id, now: () => this.#clock.now(), watched: (call) => this.#health.watched(call),
    });
    this.#write = { hasEmoji: this.#directory.hasEmoji, ...(account.mention_everybody === 'off' ? {} : { everybody: account.mention_everybody }) };
    this.#receiver = new Receiver({ options, account, api: this.#api, directory: this.#directory, broken: (error) => this.#health.breaks(error), works: () => this.#health.works() });
  }

  async start(sink: Sink, signal: AbortSignal): Promise<void> {
    this.#sink = sink;
    this.#signal = signal;
    try {
      await this.#receiver.start(sink, signal, await this.#who());
      this.#health.works();
    } catch (error) {
      // A refused token is told; the account comes up when Slack takes it again.
      if (!(error instanceof AccountBroken)) throw error;
      this.#health.breaks(error);
    }
    void this.#directory.loadEmoji();
  }

  async check(): Promise<void> {
    await this.#health.watched(() => this.#api.call('auth.test'));
  }

  capabilities(): Capabilities {
    return capabilitiesOf(this.#account.kind);
  }

  plan(request: SendRequest): readonly Content[] {
    return plan(request, this.#canSpeakAs);
  }

  async send(request: PartRequest): Promise<SendResult> {
    return this.#health.watched(async () => {
      const { channel, learnt } = await this.#channelOf(request.conversation);
      const thread = await this.#threadOf(request, channel);
      if (request.media !== undefined) return { ...(await this.#sendFile(request, request.media, channel, thread)), ...learnt };
      if (isMedia(request.content)) throw new Rejected('The file is missing.', 'media_missing');
      return { ...this.#sent(await this.#post(request, channel, thread), channel), ...learnt };
    });
  }

  /** Without the scope for other names, the name goes into the text, from then on by the plan. */
  async #post(request: PartRequest, channel: string, thread: Args): Promise<Fields> {
    const args = (content: Content): Args => ({ channel, ...textArgs(content, request.key, this.#write), ...thread, unfurl_links: true, unfurl_media: true });
    const as = speaker(request, this.#canSpeakAs);
    try {
      return await this.#api.call('chat.postMessage', { ...args(request.content), ...as }, { sending: true });
    } catch (error) {
      if (!(error instanceof AccountBroken) || error.code !== 'missing_scope' || !('username' in as) || request.relay === null || request.content.kind !== 'text') throw error;
      const named = { ...request.content, text: withName(request.content.text, safeName(request.relay.name)) };
      const answer = await this.#api.call('chat.postMessage', args(named), { sending: true });
      this.#mayCustomize = false;
      this.#log.warn('The app lacks the scope chat:write.customize: names of those who write stand in their texts.');
      return answer;
    }
  }

  /** docs.slack.dev/reference/methods/chat.update; of a file only what stands above it can be changed. */
  async edit(request: PartRequest & { readonly target: RemoteId }): Promise<SendResult> {
    const { channel, ts } = this.#target(request.target);
    if (isMedia(request.content) && (request.content.caption ?? []).length === 0) return { id: request.target, time: this.#clock.now(), state: 'confirmed' };
    return this.#health.watched(async () => {
      // The same change a second time changes nothing, so a lost answer is simply tried again.
      const answer = await this.#api.call('chat.update', { channel, ts, ...textArgs(request.content, request.key, this.#write) });
      const edited = str(answer, 'message', 'edited', 'ts');
      if (edited !== undefined) this.#receiver.own(`edit:${channel}:${ts}:${edited}`);
      return { id: request.target, time: millisOf(edited) ?? this.#clock.now(), state: 'confirmed' };
    });
  }

  /** A file that was shared goes with its message. */
  async delete(_conversation: Target, target: RemoteId): Promise<void> {
    const { channel, ts } = this.#target(target);
    await this.#health.watched(async () => {
      const files = await this.#filesOf(channel, ts);
      await this.#done('chat.delete', { channel, ts }, ['message_not_found']);
      for (const file of files) await this.#done('files.delete', { file }, ['file_not_found', 'file_deleted', 'cant_delete_file', 'no_permission']).catch((error: unknown) => this.#log.debug('A file of a deleted message stays.', { error }));
    });
  }

  /** What a person put there in Slack itself is theirs, and stays. */
  async react(_conversation: Target, target: RemoteId, emoji: string | null, _key: string, gone?: string): Promise<SendResult> {
    const { channel, ts } = this.#target(target);
    const wanted = emoji === null ? null : reactionName(emoji);
    if (emoji !== null && wanted === null) throw new Rejected('Slack has no emoji like that.', 'not_emoji');
    const unwanted = gone === undefined ? null : reactionName(gone);
    return this.#health.watched(async () => {
      if (unwanted !== null && unwanted !== wanted) {
        await this.#echoed(`reaction_removed:${channel}:${ts}:${unwanted}`, 'reactions.remove', { channel, timestamp: ts, name: unwanted }, ['no_reaction', 'message_not_found']);
      }
      if (wanted !== null) await this.#echoed(`reaction_added:${channel}:${ts}:${wanted}`, 'reactions.add', { channel, timestamp: ts, name: wanted }, ['already_reacted']);
      return { id: target, time: this.#clock.now(), state: 'confirmed' };
    });
  }

  async pin(_conversation: Target, target: RemoteId, pinned: boolean): Promise<void> {
    const { channel, ts } = this.#target(target);
    const key = `${pinned ? 'pin_added' : 'pin_removed'}:${channel}:${ts}`;
    await this.#health.watched(() => this.#echoed(key, pinned ? 'pins.add' : 'pins.remove', { channel, timestamp: ts }, ['already_pinned', 'no_pin', 'not_pinned']));
  }

  /** Moves only the person's own place in the conversation. */
  async markRead(_conversation: Target, upTo: RemoteId): Promise<void> {
    if (this.#account.kind === 'bot') return;
    const { channel, ts } = this.#target(upTo);
    await this.#health.watched(() => this.#done('conversations.mark', { channel, ts }, []));
  }

  async describe(conversation: Target): Promise<ConversationFacts> {
    return this.#health.watched(async () => describe(this.#asking, (await this.#channelOf(conversation)).channel));
  }

  async profile({ id }: { readonly id: string; readonly scope: string }): Promise<PersonRef | null> {
    return this.#health.watched(() => this.#directory.person(id));
  }

  async history(conversation: Target, limit: number, before?: string): Promise<HistoryPage> {
    return this.#health.watched(async () => historyPage(this.#asking, (await this.#channelOf(conversation)).channel, limit, before));
  }

  async findSent(key: string, conversation: Target, since: Millis, place: Pick<SendRequest, 'thread' | 'replyTo'> = {}): Promise<SendResult | 'absent' | 'unknown'> {
    return this.#health.watched(async () => {
      const { channel } = await this.#channelOf(conversation);
      return findSent(this.#asking, channel, key, since, (await this.#threadOf(place, channel)).thread_ts);
    });
  }

  async openMedia(handle: string, signal: AbortSignal): Promise<MediaStream> {
    const { id, url, ask, open } = readHandle(handle);
    return this.#health.watched(async () => {
      if (open === true) return this.#api.picture(url ?? '', signal);
      const found = ask === true && id !== undefined ? fileIn(await this.#api.call('files.info', { file: id }, { signal })) : undefined;
      if (flag(found, 'is_external') || str(found, 'mode') === 'external') throw new Rejected('The file lies outside of Slack, so it was not fetched.', 'media_host');
      const address = str(found, 'url_private_download') ?? str(found, 'url_private') ?? url;
      if (address === undefined) throw new Rejected('Slack does not say where the file is.', 'media_gone');
      const stream = await this.#api.download(address, signal);
      const name = str(found, 'name');
      return name === undefined ? stream : { ...stream, name };
    });
  }

  rateKeys(conversation: Target): readonly RateKey[] {
    const scale = this.#account.rate_scale;
    return [
      { key: `workspace:${this.remoteId}`, perSecond: WORKSPACE.perSecond * scale, burst: WORKSPACE.burst },
      { key: `posts:${this.remoteId}:${conversation.id}`, perSecond: POSTS.perSecond * scale, burst: POSTS.burst },
    ];
  }

  async close(): Promise<void> {
    await this.#receiver.close();
    this.#sink = undefined;
    await this.#api.close();
  }

  get #canSpeakAs(): boolean {
    return this.#account.kind === 'bot' && this.#mayCustomize;
  }

  get #asking(): Asking {
    return { api: this.#api, directory: this.#directory, context: (historical) => this.#receiver.context(historical), clock: this.#clock };
  }

  /** Who the token is: ids that events name us by. */
  async #who(): Promise<{ readonly botId: string | undefined; readonly appId: string | undefined }> {
    const answer = await this.#api.call('auth.test');
    const { team_id: team, user_id: user } = this.#account;
    const found = `${str(answer, 'team_id') ?? '?'}/${str(answer, 'user_id') ?? '?'}`;
    if (found !== accountId(team, user) && str(answer, 'enterprise_id') !== team) {
      throw new AccountBroken(`The token is that of ${found}, the config says ${accountId(team, user)}.`, 'other_account');
    }
    const botId = str(answer, 'bot_id');
    const appId = botId === undefined ? undefined : str(await this.#api.call('bots.info', { bot: botId }).catch(() => undefined), 'bot', 'app_id');
    return { botId: this.#account.kind === 'bot' ? botId : undefined, appId: str(answer, 'app_id') ?? appId };
  }

  async #channelOf(conversation: Target): Promise<{ readonly channel: string; readonly learnt: Pick<SendResult, 'learnt'> }> {
    const ids = [conversation.id, ...conversation.aliases];
    const known = ids.find(isChannel) ?? this.#opened.get(conversation.id);
    if (known !== undefined) return { channel: known, learnt: {} };
    const user = ids.find(isUser);
    if (user === undefined) throw new Rejected('Slack knows no such conversation.', 'channel_not_found');
    const channel = str(await this.#api.call('conversations.open', { users: user }), 'channel', 'id');
    if (channel === undefined) throw new Rejected('Slack opened no chat with this person.', 'channel_not_found');
    this.#opened.set(conversation.id, channel);
    this.#directory.notePartner(channel, user);
    return { channel, learnt: { learnt: { alias: channel } } };
  }

  /** A thread hangs on its first message: an answer to an answer goes into the same one. */
  async #threadOf(request: Pick<SendRequest, 'thread' | 'replyTo'>, channel: string): Promise<{ readonly thread_ts?: string; readonly reply_broadcast?: true }> {
    const root = request.thread === undefined ? undefined : splitMessageId(request.thread.root)?.ts;
    if (root !== undefined) return { thread_ts: root, ...(request.thread?.broadcast === true ? { reply_broadcast: true } : {}) };
    const answered = request.replyTo === undefined ? undefined : splitMessageId(request.replyTo);
    if (answered === undefined || answered.channel !== channel) return {};
    const known = this.#roots.get(request.replyTo ?? '') ?? this.#receiver.rootOf(channel, answered.ts);
    if (known !== undefined) return { thread_ts: known };
    const answer = await this.#api.call('conversations.replies', { channel, ts: answered.ts, limit: 1 }).catch((error: unknown) => {
      if (error instanceof Rejected) return undefined;
      throw error;
    });
    const found = str(list(answer, 'messages')[0], 'thread_ts') ?? answered.ts;
    this.#roots.set(request.replyTo ?? '', found);
    return { thread_ts: found };
  }

  #sent(answer: Fields, channel: string): SendResult {
    const ts = str(answer, 'ts') ?? str(answer, 'message', 'ts');
    const time = millisOf(ts);
    if (ts === undefined || time === undefined) throw new Uncertain('Slack took the message without giving it an id.', 'no_ts');
    return { id: messageId(str(answer, 'channel') ?? channel, ts), time, state: 'confirmed' };
  }

  /** docs.slack.dev/messaging/working-with-files#upload: nobody sees the file before it is completed, and that only once. */
  async #sendFile(request: PartRequest, media: MediaSource, channel: string, thread: { readonly thread_ts?: string }): Promise<SendResult> {
    const caption = isMedia(request.content) ? request.content.caption : undefined;
    const known = this.#uploads.get(request.key);
    const file = known ?? (await this.#api.upload(media));
    this.#uploads.set(request.key, file);
    // An attempt before this one may have shared it.
    const before = known === undefined ? undefined : await this.#shareOf(file, channel, 1);
    if (before === undefined) {
      const args = { files: [{ id: file, title: media.name }], channel_id: channel, ...(thread.thread_ts === undefined ? {} : { thread_ts: thread.thread_ts }), ...captionArgs(caption, this.#write) };
      try {
        await this.#api.call('files.completeUploadExternal', args, { sending: true });
      } catch (error) {
        // What Slack does not answer it can be asked about.
        if (!(error instanceof Uncertain) || (await this.#shareOf(file, channel, 3).catch(() => undefined)) === undefined) throw error;
      }
    }
    const ts = before ?? (await this.#shareOf(file, channel, SHARE_TRIES));
    if (ts === undefined) throw new Uncertain('Slack took the file and does not say which message it is.', 'no_ts');
    this.#uploads.delete(request.key);
    this.#files.set(`${channel}:${ts}`, file);
    return { id: messageId(channel, ts), time: millisOf(ts) ?? this.#clock.now(), state: 'confirmed' };
  }

  /** A file is shared a moment after it is completed; only then is there a message. */
  async #shareOf(file: string, channel: string, tries: number): Promise<string | undefined> {
    const heard = (): string | undefined => this.#receiver.shareOf(file, channel);
    for (let tried = 0; tried < tries; tried += 1) {
      if (heard() !== undefined) return heard();
      const shares = at(fileIn(await this.#api.call('files.info', { file })), 'shares');
      const ts = [...list(shares, 'public', channel), ...list(shares, 'private', channel)].map((share) => str(share, 'ts')).find((found) => found !== undefined);
      if (ts !== undefined) return ts;
      if (tried + 1 < tries) await this.#clock.sleep(SHARE_WAIT_MS, this.#signal);
    }
    return heard();
  }

  async #filesOf(channel: string, ts: string): Promise<readonly string[]> {
    const known = this.#files.get(`${channel}:${ts}`);
    if (known !== undefined) return [known];
    const found = await this.#api.call('conversations.history', { channel, latest: ts, oldest: ts, inclusive: true, limit: 1 }).catch(() => undefined);
    const message = list(found, 'messages').find((each) => str(each, 'ts') === ts);
    return list(message, 'files').flatMap((each) => str(each, 'id') ?? []);
  }

  #target(target: RemoteId): { readonly channel: string; readonly ts: string } {
    const found = splitMessageId(target);
    if (found === undefined) throw new Rejected('The message is not there any more.', 'message_not_found');
    return found;
  }

  /** Something whose echo is no news. Where nothing was done there is none: what comes then is somebody's own doing. */
  async #echoed(key: string, method: string, args: Readonly<Record<string, unknown>>, fine: readonly string[]): Promise<void> {
    this.#receiver.own(key);
    try {
      await this.#api.call(method, args);
    } catch (error) {
      if (error instanceof Rejected) this.#receiver.notOwn(key);
      if (!(error instanceof Rejected && fine.includes(error.code))) throw error;
    }
  }

  /** `fine`: codes that say that it is as it should be already. */
  async #done(method: string, args: Readonly<Record<string, unknown>>, fine: readonly string[]): Promise<void> {
    try {
      await this.#api.call(method, args);
    } catch (error) {
      if (!(error instanceof Rejected && fine.includes(error.code))) throw error;
    }
  }

  async #recheck(every: Millis): Promise<void> {
    const signal = this.#signal;
    while (this.#health.broken && this.#sink !== undefined && signal?.aborted === false) {
      await this.#clock.sleep(every, signal);
      if (signal.aborted || !this.#health.broken) return;
      try {
        const who = await this.#who();
        if (this.#sink !== undefined) await this.#receiver.start(this.#sink, signal, who);
        this.#health.works();
      } catch (error) {
        if (!(error instanceof DeliveryError)) this.#log.warn('Slack did not answer for the account.', { error });
      }
    }
  }
}

/** An emoji by Slack's name for it, or a custom one by its own; null where there is none. */
function reactionName(emoji: string): string | null {
  return /^:([^\s:]{1,100}(?:::skin-tone-[2-6](?:-[2-6])?)?):$/.exec(emoji)?.[1] ?? iamcalNames.name(emoji);
}


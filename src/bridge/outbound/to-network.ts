import type { Clock } from '../../model/clock.ts';
import { type Content, isMedia } from '../../model/content.ts';
import { AccountBroken, Rejected, Retry, Uncertain, Unreachable } from '../../model/errors.ts';
import type { AccountId, EventId, Millis, RemoteId, RoomRow } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Inline, RichText } from '../../model/richtext.ts';
import type { Connection, Relay, SendRequest, SendResult, Target } from '../../networks/network.ts';
import { type Effect, type MapRow, type NetworkTask, type OutboxItem, type OutOutcome, partKey, type Portal, type Store, StoreBusy } from '../../store/store.ts';
import { targetOf } from '../deciding.ts';
import { STOPPED } from '../kinds/consent.ts';
import { standsAt } from '../kinds/shared.ts';
import type { Turn } from '../lanes/lanes.ts';
import type { Outages } from '../outages.ts';
import { whereTo } from '../reports/place.ts';
import { notice, report, statusEvent } from '../reports/report.ts';
import { keyOf } from '../keys.ts';
import type { DeliverySettings } from '../settings.ts';
import { backoff, type Failure, failureOf } from './failure.ts';
import type { NetworkMedia } from './network-media.ts';
import type { Rates } from './rates.ts';
import { notTaken, takenAfterAll } from './reactions.ts';
import { sentInto, threadOf } from './threads.ts';

/** An account as the core holds it. */
export interface LiveAccount {
  readonly id: AccountId;
  readonly networkName: string;
  readonly connection: Connection;
  /** Null until it is live. */
  readonly liveSince: Millis | null;
  /** Rejects while the account does not work. */
  probe(): Promise<void>;
}

export interface ToNetworkDeps {
  readonly store: Store;
  readonly account: (id: AccountId) => LiveAccount | null;
  readonly media: NetworkMedia;
  /** An address of somebody's picture that the network can fetch. */
  readonly portrait: (mxc: string) => string | null;
  readonly rates: Rates;
  readonly outages: Outages;
  readonly settings: DeliverySettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly wake: (lanes: readonly string[]) => void;
  readonly step: (name: string) => void;
  readonly count: (outcome: string, row: OutboxItem) => void;
  /** Rooms beside its own where it is told that a row has failed. */
  readonly alsoTold: (row: OutboxItem) => readonly RoomRow[];
  /** Tells the account's owners, once, that it does not work. */
  readonly accountBroken: (account: AccountId, reason: string) => void;
  /** A send waits this many milliseconds for its rate limit. */
  readonly limited: (account: AccountId, ms: Millis) => void;
  readonly signal: AbortSignal;
}

/** Works `out:p…` lanes: one row, one part, one call to the network, under the key that is stored with it. */
export class ToNetwork {
  readonly #deps: ToNetworkDeps;

  constructor(deps: ToNetworkDeps) {
    this.#deps = deps;
  }

  async turn(lane: string): Promise<Turn> {
    const { store, clock, outages, settings } = this.#deps;
    const row = store.outHead(lane);
    if (row === null) return 'empty';
    const now = clock.now();
    const portal = row.portal === null ? null : store.portal(row.portal);
    const account = row.account === null ? null : this.#deps.account(row.account);
    if (portal === null || account === null) {
      const reason = `The account ${row.account} is not there any more: it was logged out, or is no longer in the config.`;
      // What may have been sent is not said to be lost.
      if (row.state === 'ready' || row.room === null) await this.#settle(row, { to: 'dead', code: 'no_account', reason });
      else await this.#settle(row, { to: 'asked', code: 'no_account', reason }, report(row, row.room, row.account ?? '', { state: 'asked', reason }));
      return 'more';
    }
    if (row.task?.to !== 'network') {
      await this.#settle(row, { to: 'dead', code: 'damaged', reason: 'it was damaged in the bridge’s database.' });
      return 'more';
    }
    if (outages.isDown(account.id)) return this.#tooOld(row, now) ? this.#giveUp(row, account) : { until: now + 1_000 };
    if (row.dueAt > now) return { until: row.dueAt };
    if (row.state === 'ready' && this.#tooOld(row, now)) return this.#giveUp(row, account);
    if (row.state === 'ready' && isUnwanted(row, portal)) {
      await this.#settle(row, { to: 'dead', code: 'stopped', reason: STOPPED });
      return 'more';
    }
    try {
      return row.state === 'ready' ? await this.#send(row, row.task, portal, account) : await this.#resolve(row, portal, account, settings, now);
    } catch (error) {
      // Nothing can be written now; the row stands as it was, and is looked into when the lane comes again.
      if (error instanceof StoreBusy) throw error;
      await this.#kept(() => (row.state === 'ready' ? this.#failed(row, account, error) : this.#notTold(row, account, error)));
      return 'more';
    }
  }

  /** What the network has answered is known here alone until it is written down, however long that takes: else nobody could tell whether to send it again. */
  async #kept(write: () => Promise<void>): Promise<void> {
    const { clock, signal } = this.#deps;
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (!(error instanceof StoreBusy) || signal.aborted) throw error;
        await clock.sleep(1_000, signal);
      }
    }
  }

  #tooOld(row: OutboxItem, now: Millis): boolean {
    return now - row.createdAt > this.#deps.settings.maxAge;
  }

  /** What may have been sent is not said to be lost. */
  async #giveUp(row: OutboxItem, account: LiveAccount): Promise<Turn> {
    const reason = row.reason ?? 'It waited too long.';
    if (row.state === 'ready') await this.#settle(row, { to: 'dead', code: 'too_old', reason });
    else await this.#settle(row, { to: 'asked', code: 'too_old', reason }, this.#reportOf(row, account, 'asked', reason));
    return 'more';
  }

  async #send(row: OutboxItem, task: NetworkTask, portal: Portal, account: LiveAccount): Promise<Turn> {
    const { rates, store } = this.#deps;
    const target = targetOf(portal.conversation);
    const { connection } = account;
    const prepared = task.kind === 'message' ? await this.#deps.media.ready(row, task, connection.capabilities(target).media, this.#deps.signal) : null;
    const gone = this.#targetMissing(row, task, portal);
    if (gone !== null) {
      await this.#settle(row, gone);
      return 'more';
    }
    this.#deps.step('network.prepared');
    const wait = rates.take(connection.rateKeys(target));
    if (wait !== null) {
      this.#deps.limited(account.id, wait - this.#deps.clock.now());
      return { until: wait };
    }
    if (!await store.begin(row)) {
      if (prepared !== null) await this.#deps.media.over(prepared.task);
      return 'more';
    }
    this.#deps.step('network.begun');
    const result = await this.#call(row, prepared?.task ?? task, portal, target, connection, prepared?.media);
    this.#deps.step('network.sent');
    await this.#kept(() => this.#sent(row, portal, account, result));
    if (prepared !== null) await this.#deps.media.over(prepared.task);
    return 'more';
  }

  /** What belongs to a message that is being asked about, or whose file is still on its way, waits beside its lane until that is known. */
  #targetMissing(row: OutboxItem, task: NetworkTask, portal: Portal): OutOutcome | null {
    const { store, clock, settings } = this.#deps;
    if (task.kind === 'message') return null;
    const whole = task.kind === 'reaction' || task.kind === 'pin';
    const part = whole ? 0 : task.part;
    if (store.mapOf(portal.row, task.target).some(({ outPart }) => whole || outPart === part)) return null;
    const open = store.outboxOf(task.target).some((of) => of.portal === portal.row && (of.state === 'asked' || (of.state === 'parked' && of.kind === 'message')) && standsAt(of, task.target).part === part);
    const key = whole ? `e:${portal.row}:${task.target}` : partKey(portal.row, part, task.target);
    if (open && row.code !== 'target_missing') return { to: 'parked', key, until: clock.now() + settings.maxAge };
    return task.kind === 'deletion' ? { to: 'cancelled', reason: 'What it deletes never got there.' }
      : { to: 'dead', code: 'target_missing', reason: 'the message it belongs to did not get there.' };
  }

  async #call(row: OutboxItem, task: NetworkTask, portal: Portal, target: Target, connection: Connection, media: Parameters<Connection['send']>[0]['media']): Promise<SendResult | null> {
    const remote = (event: EventId): RemoteId | undefined => this.#deps.store.mapOf(portal.row, event)[0]?.remoteId;
    switch (task.kind) {
      case 'message': {
        const place = this.#placeOf(portal, task);
        const lost = (task.replyTo !== undefined && place.replyTo === undefined) || (task.thread !== undefined && place.thread === undefined);
        const content = lost ? sayingReply(task.content, target, connection) : task.content;
        return connection.send({
          key: row.key, conversation: target, content, relay: this.#speaker(row, task.relay, connection, target),
          ...place, ...(media === undefined ? {} : { media }),
        });
      }
      case 'reaction': {
        const of = remote(task.target);
        if (of === undefined || connection.react === undefined) throw new Rejected('the message it belongs to did not get there.', 'target_missing');
        return connection.react(target, of, task.emoji, row.key, task.gone);
      }
      case 'pin': {
        const of = remote(task.target);
        if (of === undefined) throw new Rejected('the message it belongs to did not get there.', 'target_missing');
        if (connection.pin === undefined) throw new Rejected('nothing can be pinned there.', 'unsupported');
        await connection.pin(target, of, task.pinned, row.key);
        return null;
      }
      case 'edit': {
        const of = this.#partOf(portal, task.target, task.part);
        if (of === undefined || connection.edit === undefined) throw new Rejected('the message it belongs to did not get there.', 'target_missing');
        return connection.edit({ key: row.key, conversation: target, content: task.content, relay: this.#speaker(row, task.relay, connection, target), target: of });
      }
      case 'deletion': {
        const of = this.#partOf(portal, task.target, task.part);
        if (of === undefined) throw new Rejected('the message it belongs to did not get there.', 'target_missing');
        if (connection.delete === undefined) throw new Rejected('nothing can be deleted there.', 'unsupported');
        await connection.delete(target, of, row.key);
        return null;
      }
    }
  }

  #placeOf(portal: Portal, task: Extract<NetworkTask, { kind: 'message' }>): Pick<SendRequest, 'thread' | 'replyTo'> {
    const replyTo = task.replyTo === undefined ? undefined : this.#deps.store.mapOf(portal.row, task.replyTo)[0]?.remoteId;
    const root = threadOf(this.#deps.store, portal, task);
    return { ...(replyTo === undefined ? {} : { replyTo }), ...(root === undefined ? {} : { thread: { root } }) };
  }

  /** With their picture, where the network shows whoever speaks through an account. */
  #speaker(row: OutboxItem, relay: { readonly name: string } | null, connection: Connection, target: Target): Relay | null {
    if (relay === null || row.room === null || row.sender === null || connection.capabilities(target).out.impersonation.level === 'none') return relay;
    const picture = this.#deps.store.member(row.room, row.sender)?.picture ?? null;
    const avatarUrl = picture === null ? null : this.#deps.portrait(picture);
    return avatarUrl === null ? relay : { ...relay, avatarUrl };
  }

  #partOf(portal: Portal, event: EventId, part: number): RemoteId | undefined {
    return this.#mapOf(portal, event, part)?.remoteId;
  }

  #mapOf(portal: Portal, event: EventId, part: number): MapRow | undefined {
    return this.#deps.store.mapOf(portal.row, event).find(({ outPart }) => outPart === part);
  }

  async #sent(row: OutboxItem, portal: Portal, account: LiveAccount, result: SendResult | null): Promise<void> {
    const { clock, settings } = this.#deps;
    const effects: Effect[] = [];
    if (result !== null && row.event !== null && row.kind !== 'reaction') {
      const { event: eventId, part: outPart } = standsAt(row, row.event);
      const task = row.task?.to === 'network' && row.task.kind === 'message' ? row.task : null;
      const root = task === null ? undefined : threadOf(this.#deps.store, portal, task);
      effects.push({ do: 'map', row: {
        portal: portal.row, eventId, outPart, remoteId: result.id, inPart: 0, remoteTime: result.time, origin: 'matrix', author: row.sender ?? '', thread: root ?? null,
      } }, ...(task === null ? [] : sentInto(portal, task, root, eventId)));
    }
    const gone = row.task?.to === 'network' && row.task.kind === 'deletion' ? this.#mapOf(portal, row.task.target, row.task.part) : undefined;
    if (gone !== undefined) {
      // Other events that show the same message of the network go when it tells of the deletion.
      effects.push({ do: 'unmap', portal: portal.row, remoteId: gone.remoteId, ...(gone.origin === 'network' ? { part: gone.inPart } : {}) });
    }
    if (result?.learnt?.alias !== undefined) effects.push({ do: 'alias', conversation: portal.conversation.row, alias: result.learnt.alias });
    if (result?.note !== undefined && row.event !== null) effects.push(notice(portal.room, `ℹ️ ${this.#whereTo(row, account)}: ${result.note}`, keyOf('note', row.key), row.event));
    effects.push(...takenAfterAll(this.#deps.store, row, result?.time ?? clock.now()));
    if (settings.statusEvents && row.part === row.parts - 1) {
      // Of a chat with one person it will be told that it has reached them.
      const delivered = result?.state === 'accepted' && portal.conversation.kind === 'direct' ? { deliveredTo: [] } : {};
      effects.push(...statusEvent(row, portal.room, this.#whereTo(row, account), 'SUCCESS', delivered));
    }
    await this.#settle(row, { to: result?.state ?? 'confirmed', remoteId: result?.id ?? gone?.remoteId ?? null, at: result?.time ?? clock.now() }, effects);
  }

  /** A send whose outcome nobody knows: the network is asked where it can be, then a delivery event awaited, then the policy. */
  async #resolve(row: OutboxItem, portal: Portal, account: LiveAccount, settings: DeliverySettings, now: Millis): Promise<Turn> {
    if (account.liveSince === null) return { until: now + 500 };
    const found = await this.#ask(row, portal, account, now);
    if (found === 'absent') {
      await this.#settle(row, { to: 'ready', dueAt: now, tried: true, code: 'absent', reason: 'It had not been sent.' });
      return 'more';
    }
    if (found !== 'unknown') {
      await this.#sent(row, portal, account, found);
      return 'more';
    }
    const until = Math.max(account.liveSince, row.sentAt ?? 0) + settings.settleWait;
    if (now < until) {
      if (row.dueAt < until) await this.#deps.store.settleOut(row.seq, { to: 'uncertain', dueAt: until, code: row.code ?? 'uncertain', reason: row.reason ?? '' }, []);
      return { until };
    }
    if (settings.uncertain === 'retry') await this.#settle(row, { to: 'ready', dueAt: now, tried: true, code: 'uncertain', reason: 'Sent again: nobody could tell.' });
    else await this.#settle(row, { to: 'asked', code: row.code ?? 'uncertain', reason: row.reason ?? 'the answer was lost.' }, this.#reportOf(row, account, 'asked', row.reason ?? 'the answer was lost.'));
    return 'more';
  }

  /** A network that will not tell, or cannot for as long as an item may block, is one that cannot be asked. */
  async #ask(row: OutboxItem, portal: Portal, account: LiveAccount, now: Millis): ReturnType<Connection['findSent']> {
    try {
      const place = row.task?.to === 'network' && row.task.kind === 'message' ? this.#placeOf(portal, row.task) : undefined;
      return await account.connection.findSent(row.key, targetOf(portal.conversation), row.sentAt ?? row.createdAt, place);
    } catch (error) {
      const passes = (error instanceof Retry || error instanceof Uncertain) && now - (row.sentAt ?? row.createdAt) < this.#deps.settings.maxBlock;
      if (passes || error instanceof Unreachable || error instanceof AccountBroken) throw error;
      this.#deps.log.warn('A network did not say whether it has a message.', { seq: row.seq, account: account.id, error });
      return 'unknown';
    }
  }

  /** The network could not be asked now: the row is as uncertain as before, and is never sent on that account. */
  async #notTold(row: OutboxItem, account: LiveAccount, error: unknown): Promise<void> {
    const { clock, settings } = this.#deps;
    const failure = failureOf(error, row, clock.now(), settings);
    this.#noteDown(failure, account);
    const dueAt = failure.settle.to === 'ready' ? failure.settle.dueAt : clock.now() + backoff(row.tries);
    await this.#settle(row, { to: 'uncertain', dueAt, code: row.code ?? 'uncertain', reason: row.reason ?? 'the answer was lost.' });
  }

  #noteDown(failure: Failure, account: LiveAccount): void {
    if (!('sideDown' in failure)) return;
    if (failure.broken) this.#deps.accountBroken(account.id, failure.sideDown);
    else this.#deps.outages.down(account.id, failure.sideDown, () => account.probe());
  }

  async #failed(row: OutboxItem, account: LiveAccount, error: unknown): Promise<void> {
    const { log, clock, settings, store } = this.#deps;
    const failure = failureOf(error, row, clock.now(), settings);
    this.#noteDown(failure, account);
    if ('bug' in failure) log.error('A bug met a row on its way to a network.', { seq: row.seq, kind: row.kind, account: account.id, error });
    else log.warn('A row did not reach its network.', { seq: row.seq, kind: row.kind, account: account.id, error });
    const begun = store.outboxRow(row.seq)?.state !== 'ready';
    const settle: OutOutcome = failure.settle.to === 'uncertain' && !begun
      ? { to: 'ready', dueAt: clock.now() + 1_000, tried: true, code: failure.settle.code, reason: failure.settle.reason } : failure.settle;
    await this.#settle(row, settle, settle.to === 'dead' ? this.#reportOf(row, account, 'dead', settle.reason) : []);
  }

  #reportOf(row: OutboxItem, account: LiveAccount, state: 'dead' | 'asked', reason: string): readonly Effect[] {
    if (row.room === null) return [];
    return [
      ...report(row, row.room, this.#whereTo(row, account), { state, reason }, this.#deps.alsoTold(row)),
      ...(this.#deps.settings.statusEvents && state === 'dead' ? statusEvent(row, row.room, this.#whereTo(row, account), 'FAIL_PERMANENT', { reason }) : []),
    ];
  }

  #whereTo({ portal: of, room, account: id }: OutboxItem, account: LiveAccount | null): string {
    const { store } = this.#deps;
    const name = account?.networkName ?? id ?? '';
    const portal = of === null ? null : store.portal(of);
    return portal === null || room === null ? name : whereTo(portal, store.portalsOf(room), name);
  }

  async #settle(row: OutboxItem, outcome: OutOutcome, effects: readonly Effect[] = []): Promise<void> {
    const told = outcome.to === 'dead' && effects.length === 0 && row.room !== null
      ? report(row, row.room, this.#whereTo(row, this.#deps.account(row.account ?? ('' as AccountId))), { state: 'dead', reason: outcome.reason }, this.#deps.alsoTold(row)) : effects;
    const lanes = await this.#deps.store.settleOut(row.seq, outcome, outcome.to === 'dead' ? [...told, ...notTaken(this.#deps.store, row)] : told);
    this.#deps.step('network.settled');
    if (outcome.to !== 'ready') this.#deps.count(outcome.to, row);
    this.#deps.wake(lanes);
  }
}

/** Somebody asked not to be bridged while this waited. What the bridge itself tells them comes of no event; and to take something back says nothing. */
function isUnwanted({ event, kind }: OutboxItem, { conversation }: Portal): boolean {
  return conversation.stopped !== undefined && event !== null && kind !== 'deletion';
}

/** An answer to something that is not there says so, where it still fits into one message. */
function sayingReply(content: Content, conversation: Target, connection: Connection): Content {
  const mark: Inline = { t: 'italic', children: [{ t: 'text', text: '↩️ in reply to a message that is not here' }] };
  const text = content.kind === 'text' ? content.text : isMedia(content) ? (content.caption ?? []) : null;
  if (text === null) return content;
  const marked: RichText = [{ t: 'paragraph', children: [mark] }, ...text];
  const parts = connection.plan({ conversation, content: content.kind === 'text' ? { ...content, text: marked } : { ...content, caption: marked } as Content, relay: null });
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : content;
}

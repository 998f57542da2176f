import type { Clock } from '../../model/clock.ts';
import type { DeliveryEvent } from '../../model/events.ts';
import type { AccountId, EventId, RoomRow, UserId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import { namedIn } from '../../model/named.ts';
import { Damaged, deliveredKey, type Effect, StoreBusy, type InboxItem, type Person, type Portal, type RemoteContext, Stale, type Store } from '../../store/store.ts';
import { type Deciding, type Decision, type Live, toAdmins } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import { delivery, deliveredTo } from '../kinds/delivery.ts';
import { decideMatrix, decideNetwork, eventsOf, remoteIdsOf } from '../kinds/table.ts';
import type { Turn } from '../lanes/lanes.ts';
import type { Faces } from '../people/faces.ts';
import { whereTo } from '../reports/place.ts';
import { notice, refusal } from '../reports/report.ts';
import { PINNED } from '../outbound/pins.ts';
import { threadOf } from '../outbound/threads.ts';

export interface InLanesDeps {
  readonly store: Store;
  readonly deciding: () => Deciding;
  readonly clock: Clock;
  readonly log: Logger;
  readonly live: (outputs: readonly Live[]) => void;
  readonly wake: (lanes: readonly string[]) => void;
  readonly step: (name: string) => void;
  readonly count: (outcome: string, item: InboxItem) => void;
  /** While a room is compared with its history its lane waits. */
  readonly held: (room: RoomRow) => boolean;
  readonly faces: Faces;
}

/** How long what somebody says waits for their name. */
const NAME_WAIT = 3_000;
const DAMAGED = 'It was damaged in the bridge’s database.';

/** Works `in:` and `status:` lanes: item and context in, outbox rows out, one commit, no I/O. */
export class InLanes {
  readonly #deps: InLanesDeps;

  constructor(deps: InLanesDeps) {
    this.#deps = deps;
  }

  async turn(lane: string): Promise<Turn> {
    const { store, clock } = this.#deps;
    let item: InboxItem | null;
    try {
      item = store.inHead(lane);
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      return this.#damaged(lane, error.item);
    }
    if (item === null) return 'empty';
    if (item.body.side === 'matrix' && this.#deps.held(item.body.room)) return { until: clock.now() + 250 };
    if (item.dueAt > clock.now()) return { until: item.dueAt };
    try {
      return await this.#handle(lane, item);
    } catch (error) {
      // What it was decided on has gone on meanwhile: it is decided again.
      if (error instanceof Stale) return 'more';
      throw error;
    }
  }

  /** Kept, so that an administrator sees it; whoever wrote it hears of it, or the room that it was for. */
  async #damaged(lane: string, item: Damaged['item']): Promise<Turn> {
    const { seq, source } = item;
    this.#deps.log.error('An item does not open; it is kept.', { lane, seq, source });
    const text = `⚠️ An item of ${source} was damaged in the database and cannot be handled.`;
    await this.#settle(item, this.#kept({ code: 'damaged', reason: DAMAGED }, text, `damaged ${seq}`, this.#missed(item)));
    return 'more';
  }

  #missed({ seq, room, event, conversation, person }: Damaged['item']): readonly Effect[] {
    const { store } = this.#deps;
    if (room !== null) return event === null || store.portalsOf(room).length === 0 ? [] : [refusal(room, event, `Not delivered: ${DAMAGED} Send it again.`)];
    const context = conversation === null ? null : store.remoteContext(conversation, person, []);
    if (context === null || context.portal === null) return [];
    return [notice(context.portal.room, `⚠️ Something from ${context.person?.name ?? 'this chat'} cannot be shown: ${DAMAGED}`, keyOf('damaged', seq))];
  }

  /** Dead, and the administrators hear of it: where they have no room with the bot yet, once they have. */
  #kept(why: { readonly code: string; readonly reason: string }, text: string, key: string, here: readonly Effect[]): Decision {
    const told = toAdmins(this.#deps.deciding(), text, key);
    return told.outcome.to === 'again' ? told : { outcome: { to: 'dead', ...why }, effects: [...told.effects, ...here] };
  }

  async #handle(lane: string, item: InboxItem): Promise<Turn> {
    const { log } = this.#deps;
    let decision: Decision;
    try {
      if (lane.startsWith('status:') && item.body.side === 'network' && item.body.event.type === 'delivery') return await this.#delivery(item, item.body.event);
      decision = this.#decide(item);
      this.#deps.step('in.decided');
      await this.#settle(item, decision);
    } catch (error) {
      if (error instanceof StoreBusy || error instanceof Stale) throw error;
      // Also what was decided but cannot be written down: at the head of its lane it would come again for ever.
      log.error('A bug met an item in its lane; it is kept.', { lane, seq: item.seq, key: item.key, error });
      decision = this.#bug(item);
      await this.#settle(item, decision);
    }
    this.#deps.step('in.settled');
    if (decision.live) this.#deps.live(decision.live);
    if (decision.outcome.to === 'done' || decision.outcome.to === 'dead') this.#deps.count(decision.ignored ?? decision.outcome.to, item);
    return decision.outcome.to === 'hold' ? { until: decision.outcome.until } : 'more';
  }

  async #settle({ seq }: Pick<InboxItem, 'seq'>, { outcome, effects }: Decision): Promise<void> {
    this.#deps.wake(await this.#deps.store.settleIn(seq, outcome, effects));
  }

  /** The sender hears of it where there is one here, the administrators in any case. */
  #bug({ seq, source, body }: InboxItem): Decision {
    const here = body.side === 'matrix' && body.event.state_key === undefined && !this.#deps.deciding().isOurs(body.event.sender) && this.#deps.store.portalsOf(body.room).length > 0
      ? [refusal(body.room, body.event.event_id as EventId, 'Not delivered: an error of the bridge itself. Its administrator finds it in the log.')] : [];
    const text = `⚠️ An item of ${source} met an error of the bridge itself and is kept. To try it again: retry r${seq}`;
    return this.#kept({ code: 'bug', reason: 'An error of the bridge itself; the log has it.' }, text, `bug ${seq}`, here);
  }

  #decide(item: InboxItem): Decision {
    const { store } = this.#deps;
    const deciding = this.#deps.deciding();
    const { body } = item;
    if (body.side === 'matrix') {
      const decision = decideMatrix(body.event, store.roomContext(body.room, body.event.sender as UserId, eventsOf(body.event, body.event.type === PINNED ? (store.room(body.room)?.pinned ?? []) : [])), deciding, item.receivedAt);
      return body.doubtful ? { ...decision, effects: doubtful(decision.effects) } : decision;
    }
    const context = body.conversation === null ? null : store.remoteContext(body.conversation, body.person, remoteIdsOf(item), namedIn(body.event).map(({ id }) => id));
    if (context !== null && this.#toBeNamed(item, body.account, context)) return { outcome: { to: 'hold', until: this.#deps.clock.now() + 150 }, effects: [] };
    return decideNetwork(item, context, deciding);
  }

  /** Whether a name is on its way that this would better be shown with. */
  #toBeNamed({ receivedAt }: InboxItem, account: AccountId, { person, mentioned }: RemoteContext): boolean {
    const people = [...(person === null ? [] : [person]), ...Object.values(mentioned)].filter(({ stopped }) => stopped === undefined);
    return this.#deps.faces.learn(account, people) && this.#deps.clock.now() < receivedAt + NAME_WAIT;
  }

  async #delivery(item: InboxItem, event: DeliveryEvent): Promise<Turn> {
    const { store, wake, clock } = this.#deps;
    const deciding = this.#deps.deciding();
    const account = item.body.side === 'network' ? item.body.account : null;
    const rows = account === null ? [] : store.deliveryRows(account, event.key, event.id);
    const until = item.receivedAt + deciding.settings.echoWait;
    if (account !== null && rows.length === 0 && clock.now() < until) {
      // Perhaps the answer that names the message is still on its way.
      wake(await store.settleIn(item.seq, { to: 'park', key: deliveredKey(account, event.id), until }, []));
      return 'more';
    }
    const portal = rows[0]?.portal == null ? null : store.portal(rows[0].portal);
    const person = portal === null ? null : this.#readerOf(event, portal);
    const decision = delivery(event, {
      rows, portal, person, recipient: person === null ? null : deciding.userIdOf(person), events: portal === null ? [] : store.mapOfRemote(portal.row, event.id).map(({ eventId }) => eventId),
      networkName: portal === null ? '' : whereTo(portal, store.portalsOf(portal.room), deciding.adapter(portal.account)?.name ?? portal.account), statusEvents: deciding.settings.statusEvents, alsoTold: (row) => deciding.alsoTold(row),
      threadOf: ({ task }) => (portal !== null && task?.to === 'network' && task.kind === 'message' ? threadOf(store, portal, task) : undefined),
    });
    const { to, remoteId } = deliveredTo(event);
    const deliveries = decision.settle.map(({ seq, state }) => ({
      seq, from: state, to, remoteId, at: event.time, ...(event.failure ? { code: event.failure.code, reason: event.failure.reason } : {}),
    }));
    wake(await store.settleDelivery(item.seq, deliveries, decision.effects));
    this.#deps.step('status.settled');
    if (decision.live) this.#deps.live(decision.live);
    this.#deps.count(decision.ignored ?? 'delivery', item);
    return 'more';
  }

  /** Whose ghost reads: the person of a direct chat, in a group the one who is named. */
  #readerOf({ recipient }: DeliveryEvent, { conversation }: Portal): Person | null {
    const { store } = this.#deps;
    if (conversation.kind === 'direct') return conversation.person === null ? null : store.person(conversation.person);
    return recipient === undefined ? null : store.personById(conversation.network, recipient.scope, recipient.id);
  }
}

/** What may have been sent before is looked into rather than sent, and no command is run twice. */
function doubtful(effects: readonly Effect[]): readonly Effect[] {
  return effects.flatMap((effect): readonly Effect[] => {
    if (effect.do !== 'send') return [effect];
    if (effect.row.task.to === 'network') return [{ do: 'send', row: { ...effect.row, doubtful: true } }];
    return effect.row.task.kind === 'command' ? [] : [effect];
  });
}

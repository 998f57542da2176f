import type { Clock } from '../../model/clock.ts';
import { DeliveryError, Rejected, Retry } from '../../model/errors.ts';
import type { MessageEvent, NetworkItem } from '../../model/events.ts';
import type { AccountId, Millis, OutboxSeq, UserId } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import { namedIn } from '../../model/named.ts';
import type { Effect, InboxItem, MatrixTask, OutboxItem, OutOutcome, Person, Portal, Store } from '../../store/store.ts';
import { StoreBusy } from '../../store/store.ts';
import { type Deciding, targetOf } from '../deciding.ts';
import { pastMessage } from '../kinds/message.ts';
import { remoteIdsOf } from '../kinds/table.ts';
import { hostsOf, leftOut } from '../kinds/shared.ts';
import type { Turn } from '../lanes/lanes.ts';
import { backoff } from '../outbound/failure.ts';
import type { LiveAccount } from '../outbound/to-network.ts';
import type { Faces } from '../people/faces.ts';

export interface BackfillDeps {
  readonly store: Store;
  readonly account: (id: AccountId) => LiveAccount | null;
  readonly deciding: () => Deciding;
  readonly clock: Clock;
  readonly log: Logger;
  readonly wake: (lanes: readonly string[]) => void;
  /** There are files to fetch. */
  readonly media: () => void;
  readonly faces: Faces;
  readonly signal: AbortSignal;
}

/** So long a network is asked for the past; then the room goes on with what there is. */
const PATIENCE: Millis = 60_000;
const ONE_CALL: Millis = 20_000;
/** What a network hands over by itself comes in pieces: after this time without one it is taken to be all. */
const QUIET: Millis = 5_000;
const MOST_PAGES = 50;
const NAME_WAIT: Millis = 5_000;

/**
 * Writes the past of a conversation into its new room, in order, before anybody is invited. One commit makes the rows of it, the
 * invites behind them, and sets the portal live; until then nothing has happened, so a stop at any point repeats nothing.
 */
export class Backfill {
  readonly #deps: BackfillDeps;
  /** What has been asked for, by the row; null while no answer has come. */
  readonly #asked = new Map<OutboxSeq, { given: Given | null }>();

  constructor(deps: BackfillDeps) {
    this.#deps = deps;
  }

  async turn(row: OutboxItem, task: Extract<MatrixTask, { kind: 'backfill' }>): Promise<Turn> {
    const { store, clock } = this.#deps;
    const portal = row.portal === null ? null : store.portal(row.portal);
    if (portal === null || portal.state !== 'backfilling' || portal.room !== row.room) {
      this.#asked.delete(row.seq);
      return this.#settle(row, { to: 'cancelled', reason: 'Its portal has gone.' });
    }
    const last = Math.max(...store.pastIn(portal.conversation.row).map(({ receivedAt }) => receivedAt));
    if (clock.now() < Math.min(last + QUIET, row.createdAt + PATIENCE)) {
      return this.#settle(row, { to: 'ready', dueAt: last + QUIET, tried: false, code: 'past', reason: 'More of the past may come.' });
    }
    const since = task.since ?? clock.now();
    if (task.since === undefined) await store.step(row, { ...task, since }, []);
    const given = this.#given(row, portal, since + PATIENCE);
    if (given === null) return { until: clock.now() + PATIENCE };
    return 'again' in given ? this.#settle(row, given.again) : this.#write(row, task, portal, given);
  }

  /** Asked beside the lanes, which have few places: a network that does not answer holds up nobody else. Null: no answer yet. */
  #given(row: OutboxItem, portal: Portal, until: Millis): Given | null {
    const known = this.#asked.get(row.seq);
    if (known !== undefined) {
      if (known.given !== null) this.#asked.delete(row.seq);
      return known.given;
    }
    const asked: { given: Given | null } = { given: null };
    this.#asked.set(row.seq, asked);
    void this.#ask(row, portal, until).then((given) => {
      asked.given = given;
      this.#deps.wake([row.lane]);
    });
    return null;
  }

  async #write(row: OutboxItem, task: Extract<MatrixTask, { kind: 'backfill' }>, portal: Portal, given: Taken): Promise<Turn> {
    const { store, log, clock } = this.#deps;
    const handed = store.pastIn(portal.conversation.row);
    let effects: readonly Effect[] = [];
    try {
      effects = await this.#rows(portal, handed, given);
    } catch (error) {
      if (error instanceof StoreBusy) throw error;
      log.error('A bug met the past of a conversation; its room goes on without.', { portal: portal.row, error });
    }
    const handled = handed.map(({ seq }): Effect => ({ do: 'handled', seq }));
    const turn = await this.#settle(row, { to: 'confirmed', remoteId: null, at: clock.now() }, [...effects, ...handled, ...opened(portal, task.invite)]);
    this.#deps.wake([`in:c${portal.conversation.row}`]);
    this.#deps.media();
    return turn;
  }

  /** Its row does not open any more: the room goes on without its past. */
  over(row: OutboxItem): readonly Effect[] {
    const portal = row.portal === null ? null : this.#deps.store.portal(row.portal);
    return portal?.state === 'backfilling' ? opened(portal, hostsOf(portal.account, this.#deps.deciding())) : [];
  }

  /** Pages of the past, with their people and files made ready. Never rejects. */
  async #ask(row: OutboxItem, portal: Portal, until: Millis): Promise<Given> {
    try {
      const pages = await this.#pages(row, portal, until);
      if ('again' in pages) return pages;
      return { messages: await this.#take(portal, pages.items), rest: pages.items.filter(({ event }) => event.type !== 'message') };
    } catch (error) {
      if (error instanceof StoreBusy) return { again: { to: 'ready', dueAt: this.#deps.clock.now() + 1_000, tried: false, code: 'busy', reason: error.message } };
      this.#deps.log.error('A bug met the past of a conversation; its room goes on without.', { portal: portal.row, error });
      return { messages: [], rest: [] };
    }
  }

  async #take({ conversation, account }: Portal, items: readonly NetworkItem[]): Promise<readonly InboxItem[]> {
    const { store, wake, faces, clock, signal } = this.#deps;
    const past = items.flatMap(({ key, event }): NetworkItem[] => (event.type === 'message' ? [{ key, event: { ...event, historical: true } }] : []));
    const taken = await store.takePast({ network: conversation.network, account, items: past });
    wake(taken.wake);
    // Where messages hold only ids, their people are asked for, as for those of now.
    const rows = new Set(taken.items.flatMap(({ body }) => (body.side === 'network' && body.person !== null ? [body.person] : [])));
    const people = (): readonly Person[] => [...rows].map((row) => store.person(row)).filter((person) => person !== null);
    for (const until = clock.now() + NAME_WAIT; faces.learn(account, people()) && clock.now() < until && !signal.aborted;) await clock.sleep(150, signal);
    return taken.items;
  }

  async #pages(row: OutboxItem, portal: Portal, until: Millis): Promise<{ readonly items: readonly NetworkItem[] } | { readonly again: OutOutcome }> {
    const { clock, log, account, deciding, store } = this.#deps;
    const live = account(portal.account);
    const connection = live?.connection;
    const limit = deciding().settings.backfill;
    if (connection?.history === undefined || limit === 0 || store.room(portal.room)?.roomId == null) return { items: [] };
    if (live?.liveSince === null && clock.now() < until) return { again: { to: 'ready', dueAt: clock.now() + 1_000, tried: false, code: 'not_live', reason: 'The account is not there yet.' } };
    const items: NetworkItem[] = [];
    let before: string | undefined;
    try {
      for (let page = 0; page < MOST_PAGES && clock.now() < until; page++) {
        const missing = limit - items.filter(({ event }) => event.type === 'message').length;
        if (missing <= 0) break;
        const found = await this.#inTime(connection.history(targetOf(portal.conversation), missing, before), Math.min(ONE_CALL, until - clock.now()));
        items.push(...found.items);
        if (found.next === undefined || found.next === before) break;
        before = found.next;
      }
    } catch (error) {
      const dueAt = clock.now() + Math.max(error instanceof Retry ? (error.afterMs ?? 0) : 0, backoff(row.tries));
      const passes = error instanceof DeliveryError && !(error instanceof Rejected) && dueAt < until;
      if (passes) return { again: { to: 'ready', dueAt, tried: true, code: error.code, reason: error.message } };
      log.warn('A network did not tell all of the past; the room goes on with what there is.', { portal: portal.row, account: portal.account, messages: items.length, error });
    }
    return { items: items.reverse() };
  }

  async #inTime<T>(call: Promise<T>, ms: Millis): Promise<T> {
    const over = new AbortController();
    const late = this.#deps.clock.sleep(ms, AbortSignal.any([over.signal, this.#deps.signal])).then(() => {
      throw new Retry('The network does not answer.', 'TIMEOUT');
    });
    try {
      return await Promise.race([call, late]);
    } finally {
      over.abort();
    }
  }

  /** The newest messages, the oldest of them first, by the same decisions as those of now. */
  async #rows(portal: Portal, handed: readonly InboxItem[], { messages, rest }: Taken): Promise<readonly Effect[]> {
    const { store, deciding } = this.#deps;
    const { row } = portal.conversation;
    const past = unique([...handed, ...messages].flatMap((item) => (item.body.side === 'network' && item.body.event.type === 'message' ? [{ item, event: item.body.event, person: item.body.person }] : [])));
    const shown = past.toSorted((a, b) => a.event.time - b.event.time).slice(-deciding().settings.backfill);
    const used = new Set(shown.map(({ item }) => item));
    const effects = shown.flatMap(({ item, event, person }) => {
      const context = store.remoteContext(row, person, remoteIdsOf(item), namedIn(event).map(({ id }) => id));
      return pastMessage(event, item, context, portal, deciding());
    });
    await this.#takeRest(portal, rest, new Set<string>(shown.map(({ event }) => event.id)));
    return [...effects, ...[...handed, ...messages].filter((item) => !used.has(item)).flatMap((item) => leftOut(item, 'past').effects)];
  }

  /** Reactions, pins and votes of what is shown follow once the room lives. */
  async #takeRest({ conversation, account }: Portal, rest: readonly NetworkItem[], shown: ReadonlySet<string>): Promise<void> {
    const { store, wake } = this.#deps;
    const items = rest.filter(({ event }) => 'target' in event && shown.has(event.target));
    if (items.length > 0) wake((await store.acceptNetwork({ network: conversation.network, account, items })).wake);
  }

  async #settle(row: OutboxItem, outcome: OutOutcome, effects: readonly Effect[] = []): Promise<Turn> {
    this.#deps.wake(await this.#deps.store.settleOut(row.seq, outcome, effects));
    return 'more';
  }
}

/** The oldest first; what is about messages stands beside them. */
interface Taken {
  readonly messages: readonly InboxItem[];
  readonly rest: readonly NetworkItem[];
}

/** The past, or when to ask again. */
type Given = Taken | { readonly again: OutOutcome };

interface Past {
  readonly item: InboxItem;
  readonly event: MessageEvent;
}

function unique<T extends Past>(past: readonly T[]): readonly T[] {
  return [...new Map(past.map((each) => [each.event.id, each])).values()];
}

/** The portal lives, and its people are asked in. They count as invited at once: nobody is to be asked twice for what comes next. */
function opened(portal: Portal, invite: readonly UserId[]): readonly Effect[] {
  return [
    { do: 'portalState', portal: portal.row, state: 'live' },
    ...invite.flatMap((user): readonly Effect[] => [
      { do: 'member', room: portal.room, member: { user, membership: 'invite', name: null } },
      { do: 'send', row: { lane: `out:r${portal.room}`, key: `invite.${portal.row}.${user}`, room: portal.room, task: { to: 'matrix', kind: 'invite', user } } },
    ]),
  ];
}

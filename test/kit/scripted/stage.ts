import type { DeliverySettings } from '../../../src/bridge/settings.ts';
import type { MessageEvent, NetworkEvent } from '../../../src/model/events.ts';
import type { AccountId, EventId, RemoteId } from '../../../src/model/ids.ts';
import type { MatrixEvent } from '../../../src/model/events.ts';
import type { Logger } from '../../../src/model/log.ts';
import { plain } from '../../../src/model/richtext.ts';
import type { ErasureWish, Store } from '../../../src/store/store.ts';
import { ManualClock, turnOfLoop } from '../model/clock.ts';
import { ALICE, type Core, compose, type Wishes } from '../model/core.ts';
import { BOT, FakeHomeserver, type FakeRoom } from '../model/homeserver.ts';
import { Life } from '../model/life.ts';
import { MemorySpool, memoryTools } from '../model/media.ts';
import { SETTINGS } from '../model/settings.ts';
import { openSqlite } from '../model/store/sqlite.ts';
import { Deck, FAIR, FAIR_DELIVERY } from '../model/weather.ts';
import { type Abilities, chat, person, ScriptedNetwork } from './network.ts';

export const CHAT = chat('c1');
export const [BOB, CAROL] = [person('bob'), person('carol')];

/** The real core over a real store, between a homeserver in memory and a network that the test leads; Alice joins every room she is asked into. */
export class Stage {
  readonly clock = new ManualClock();
  readonly homeserver: FakeHomeserver;
  readonly network: ScriptedNetwork;
  /** The first of them is `network`. */
  readonly networks: readonly ScriptedNetwork[];
  readonly store: Store;
  readonly log: string[] = [];
  readonly #settings: DeliverySettings;
  readonly #wishes: Wishes;
  #life: Life;
  #core: Core;
  #pulses = 0;
  #time = 0;
  readonly #spool = new MemorySpool();

  constructor(abilities: Abilities = {}, settings: Partial<DeliverySettings> = {}, more: readonly Abilities[] = [], wishes: Wishes = {}) {
    this.#wishes = wishes;
    const pulse = (): void => void (this.#pulses += 1);
    this.#settings = { ...SETTINGS, ...settings };
    this.homeserver = new FakeHomeserver({
      clock: this.clock, faults: new Deck([], FAIR), pushes: new Deck([], FAIR_DELIVERY), pageSize: 100, pulse,
      push: (events) => this.#push(events),
      invited: (user, id) => void this.clock.sleep(50).then(() => {
        const room = this.homeserver.rooms.get(id);
        if (user === ALICE && room?.members.get(user) === 'invite') this.homeserver.setMember(room, user, user, 'join');
      }),
    });
    this.network = new ScriptedNetwork(abilities);
    this.networks = [this.network, ...more.map((each) => new ScriptedNetwork(each))];
    this.store = openSqlite(':memory:', () => this.clock.now());
    [this.#life, this.#core] = this.#bear(true);
  }

  #bear(clean: boolean): [Life, Core] {
    const say = (message: string, fields?: object): void => {
      const error = (fields as { error?: unknown } | undefined)?.error;
      this.log.push(`${message} ${error instanceof Error ? error.stack : ''}`);
    };
    const logger: Logger = { debug: () => {}, info: () => {}, warn: say, error: say, child: () => logger };
    const life = new Life(this.store, this.clock, { pulse: () => void (this.#pulses += 1), wrote: () => {} });
    const core = compose(clean, life, this.homeserver.for(life), this.networks.map(({ network }) => network), memoryTools(this.#spool), this.#settings, logger, this.#wishes);
    void core.start();
    return [life, core];
  }

  /** Of a process that dies meanwhile no answer comes. */
  #push(events: readonly MatrixEvent[]): Promise<void> {
    const died = this.#life.death.then(() => {
      throw new Error('no answer');
    });
    return this.#life.dead ? died : Promise.race([this.#core.bridge.acceptMatrix({ events, toDevice: [] }), died]);
  }

  /** Dies after so many steps from now on, each before or after a commit or a call. */
  dieAfter(edges: number): void {
    this.#life.dieAfter(edges);
  }

  /** The homeserver has forgotten all that it held in memory by the time the bridge is there again. */
  forgetful = false;
  /** How often it has died. */
  deaths = 0;

  /** Erases who is called this; then a few quiet seconds. */
  async erase(id: string, wish: Partial<ErasureWish> = {}): Promise<void> {
    const person = this.store.personById(this.network.network.id, '', id);
    if (person === null) throw new Error(`nobody is called ${id}`);
    void this.#core.bridge.erasures.person(person.row, { redact: false, stop: false, ...wish });
    await this.pass(5_000);
  }

  /** An event that the homeserver hands over; then a few quiet seconds. */
  async hand(event: MatrixEvent): Promise<void> {
    await this.#core.bridge.acceptMatrix({ events: [event], toDevice: [] });
    await this.pass(2_000);
  }

  wake(lanes: readonly string[]): void {
    this.#core.bridge.wake(lanes);
  }

  async #still(): Promise<void> {
    let before: number;
    do {
      before = this.#pulses;
      await turnOfLoop();
    } while (before !== this.#pulses || this.#life.pending > 0);
    if (!this.#life.dead) return;
    this.deaths += 1;
    this.homeserver.bridgeDied();
    if (this.forgetful) this.homeserver.forget();
    [this.#life, this.#core] = this.#bear(false);
    await this.#still();
  }

  async pass(ms: number): Promise<void> {
    await this.#still();
    const until = this.clock.now() + ms;
    void this.clock.sleep(ms);
    while (this.clock.now() < until) {
      this.clock.next();
      await this.#still();
    }
  }

  /** Something of the network, as soon as the account is live; then a few quiet seconds. */
  async take(...events: readonly NetworkEvent[]): Promise<void> {
    await this.pass(100);
    await this.network.take(...events);
    await this.pass(2_000);
  }

  /** The same as another account of the network takes it in. */
  async takeBy(account: AccountId, ...events: readonly NetworkEvent[]): Promise<void> {
    const { id } = this.network.network;
    await this.#core.bridge.acceptNetwork(id, account, events.map((event) => ({ key: `item ${++this.#time} of ${account}`, event })));
    await this.pass(2_000);
  }

  message(id: string, text: string, more: Partial<MessageEvent> = {}): MessageEvent {
    return {
      type: 'message', id: id as RemoteId, conversation: CHAT, sender: BOB, time: Date.UTC(2025, 11, 31) + ++this.#time * 1_000, parts: [{ kind: 'text', text: plain(text) }], ...more,
    };
  }

  /** The room of the chat; Alice is in it. */
  get room(): FakeRoom {
    const known = this.store.liveRooms().find(({ kind }) => kind === 'portal')?.roomId;
    const room = known == null ? undefined : this.homeserver.rooms.get(known);
    if (room === undefined) throw new Error(['there is no room', ...this.log].join('\n'));
    return room;
  }

  events(type: string): readonly MatrixEvent[] {
    return this.room.timeline.filter((event) => event.type === type);
  }

  /** The event of a message with these words. */
  saying(words: string): MatrixEvent {
    const found = this.events('m.room.message').find(({ content }) => content.body === words);
    if (found === undefined) throw new Error([`nobody says ${words}, but`, ...this.events('m.room.message').map(({ content }) => String(content.body)), ...this.log].join('\n'));
    return found;
  }

  notices(): readonly string[] {
    return this.events('m.room.message').filter(({ sender, content }) => sender === BOT && content.msgtype === 'm.notice').map(({ content }) => String(content.body));
  }

  async alice(content: Record<string, unknown>, type = 'm.room.message'): Promise<EventId> {
    const event = this.homeserver.say(this.room, ALICE, type, content);
    await this.pass(2_000);
    return event;
  }

  async pins(...pinned: readonly string[]): Promise<EventId> {
    const event = this.homeserver.say(this.room, ALICE, 'm.room.pinned_events', { pinned }, '');
    await this.pass(2_000);
    return event;
  }

  /** What the homeserver tells beside events. */
  async tells(type: string, content: Record<string, unknown>): Promise<void> {
    this.#core.bridge.ephemeral([{ type, room_id: this.room.id, content }]);
    await this.pass(3_000);
  }

  says(body: string, more: Record<string, unknown> = {}): Promise<EventId> {
    return this.alice({ msgtype: 'm.text', body, ...more });
  }

  async close(): Promise<void> {
    this.#life.kill();
    await turnOfLoop();
    this.store.close();
  }
}

import { z } from 'zod';
import type { ActionContext } from '../../../src/actions/action.ts';
import { Bot } from '../../../src/bot/commands.ts';
import { Accounts } from '../../../src/bridge/accounts.ts';
import { Blocklist } from '../../../src/bridge/blocklist.ts';
import { Outages } from '../../../src/bridge/outages.ts';
import type { Permission } from '../../../src/bridge/settings.ts';
import { enterStored, loginSessions } from '../../../src/daemon-bot.ts';
import { Rejected } from '../../../src/model/errors.ts';
import type { AccountId, EventId, NetworkId, RoomId, RoomRow, UserId } from '../../../src/model/ids.ts';
import { silentLogger } from '../../../src/model/log.ts';
import { type LoginFlow, loginField } from '../../../src/networks/login.ts';
import type { AppSettings, Connection, ConnectOptions, Network } from '../../../src/networks/network.ts';
import { createSeal } from '../../../src/store/seal.ts';
import { openSqliteStore } from '../../../src/store/sqlite/index.ts';
import type { Effect, Store } from '../../../src/store/store.ts';
import { ManualClock, turnOfLoop } from '../model/clock.ts';

const BOT = '@bot:test' as UserId;
export const ALICE = '@alice:test' as UserId;
export const ADMIN = '@admin:test' as UserId;
/** What the network takes; it begins with the id of the account. */
export const GOOD = 'acc1-good-token-0123456789';

const account = z.strictObject({ kind: z.string(), id: z.string(), token: z.string().regex(/^\w+-[a-z]+-token-\d+$/, { error: 'must be a token' }), owners: z.array(z.string()).default([]) });
const settings = z.strictObject({ accounts: z.record(z.string(), account).refine((all) => Object.keys(all).length <= 3, { error: 'holds three at most' }) }) as unknown as z.ZodType<AppSettings>;

/** A connection that notes its life. */
export interface Line { readonly id: string; state: 'made' | 'live' | 'closed' }

/** The bot with its accounts and a real store, and a network whose logins take one token. */
export class BotStage {
  readonly clock = new ManualClock();
  readonly store: Store = openSqliteStore({ path: ':memory:', seal: createSeal(Buffer.alloc(32)), now: () => this.clock.now(), localpartOf: (_, __, id) => `_ghost_${id}` });
  readonly lines: Line[] = [];
  readonly redacted: string[] = [];
  readonly asked: Readonly<Record<string, string>>[] = [];
  readonly gone: AccountId[] = [];
  readonly secrets: string[] = [];
  /** What the bot says without being asked, by room. */
  readonly notices: (readonly [RoomRow | undefined, string])[] = [];
  /** Groups that an account is in, by its id on the network. */
  readonly groups = new Map<string, string>();
  mayRedact = true;
  /** What a connection does before it is closed. */
  closing: () => void | Promise<void> = () => {};
  readonly outages = new Outages(this.clock, silentLogger, { up: () => {}, long: () => {} });
  accounts: Accounts;
  bot = new Bot();
  #logins: ActionContext['logins'];
  #events = 0;

  constructor() {
    this.accounts = this.#newAccounts();
    this.#logins = loginSessions(this.store, this.accounts, this.clock);
    const apply = this.store.apply.bind(this.store);
    this.store.apply = (effects) => {
      for (const effect of effects) {
        if (effect.do === 'send' && effect.row.task.to === 'matrix' && effect.row.task.kind === 'message') this.notices.push([effect.row.room, String(effect.row.task.content['body'])]);
      }
      return apply(effects);
    };
  }

  #newAccounts(): Accounts {
    const fixed = { kind: 'bot', id: 'fixed', token: 'fixed-good-token-1', owners: [ADMIN] };
    return new Accounts({
      networks: [this.#network()], settings: { net: { main: { accounts: { fixed } as AppSettings['accounts'] } } }, clock: this.clock, log: silentLogger, outages: this.outages, answered: () => {},
      secret: (text) => this.secrets.push(text),
    });
  }

  /** As after a stop of the process: what was in memory alone is gone. */
  async restart(): Promise<void> {
    this.bot.close();
    this.bot = new Bot();
    this.accounts = this.#newAccounts();
    this.#logins = loginSessions(this.store, this.accounts, this.clock);
    await this.start();
  }

  async start(): Promise<void> {
    await enterStored(this.store, this.accounts, silentLogger);
    await this.accounts.start(() => ({ cursor: () => null, accept: () => Promise.resolve(), state: () => {} }));
  }

  /** A room of somebody with the bot; `with`: others who are in it. */
  async room(user: UserId, others: readonly UserId[] = []): Promise<RoomRow> {
    await this.store.apply([{ do: 'managementRoom', invite: [user] }]);
    const row = this.store.managementRooms().map((one) => one.row).toSorted((a, b) => b - a)[0] as RoomRow;
    await this.store.apply([
      { do: 'room', room: row, change: { roomId: `!room${row}:test` as RoomId, state: 'live', createdByUs: false } },
      ...[BOT, user, ...others].map((member): Effect => ({ do: 'member', room: row, member: { user: member, membership: 'join', name: null } })),
    ]);
    return row;
  }

  context(sender: UserId, room: RoomRow, event?: string): ActionContext {
    const permissionOf = (user: string): Permission => (user === ADMIN ? 'admin' : user.endsWith(':test') ? 'user' : 'block');
    const homeserver = {
      bot: BOT, state: () => Promise.resolve([
        { type: 'm.room.create', state_key: '', sender: ALICE, content: { room_version: '11' } }, { type: 'm.room.power_levels', state_key: '', sender: ALICE, content: { users: { [BOT]: this.mayRedact ? 50 : 0 } } },
      ]), redact: (_: UserId, __: RoomId, id: EventId) => {
        if (!this.mayRedact) return Promise.reject(new Rejected('You cannot.', 'M_FORBIDDEN'));
        this.redacted.push(id);
        return Promise.resolve(id);
      },
    } as unknown as ActionContext['homeserver'];
    return {
      sender, room, permission: permissionOf(sender), event: (event ?? `$${++this.#events}`) as EventId, store: this.store, homeserver, clock: this.clock,
      accounts: this.accounts.list(), live: this.accounts, logins: this.#logins, blocklist: new Blocklist(this.store), maxFile: 1e8, permissionOf, isOurs: (user) => user === BOT || user.startsWith('@_ghost_'),
      adapter: (id) => this.accounts.view(id), relayOf: (user) => ({ name: user }), outages: () => this.outages.list(), isBroken: () => false, accountGone: (id) => void this.gone.push(id),
      decodeAgain: () => Promise.resolve(null), takeAgain: () => Promise.resolve(null), wake: () => {},
      erasures: { person: () => Promise.reject(new Error('nobody is erased here')), user: () => Promise.reject(new Error('nobody is erased here')) },
    };
  }

  /** The bot's answer; the event that it is asked by, for a look at what became of that. */
  async say(text: string, sender = ALICE, room?: RoomRow, event?: string): Promise<{ readonly answer: string; readonly event: string }> {
    const context = this.context(sender, room ?? this.store.managementRooms().find(({ row }) => this.store.member(row, sender) !== null)?.row as RoomRow, event);
    return { answer: await this.bot.answer(context, { text }), event: context.event };
  }

  async pass(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    void this.clock.sleep(ms);
    while (this.clock.now() < until) {
      this.clock.next();
      await turnOfLoop();
    }
  }

  close(): void {
    this.bot.close();
    this.store.close();
  }

  #network(): Network {
    const flow = (kind: 'bot' | 'user'): LoginFlow => ({
      id: kind, name: kind === 'bot' ? 'A bot' : 'A person', description: 'It speaks.', makes: kind === 'bot' ? 'relay' : 'personal',
      start: () => ({
        type: 'fields', instructions: 'Fetch it there.',
        fields: [loginField('id', 'User id', z.string().regex(/^\w{1,20}$/, { error: 'must be an id' })), loginField('token', 'Token', account.shape.token, true)],
        submit: (answers) => {
          this.asked.push(answers);
          const { id = '', token = '' } = answers;
          if (!token.includes('-good-')) return Promise.reject(new Rejected('The token is not valid.', 'bad_token'));
          return Promise.resolve({ type: 'done', remoteId: token.split('-')[0] ?? '', name: id, says: `@${id}`, settings: { kind, id, token } });
        },
      }),
    });
    return { id: 'net' as NetworkId, name: 'Net', settings, logins: [flow('bot'), flow('user')], connect: (options: ConnectOptions) => this.#connection(options) } as unknown as Network;
  }

  #connection({ settings: given }: ConnectOptions): Connection {
    const line: Line = { id: (given as unknown as { token: string }).token.split('-')[0] ?? '', state: 'made' };
    this.lines.push(line);
    return {
      remoteId: line.id,
      start: () => {
        line.state = 'live';
        return Promise.resolve();
      },
      close: async () => {
        await this.closing();
        line.state = 'closed';
      },
      describe: ({ id }: { readonly id: string }) => (this.groups.get(line.id) === id ? Promise.resolve({}) : Promise.reject(new Rejected('It is not in there.', 'not_in'))),
    } as unknown as Connection;
  }
}

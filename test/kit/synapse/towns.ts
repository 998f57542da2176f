import { startRocketChatSandbox } from '../../../src/sandbox/rocketchat/index.ts';
import { startTelegramSandbox } from '../../../src/sandbox/telegram/index.ts';
import type { Around } from '../stack/between.ts';
import * as rocketchat from '../rocketchat/account.ts';
import * as slack from '../slack/account.ts';
import * as telegram from '../telegram/account.ts';

export type Who = 'Ada' | 'Ben' | 'Cleo';

/** What happens in one group of a network, as its people and its account do it. */
export interface Group {
  readonly title: string;
  say(who: Who, text: string): void;
  join(who: Who): void;
  leave(who: Who): void;
  /** The account comes in. */
  takeIn(): void;
  /** Everything said there, the oldest first, with the time that the network gave it. */
  said(): readonly Said[];
}

export interface Said {
  /** Null: the account. */
  readonly who: Who | null;
  readonly text: string;
  readonly at: number;
}

/** One network's sandbox with Ada, Ben and Cleo in it. */
export interface Town {
  readonly id: string;
  /** What stands under `networks.<id>` in the config. */
  readonly config: object;
  /** Ada's, with Ben; the account is not in it yet. */
  group(title: string): Group;
}

export type TownMaker = (around: Around, started: AsyncDisposableStack) => Promise<Town>;

const SCALE = 10_000;
const everybody: readonly Who[] = ['Ada', 'Ben', 'Cleo'];
const each = <T>(make: (who: Who) => T): Readonly<Record<Who, T>> => ({ Ada: make('Ada'), Ben: make('Ben'), Cleo: make('Cleo') });

export const slackTown: TownMaker = async ({ owners }, started) => {
  const sandbox = started.adopt(await slack.startSandbox({ clockScale: SCALE }), (one) => one.close());
  const people = each((who) => sandbox.person(who.toLowerCase(), { realName: who }));
  return {
    id: 'slack',
    config: slack.configOf(sandbox, { owners, rate_scale: SCALE }),
    group(title) {
      const channel = sandbox.channel(title, { members: [people.Ada.id, people.Ben.id], withoutBot: true });
      return {
        title,
        say: (who, text) => void people[who].sendText(channel, text),
        join: (who) => people[who].join(channel), leave: (who) => people[who].leave(channel),
        takeIn: () => people.Ada.invite(channel, sandbox.botUserId),
        said: () => sandbox.messages.filter((message) => message.channel === channel && message.subtype === undefined)
          .map(({ user, text, ts }) => ({ who: everybody.find((who) => people[who].id === user) ?? null, text, at: Math.round(Number(ts) * 1000) })),
      };
    },
  };
};

export const rocketchatTown: TownMaker = async ({ owners }, started) => {
  const sandbox = started.adopt(await startRocketChatSandbox({ token: rocketchat.TOKEN }), (one) => one.close());
  const people = each((who) => sandbox.person(who.toLowerCase(), who));
  return {
    id: 'rocketchat',
    config: rocketchat.configOf(sandbox, { owners, rate_scale: SCALE }),
    group(title) {
      const room = people.Ada.createRoom(title, [people.Ben.user]);
      return {
        title,
        say: (who, text) => void people[who].sendText(room, text),
        join: (who) => people[who].join(room), leave: (who) => people[who].leave(room),
        takeIn: () => people.Ada.add(room, sandbox.account),
        said: () => sandbox.in(room).filter(({ t }) => t === undefined)
          .map(({ u, msg, ts }) => ({ who: everybody.find((who) => people[who].id === u._id) ?? null, text: msg, at: ts.getTime() })),
      };
    },
  };
};

export const telegramTown: TownMaker = async ({ owners }, started) => {
  const sandbox = started.adopt(await startTelegramSandbox({ token: telegram.TOKEN }), (one) => one.close());
  const people = each((who) => sandbox.person(1001 + everybody.indexOf(who), { firstName: who }));
  return {
    id: 'telegram',
    config: telegram.configOf(sandbox, { owners, rate_scale: SCALE }),
    group(title) {
      const group = sandbox.group(title, { members: [people.Ada, people.Ben], bot: null });
      return {
        title,
        say: (who, text) => void people[who].sendText(text, { in: group }),
        join: (who) => group.join(people[who]), leave: (who) => group.leave(people[who]),
        takeIn: () => group.addBot(people.Ada),
        said: () => sandbox.messages.filter(({ chat, body }) => chat === group.id && typeof body['text'] === 'string')
          .map(({ from, body, at }) => ({ who: everybody.find((who) => people[who].id === from) ?? null, text: String(body['text']), at: at * 1000 })),
      };
    },
  };
};

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';
import { type Between, daemonBetween } from '../kit/stack/between.ts';
import { patience, stateOf } from '../kit/matrix/side.ts';
import { onSynapse } from '../kit/matrix/synapse.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Group, rocketchatTown, slackTown, telegramTown, type Town } from '../kit/synapse/towns.ts';

// Telegram, Slack and Rocket.Chat on a real homeserver, beyond the table of cases that all networks share: the past of a group
// as its room's beginning, who comes and goes, and a daemon that is away for a while.

jest.setTimeout(120_000);

const numbered = (prefix: string, from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => `${prefix} ${from + n}`);

describe.each([['Telegram', telegramTown, false], ['Slack', slackTown, true], ['Rocket.Chat', rocketchatTown, true]] as const)('%s', (name, maker, hasPast) => {
  let between: Between;
  let town: Town;
  let group: Group;
  let room: string;

  beforeAll(async () => {
    between = await daemonBetween(onSynapse, async (around, started) => {
      town = await maker(around, started);
      return { [town.id]: town.config };
    });
    group = town.group('garden');
    // Before the account is there, and before the daemon runs at all.
    for (let n = 0; n < 12; n++) group.say(n % 3 === 0 ? 'Ben' : 'Ada', `long ago ${n}`);
    await between.start();
    group.takeIn();
    group.say('Ben', 'so here you are');
    room = await between.matrix.room('garden');
  }, 300_000);

  afterAll(async () => {
    await between[Symbol.asyncDispose]();
  }, 60_000);

  const ghostly = (): readonly ClientEvent[] => between.matrix.events(room, 'm.room.message').filter(({ sender }) => between.matrix.isGhost(sender));
  const bodies = (prefix = ''): string[] => ghostly().map(({ content }) => String(content['body'])).filter((text) => text.startsWith(prefix));
  const there = (prefix: string): string[] => group.said().flatMap(({ who, text }) => (who === null && text.includes(prefix) ? [text.slice(text.indexOf(prefix))] : []));
  const shown = (body: string): Promise<unknown> => eventually(`"${body}" in the room`, () => bodies().includes(body), patience);
  const members = (): string[] => [...stateOf(between.matrix, room, 'm.room.member')]
    .flatMap(([user, { membership, displayname }]) => (between.matrix.isGhost(user) && membership === 'join' ? [String(displayname)] : [])).sort();
  const joined = (...who: readonly string[]): Promise<unknown> => eventually(`${who.join(', ')} in the room`, () => members().join() === who.map((one) => `${one} (${name})`).join(), patience);

  if (hasPast) {
    test('what was said before the account came begins its room: in order, by whom, and when', async () => {
      await shown('so here you are');
      const told = group.said().filter(({ who }) => who !== null);
      expect(bodies()).toEqual([...numbered('long ago', 0, 12), 'so here you are']);
      const names = stateOf(between.matrix, room, 'm.room.member');
      expect(ghostly().map(({ sender }) => names.get(sender)?.['displayname'])).toEqual(told.map(({ who }) => `${who} (${name})`));
      expect(ghostly().map(({ origin_server_ts }) => origin_server_ts)).toEqual(told.map(({ at }) => at));
    });

    test('and all of it stands there before anybody was asked in', () => {
      const all = between.matrix.events(room);
      const asked = all.findIndex(({ type, state_key }) => type === 'm.room.member' && state_key === between.matrix.alice);
      const last = all.findIndex(({ content }) => content['body'] === 'long ago 11');
      expect(last).toBeGreaterThan(0);
      expect(asked).toBeGreaterThan(last);
    });
  } else {
    test('what was said before the account came stays unknown, for bots are not told', async () => {
      await shown('so here you are');
      expect(bodies()).toEqual(['so here you are']);
    });
  }

  test('who comes and goes is shown', async () => {
    group.say('Ada', 'both of us');
    await shown('both of us');
    await joined('Ada', 'Ben');
    group.join('Cleo');
    await joined('Ada', 'Ben', 'Cleo');
    group.say('Cleo', 'hello all');
    await shown('hello all');
    group.leave('Ben');
    await joined('Ada', 'Cleo');
    group.join('Ben');
    await joined('Ada', 'Ben', 'Cleo');
  });

  test('a daemon that stops with work in hand, and is away while both sides go on, loses and doubles nothing', async () => {
    const { matrix } = between;
    for (const text of numbered('from Matrix', 0, 6)) await matrix.send(room, text);
    for (const text of numbered('from there', 0, 6)) group.say('Ada', text);
    await between.stop();
    for (const text of numbered('from Matrix', 6, 12)) await matrix.send(room, text);
    for (const text of numbered('from there', 6, 12)) group.say('Cleo', text);
    await between.start();
    // What is said in the very moment in which Synapse finds the daemon again, it may keep back: the test of all networks is about that.
    await eventually('what was said meanwhile', () => there('from Matrix').includes('from Matrix 11'), patience);
    await matrix.send(room, 'from Matrix 12');
    group.say('Ben', 'from there 12');
    await eventually('the last there', () => there('from Matrix').includes('from Matrix 12'), patience);
    await shown('from there 12');
    expect(there('from Matrix')).toEqual(numbered('from Matrix', 0, 13));
    expect(bodies('from there')).toEqual(numbered('from there', 0, 13));
  });

  test('who has left while it was away is gone, and who came is there', async () => {
    await between.stop();
    group.leave('Cleo');
    await between.start();
    await joined('Ada', 'Ben');
    await between.stop();
    group.join('Cleo');
    group.say('Cleo', 'back again');
    await between.start();
    await shown('back again');
    await joined('Ada', 'Ben', 'Cleo');
  });
});

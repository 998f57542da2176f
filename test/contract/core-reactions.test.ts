import { afterEach, describe, expect, test } from '@jest/globals';
import type { EventId, RemoteId } from '../../src/model/ids.ts';
import { ALICE } from '../kit/model/core.ts';
import { BOT } from '../kit/model/homeserver.ts';
import type { Abilities } from '../kit/scripted/network.ts';
import { CHAT, Stage } from '../kit/scripted/stage.ts';

let stage: Stage;

async function open(abilities: Abilities): Promise<void> {
  stage = new Stage(abilities);
  await stage.take(stage.message('m1', 'hello'));
}

afterEach(async () => {
  const { log } = stage;
  await stage.close();
  expect(log).toEqual([]);
});

const reacts = (emoji: string): Promise<EventId> => stage.alice({ 'm.relates_to': { rel_type: 'm.annotation', event_id: stage.saying('hello').event_id, key: emoji } }, 'm.reaction');
const takesBack = async (reaction: EventId): Promise<void> => {
  stage.homeserver.redact(stage.room, ALICE, reaction);
  await stage.pass(2_000);
};
const changes = (): readonly unknown[] => stage.network.of('react').map(({ emoji, gone }) => [emoji, gone]);

describe('reactions of Matrix people, of whom a network sees one account', () => {
  test('beyond what it may have the oldest goes, and comes back for one that is taken back', async () => {
    await open({ reactions: 2 });
    await reacts('👍');
    const second = await reacts('🎉');
    const third = await reacts('🔥');
    expect(changes()).toEqual([['👍', undefined], ['🎉', undefined], ['🔥', '👍']]);
    await takesBack(second);
    await takesBack(third);
    expect(changes().slice(3)).toEqual([['👍', '🎉'], [null, '🔥']]);
  });

  test('one that is not shown any more goes without a word', async () => {
    await open({ reactions: 1 });
    const first = await reacts('👍');
    await reacts('🎉');
    await takesBack(first);
    expect(changes()).toEqual([['👍', undefined], ['🎉', '👍']]);
  });

  test('one that the network does not take takes nobody\u2019s place; tried again and taken it does', async () => {
    await open({ reactions: 1 });
    const { network } = stage;
    network.odd.add('🫠');
    const first = await reacts('👍');
    const odd = await reacts('🫠');
    expect(stage.notices().filter((text) => text.includes('no such emoji'))).toHaveLength(1);
    await takesBack(first);
    expect(changes()).toEqual([['👍', undefined], [null, '👍']]);
    network.odd.clear();
    stage.log.length = 0;
    await stage.says('!bridge retry all');
    expect(changes().at(-1)).toEqual(['🫠', undefined]);
    await takesBack(odd);
    expect(changes().at(-1)).toEqual([null, '🫠']);
  });

  test('one that is taken back while it is being sent is gone for good', async () => {
    await open({ reactions: 2 });
    const { promise, resolve } = Promise.withResolvers<void>();
    stage.network.gate = promise;
    const first = await reacts('👍');
    await takesBack(first);
    resolve();
    await stage.pass(2_000);
    await reacts('🎉');
    await reacts('🔥');
    expect(changes()).toEqual([['👍', undefined], [null, '👍'], ['🎉', undefined], ['🔥', undefined]]);
  });

  test('the same emoji of two, written in two ways, goes with the last of them', async () => {
    await open({ reactions: 3 });
    const one = await reacts('❤');
    const other = await reacts('❤️');
    await takesBack(one);
    expect(changes()).toEqual([['❤', undefined], ['❤️', undefined]]);
    await takesBack(other);
    expect(changes().at(-1)).toEqual([null, '❤️']);
  });

  test('the echo of one is not shown as the account\u2019s own, also after a start that has forgotten it', async () => {
    await open({ reactions: 3 });
    await reacts('❤');
    const self = { id: 'self', scope: '', isSelf: true };
    const echo = { type: 'reaction', target: 'm1' as RemoteId, conversation: CHAT, sender: self, time: Date.UTC(2026, 0, 1), exclusive: false } as const;
    await stage.take({ ...echo, emoji: '❤️' }, { ...echo, emoji: '🎉' });
    expect(stage.events('m.reaction').filter(({ sender }) => sender === BOT)).toMatchObject([{ content: { 'm.relates_to': { key: '🎉' } } }]);
  });
});

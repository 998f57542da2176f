import { expect, test } from '@jest/globals';
import type { RocketChatApi } from '../../src/networks/rocketchat/api.ts';
import { People } from '../../src/networks/rocketchat/people.ts';

/** Learning asks nobody anything. */
const people = (): People => new People({} as RocketChatApi, { now: () => 0, sleep: () => Promise.resolve() });

test('a mention without a full name does not make the name forgotten, and another user of the name does', () => {
  const known = people();
  known.learn({ _id: 'u1', username: 'anna', name: 'Anna Smith' });
  known.learn({ _id: 'u1', username: 'anna' });
  expect(known.named('anna')).toEqual({ _id: 'u1', username: 'anna', name: 'Anna Smith' });
  known.learn({ _id: 'u2', username: 'anna' });
  expect(known.named('anna')).toEqual({ _id: 'u2', username: 'anna', name: undefined });
});

test('a user who took another name is not found by the one before', () => {
  const known = people();
  known.learn({ _id: 'u1', username: 'anna', name: 'Anna' });
  known.learn({ _id: 'u1', username: 'anna.smith', name: 'Anna' });
  expect([known.named('anna'), known.nameOf('u1')]).toEqual([undefined, 'anna.smith']);
});

test('the oldest are forgotten, and who was heard of again is not the oldest', () => {
  const known = people();
  for (let each = 0; each < 5_000; each += 1) known.learn({ _id: `u${each}`, username: `n${each}` });
  known.learn({ _id: 'u0', username: 'n0' });
  known.learn({ _id: 'more', username: 'more' });
  expect([known.nameOf('u0'), known.nameOf('u1'), known.named('n1'), known.nameOf('u2'), known.nameOf('more')]).toEqual(['n0', undefined, undefined, 'n2', 'more']);
});

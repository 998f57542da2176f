import { expect, test } from '@jest/globals';
import type { Deciding } from '../../src/bridge/deciding.ts';
import { hostsOf } from '../../src/bridge/kinds/shared.ts';
import type { AccountId, UserId } from '../../src/model/ids.ts';

const account = 'fake/app/one' as AccountId;
const boss = '@boss:test' as UserId;

test.each([
  ['its owners', ['@anna:test', '@ben:test'], ['@anna:test', '@ben:test']],
  ['the administrators, where it has none: a first message is not to come into a room without anybody', [], [boss]],
])('an account’s rooms are for %s', (_, owners, expected) => {
  const deciding = { owners: () => owners, admins: () => ({ rooms: [], people: [boss] }) } as unknown as Deciding;
  expect(hostsOf(account, deciding)).toEqual(expected);
});

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createLookups } from '../../src/bridge/portals/lookups.ts';
import type { Lookups } from '../../src/model/lookups.ts';
import { Rejected } from '../../src/model/errors.ts';
import type { UserId } from '../../src/model/ids.ts';
import type { Network } from '../../src/networks/network.ts';
import { chat } from '../kit/scripted/network.ts';
import { BOB, Stage } from '../kit/scripted/stage.ts';

let stage: Stage;
let lookups: Lookups;

beforeEach(async () => {
  stage = new Stage();
  await stage.take(stage.message('m1', 'hello', { conversation: chat('team') }));
  await stage.take(stage.message('m2', 'psst', { conversation: { id: 'bob', scope: '', kind: 'direct', perAccount: true } }));
  const network: Network = { ...stage.network.network, resolve: (id) => {
    if (id === 'bad') throw new Rejected('That is no id.', 'bad_id');
    return { person: { ...BOB, id }, conversation: chat(id) };
  } };
  lookups = createLookups({
    store: stage.store, serverName: 'test', ghostPrefix: '_bridge_', accounts: () => [{ id: 'fake/app/one' as never, network, settings: { owners: [] } as never }],
    userIdOf: ({ localpart }) => `@${localpart}:test` as UserId,
  });
});
afterEach(() => stage.close());

const bob = { userid: '@_bridge_fake_bob:test', protocol: 'fake', fields: { id: 'bob' } };

test('somebody is found by exactly their id, once, and on their network alone', () => {
  expect(lookups.users('fake', { id: 'bob' })).toEqual([bob]);
  for (const id of ['bo', 'bob%', 'BOB ', '', 'bad', 'x'.repeat(10_000)]) expect(lookups.users('fake', { id })).toEqual([]);
  expect(lookups.users('other', { id: 'bob' })).toEqual([]);
  expect(lookups.users('constructor', { id: 'bob' })).toEqual([]);
});

test('a ghost is told of by its own id, and nobody of another server', () => {
  expect(lookups.userOf('@_bridge_fake_bob:test')).toEqual([bob]);
  for (const user of ['@_bridge_fake_bob:evil', '_bridge_fake_bob:test', '@alice:test', '']) expect(lookups.userOf(user)).toEqual([]);
});

test('the room of a group is found, that of a direct chat is not', () => {
  const [found] = lookups.locations('fake', { id: 'team', scope: '' });
  expect(found).toMatchObject({ alias: expect.stringMatching(/^#_bridge_.*_1:test$/), protocol: 'fake', fields: { id: 'team' } });
  expect(lookups.locationOf(found?.alias ?? '')).toEqual([found]);
  expect(lookups.locations('fake', { id: 'bob', scope: '' })).toEqual([]);
  expect(lookups.locationOf((found?.alias ?? '').replace('_1:', '_2:'))).toEqual([]);
  for (const alias of ['', '#x:test', (found?.alias ?? '').replace(':test', ':evil')]) expect(lookups.locationOf(alias)).toEqual([]);
});

test('a network says what it is asked by, and one that has no account here is none', () => {
  expect(lookups.protocol('fake')).toMatchObject({ user_fields: ['id'], location_fields: ['scope', 'id'], instances: [{ network_id: 'fake/app/one', desc: 'Fake (fake/app/one)', fields: {} }] });
  expect(lookups.protocol('other')).toBeNull();
});

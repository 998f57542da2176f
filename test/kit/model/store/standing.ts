import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AccountId, NetworkId, UserId } from '../../../../src/model/ids.ts';
import type { StoredAccount } from '../../../../src/store/store.ts';
import { ACCOUNT, ALICE, Bench, message, says, type StoreFactory } from './setup.ts';

/** What people and administrators set while the bridge runs: accounts, who is shut out, who did what; and whose a portal is. */
export function standingSuite(factory: StoreFactory): void {
  const bench = new Bench();
  beforeEach(() => bench.open(factory));
  afterEach(() => bench.close());
  const account = (id: string, more: Partial<StoredAccount> = {}): StoredAccount => ({
    id: id as AccountId, network: 'fake' as NetworkId, app: 'app', remoteId: `remote of ${id}`, kind: 'personal', owner: ALICE, settings: { token: 'cnry', owners: [ALICE] }, createdAt: bench.now, ...more,
  });

  describe('an account that was logged in', () => {
    test('is there after a stop, with its settings, the oldest first', async () => {
      const [one, two] = [account('fake/app/one', { createdAt: bench.now + 1 }), account('fake/app/two', { kind: 'relay' })];
      await bench.store.keepAccount(one);
      await bench.store.keepAccount(two);
      await bench.reopen();
      expect(bench.store.storedAccounts()).toEqual([two, one]);
    });

    test('gets other settings under the same id', async () => {
      await bench.store.keepAccount(account('fake/app/one'));
      const other = account('fake/app/one', { settings: { token: 'new' }, owner: '@ben:test' as UserId });
      await bench.store.keepAccount(other);
      expect(bench.store.storedAccounts()).toEqual([other]);
    });

    test('that was logged out keeps its id and nothing else; how far it had been asked is forgotten, of no other', async () => {
      await bench.store.keepAccount(account(ACCOUNT));
      await bench.store.acceptNetwork({ network: 'fake' as NetworkId, account: ACCOUNT, items: [], cursor: 'far' });
      await bench.store.setMeta('cursor:fake/app/other', 'near');
      expect(bench.store.getMeta(`cursor:${ACCOUNT}`)).toBe('far');
      await bench.store.endAccount(ACCOUNT);
      expect(bench.store.storedAccounts()).toEqual([account(ACCOUNT, { settings: null })]);
      expect([bench.store.getMeta(`cursor:${ACCOUNT}`), bench.store.getMeta('cursor:fake/app/other')]).toEqual([null, 'near']);
    });
  });

  test('the log of acts has the newest first, and no more than one asks for', async () => {
    for (const object of ['a', 'b', 'c']) await bench.store.audit({ at: bench.now, who: ALICE, verb: 'block', object });
    expect(bench.store.audited(2)).toEqual(['c', 'b'].map((object) => ({ at: bench.now, who: ALICE, verb: 'block', object })));
  });

  test('who is blocked is so until it is undone, by whoever did it first', async () => {
    await bench.store.block({ who: 'evil.test', by: ALICE, at: 1 });
    await bench.store.block({ who: 'evil.test', by: '@ben:test' as UserId, at: 2 });
    await bench.store.block({ who: '@b:test', by: ALICE, at: 3 });
    await bench.reopen();
    expect(bench.store.blocked()).toEqual([{ who: '@b:test', by: ALICE, at: 3 }, { who: 'evil.test', by: ALICE, at: 1 }]);
    await bench.store.unblock('evil.test');
    expect(bench.store.blocked().map(({ who }) => who)).toEqual(['@b:test']);
  });

  test('open portals are told, of one account or all; one that is handed over is the other account’s, and what waited stays', async () => {
    const [one, two] = [await bench.portal(message('31'), '!a:test'), await bench.portal(message('32'), '!b:test')];
    await bench.send({ lane: `out:p${one.row}`, key: 'waits', task: says('x'), portal: one.row, account: ACCOUNT });
    expect(bench.store.openPortals(ACCOUNT).map(({ row }) => row)).toEqual([one.row, two.row]);
    expect(bench.store.waitingBy()).toEqual({ [ACCOUNT]: 1 });
    await bench.store.apply([{ do: 'handOver', portal: one.row, account: 'fake/app/other' as AccountId }, { do: 'portalState', portal: two.row, state: 'closed' }]);
    expect(bench.store.openPortals(ACCOUNT)).toEqual([]);
    expect(bench.store.openPortals().map(({ row, account: whose, conversation }) => [row, whose, conversation.account])).toEqual([[one.row, 'fake/app/other', 'fake/app/other']]);
    expect(bench.store.waitingBy()).toEqual({ [ACCOUNT]: 1 });
  });
}

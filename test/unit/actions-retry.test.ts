import { expect, test } from '@jest/globals';
import type { ActionContext } from '../../src/actions/action.ts';
import { retry } from '../../src/actions/retry.ts';
import type { InboxSeq, OutboxSeq } from '../../src/model/ids.ts';
import { createSeal } from '../../src/store/seal.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';

/** What the daemon has to do for a number, by what it is of. */
async function stage() {
  const store = openSqliteStore({ path: ':memory:', seal: createSeal(Buffer.alloc(32)), now: () => 5, localpartOf: () => 'x' });
  const asked: string[] = [];
  const note = (what: string): Promise<null> => {
    asked.push(what);
    return Promise.resolve(null);
  };
  const keep = async (source: string): Promise<number> => {
    await store.acceptBroken({ source, key: source, raw: Buffer.from('{}'), reason: 'a bug' });
    return store.undelivered(1)[0]?.seq ?? 0;
  };
  const context = {
    sender: '@admin:a.test', permission: 'admin', store, wake: () => {},
    decodeAgain: (source: string) => note(`decode ${source}`),
    takeAgain: (seq: InboxSeq) => note(`take ${store.deadIn(seq)?.source ?? ''}`),
  } as unknown as ActionContext;
  return { store, asked, keep, context };
}

test('a piece of a webhook is decoded again; what was decoded already, and what came of Matrix, is taken in again', async () => {
  const { asked, keep, context } = await stage();
  expect(await retry(context, `r${await keep('whatsapp/main')}`)).toMatch(/was decoded and is on its way/);
  for (const source of ['whatsapp/main/support', 'matrix', 'to-device']) expect(await retry(context, `r${await keep(source)}`)).toMatch(/was taken in and is on its way/);
  expect(asked).toEqual(['decode whatsapp/main', 'take whatsapp/main/support', 'take matrix', 'take to-device']);
});

test('of all that there is, one whose content is forgotten keeps no other from being tried', async () => {
  const { store, asked, keep, context } = await stage();
  await keep('matrix');
  await store.prune(1_000, { deadContent: 1, settled: 1_000, accepted: 1_000, seen: null });
  await keep('whatsapp/main');
  expect(await retry(context, 'all')).toMatch(/nothing received as r1[^]*r2 was decoded/);
  expect(asked).toEqual(['decode whatsapp/main']);
});

test('what somebody of another network said is tried again by the owner of the account that it was to go through, and by nobody else', async () => {
  const sent: OutboxSeq[] = [];
  const row = { state: 'dead', sender: '@_ghost:a.test', account: 'slack/main/team', task: { to: 'network' } };
  const as = (sender: string): ActionContext => ({
    sender, permission: 'user', wake: () => {}, accounts: [{ id: 'slack/main/team', settings: { owners: ['@olga:a.test'] } }, { id: 'slack/main/other', settings: { owners: ['@otto:a.test'] } }],
    store: { outboxRow: () => row, personByLocalpart: (name: string) => (name === '_ghost' ? {} : null), retry: (seq: OutboxSeq) => Promise.resolve(void sent.push(seq)) },
  }) as unknown as ActionContext;
  expect(await retry(as('@olga:a.test'), '7')).toContain('7 is sent again');
  await expect(retry(as('@otto:a.test'), '7')).rejects.toThrow('no undelivered message 7 of yours');
  row.sender = '@somebody:a.test';
  await expect(retry(as('@olga:a.test'), '7')).rejects.toThrow('no undelivered message 7 of yours');
  expect(sent).toEqual([7]);
});

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { NetworkEvent } from '../../../../src/model/events.ts';
import type { PersonRow } from '../../../../src/model/ids.ts';
import type { Person } from '../../../../src/store/store.ts';
import { Bench, direct, message, NETWORK, person, type StoreFactory } from './setup.ts';

/** Who asked not to be bridged stays so: over a restart, and as whomever they turn out to be. */
export function consentSuite(factory: StoreFactory): void {
  const bench = new Bench();
  beforeEach(() => bench.open(factory));
  afterEach(() => bench.close());

  const known = (id: string): Person => bench.person(id);
  const consent = async (id: string, stopped: number | null): Promise<void> => void await bench.store.apply([{ do: 'consent', person: known(id).row, stopped }]);
  const picture = { kind: 'image', media: { source: { network: 'handle' } } } as const;
  const settle = async (lane: string): Promise<void> => {
    for (let item = bench.store.inHead(lane); item !== null; item = bench.store.inHead(lane)) await bench.store.settleIn(item.seq, { to: 'done' }, []);
  };

  test('is known of a person and of the chat with them, over a restart, until they want to be bridged again', async () => {
    const conversation = bench.conversationOf(await bench.take(message('31')));
    expect([known('31').stopped, bench.store.conversation(conversation)?.stopped]).toEqual([undefined, undefined]);
    await consent('31', 5);
    await bench.reopen();
    expect([known('31').stopped, bench.store.conversation(conversation)?.stopped]).toEqual([5, 5]);
    await consent('31', null);
    expect([known('31').stopped, bench.store.conversation(conversation)?.stopped]).toEqual([undefined, undefined]);
  });

  test('of a member says nothing of the group', async () => {
    const conversation = bench.conversationOf(await bench.take(message('31', [], { conversation: { ...direct('g'), kind: 'group', perAccount: false } })));
    await consent('31', 5);
    expect(bench.store.conversation(conversation)?.stopped).toBeUndefined();
  });

  test.each([['31', '32'], ['32', '31']])('of %s holds for both once 31 and 32 turn out to be one', async (who) => {
    const conversation = bench.conversationOf(await bench.take(message('31')));
    await bench.take(message('32'));
    const row = known('32').row;
    await consent(who, 5);
    await bench.take({ type: 'identity.alias', scope: '', from: '31', to: '32', time: 1 });
    expect([known('31').stopped, known('32').stopped, bench.store.conversation(conversation)?.stopped]).toEqual([5, 5, 5]);
    // Whoever decided with the row that is gone means the one that stays.
    await bench.store.apply([{ do: 'consent', person: row, stopped: null }]);
    expect(known('31').stopped).toBeUndefined();
  });

  test('keeps names and pictures as they were, and has no file fetched', async () => {
    const { wake: [lane = ''] } = await bench.take(message('31'));
    await consent('31', 5);
    await settle(lane);
    const accepted = await bench.take(message('31', [], { sender: { ...person('31'), name: 'New name', avatar: { id: 'p', handle: 'h' } }, parts: [picture] }));
    expect(accepted.media).toEqual([]);
    expect(known('31')).toMatchObject({ name: 'Name of 31', picture: undefined });
    await consent('31', null);
    await settle(lane);
    expect((await bench.take(message('31', [], { sender: { ...person('31'), name: 'New name' }, parts: [picture] }))).media).toHaveLength(1);
    expect(known('31').name).toBe('New name');
  });

  test('has a file fetched behind something that may be the word that changes it', async () => {
    await bench.take(message('31'));
    await consent('31', 5);
    expect((await bench.take(message('31', [], { parts: [picture] }))).media).toHaveLength(1);
  });

  test('has no file fetched of the past', async () => {
    await bench.take(message('31'));
    await consent('31', 5);
    const past = (id: string) => ({ key: `past ${id}`, event: message(id, [], { parts: [picture], historical: true }) as NetworkEvent });
    const taken = await bench.store.takePast({ network: NETWORK, account: 'fake/app/one' as never, items: [past('31'), past('33')] });
    expect(taken.media).toHaveLength(1);
  });

  test('brings nobody into a new group', async () => {
    const portal = await bench.portal(message('40'));
    await bench.take(message('31'));
    await consent('31', 5);
    await bench.store.apply([{ do: 'facts', network: NETWORK, account: portal.account, people: [person('31'), person('33')], into: { room: portal.room, portal: portal.row } }]);
    const entered = (id: string) => bench.store.outboxByKey(`enter.${portal.row}.${known(id).row as PersonRow}`);
    expect([entered('31'), entered('33')]).toMatchObject([null, { kind: 'enter' }]);
  });
}

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { erase } from '../../src/actions/privacy-erase.ts';
import { exportMe } from '../../src/actions/privacy-export.ts';
import { forgetMe } from '../../src/actions/privacy-forget.ts';
import { findPerson, wishesIn } from '../../src/actions/privacy-person.ts';
import type { ActionContext } from '../../src/actions/action.ts';
import type { EventId, PersonRow, RoomId, RoomRow, UserId } from '../../src/model/ids.ts';
import type { ErasureWish, MatrixTask } from '../../src/store/store.ts';
import { ALICE, Bench, direct, message, NETWORK, portalLane } from '../kit/model/store/setup.ts';
import { openSqlite } from '../kit/model/store/sqlite.ts';

const bench = new Bench();
const BOT = '@bot:test' as UserId;
const uploads: string[] = [];
const asked: (ErasureWish | UserId)[] = [];

beforeEach(async () => {
  await bench.open(() => {
    const store = openSqlite(':memory:', () => bench.now);
    return Promise.resolve({ store, reopen: () => Promise.resolve(store), dispose: () => Promise.resolve(store.close()) });
  });
  uploads.length = 0;
  asked.length = 0;
});
afterEach(() => bench.close());

/** A room of Alice's with the bot, and whoever else. */
async function management(...others: readonly string[]): Promise<RoomRow> {
  await bench.store.apply([{ do: 'managementRoom', invite: [ALICE] }]);
  const room = bench.store.managementRooms()[0]?.row as RoomRow;
  await bench.drain(`out:r${room}`);
  await bench.store.apply([
    { do: 'room', room, change: { roomId: '!management:test' as RoomId, state: 'live' } },
    ...[BOT, ...others].map((user) => ({ do: 'member', room, member: { user: user as UserId, membership: 'join', name: null } }) as const),
  ]);
  return room;
}

function context(room: RoomRow, more: object = {}): ActionContext {
  return {
    sender: ALICE, permission: 'user', room, store: bench.store, clock: { now: () => bench.now }, wake: () => {},
    accounts: [{ id: 'fake/app/one', network: { id: NETWORK, name: 'Fake' }, settings: { owners: [ALICE], token: 'secret-token' } }, { id: 'fake/app/two', network: { id: NETWORK, name: 'Fake' }, settings: { owners: ['@bob:test'] } }],
    homeserver: {
      bot: BOT, uploadLimit: () => Promise.resolve(1e6),
      upload: async (_as: UserId, { bytes }: { bytes: AsyncIterable<Uint8Array> }) => {
        const chunks: Uint8Array[] = [];
        for await (const chunk of bytes) chunks.push(chunk);
        uploads.push(Buffer.concat(chunks).toString());
        return 'mxc://test/export';
      },
    },
    erasures: {
      person: async (row: never, wish: ErasureWish) => {
        asked.push(wish);
        return bench.store.erasePerson(row, wish);
      },
      user: async (user: UserId) => {
        asked.push(user);
        return bench.store.eraseUser(user);
      },
    },
    ...more,
  } as unknown as ActionContext;
}

describe('export-me', () => {
  test('gives a file with all that is held, and no secret, into the room with the bot', async () => {
    const room = await management();
    const chat = await bench.portal(message('31'), '!chat:test');
    await bench.send({ lane: portalLane(chat.row), key: 'out', portal: chat.row, event: '$w' as EventId, sender: ALICE });
    expect(await exportMe(context(room))).toMatch(/all that I hold about you/);
    const document = JSON.parse(uploads[0] ?? '') as object;
    expect(document).toMatchObject({ about: ALICE, accounts: [{ id: 'fake/app/one', network: 'Fake' }], held: { user: ALICE, rooms: [{ room_id: '!management:test' }], sent: [{ event: '$w' }] } });
    expect(uploads[0]).not.toMatch(/secret-token|fake\/app\/two/);
    expect(bench.head(`out:r${room}`).task as MatrixTask).toMatchObject({ kind: 'message', as: null, content: { msgtype: 'm.file', url: 'mxc://test/export', info: { mimetype: 'application/json' } } });
  });

  test.each([['somebody else is', '@bob:test', 'join'], ['somebody else was', '@bob:test', 'leave'], ['a ghost is', '@_bridge_fake_31:test', 'join']])('is refused where %s in the room, with what to do', async (_, user, membership) => {
    const room = await management();
    await bench.store.apply([{ do: 'member', room, member: { user: user as UserId, membership: membership as 'join', name: null } }]);
    await expect(exportMe(context(room))).rejects.toThrow(/Start a new chat with me/);
    expect(uploads).toEqual([]);
  });

  test('is refused in a portal, in an encrypted room, and where the file is too large', async () => {
    const room = await management();
    const chat = await bench.portal(message('31'), '!chat:test');
    await expect(exportMe(context(chat.room))).rejects.toThrow(/for you alone/);
    const small = { homeserver: { ...context(room).homeserver, uploadLimit: () => Promise.resolve(10) } };
    await expect(exportMe(context(room, small))).rejects.toThrow(/drawbridge privacy export/);
    await bench.store.apply([{ do: 'room', room, change: { encrypted: true } }]);
    await expect(exportMe(context(room))).rejects.toThrow(/for you alone/);
    expect(uploads).toEqual([]);
  });
});

test('forget-me asks first, and says what it cannot do', async () => {
  const room = await management();
  expect(await forgetMe(context(room), '')).toMatch(/I cannot erase that[^]*forget-me yes/);
  expect(await forgetMe(context(room), 'no')).toMatch(/forget-me yes/);
  expect(asked).toEqual([]);
  await bench.take(message('31'));
  const on = { person: bench.store.personById(NETWORK, '', '31')?.row as PersonRow };
  await bench.store.apply([{ do: 'filter', user: ALICE, on, mode: 'mute' }, { do: 'filter', user: '@bob:test' as UserId, on, mode: 'ignore' }]);
  expect((await bench.store.exportUser(ALICE) as { filters: unknown }).filters).toMatchObject([{ mode: 'mute' }]);
  expect(await forgetMe(context(room), 'Yes')).toMatch(/^Forgotten: /);
  expect([asked, bench.store.member(room, ALICE)?.name, bench.store.filters(ALICE), bench.store.filters('@bob:test' as UserId).length]).toEqual([[ALICE], null, [], 1]);
});

describe('erase', () => {
  test('is for administrators', async () => {
    await bench.take(message('31'));
    await expect(erase(context(1 as RoomRow), ['fake', '31'])).rejects.toThrow(/Only administrators/);
  });

  test('forgets whom it names, says what stays, and how far it is', async () => {
    await bench.portal(message('31'), '!chat:test');
    await bench.store.apply([{ do: 'person', person: bench.store.peopleCalled(NETWORK, '31')[0] as never, change: { registered: true } }]);
    const admin = context(1 as RoomRow, { permission: 'admin' });
    const answer = await erase(admin, ['fake', '31', '--redact', '--stop']);
    expect(answer).toMatch(/Erased here: .*person 1.*until they write START.*not the bridge’s to erase/);
    expect(answer).not.toContain('31');
    expect(asked).toEqual([{ redact: true, stop: true }]);
    expect(bench.store.peopleCalled(NETWORK, '31')).toEqual([]);
    expect(await erase(admin, [])).toMatch(/^Erasure 1: 0 of 0 events redacted/);
    await bench.store.erasureDone(1);
    expect(await erase(admin, [])).toMatch(/No erasure is under way/);
    await expect(erase(admin, ['fake', '31'])).rejects.toThrow(/Nobody on fake is known here as 31/);
    await expect(erase(admin, ['fake', '31', '--now'])).rejects.toThrow(/There is no --now/);
  });

  test('finds people by their ghost and by what their network calls them, however that is written', async () => {
    await bench.take(message('31612345678', ['@Bob']));
    const row = bench.store.peopleCalled(NETWORK, '@Bob')[0];
    const ghost = bench.store.person(row as never)?.localpart ?? '';
    for (const who of [['fake', '31612345678'], ['FAKE', '+31 6 1234-5678'], ['fake', '+31', '612345678'], ['fake', '@Bob'], [`@${ghost}:test`], [`@${ghost}`]]) expect((await findPerson(bench.store, who)).row).toBe(row);
    for (const who of [[], ['fake'], ['@nobody:test'], ['other', '31612345678'], [`@${ghost}:test`, 'x'], ['fake', '316']]) await expect(findPerson(bench.store, who)).rejects.toThrow(expect.objectContaining({ name: 'Mistake' }));
    await bench.take(message('31612345678', [], { conversation: { ...direct('31612345678'), scope: 'b' }, sender: { id: '31612345678', scope: 'b' } }));
    await expect(findPerson(bench.store, ['fake', '31612345678'])).rejects.toThrow(/Several people.*Name the ghost of one: @.*, @/);
    expect(wishesIn(['fake', '--stop', '31'])).toEqual({ who: ['fake', '31'], redact: false, stop: true });
  });
});

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { EventId, RemoteId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import type { Effect } from '../../src/store/store.ts';
import { ACCOUNT, ALICE, Bench, direct, message, NETWORK, portalLane, roomLane, says, writes } from '../kit/model/store/setup.ts';
import { openSqlite } from '../kit/model/store/sqlite.ts';

let dir: string;
let path: string;
const bench = new Bench();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'store-erasure-'));
  path = join(dir, 'bridge.db');
  await bench.open(() => {
    const store = openSqlite(path, () => bench.now);
    return Promise.resolve({ store, reopen: () => Promise.resolve(store), dispose: () => Promise.resolve(store.close()) });
  });
});
afterEach(async () => {
  await bench.close();
  await rm(dir, { recursive: true, force: true });
});

/** Which of these words stand in the database's files, in clear or in base64 at any place of it. */
async function inClear(words: readonly string[]): Promise<readonly string[]> {
  const files = (await readdir(dir)).filter((name) => name.startsWith('bridge.db') && !name.endsWith('.lock'));
  expect(files.length).toBeGreaterThan(0);
  const bytes = Buffer.concat(await Promise.all(files.map((name) => readFile(join(dir, name)))));
  return words.filter((word) => bytes.includes(word) || bytes.includes(Buffer.from(word, 'utf16le')));
}

const ID = '49301237777';
const LONG = 'Canary-message-id-'.repeat(4);
const WORDS = [ID, 'Canary-person', 'Canary-Ghost', 'Canary-message-id-', 'Canary-picture', 'Canary-handle', 'Canary-topic', 'Canary-reason', 'Canary-text', 'Canary-second-id', '\u{1F984}canary'];
const GROUP = { id: 'g', scope: '', kind: 'group', perAccount: false } as const;

/** Somebody with a history, in the midst of others: their rows fill pages, and are moved about by what comes later. */
async function history(): Promise<void> {
  const sender = { id: ID, scope: '', name: 'Canary-person', aliases: ['Canary-second-id'], avatar: { id: 'Canary-picture', handle: 'Canary-handle' } };
  const chat = await bench.portal(message(ID, [], { sender, conversation: { ...direct(ID), title: 'Canary-person' } }), '!chat:test');
  const group = await bench.portal(message('32', [], { conversation: GROUP }), '!group:test');
  const person = bench.store.personById(NETWORK, '', ID);
  if (person === null) throw new Error('nobody');
  await bench.store.apply([
    { do: 'person', person: person.row, change: { registered: true, shownName: 'Canary-person (Fake)', shownPicture: 'Canary-picture' } },
    { do: 'room', room: chat.room, change: { name: 'Canary-person', topic: 'Canary-topic', picture: 'Canary-picture' } },
    ...[chat, group].map(({ room }): Effect => ({ do: 'member', room, member: { user: `@${person.localpart}:test` as never, membership: 'join', name: 'Canary-Ghost' } })),
  ]);
  for (let n = 0; n < 40; n++) {
    const effects: Effect[] = [];
    for (let m = 0; m < 25; m++) {
      const i = n * 25 + m;
      const theirs = i % 3 === 0;
      const portal = i % 2 === 0 ? chat : group;
      const remote = (theirs ? `${LONG}${i}` : `other ${'x'.repeat(60)} ${i}`) as RemoteId;
      effects.push({ do: 'map', row: { portal: portal.row, eventId: `$${(i * 7919) % 1000}event${i}` as EventId, outPart: 0, remoteId: remote, inPart: 0, remoteTime: 1, origin: 'network', author: theirs ? String(person.row) : '99', thread: theirs ? remote : null } });
      if (i % 5 === 0) effects.push({ do: 'react', row: { portal: portal.row, target: remote, actor: theirs ? String(person.row) : '99', emoji: theirs ? '\u{1F984}canary' : '👍', eventId: `$r${i}` as EventId, key: `r${i}`, at: 1 } });
      if (i % 4 === 0) effects.push({ do: 'send', row: { lane: roomLane(portal.room), key: `m${i}`, portal: portal.row, room: portal.room, account: ACCOUNT, remoteRef: remote, task: writes('Canary-text', { as: theirs ? person.row : 99 as never }) } });
      if (portal === chat && i % 7 === 0) effects.push({ do: 'send', row: { lane: portalLane(chat.row), key: `o${i}`, portal: chat.row, account: ACCOUNT, event: `$o${i}` as EventId, sender: ALICE, task: says('Canary-text') } });
    }
    await bench.store.apply(effects);
    await bench.take(message(ID, [], { sender, conversation: n % 2 === 0 ? direct(ID) : GROUP, id: `${LONG}in${n}` as RemoteId, parts: [{ kind: 'text', text: plain('Canary-text') }, { kind: 'image', media: { source: { network: 'Canary-handle' } } }] }), `${LONG}key${n}`);
    await bench.take(message(`other${n}`));
    const head = bench.store.outHead(portalLane(chat.row));
    if (head !== null) {
      await bench.begin(head.seq);
      await bench.store.settleOut(head.seq, n % 2 === 0 ? { to: 'confirmed', remoteId: `${LONG}sent${n}`, at: 1 } : { to: 'dead', code: 'c', reason: `Canary-reason ${ID}` }, []);
    }
  }
}

test.each([[false, false], [true, false], [true, true]])('no byte of who was erased is left in the files (redacted: %s, not to be bridged: %s)', async (redact, stop) => {
  await history();
  expect([...await inClear(WORDS)].sort()).toEqual(WORDS.filter((word) => word !== 'Canary-text').sort());
  await bench.store.erasePerson(bench.store.personById(NETWORK, '', ID)?.row as never, { redact, stop });
  await bench.store.scrub();
  // Also while the homeserver has still to be told.
  expect(await inClear(WORDS)).toEqual([]);
  for (const { id } of bench.store.erasures()) await bench.store.erasureDone(id);
  if (stop) await bench.take(message(ID, ['Canary-second-id'], { id: LONG as RemoteId, sender: { id: ID, scope: '', name: 'Canary-person' } }), `${LONG}again`);
  bench.store.checkpoint();
  expect(await inClear(WORDS)).toEqual([]);
  bench.store.close();
  expect(await inClear(WORDS)).toEqual([]);
});

test('what is left of somebody erased is sealed', async () => {
  await history();
  const ghost = bench.store.personById(NETWORK, '', ID)?.localpart ?? '';
  expect(await inClear([ghost])).toEqual([ghost]);
  await bench.store.erasePerson(bench.store.personById(NETWORK, '', ID)?.row as never, { redact: true, stop: false });
  await bench.store.scrub();
  expect(bench.store.erasures()[0]?.ghosts).toEqual([ghost]);
  expect(await inClear([ghost])).toEqual([]);
});

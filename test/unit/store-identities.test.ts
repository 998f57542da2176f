import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { NetworkEvent } from '../../src/model/events.ts';
import type { AccountId, NetworkId, RemoteId } from '../../src/model/ids.ts';
import { createSeal } from '../../src/store/seal.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import type { Store } from '../../src/store/store.ts';

const network = 'whatsapp' as NetworkId;
const account = 'whatsapp/main' as AccountId;
const [OLD, NEW, ID] = ['31600000001', '31600000002', 'NL.111'];
let folder: string;
let store: Store;
let count = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drawbridge-ids-'));
  store = openSqliteStore({ path: join(folder, 'a.db'), seal: createSeal(Buffer.alloc(32, 1)), localpartOf: (_network, _scope, id) => id.toLowerCase(), now: () => 1 });
});

afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true });
});

function chat(ids: readonly string[]): { id: string; scope: string; kind: 'direct'; perAccount: true; aliases: readonly string[] } {
  return { id: ids[0] ?? '', scope: 'w', kind: 'direct', perAccount: true, aliases: ids.slice(1) };
}

async function accept(event: NetworkEvent): Promise<void> {
  await store.acceptNetwork({ network, account, items: [{ key: `k${count++}`, event }] });
}

function wrote(...ids: string[]): Promise<void> {
  const { id, aliases, scope } = chat(ids);
  return accept({ type: 'message', id: `m${count}` as RemoteId, time: 1, conversation: chat(ids), sender: { id, aliases, scope }, parts: [] });
}

function moved(from: string, to: string, ...now: string[]): Promise<void> {
  return accept({ type: 'identity.alias', scope: 'w', from, to, time: 1, conversation: chat([to, ...now, from]) });
}

async function idsOf(id: string): Promise<readonly string[]> {
  const { conversation } = await store.openConversation({ network, account, person: { id, scope: 'w' }, conversation: chat([id]), invite: [] });
  return store.conversation(conversation)?.aliases ?? [];
}

test('after a change of number nothing goes to the old one, also where a late message still names it', async () => {
  await wrote(ID, OLD);
  await moved(OLD, ID, NEW);
  expect(await idsOf(ID)).toEqual([ID, NEW, OLD]);
  await wrote(ID, OLD);
  await wrote(OLD);
  expect(await idsOf(ID)).toEqual([ID, NEW, OLD]);
});

test('a person known by number alone is written to under the new one', async () => {
  await wrote(NEW);
  await moved(NEW, OLD);
  expect(await idsOf(OLD)).toEqual([OLD, NEW]);
});

test('a new id comes before the old one, whatever their order in the alphabet', async () => {
  await wrote('NL.222', OLD);
  await moved('NL.222', ID, OLD);
  expect(await idsOf(ID)).toEqual([ID, OLD, 'NL.222']);
});

test('people go back to an old number', async () => {
  await wrote(OLD);
  await moved(OLD, NEW);
  await moved(NEW, OLD);
  expect(await idsOf(OLD)).toEqual([OLD, NEW]);
});

test('an old number that somebody new has is theirs', async () => {
  await wrote(ID, OLD);
  await moved(OLD, ID, NEW);
  await wrote('NL.999', OLD);
  expect(await idsOf('NL.999')).toEqual(['NL.999', OLD]);
  expect(await idsOf(ID)).toEqual([ID, NEW]);
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ghostLocalpart } from '../../../../src/matrix/profiles/ghost-id.ts';
import type { Millis } from '../../../../src/model/ids.ts';
import { createSeal } from '../../../../src/store/seal.ts';
import type { Store } from '../../../../src/store/store.ts';
import { openSqliteStore } from '../../../../src/store/sqlite/index.ts';
import type { StoreFactory } from './setup.ts';

export const SEAL_KEY = Buffer.alloc(32, 7);

export function openSqlite(path: string, now: () => Millis, key = SEAL_KEY): Store {
  return openSqliteStore({
    path, seal: createSeal(key), now, joinMs: 0,
    localpartOf: (network, scope, id) => ghostLocalpart({ prefix: '_bridge_', serverName: 'test' }, { network, scope, id }),
  });
}

/** A file, so that closing and opening it means something. */
export const sqliteFile: StoreFactory = async (now) => {
  const dir = await mkdtemp(join(tmpdir(), 'store-test-'));
  const path = join(dir, 'bridge.db');
  let store = openSqlite(path, now);
  return {
    store,
    reopen: () => {
      store.close();
      store = openSqlite(path, now);
      return Promise.resolve(store);
    },
    dispose: async () => {
      store.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
};

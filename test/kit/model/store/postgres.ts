import { ghostLocalpart } from '../../../../src/matrix/profiles/ghost-id.ts';
import type { CodedError } from '../../../../src/model/errors.ts';
import type { Millis } from '../../../../src/model/ids.ts';
import { silentLogger } from '../../../../src/model/log.ts';
import { openPostgresStore } from '../../../../src/store/postgres/index.ts';
import { createSeal } from '../../../../src/store/seal.ts';
import type { Store } from '../../../../src/store/store.ts';
import type { PostgresServer } from '../../postgres/server.ts';
import type { StoreFactory } from './setup.ts';
import { SEAL_KEY } from './sqlite.ts';

export function openPostgres(url: string, now: () => Millis, { key = SEAL_KEY, failed = () => {} }: { readonly key?: Buffer; readonly failed?: (error: CodedError) => void } = {}): Promise<Store> {
  return openPostgresStore({
    url, seal: createSeal(key), now, joinMs: 0, log: silentLogger, failed,
    localpartOf: (network, scope, id) => ghostLocalpart({ prefix: '_bridge_', serverName: 'test' }, { network, scope, id }),
  });
}

/** A database that is emptied before each test: faster than one made anew. */
export function postgresDatabase(server: () => PostgresServer, name: string): StoreFactory {
  let made = false;
  return async (now) => {
    const url = server().url(name);
    if (made) await server().query(name, `TRUNCATE ${tables.join(', ')} RESTART IDENTITY CASCADE`);
    else await server().database(name);
    made = true;
    let store = await openPostgres(url, now);
    return {
      store,
      reopen: async () => {
        store.close();
        store = await openPostgres(url, now);
        return store;
      },
      dispose: () => Promise.resolve(store.close()),
    };
  };
}

const tables = ['meta', 'person', 'person_id', 'conversation', 'conversation_id', 'room', 'member', 'portal', 'inbox', 'seen', 'room_event', 'outbox', 'message_map', 'thread', 'reaction', 'link', 'media'];

import type { Store } from '../store.ts';
import { storeOn, type StoreOptions } from '../sql/store.ts';
import { openDatabase } from './open.ts';
import { SqliteDriver } from './driver.ts';

/** The store on SQLite, in one file. @throws CodedError DB-2001 to DB-2004 */
export function openSqliteStore({ path, ...options }: StoreOptions & { readonly path: string }): Store {
  const { db, unlock } = openDatabase(path);
  return storeOn(new SqliteDriver(db, unlock), options);
}

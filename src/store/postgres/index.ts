import type { Store } from '../store.ts';
import { storeOn, type StoreOptions } from '../sql/store.ts';
import { PostgresDriver } from './driver.ts';
import type { PostgresOptions } from './link.ts';

/** The store on a PostgreSQL server, in a database of its own. @throws CodedError DB-2001, DB-2002, DB-2004, DB-2006, DB-2007 */
export async function openPostgresStore(options: StoreOptions & PostgresOptions): Promise<Store> {
  return storeOn(await PostgresDriver.open(options), options);
}

import { afterAll, beforeAll } from '@jest/globals';
import { postgresDatabase } from '../kit/model/store/postgres.ts';
import { storeSuite } from '../kit/model/store/suite.ts';
import { PostgresServer } from '../kit/postgres/server.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
});
afterAll(() => server.close());

storeSuite('PostgreSQL', postgresDatabase(() => server, 'suite'));

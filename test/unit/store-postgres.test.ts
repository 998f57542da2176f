import { MessagePort } from 'node:worker_threads';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { connect } from '../../src/store/postgres/session.ts';
import type { Question } from '../../src/store/postgres/talk.ts';
import { numbered } from '../../src/store/postgres/wire.ts';
import { postgresDatabase } from '../kit/model/store/postgres.ts';
import { isSeldom } from '../kit/model/store/seldom.ts';
import { storeSuite } from '../kit/model/store/suite.ts';
import { PostgresServer } from '../kit/postgres/server.ts';

/** Everything that the suite makes the store ask. */
const asked = new Set<string>();
const post = MessagePort.prototype.postMessage;
jest.spyOn(MessagePort.prototype, 'postMessage').mockImplementation(function spy(this: MessagePort, ...given) {
  const question = given[0] as Question | undefined;
  if (question?.ask === 'query' && question.text !== undefined) asked.add(question.text.replaceAll(/\s+/g, ' ').trim());
  Reflect.apply(post, this, given);
});

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
}, 120_000);
afterAll(() => server.close());

storeSuite('PostgreSQL', postgresDatabase(() => server, 'suite'));

test('no statement on the path of a message reads a whole table, or a whole chat, however it was planned', async () => {
  const texts = [...asked].filter((text) => !isSeldom(text));
  expect(texts.length).toBeGreaterThan(60);
  const client = await connect(server.url('suite'), 'test');
  // As a statement is planned that has been asked often: without a look at its values.
  await client.query('SET plan_cache_mode = force_generic_plan');
  const slow: string[] = [];
  for (const text of texts) {
    await client.query(`PREPARE asked AS ${numbered(text)}`);
    const values = (text.match(/\?/g) ?? []).map(() => 'NULL').join(', ');
    const plan = (await client.query<Record<string, string>>(`EXPLAIN EXECUTE asked${values === '' ? '' : `(${values})`}`)).rows.map((row) => row['QUERY PLAN'] ?? '').join('\n');
    await client.query('DEALLOCATE asked');
    if (isSlow(plan)) slow.push(`${text}\n${plan}`);
  }
  await client.end();
  expect(slow).toEqual([]);
});

/** An index that holds only what is under way may be read as a whole; any other has to be told where. */
function isSlow(plan: string): boolean {
  const whole = [...plan.matchAll(/Index(?: Only)? Scan (?:Backward )?(?:using|on) (\w+)[^\n]*\n(?!\s+Index Cond)/g)].map(([, index = '']) => index);
  return /Seq Scan/.test(plan) || whole.some((index) => !['inbox_lane', 'inbox_wait', 'outbox_head', 'outbox_wait', 'outbox_origin', 'media_wanted'].includes(index))
    || /message_map_pkey on message_map[^\n]*\n\s+Index Cond: \(portal = \$\d+\)\n/.test(`${plan}\n`);
}

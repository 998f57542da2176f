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

test('no statement on the path of a message reads a whole table, or a whole chat', async () => {
  const texts = [...asked].filter((text) => !isSeldom(text));
  expect(texts.length).toBeGreaterThan(60);
  const client = await connect(server.url('suite'), 'test');
  await client.query(`SET statement_timeout = 0; ${many}; ANALYZE`);
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

/** A bridge after a while: what a table of a few rows would be asked in another way. */
const many = [
  "person (id, network, localpart, created_at) SELECT n, 'x', 'x' || n, 0",
  "person_id (network, scope, value, person) SELECT 'x', '', 'x' || n, n",
  "conversation (id, network, scope, receiver, kind, account, person, created_at) SELECT n, 'x', '', 'x', 'direct', 'x', n, 0",
  "conversation_id (network, scope, receiver, value, conversation) SELECT 'x', '', 'x', 'x' || n, n",
  "room (id, room_id, state, kind, active_at) SELECT n, 'x' || n, 'live', 'portal', n",
  "member (room, \"user\", membership) SELECT n, '@x:x', 'join'",
  "portal (id, room, conversation, account, state, merged) SELECT n, n, n, 'x', 'live', CASE WHEN n % 100 = 50 THEN n - 1 END",
  "inbox (source, key, lane, state, received_at, room, wait_key) SELECT 'x', 'x' || n, 'in:r' || n, (ARRAY['ready', 'dead', 'parked'])[n % 3 + 1], 0, n, 'x' || n",
  "seen (hash, at) SELECT decode(md5(n::text), 'hex'), 0",
  "room_event (seq, room, event_id) SELECT n, n % 500, 'x' || n",
  "outbox (lane, kind, key, state, portal, room, account, event, remote_ref, origin_seq, shows_event, wait_key, created_at, settled_at, remote_id, report, spool) SELECT 'out:p' || n, 'message', 'x' || n, (ARRAY['confirmed', 'confirmed', 'confirmed', 'confirmed', 'confirmed', 'ready', 'dead'])[n % 7 + 1], n, n, 'x', 'x' || n, 'x' || n, n, CASE WHEN n % 50 = 0 THEN 'x' || n END, CASE WHEN n % 50 = 0 THEN 'x' || n END, 0, 0, 'x' || n, n, CASE WHEN n % 50 = 0 THEN 'x' END",
  "message_map (portal, event_id, out_part, remote_id, in_part, remote_time, origin, author) SELECT n % 20, 'x' || n, 0, 'x' || n, 0, 0, 'matrix', 'x'",
  "thread (portal, root, event_id, last_event) SELECT n % 20, 'x' || n, 'x' || n, 'x'",
  "reaction (portal, target, actor, emoji, event_id, key, at) SELECT n % 20, 'x' || n, 'x' || n, 'x', 'x' || n, 'x' || n, 0",
  "link (key, event, shows_event, expires_at) SELECT 'x' || n, 'x' || n, 'x' || n, n",
  "media (account, state, created_at) SELECT 'x', CASE WHEN n % 50 = 0 THEN 'wanted' ELSE 'ready' END, 0",
].map((rows) => `INSERT INTO ${rows} FROM generate_series(1000, 9000) AS n`).join('; ');

/** An index that holds only what is under way may be read as a whole; any other has to be told where. */
function isSlow(plan: string): boolean {
  const whole = [...plan.matchAll(/Index(?: Only)? Scan (?:Backward )?(?:using|on) (\w+)[^\n]*\n(?!\s+Index Cond)/g)].map(([, index = '']) => index);
  return /Seq Scan/.test(plan) || whole.some((index) => !['inbox_lane', 'inbox_wait', 'outbox_head', 'outbox_wait', 'outbox_origin', 'media_wanted'].includes(index))
    || /message_map_pkey on message_map[^\n]*\n\s+Index Cond: \(portal = \$\d+\)\n/.test(`${plan}\n`);
}

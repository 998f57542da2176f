import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from '@jest/globals';
import { rows } from '../kit/invariants/database.ts';
import { quiet } from '../kit/invariants/quiet.ts';
import { DaemonProcess } from '../kit/stack/process.ts';
import { eventually } from '../kit/stack/stack.ts';
import type { Act } from '../kit/talk/acts.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';

let scene: Scene;
afterEach(() => scene.close());

/** Flips a bit of what is sealed in the first row that fits. */
function damage(table: 'inbox' | 'outbox', where: string): void {
  const db = new Database(scene.stack.database);
  const row = db.prepare(`SELECT seq, body FROM ${table} WHERE ${where} ORDER BY seq LIMIT 1`).get() as { seq: number; body: Buffer } | undefined;
  if (row === undefined) throw new Error(`nothing in the ${table} where ${where}`);
  row.body.writeUInt8(row.body.readUInt8(20) ^ 1, 20);
  db.prepare(`UPDATE ${table} SET body = ? WHERE seq = ?`).run(row.body, row.seq);
  db.close();
}

const lines = (room: string): string[] => scene.talk.look().told.filter(({ event }) => event.room_id === room).map(({ text }) => text);
const toldAdmin = (): string[] => scene.talk.look().told.map(({ text }) => text).filter((text) => /was damaged in the database/.test(text));
const lostAlone = (act: Act): unknown => [expect.stringContaining(`${act.token} with ${act.conversation.name}: lost without a word`)];

describe('one damaged row stops nothing: it is kept and told, and what stands behind it goes on', () => {
  test('of what waits for WhatsApp', async () => {
    scene = await setScene({ people: 2 });
    await scene.stack.graph.down();
    const acts = [await scene.say('out', 'text', 0), await scene.say('out', 'image', 0), await scene.say('out', 'text', 1)];
    await eventually('they wait', () => rows(scene.stack.database, "SELECT 1 FROM outbox WHERE lane LIKE 'out:p%' AND state = 'ready'").length === 3, 20_000);
    await scene.stack.stop();
    damage('outbox', "lane LIKE 'out:p%' AND state = 'ready'");
    await scene.stack.graph.up();
    await scene.stack.start();
    expect((await scene.settled()).problems).toEqual([]);
    expect(acts.map((act) => scene.talk.look().onPhone(act).length)).toEqual([0, 1, 1]);
    expect(scene.talk.look().toldAbout(acts[0]?.id ?? '').map(({ text }) => text)).toEqual([expect.stringMatching(/^⚠️ Not delivered.*damaged/)]);
    expect(rows(scene.stack.database, "SELECT code FROM outbox WHERE state = 'dead'")).toEqual([{ code: 'damaged' }]);
  }, 90_000);

  test('of what waits for Matrix, with the row that makes a room', async () => {
    scene = await setScene();
    await scene.stack.homeserver.down();
    const first = await scene.say('in', 'text');
    const behind = await scene.say('in', 'text');
    const bob = scene.talk.meet('Bob');
    const other = await scene.talk.do(bob, 'in', 'text') as Act;
    await eventually('they wait', () => rows(scene.stack.database, "SELECT 1 FROM outbox WHERE kind = 'message' AND state IN ('ready', 'uncertain')").length === 3, 20_000);
    await scene.stack.stop();
    damage('outbox', "kind = 'message' AND state IN ('ready', 'uncertain')");
    damage('outbox', "kind = 'create' AND state IN ('ready', 'uncertain')");
    await scene.stack.homeserver.up();
    await scene.stack.start();
    const { problems } = await scene.settled();
    expect(problems).toEqual(lostAlone(first));
    expect([behind, other].map((act) => scene.talk.look().onMatrix(act).length)).toEqual([1, 1]);
    expect(lines(scene.room())).toContainEqual(expect.stringMatching(/could not be shown: It was damaged/));
  }, 90_000);

  test('of what came from Matrix', async () => {
    scene = await setScene();
    const first = await takenInWhileHeld();
    damage('inbox', `key = '${first.id}' AND state = 'ready'`);
    const behind = await scene.say('out', 'text');
    await scene.stack.start();
    const { problems } = await scene.settled();
    expect(problems).toEqual([]);
    expect([first, behind].map((act) => scene.talk.look().onPhone(act).length)).toEqual([0, 1]);
    expect(scene.talk.look().toldAbout(first.id).map(({ text }) => text)).toEqual([expect.stringMatching(/^⚠️ Not delivered: It was damaged.* Send it again/)]);
    expect(toldAdmin()).toEqual([expect.stringContaining('An item of matrix')]);
  }, 90_000);

  test('of what came from WhatsApp', async () => {
    scene = await setScene({ delivery: { target_wait: '4s' } });
    scene.conversation().person.sendRaw('reaction', { message_id: 'wamid.itnevercame', emoji: '👍' });
    await eventually('it waits', () => rows(scene.stack.database, "SELECT 1 FROM inbox WHERE state = 'parked'").length === 1, 20_000);
    await scene.stack.stop();
    damage('inbox', "state = 'parked'");
    const behind = await scene.say('in', 'text');
    await scene.stack.start();
    const { problems } = await scene.settled();
    expect(problems).toEqual([]);
    expect(scene.talk.look().onMatrix(behind)).toHaveLength(1);
    expect(lines(scene.room())).toContainEqual('⚠️ Something from Ada cannot be shown: It was damaged in the bridge’s database.');
    expect(toldAdmin()).toEqual([expect.stringContaining('An item of whatsapp/main/support')]);
    expect(rows(scene.stack.database, "SELECT code FROM inbox WHERE state = 'dead'")).toEqual([{ code: 'damaged' }]);
  }, 90_000);
});

/** After an unclean stop each room is compared with its history before its lane goes on: what comes in meanwhile waits. The daemon is killed then. */
async function takenInWhileHeld(): Promise<Act> {
  await quiet(scene.stack);
  await scene.stack.stop();
  await (await DaemonProcess.start(scene.stack.configPath)).kill();
  const letGo = scene.stack.homeserver.faults.add({ match: 'GET .*/messages', latencyMs: 60_000 });
  const act = await scene.say('out', 'text');
  await (await DaemonProcess.start(scene.stack.configPath, { crashAt: 'transaction.accepted:1' })).ended;
  letGo();
  return act;
}

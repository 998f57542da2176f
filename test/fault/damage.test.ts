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
    const { acts: [first, behind] } = await takenIn('out', 'transaction.accepted');
    const { problems } = await scene.settled();
    expect(problems).toEqual([]);
    expect([first, behind].map((act) => scene.talk.look().onPhone(act as Act).length)).toEqual([0, 1]);
    expect(scene.talk.look().toldAbout(first?.id ?? '').map(({ text }) => text)).toEqual([expect.stringMatching(/^⚠️ Not delivered: It was damaged.* Send it again/)]);
    expect(toldAdmin()).toEqual([expect.stringContaining('An item of matrix')]);
  }, 90_000);

  test('of what came from WhatsApp', async () => {
    const { acts: [first, behind] } = await takenIn('in', 'webhook.accepted');
    const { problems } = await scene.settled();
    expect(problems).toEqual(lostAlone(first as Act));
    expect(scene.talk.look().onMatrix(behind as Act)).toHaveLength(1);
    expect(lines(scene.room())).toContainEqual('⚠️ Something from Ada cannot be shown: It was damaged in the bridge’s database.');
    expect(toldAdmin()).toEqual([expect.stringContaining('An item of whatsapp/main/support')]);
    expect(rows(scene.stack.database, "SELECT code FROM inbox WHERE state = 'dead'")).toEqual([{ code: 'damaged' }]);
  }, 90_000);
});

/** Two messages that the daemon had just committed when it was killed; the first is damaged, and the daemon started again. */
async function takenIn(way: Act['way'], step: string): Promise<{ readonly acts: readonly Act[] }> {
  scene = await setScene();
  await quiet(scene.stack);
  await scene.stack.stop();
  // Both wait until the daemon listens again, and come one after the other.
  const acts = [await scene.say(way, 'text')];
  const waits = way === 'in' ? "lane LIKE 'in:c%' AND state = 'ready'" : `key = '${acts[0]?.id ?? ''}' AND state = 'ready'`;
  await (await DaemonProcess.start(scene.stack.configPath, { crashAt: `${step}:1` })).ended;
  damage('inbox', waits);
  acts.push(await scene.say(way, 'text'));
  await scene.stack.start();
  await quiet(scene.stack);
  return { acts };
}

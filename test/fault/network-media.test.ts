import { afterEach, describe, expect, test } from '@jest/globals';
import { quiet } from '../kit/invariants/quiet.ts';
import { databaseProblems } from '../kit/invariants/database.ts';
import { eventually } from '../kit/stack/stack.ts';
import type { Act } from '../kit/talk/acts.ts';
import { type Scene, setScene } from '../kit/talk/scene.ts';

let scene: Scene;
afterEach(() => scene.close());

const file = /\/attachments\//;
const facts = /^GET \/v[\d.]+\/\d+/;

/** What stands in Bob's room in the place of a file. */
const placeholders = (): string[] => scene.stack.homeserver.eventsOf(scene.room(), 'm.room.message')
  .filter(({ sender, content }) => sender.startsWith('@_drawbridge_') && String(content['body']).startsWith('📎')).map(({ content }) => String(content['body']));

const urlOf = (act: Act): string => scene.stack.sandbox.messages.find(({ id }) => id === act.id)?.media?.id ?? 'none';

describe('a file that WhatsApp hands over badly', () => {
  test.each([
    ['breaks off in the middle', { match: file, reset: 'half' as const }],
    ['breaks off before anything came', { match: file, reset: 'before' as const }],
    ['is cut off although its length was said', { match: file, stream: { pieces: [Buffer.from('half')], pauseMs: 5, length: 1_000 } }],
    ['is answered 500', { match: file, answer: { status: 500, body: 'later' } }],
    ['is answered 429', { match: file, answer: { status: 429, headers: { 'retry-after': '0' } } }],
    ['has an address that nobody tells', { match: facts, answer: { status: 503, body: { error: { code: 2, message: 'Service temporarily unavailable' } } } }],
  ])('%s: it is fetched again and arrives whole, in its place', async (_what, fault) => {
    scene = await setScene({ delivery: { media_wait: '1m' } });
    scene.stack.graph.add({ ...fault, times: 2 });
    await scene.say('in', 'image');
    await scene.say('in', 'text');
    expect((await scene.settled()).problems).toEqual([]);
    expect(placeholders()).toEqual([]);
  }, 90_000);

  test('is gone: the message says so, and those behind it are shown', async () => {
    scene = await setScene();
    scene.stack.graph.add({ match: file, answer: { status: 404 } });
    await scene.say('in', 'file');
    const next = await scene.say('in', 'text');
    await quiet(scene.stack);
    expect(placeholders()).toEqual([expect.stringMatching(/could not be fetched/)]);
    expect(scene.talk.look().onMatrix(next)).toHaveLength(1);
    expect(databaseProblems(scene.stack)).toEqual([]);
  }, 60_000);

  test('comes a byte at a time: a placeholder goes ahead, and the file takes its place', async () => {
    scene = await setScene({ delivery: { media_wait: '300ms' } });
    const slow = await scene.say('in', 'file');
    const { bytes } = scene.stack.sandbox.messages.find(({ id }) => id === slow.id)?.media ?? { bytes: Buffer.alloc(0) };
    expect(urlOf(slow)).not.toBe('none');
    await quiet(scene.stack);
    scene.stack.graph.add({ match: file, times: 1, stream: { pieces: [...bytes].map((byte) => Buffer.from([byte])), pauseMs: 10 } });
    const late = await scene.say('in', 'voice');
    const next = await scene.say('in', 'text');
    await eventually('what was said behind it', () => scene.talk.look().onMatrix(next).length === 1, 20_000);
    expect(scene.talk.look().onMatrix(late)).toEqual([]);
    await quiet(scene.stack);
    expect(placeholders()).toEqual([expect.stringMatching(/still on its way/)]);
    expect(databaseProblems(scene.stack)).toEqual([]);
  }, 60_000);

  test('never ends: it is cut off at the limit, and nothing of it stays', async () => {
    scene = await setScene({ media: { max_bytes: '64KiB' }, delivery: { media_wait: '20s' } });
    scene.stack.graph.add({ match: file, stream: { pieces: [Buffer.alloc(8_192, 1)], pauseMs: 5, endless: true } });
    await scene.say('in', 'video');
    await scene.say('in', 'text');
    await quiet(scene.stack);
    expect(placeholders()).toEqual([expect.stringMatching(/larger/)]);
    expect(databaseProblems(scene.stack)).toEqual([]);
  }, 60_000);

  test('holds up only its own conversation', async () => {
    scene = await setScene({ people: 2, delivery: { media_wait: '1m' } });
    const stuck = scene.stack.graph.add({ match: file, hang: true });
    const held = await scene.say('in', 'image', 0);
    const behind = await scene.say('in', 'text', 0);
    const other = await scene.say('in', 'text', 1);
    await eventually('the other conversation', () => scene.talk.look().onMatrix(other).length === 1, 20_000);
    expect([held, behind].flatMap((act) => scene.talk.look().onMatrix(act))).toEqual([]);
    stuck();
    await scene.stack.graph.down();
    await scene.stack.graph.up();
    expect((await scene.settled()).problems).toEqual([]);
  }, 90_000);
});

describe('a file that the homeserver hands over badly', () => {
  const download = 'GET /_matrix/client/v1/media/download';

  test.each([['breaks off', { reset: 'half' as const }], ['is answered 502', { status: 502 }], ['is answered 429', { status: 429, body: { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 50 } }]])(
    '%s: it is fetched again', async (_what, fault) => {
      scene = await setScene();
      scene.stack.homeserver.faults.add({ match: download, times: 2, ...fault });
      await scene.say('out', 'image');
      await scene.say('out', 'text');
      expect((await scene.settled()).problems).toEqual([]);
    }, 60_000);

  test('is gone: its sender is told, and what comes behind it goes on', async () => {
    scene = await setScene();
    scene.stack.homeserver.faults.add({ match: download, status: 404, body: { errcode: 'M_NOT_FOUND', error: 'Not found' } });
    const lost = await scene.say('out', 'image');
    await scene.say('out', 'text');
    expect((await scene.settled()).problems).toEqual([]);
    expect(scene.talk.look().toldAbout(lost.id)).toHaveLength(1);
  }, 60_000);

  test('is refused by WhatsApp\'s upload for a while: it goes once that is over', async () => {
    scene = await setScene();
    scene.stack.graph.add({ match: /^POST .*\/media$/, times: 2, answer: { status: 500, body: 'no' } });
    scene.stack.graph.add({ match: /^POST .*\/media$/, times: 1, reset: 'after' });
    await scene.say('out', 'video');
    await scene.say('out', 'text');
    expect((await scene.settled()).problems).toEqual([]);
  }, 60_000);
});

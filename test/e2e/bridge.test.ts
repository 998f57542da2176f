import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { type Scene, steps } from '../../src/demo/script/steps.ts';
import { setStage, type Stage } from '../../src/demo/stage.ts';

/** The daemon on a real Synapse, a real Matrix client, and the WhatsApp sandbox: every kind of message, both ways. */
let stage: Stage;
let scene: Scene;

beforeAll(async () => {
  stage = await setStage({ networks: ['whatsapp'], progress: () => {} });
  const sandbox = stage.networks[0]?.whatsapp;
  if (sandbox === undefined) throw new Error('no WhatsApp on the stage');
  scene = { stage, sandbox, bob: sandbox.person('31612345678', { name: 'Bob' }), room: '', seen: new Map() };
}, 600_000);

afterAll(async () => {
  await stage.close();
}, 60_000);

describe('WhatsApp on a real Synapse', () => {
  test.each(steps.map(({ what, run }) => [what, run] as const))('%s', async (_what, run) => {
    await run(scene);
  }, 40_000);

  test('the bot answers in a room of its own, and opens a room with somebody', async () => {
    const room = await stage.alice.createRoom({ is_direct: true });
    await stage.alice.invite(room, stage.bot);
    await stage.alice.waitForEvent(room, ({ content, sender }) => sender === stage.bot && String(content.body).includes('help'));
    await stage.alice.text(room, 'status');
    await stage.alice.waitForEvent(room, ({ content, sender }) => sender === stage.bot && String(content.body).includes('✅ whatsapp/main/support'));
    await stage.alice.text(room, 'open whatsapp +31 6 8765 4321');
    await stage.alice.waitForInvite();
  }, 40_000);
});

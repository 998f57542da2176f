import { parseArgs } from 'node:util';
import { CodedError } from '../model/errors.ts';
import { servePage } from './page/server.ts';
import { Scene } from './script/scene.ts';
import { steps } from './script/steps.ts';
import { setStage, type Stage } from './stage.ts';

/**
 * `drawbridge demo`: a real Synapse, two Matrix accounts, the WhatsApp sandbox and the bridge on this machine, with a page to
 * be both sides. `--script` plays a conversation instead. Resolves to the exit code: 0 only if everything arrived.
 * @throws CodedError where something that it needs is missing
 */
export async function demo(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { script: { type: 'boolean', default: false }, networks: { type: 'string', default: 'whatsapp' } } });
  const unknown = values.networks.split(',').filter((network) => network !== 'whatsapp');
  if (unknown.length > 0) throw new CodedError('DB-4002', `There is no demo of ${unknown.join(', ')}.`, 'Use --networks whatsapp.');
  const stage = await setStage((line) => console.log(line));
  try {
    if (values.script) return (await play(stage)) ? 0 : 1;
    await show(stage);
    return 0;
  } finally {
    await stage.close();
  }
}

async function play(stage: Stage): Promise<boolean> {
  const scene = new Scene(stage);
  let ok = true;
  for (const step of steps) {
    try {
      const hops = await scene.play(step);
      console.log(`✓ ${step.what}: ${hops.map(({ at, ms }) => `${at} ${ms} ms`).join(' → ')}`);
    } catch (error) {
      ok = false;
      console.log(`✗ ${step.what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  console.log(ok ? 'Everything arrived.' : 'Something did not arrive.');
  return ok;
}

async function show(stage: Stage): Promise<void> {
  stage.sandbox.person('31612345678', { name: 'Bob' });
  const page = await servePage({
    homeserver: stage.synapse.url, phone: `${stage.sandbox.url}/`, bot: stage.bot,
    users: stage.users.map(({ userId, accessToken }) => ({ userId, accessToken })),
  }, 0);
  console.log(`\nOpen ${page.url} : Matrix on the left, a phone on WhatsApp on the right. Ctrl-C ends it.`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  await page.close();
}

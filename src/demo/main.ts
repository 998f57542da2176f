import { parseArgs } from 'node:util';
import { CodedError } from '../model/errors.ts';
import type { Given } from './given.ts';
import { servePage } from './page/server.ts';
import { Hops } from './script/hops.ts';
import { type Scene, steps } from './script/steps.ts';
import { setStage, type Stage } from './stage.ts';

const interrupted = 130;

/**
 * `drawbridge demo`: a real Synapse, two Matrix accounts, the WhatsApp sandbox and the bridge on this machine, with a page to
 * be both sides. `--script` plays a conversation instead. Resolves to the exit code: 0 only if everything arrived.
 * @throws CodedError where something that it needs is missing
 */
export async function demo(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: {
    script: { type: 'boolean', default: false }, networks: { type: 'string', default: 'whatsapp' },
    homeserver: { type: 'string' }, registration: { type: 'string' }, token: { type: 'string', multiple: true, default: [] },
  } });
  const unknown = values.networks.split(',').filter((network) => network !== 'whatsapp');
  if (unknown.length > 0) throw new CodedError('DB-4002', `There is no demo of ${unknown.join(', ')}.`, 'Use --networks whatsapp.');
  const homeserver = given(values);
  // A second Ctrl-C ends it at once: Synapse goes with this process, and only the folder in the system's temporary one stays.
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const hops = new Hops();
  try {
    const stage = await setStage({ progress: (line) => console.log(line), signal: stop.signal, step: (name) => hops.note(name), ...(homeserver && { homeserver }) });
    try {
      if (values.script) return await play(stage, hops, stop.signal);
      await show(stage, stop.signal);
      return 0;
    } finally {
      if (stop.signal.aborted) console.log('\nEnding');
      await stage.close();
    }
  } catch (error) {
    // Ctrl-C in a terminal also ends what we had started, which fails us in passing.
    if (stop.signal.aborted) return interrupted;
    throw error;
  }
}

function given({ homeserver: url, registration, token: tokens }: { homeserver?: string | undefined; registration?: string | undefined; token: string[] }): Given | undefined {
  if (url === undefined && registration === undefined && tokens.length === 0) return undefined;
  if (url === undefined || registration === undefined || tokens.length === 0) {
    throw new CodedError('DB-1010', 'A homeserver that runs already needs --homeserver, --registration and --token together.', '`drawbridge demo --help` says what each is.');
  }
  return { url, registration, tokens: tokens.slice(0, 2) };
}

async function play(stage: Stage, hops: Hops, signal: AbortSignal): Promise<number> {
  const scene: Scene = { stage, bob: stage.sandbox.person('31612345678', { name: 'Bob' }), room: '', seen: new Map() };
  let failed = 0;
  for (const { what, run } of steps) {
    hops.begin();
    try {
      await run(scene);
      console.log(`✓ ${what}\n    ${hops.told(what)}`);
    } catch (error) {
      if (signal.aborted) return interrupted;
      failed += 1;
      console.log(`✗ ${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (signal.aborted) return interrupted;
  }
  console.log(failed === 0 ? `Everything arrived: ${steps.length} of ${steps.length}.` : `${failed} of ${steps.length} did not arrive.`);
  return failed === 0 ? 0 : 1;
}

async function show(stage: Stage, signal: AbortSignal): Promise<void> {
  const bob = '31612345678';
  stage.sandbox.person(bob, { name: 'Bob' });
  const page = await servePage({
    homeserver: stage.homeserver, phone: `${stage.sandbox.url}/#${bob}`, bot: stage.bot,
    users: stage.users.map(({ userId, accessToken }) => ({ userId, accessToken })),
  }, 0);
  console.log(`
Open ${page.url}

  On the left is Matrix, on the right Bob's phone with WhatsApp. Write something on the phone: the bridge makes a
  room for it and invites ${stage.users[0]?.userId ?? 'the account'}. Accept, and answer.

Ctrl-C ends it.`);
  try {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    await page.close();
  }
}

import { parseArgs } from 'node:util';
import { CodedError } from '../model/errors.ts';
import type { Given } from './given.ts';
import { servePage } from './page/server.ts';
import { Hops } from './script/hops.ts';
import { type Scene, steps } from './script/steps.ts';
import { demoNetworks } from './networks/table.ts';
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
  const networks = [...new Set(values.networks.split(',').map((id) => id.trim()))];
  const unknown = networks.filter((id) => !Object.hasOwn(demoNetworks, id));
  if (unknown.length > 0) throw new CodedError('DB-4002', `There is no demo of ${unknown.join(', ')}.`, `Use --networks with some of ${Object.keys(demoNetworks).join(',')}.`);
  if (values.script && !networks.includes('whatsapp')) throw new CodedError('DB-4002', 'The script is played on WhatsApp.', 'Name whatsapp among --networks.');
  const homeserver = given(values);
  // A second Ctrl-C ends it at once: Synapse goes with this process, and only the folder in the system's temporary one stays.
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const hops = new Hops();
  try {
    const stage = await setStage({ networks, progress: (line) => console.log(line), signal: stop.signal, step: (name) => hops.note(name), ...(homeserver && { homeserver }) });
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
  const sandbox = stage.networks.find(({ whatsapp }) => whatsapp !== undefined)?.whatsapp;
  if (sandbox === undefined) return 1;
  const scene: Scene = { stage, sandbox, bob: sandbox.person('31612345678', { name: 'Bob' }), room: '', seen: new Map() };
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
  const page = await servePage({
    homeserver: stage.homeserver, phones: stage.networks.map(({ name, page: url }) => ({ name, url })), bot: stage.bot,
    users: stage.users.map(({ userId, accessToken }) => ({ userId, accessToken })),
  }, 0);
  console.log(`
Open ${page.url}

  On the left is Matrix, on the right somebody on ${stage.networks.map(({ name }) => name).join(', or on ')}. Write something there: the bridge makes a
  room for it and invites ${stage.users[0]?.userId ?? 'the account'}. Accept, and answer.

Ctrl-C ends it.`);
  try {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    await page.close();
  }
}

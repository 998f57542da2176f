import { startTelegramSandbox } from '../../sandbox/telegram/index.ts';
import { newToken } from '../synapse/registration.ts';
import type { DemoNetwork, DemoOptions } from './table.ts';

/** Faster than anybody types or any script plays: what a sandbox teaches by its limits is no part of a demo. */
const hurry = 10_000;
const dora = 201_000_001;

export async function telegramOnStage({ owners }: DemoOptions): Promise<DemoNetwork> {
  const token = `700100200:${newToken()}`;
  const sandbox = await startTelegramSandbox({ token, botName: 'Drawbridge demo', botUsername: 'drawbridge_demo_bot' });
  const person = sandbox.person(dora, { firstName: 'Dora', username: 'dora' });
  sandbox.group('Garden', { members: [person, sandbox.person(dora + 1, { firstName: 'Emil' })] });
  return {
    name: 'Telegram', page: `${sandbox.url}/#${dora}`, close: () => sandbox.close(),
    config: { main: { api_url: sandbox.url, accounts: { garden: { token, owners, rate_scale: hurry } } } },
  };
}

import { startRocketChatSandbox } from '../../sandbox/rocketchat/index.ts';
import { newToken } from '../synapse/registration.ts';
import type { DemoNetwork, DemoOptions } from './table.ts';

/** Faster than anybody types or any script plays: what a sandbox teaches by its limits is no part of a demo. */
const hurry = 10_000;

export async function rocketchatOnStage({ owners }: DemoOptions): Promise<DemoNetwork> {
  const token = newToken();
  const sandbox = await startRocketChatSandbox({ token, username: 'drawbridge' });
  const gina = sandbox.person('gina', 'Gina');
  gina.createRoom('kitchen', [sandbox.account, sandbox.person('hans', 'Hans').user]);
  return {
    name: 'Rocket.Chat', page: `${sandbox.url}/#gina`, close: () => sandbox.close(),
    config: { main: { url: sandbox.url, accounts: { kitchen: { user_id: sandbox.account._id, token, owners, rate_scale: hurry } } } },
  };
}

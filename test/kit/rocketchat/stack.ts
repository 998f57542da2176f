import { type RocketChatSandbox, startRocketChatSandbox } from '../../../src/sandbox/rocketchat/index.ts';
import { type NetworkStack, startNetworkStack } from '../stack/one-network.ts';
import { TOKEN } from './account.ts';

export type RocketChatStack = NetworkStack<RocketChatSandbox>;

export function startRocketChatStack(): Promise<RocketChatStack> {
  return startNetworkStack(async ({ owners }) => {
    const sandbox = await startRocketChatSandbox({ token: TOKEN });
    return { sandbox, networks: { rocketchat: { main: { url: sandbox.url, accounts: { bridge: { user_id: sandbox.account._id, token: TOKEN, owners, rate_scale: 100 } } } } } };
  });
}

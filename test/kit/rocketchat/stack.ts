import { type RocketChatSandbox, startRocketChatSandbox } from '../../../src/sandbox/rocketchat/index.ts';
import { type NetworkStack, startNetworkStack } from '../stack/one-network.ts';
import { configOf, TOKEN } from './account.ts';

export type RocketChatStack = NetworkStack<RocketChatSandbox>;

export function startRocketChatStack(): Promise<RocketChatStack> {
  return startNetworkStack(async ({ owners }) => {
    const sandbox = await startRocketChatSandbox({ token: TOKEN });
    return { sandbox, networks: { rocketchat: configOf(sandbox, { owners, rate_scale: 100 }) } };
  });
}

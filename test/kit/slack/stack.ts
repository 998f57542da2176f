import type { SlackSandbox } from '../../../src/sandbox/slack/index.ts';
import { type NetworkStack, startNetworkStack } from '../stack/one-network.ts';
import { configOf, type Receive, startReceiving } from './account.ts';

export type SlackStack = NetworkStack<SlackSandbox>;

export function startSlackStack(receive: Receive = 'socket'): Promise<SlackStack> {
  return startNetworkStack(async ({ webhooks, owners }) => {
    const sandbox = await startReceiving(receive, webhooks);
    return { sandbox, networks: { slack: configOf(sandbox, { owners }, receive) } };
  });
}

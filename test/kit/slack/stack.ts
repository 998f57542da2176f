import type { SlackSandbox } from '../../../src/sandbox/slack/index.ts';
import { type NetworkStack, startNetworkStack } from '../stack/one-network.ts';
import { SCALE, secrets, startSandbox } from './account.ts';

export type SlackStack = NetworkStack<SlackSandbox>;

export function startSlackStack(receive: 'socket' | 'http' = 'socket'): Promise<SlackStack> {
  return startNetworkStack(async ({ publicUrl, owners }) => {
    const sandbox = await startSandbox(receive === 'http' ? { requestUrl: `${publicUrl}/webhooks/slack/main` } : {});
    return {
      sandbox,
      networks: { slack: { main: {
        receive, app_token: secrets.appToken, signing_secret: secrets.signingSecret, api_url: sandbox.apiUrl,
        accounts: { team: { team_id: sandbox.teamId, user_id: sandbox.botUserId, token: secrets.botToken, owners, rate_scale: SCALE } },
      } } },
    };
  });
}

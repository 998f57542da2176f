import { startSlackSandbox } from '../../sandbox/slack/index.ts';
import { newToken } from '../synapse/registration.ts';
import type { DemoNetwork, DemoOptions } from './table.ts';

/** Faster than anybody types: what a sandbox teaches by its limits is no part of a demo. */
const hurry = 10_000;

export async function slackOnStage({ owners }: DemoOptions): Promise<DemoNetwork> {
  const [botToken, appToken] = [`xoxb-${newToken()}`, `xapp-${newToken()}`];
  const sandbox = await startSlackSandbox({ botToken, appToken, teamName: 'Demo', clockScale: hurry });
  const carol = sandbox.person('carol', { realName: 'Carol' });
  const general = sandbox.channel('general', { members: [carol.id], topic: 'Everything and the rest' });
  return {
    name: 'Slack', page: `${sandbox.url}/#${carol.id}/${general}`, close: () => sandbox.close(),
    config: { main: {
      app_token: appToken, api_url: sandbox.apiUrl,
      accounts: { team: { team_id: sandbox.teamId, user_id: sandbox.botUserId, token: botToken, owners, rate_scale: hurry } },
    } },
  };
}

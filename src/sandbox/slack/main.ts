import { parseArgs } from 'node:util';
import { startSlackSandbox } from './index.ts';

/**
 * The sandbox as its own process. Options come from `--name value` or the environment (`SLACK_SANDBOX_` and the name in capitals,
 * which keeps secrets off the command line). Prints one line of JSON, `{"url":…,"apiUrl":…}`, once it listens.
 */
const names = {
  'port': '0', 'host': '127.0.0.1', 'bot-token': 'xoxb-sandbox-bot-token', 'app-token': 'xapp-sandbox-app-token', 'signing-secret': 'sandbox-signing-secret', 'request-url': '', 'team-id': 'T0SANDBOX', 'team-name': 'Sandbox',
  'bot-user-id': 'U0BRIDGE', 'clock-scale': '1', 'seed': '1',
};
type Name = keyof typeof names;

const given = parseArgs({ options: Object.fromEntries(Object.keys(names).map((name) => [name, { type: 'string' as const }])) }).values;
const option = (name: Name): string => {
  const fromEnvironment = process.env[`SLACK_SANDBOX_${name.replaceAll('-', '_').toUpperCase()}`];
  const fromArguments = given[name];
  return typeof fromArguments === 'string' ? fromArguments : (fromEnvironment ?? names[name]);
};
const requestUrl = option('request-url');

const sandbox = await startSlackSandbox({
  port: Number(option('port')), host: option('host'), botToken: option('bot-token'), appToken: option('app-token'), signingSecret: option('signing-secret'), teamId: option('team-id'), teamName: option('team-name'),
  botUserId: option('bot-user-id'), clockScale: Number(option('clock-scale')), seed: Number(option('seed')), ...(requestUrl === '' ? {} : { requestUrl }),
});
const bob = sandbox.person('bob', { realName: 'Bob' });
sandbox.channel('general', { members: [bob.id] });
const stop = (): void => void sandbox.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.stdout.write(`${JSON.stringify({ url: sandbox.url, apiUrl: sandbox.apiUrl })}\n`);

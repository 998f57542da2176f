import { parseArgs } from 'node:util';
import { startRocketChatSandbox } from './index.ts';

/**
 * The sandbox as its own process. Options come from `--name value` or the environment (`ROCKETCHAT_SANDBOX_` and the name in
 * capitals, which keeps secrets off the command line). Prints one line of JSON, `{"url":…}`, once it listens.
 */
const names = { 'port': '0', 'host': '127.0.0.1', 'token': 'sandbox-access-token', 'user-id': 'bridgeBridge23456', 'username': 'bridge', 'version': '8.5.1', 'seed': '1' };
type Name = keyof typeof names;

const given = parseArgs({ options: Object.fromEntries(Object.keys(names).map((name) => [name, { type: 'string' as const }])) }).values;
const option = (name: Name): string => {
  const fromArguments = given[name];
  return typeof fromArguments === 'string' ? fromArguments : (process.env[`ROCKETCHAT_SANDBOX_${name.replaceAll('-', '_').toUpperCase()}`] ?? names[name]);
};

const sandbox = await startRocketChatSandbox({
  port: Number(option('port')), host: option('host'), token: option('token'), userId: option('user-id'), username: option('username'), version: option('version'), seed: Number(option('seed')),
});
const stop = (): void => void sandbox.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.stdout.write(`${JSON.stringify({ url: sandbox.url })}\n`);

import { parseArgs } from 'node:util';
import { startTelegramSandbox } from './index.ts';

/**
 * The sandbox as its own process. Options come from `--name value` or the environment (`TELEGRAM_SANDBOX_` and the name in
 * capitals, which keeps the token off the command line). Prints one line of JSON, `{"url":…}`, once it listens.
 */
const names = { 'port': '0', 'host': '127.0.0.1', 'token': '700100200:sandbox-token-of-the-telegram-bot', 'bot-name': 'Sandbox bot', 'bot-username': 'sandbox_bot', 'clock-scale': '1', 'seed': '1' };
type Name = keyof typeof names;

const given = parseArgs({ options: Object.fromEntries(Object.keys(names).map((name) => [name, { type: 'string' as const }])) }).values;
const option = (name: Name): string => {
  const fromEnvironment = process.env[`TELEGRAM_SANDBOX_${name.replaceAll('-', '_').toUpperCase()}`];
  const fromArguments = given[name];
  return typeof fromArguments === 'string' ? fromArguments : (fromEnvironment ?? names[name]);
};

const sandbox = await startTelegramSandbox({
  port: Number(option('port')), host: option('host'), token: option('token'), botName: option('bot-name'), botUsername: option('bot-username'),
  clockScale: Number(option('clock-scale')), seed: Number(option('seed')),
});
const stop = (): void => void sandbox.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.stdout.write(`${JSON.stringify({ url: sandbox.url })}\n`);

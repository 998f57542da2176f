import { parseArgs } from 'node:util';
import { startWhatsAppSandbox, type Template } from './index.ts';

/**
 * The sandbox as its own process. Options come from `--name value` or the environment (`WHATSAPP_SANDBOX_` and the name in
 * capitals, which keeps secrets off the command line). Prints one line of JSON, `{"url":…}`, once it listens.
 */
const names = {
  'port': '0', 'host': '127.0.0.1', 'app-secret': 'sandbox-app-secret', 'verify-token': 'sandbox-verify-token', 'access-token': 'sandbox-access-token',
  'phone-number-id': '106540352242922', 'display-phone-number': '+31 970 1020 3040', 'waba-id': '102290129340398', 'verified-name': 'Sandbox Business',
  'webhook-url': '', 'clock-scale': '1', 'seed': '1', 'templates': '',
};
type Name = keyof typeof names;

const given = parseArgs({ options: Object.fromEntries(Object.keys(names).map((name) => [name, { type: 'string' as const }])) }).values;
const option = (name: Name): string => {
  const fromEnvironment = process.env[`WHATSAPP_SANDBOX_${name.replaceAll('-', '_').toUpperCase()}`];
  const fromArguments = given[name];
  return typeof fromArguments === 'string' ? fromArguments : (fromEnvironment ?? names[name]);
};
const webhookUrl = option('webhook-url');
/** JSON: a list as `GET /{waba_id}/message_templates` gives it. */
const templates = option('templates');
/** A number, or JSON with one number for each kind of time. */
const scale: unknown = JSON.parse(option('clock-scale'));

const sandbox = await startWhatsAppSandbox({
  port: Number(option('port')), host: option('host'), appSecret: option('app-secret'), verifyToken: option('verify-token'),
  accessToken: option('access-token'), phoneNumberId: option('phone-number-id'), displayPhoneNumber: option('display-phone-number'),
  wabaId: option('waba-id'), verifiedName: option('verified-name'), seed: Number(option('seed')),
  clockScale: typeof scale === 'object' && scale !== null ? scale : Number(scale),
  ...(webhookUrl === '' ? {} : { webhookUrl }), ...(templates === '' ? {} : { templates: JSON.parse(templates) as readonly Template[] }),
});
const stop = (): void => void sandbox.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.stdout.write(`${JSON.stringify({ url: sandbox.url })}\n`);

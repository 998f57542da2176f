import { parseArgs } from 'node:util';
import { FakeHomeserver } from './server.ts';

/**
 * The fake homeserver as a process of its own, for tests that kill it. Prints one line of JSON, `{"url","bot"}`, when it
 * listens; is steered under /_fake/ of the same address. With --state it finds everything again after kill -9.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    'server-name': { type: 'string' },
    'as-token': { type: 'string' },
    'hs-token': { type: 'string' },
    'as-url': { type: 'string' },
    bot: { type: 'string' },
    'ghost-prefix': { type: 'string' },
    id: { type: 'string' },
    state: { type: 'string' },
    'backoff-second-ms': { type: 'string', default: '1000' },
    'lose-queued': { type: 'boolean', default: false },
    'resend-unsent': { type: 'boolean', default: false },
  },
});

const given = {
  serverName: values['server-name'], asToken: values['as-token'], hsToken: values['hs-token'], appserviceUrl: values['as-url'],
  botLocalpart: values.bot, ghostPrefix: values['ghost-prefix'], registrationId: values.id, stateFile: values.state,
};
const fake = await FakeHomeserver.start({
  ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  port: Number(values.port),
  backoffSecondMs: Number(values['backoff-second-ms']),
  loseQueued: values['lose-queued'],
  resendUnsent: values['resend-unsent'],
  control: true,
});
process.stdout.write(`${JSON.stringify({ url: fake.url, bot: fake.bot })}\n`);
process.once('SIGTERM', () => void fake.close());

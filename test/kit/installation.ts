import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { freePorts } from '../../src/demo/synapse/ports.ts';
import { startWhatsAppSandbox, type WhatsAppSandbox } from '../../src/sandbox/whatsapp/index.ts';
import { FakeHomeserver } from './fake-homeserver/server.ts';
import { program, startProgram, type Ended, type Program } from './program.ts';

/** Secrets as they come to an administrator: from the vendor's console, by the environment. */
export interface Secrets {
  readonly appSecret: string;
  readonly verifyToken: string;
  readonly accessToken: string;
}

/** What an administrator has after `drawbridge init` in an empty folder: the program, a homeserver that was told of it, and the network. */
export interface Installation extends AsyncDisposable {
  readonly dir: string;
  readonly homeserver: FakeHomeserver;
  readonly sandbox: WhatsAppSandbox;
  /** Where the homeserver reaches the bridge. */
  readonly homeserverListener: string;
  readonly publicUrl: string;
  readonly adminUrl: string;
  /** What `init` said. */
  readonly init: Ended;
  readonly registration: { readonly as_token: string; readonly hs_token: string };
  /** The second one, for double puppets. */
  readonly puppets: Installation['registration'];
  run(...args: string[]): Promise<Ended>;
  start(...args: string[]): Program;
}

const NUMBER = '106540352242922';
const ACCOUNT = '102290129340398';

/** `init --yes` with nothing but what has no default, and the secrets in the environment. */
export async function install(secrets: Secrets, ...flags: readonly string[]): Promise<Installation> {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-installation-'));
  const [homeserverPort = 0, asPort = 0, publicPort = 0, adminPort = 0, sandboxPort = 0] = await freePorts(5);
  const env = {
    WHATSAPP_MAIN_APP_SECRET: secrets.appSecret, WHATSAPP_MAIN_VERIFY_TOKEN: secrets.verifyToken, WHATSAPP_MAIN_ACCOUNTS_MAIN_ACCESS_TOKEN: secrets.accessToken,
    WHATSAPP_MAIN_ACCOUNTS_MAIN_PHONE_NUMBER_ID: NUMBER, WHATSAPP_MAIN_ACCOUNTS_MAIN_WABA_ID: ACCOUNT,
  };
  const publicUrl = `http://127.0.0.1:${publicPort}`;
  const set = (key: string, value: string): string[] => ['--set', `${key}=${value}`];
  const init = await program([
    'init', '--yes', '--no-doctor', '--homeserver', `http://127.0.0.1:${homeserverPort}`, '--domain', 'fake.test', '--listen', `127.0.0.1:${asPort}`, '--public-url', publicUrl,
    '--network', 'whatsapp', '--admin', '@admin:fake.test', '--allow', 'fake.test',
    ...set('listen.public', `127.0.0.1:${publicPort}`), ...set('listen.admin', `127.0.0.1:${adminPort}`), ...set('logging.level', 'debug'),
    ...set('networks.whatsapp.main.graph_url', `http://127.0.0.1:${sandboxPort}`), ...set('networks.whatsapp.main.accounts.main.rate_scale', '1000'), ...flags,
  ], { cwd: dir, env });
  if (init.code !== 0) throw new Error(init.stderr);
  const read = (name: string): Installation['registration'] => parse(readFileSync(join(dir, name), 'utf8')) as Installation['registration'];
  const [registration, puppets] = [read('registration.yaml'), read('registration-doublepuppet.yaml')];
  const homeserver = await FakeHomeserver.start({
    botLocalpart: 'drawbridge', port: homeserverPort, asToken: registration.as_token, hsToken: registration.hs_token, puppetToken: puppets.as_token, appserviceUrl: `http://127.0.0.1:${asPort}`, backoffSecondMs: 20,
  });
  homeserver.user('admin');
  const sandbox = await startWhatsAppSandbox({
    ...secrets, port: sandboxPort, phoneNumberId: NUMBER, wabaId: ACCOUNT, displayPhoneNumber: '+31 970 1020 3040', webhookUrl: `${publicUrl}/webhooks/whatsapp/main`, clockScale: 1000,
  });
  const running: Program[] = [];
  const start = (...args: string[]): Program => {
    const started = startProgram(args, { cwd: dir, env });
    running.push(started);
    return started;
  };
  return {
    dir, homeserver, sandbox, publicUrl, homeserverListener: `http://127.0.0.1:${asPort}`, adminUrl: `http://127.0.0.1:${adminPort}`, init, registration, puppets, start, run: (...args) => start(...args).ended,
    async [Symbol.asyncDispose]() {
      for (const { child, ended } of running) {
        child.kill('SIGKILL');
        await ended;
      }
      await sandbox.close();
      await homeserver.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

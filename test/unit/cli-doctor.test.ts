import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { run } from '../../src/cli/program.ts';
import { networks } from '../../src/networks/registry.ts';
import type { Check, Network } from '../../src/networks/network.ts';
import { cliParts } from '../kit/cli.ts';

const AS = 'as-token-0123456789';
const HS = 'hs-token-0123456789';

let folder: string;
let file: string;
let bridgePort: number;
let publicPort: number;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => { server.close(() => resolve()); });
  return port;
}

/** A network whose check says what it is told. */
function toy(check: Network['check']): Network[] {
  const [real] = networks;
  if (real === undefined) throw new Error('no network');
  return [{ ...real, id: 'toy' as Network['id'], name: 'Toy', settings: z.strictObject({ accounts: z.record(z.string(), z.strictObject({ owners: z.array(z.string()), access_token: z.string() })) }), check }];
}

const fine: Network['check'] = async function* () {
  yield await Promise.resolve<Check>({ what: 'token', ok: true, detail: 'accepted' });
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drawbridge-doctor-'));
  file = join(folder, 'config.yaml');
  bridgePort = await freePort();
  publicPort = await freePort();
  writeConfig();
  const cli = cliParts({ networks: () => Promise.resolve(toy(fine)) });
  if (await run(['register', '-c', file], cli) !== 0) throw new Error(cli.complained());
  const registration = join(folder, 'registration.yaml');
  writeFileSync(registration, readFileSync(registration, 'utf8').replace(/^as_token: .*$/m, `as_token: ${AS}`).replace(/^hs_token: .*$/m, `hs_token: ${HS}`));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeConfig(more = ''): void {
  writeFileSync(file, `homeserver: { url: "http://hs.test", domain: example.org }
seal_key: ${Buffer.alloc(32).toString('base64')}
listen: { homeserver: "127.0.0.1:${bridgePort}", public: "127.0.0.1:${publicPort}" }
public_url: http://127.0.0.1:${publicPort}
permissions: { example.org: user }
networks: { toy: { main: { accounts: { a: { owners: [], access_token: tok-0123456789 } } } } }
${more}`, { mode: 0o600 });
}

interface Fake {
  readonly whoami?: { status: number; body: object };
  readonly versions?: object;
  readonly date?: Date;
  /** Where the homeserver thinks that we are. */
  readonly bridge?: string;
  readonly hsToken?: string;
}

/** A homeserver that really calls the bridge when it is told to ping; everything else goes to the network. */
function homeserver(fake: Fake = {}): typeof fetch {
  const json = (body: object, status = 200): Response => Response.json(body, { status, headers: { date: (fake.date ?? new Date()).toUTCString() } });
  return async (input, init) => {
    const url = new URL(String(input));
    if (url.hostname !== 'hs.test') return fetch(input, init);
    if (url.pathname === '/_matrix/client/versions') return json(fake.versions ?? { versions: ['v1.9', 'v1.12'], unstable_features: {} });
    if (new Headers(init?.headers).get('authorization') !== `Bearer ${AS}`) return json({ errcode: 'M_UNKNOWN_TOKEN', error: `no ${AS}` }, 401);
    if (url.pathname === '/_matrix/client/v3/account/whoami') return json(fake.whoami?.body ?? { user_id: '@drawbridge:example.org' }, fake.whoami?.status ?? 200);
    if (url.pathname !== '/_matrix/client/v1/appservice/drawbridge/ping') return json({ errcode: 'M_UNRECOGNIZED' }, 404);
    const bridge = fake.bridge ?? `http://127.0.0.1:${bridgePort}`;
    try {
      const answer = await fetch(`${bridge}/_matrix/app/v1/ping`, { method: 'POST', body: String(init?.body), headers: { authorization: `Bearer ${fake.hsToken ?? HS}` } });
      return answer.ok ? json({ duration_ms: 1 }) : json({ errcode: 'M_BAD_STATUS', error: `${answer.status}` }, 502);
    } catch {
      return json({ errcode: 'M_CONNECTION_FAILED', error: 'refused' }, 502);
    }
  };
}

async function doctor(given: Parameters<typeof cliParts>[0] = {}, networkCheck: Network['check'] = fine): Promise<{ code: number; text: string; checks: Check[] }> {
  const parts = { fetch: homeserver(), networks: () => Promise.resolve(toy(networkCheck)), ...given };
  const json = cliParts(parts);
  const code = await run(['doctor', '--json', '-c', file], json);
  const shown = cliParts(parts);
  expect(await run(['doctor', '-c', file], shown)).toBe(code);
  const report = JSON.parse(json.printed()) as { ok: boolean; checks: Check[] };
  expect(report.ok).toBe(code === 0);
  expect(shown.printed() + json.printed()).not.toMatch(/as-token-0|hs-token-0|tok-0123456789/);
  return { code, text: shown.printed(), checks: report.checks };
}

const failed = (checks: readonly Check[]): string[] => checks.filter(({ ok }) => !ok).map(({ what }) => what);

test('is content where everything is in order, and changes nothing', async () => {
  const before = readFileSync(file, 'utf8');
  const { code, text, checks } = await doctor();
  expect(failed(checks)).toEqual([]);
  expect(code).toBe(0);
  for (const what of ['Node.js', 'config', 'permissions', 'private files', 'database', 'disk', 'registration', 'homeserver', 'homeserver features', 'clock', 'token', 'homeserver to bridge', 'public address', 'toy/main/a: token']) {
    expect(text).toContain(`✓ ${what}: `);
  }
  expect(readFileSync(file, 'utf8')).toBe(before);
});

test('uses the running daemon where the addresses are taken', async () => {
  const servers: Server[] = [bridgePort, publicPort].map((port) => createServer((request, response) => {
    response.writeHead(request.url === '/_matrix/app/v1/ping' ? 200 : 404).end('{}');
  }).listen(port, '127.0.0.1'));
  await Promise.all(servers.map((server) => (server.listening ? undefined : new Promise((resolve) => server.once('listening', resolve)))));
  const { code, text } = await doctor();
  expect(code).toBe(0);
  expect(text).toContain('the homeserver reached the running daemon');
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise<void>((resolve) => { server.close(() => resolve()); });
  }
});

describe('names what is wrong and which key to change', () => {
  test.each<[string, Fake, string, RegExp]>([
    ['the token is not accepted', { whoami: { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN', error: `bad ${AS}` } } }, 'token', /401 M_UNKNOWN_TOKEN.*[\s\S]*app_service_config_files/],
    ['another bot', { whoami: { status: 200, body: { user_id: '@other:example.org' } } }, 'token', /knows us as @other:example\.org, which should be @drawbridge:example\.org/],
    ['the bridge cannot be reached', { bridge: 'http://127.0.0.1:9' }, 'homeserver to bridge', /M_CONNECTION_FAILED[\s\S]*homeserver\.bridge_url/],
    ['an older registration at the homeserver', { hsToken: 'another' }, 'homeserver to bridge', /M_BAD_STATUS[\s\S]*restart it/],
    ['a clock that is wrong', { date: new Date(0) }, 'clock', /at most 30 s/],
    ['an old homeserver', { versions: { versions: ['v1.2'] } }, 'homeserver features', /lacks ping of the bridge \(Matrix 1\.7\), authenticated media \(Matrix 1\.11\)/],
    ['no homeserver', { versions: { hello: 1 } }, 'homeserver', /without versions[\s\S]*homeserver\.url/],
  ])('%s', async (_, fake, what, expected) => {
    const { code, text, checks } = await doctor({ fetch: homeserver(fake) });
    expect(code).toBe(1);
    expect(failed(checks)).toEqual([what]);
    expect(text).toMatch(expected);
  });

  test('a config with mistakes ends it', async () => {
    writeConfig('delivery: { max_blok: 1m }\n');
    const { code, text, checks } = await doctor();
    expect(code).toBe(1);
    expect(text).toContain('unknown key. Did you mean "max_block"?');
    expect(checks.at(-1)?.what).toBe('config');
  });

  test('a registration of another config', async () => {
    writeConfig('bridge: { bot: other }\n');
    const { text, checks } = await doctor({ fetch: homeserver({ whoami: { status: 200, body: { user_id: '@other:example.org' } } }) });
    expect(failed(checks)).toEqual(['registration']);
    expect(text).toContain('sender_localpart is "drawbridge", should be "other"');
  });

  test('files that others may read, a database that is too new, nobody allowed', async () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace('{ example.org: user }', '{ example.org: block }'));
    writeFileSync(join(folder, 'drawbridge.db'), '');
    chmodSync(file, 0o644);
    const { checks } = await doctor({ probeDatabase: () => Promise.resolve(() => ({ version: 3, newest: 2 })) });
    expect(failed(checks)).toEqual(['permissions', 'private files', 'database']);
  });

  test('a public address that ends elsewhere, or at nothing', async () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace(/public_url: .*/, 'public_url: http://127.0.0.1:9'));
    expect(failed((await doctor()).checks)).toEqual(['public address']);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/public_url: .*/, 'public_url: http://bridge.example.org'));
    expect((await doctor()).text).toContain('is not https');
  });

  test('an account that its network refuses, or a check that breaks', async () => {
    const { text, checks } = await doctor({}, async function* () {
      yield await Promise.resolve<Check>({ what: 'token', ok: false, detail: 'tok-0123456789 was refused', fix: 'Change access_token.' });
      throw new Error('broke');
    });
    expect(failed(checks)).toEqual(['toy/main/a: token', 'toy/main/a']);
    expect(text).toContain('✗ toy/main/a: token: [redacted] was refused\n  Fix: Change access_token.');
  });
});

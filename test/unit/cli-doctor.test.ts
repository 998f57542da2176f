import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { run } from '../../src/cli/program.ts';
import { CodedError } from '../../src/model/errors.ts';
import { probeDatabase } from '../../src/store/sqlite/probe.ts';
import { createSeal } from '../../src/store/seal.ts';
import { openSqliteStore } from '../../src/store/sqlite/index.ts';
import { freePorts } from '../../src/demo/synapse/ports.ts';
import { openDatabase } from '../../src/store/sqlite/open.ts';
import type { Store } from '../../src/store/store.ts';
import { networks } from '../../src/networks/registry.ts';
import type { Check, Network } from '../../src/networks/network.ts';
import { addressOf, cliParts } from '../kit/cli.ts';

const AS = 'as-token-0123456789';
const HS = 'hs-token-0123456789';
const PUPPETS = 'as-token-0123456789-puppets';

let folder: string;
let file: string;
let bridgePort: number;
let publicPort: number;

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
  [bridgePort = 0, publicPort = 0] = await freePorts(2);
  writeConfig();
  const cli = cliParts({ networks: () => Promise.resolve(toy(fine)) });
  if (await run(['register', '-c', file], cli) !== 0) throw new Error(cli.complained());
  const registration = join(folder, 'registration.yaml');
  writeFileSync(registration, readFileSync(registration, 'utf8').replace(/^as_token: .*$/m, `as_token: ${AS}`).replace(/^hs_token: .*$/m, `hs_token: ${HS}`));
  const puppets = join(folder, 'registration-doublepuppet.yaml');
  writeFileSync(puppets, readFileSync(puppets, 'utf8').replace(/^as_token: .*$/m, `as_token: ${PUPPETS}`).replace(/^hs_token: .*$/m, 'hs_token: hs-token-0'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeConfig(more = ''): void {
  writeFileSync(file, `homeserver: { url: "http://hs.test", domain: example.org }
seal_key: ${Buffer.alloc(32).toString('base64')}
listen: { homeserver: "127.0.0.1:${bridgePort}", public: "127.0.0.1:${publicPort}" }
public_url: http://127.0.0.1:${publicPort}
permissions: { example.org: user }
networks: { toy: { main: { accounts: { a: { owners: ["@root:example.org"], access_token: tok-0123456789 } } } } }
${more}`, { mode: 0o600 });
}

interface Fake {
  /** What it says to the second token. */
  readonly puppets?: { status: number; body: object };
  readonly whoami?: { status: number; body: object };
  /** What it says to an OpenID token that nobody has. */
  readonly openid?: { status: number; body: object };
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
    const url = new URL(addressOf(input));
    if (url.hostname !== 'hs.test') return fetch(input, init);
    if (url.pathname === '/_matrix/client/versions') return json(fake.versions ?? { versions: ['v1.9', 'v1.12'], unstable_features: {} });
    if (fake.openid !== undefined && url.pathname === '/_matrix/federation/v1/openid/userinfo') return json(fake.openid.body, fake.openid.status);
    const token = new Headers(init?.headers).get('authorization')?.replace('Bearer ', '');
    if (token === PUPPETS && url.pathname === '/_matrix/client/v3/account/whoami') return json(fake.puppets?.body ?? { user_id: url.searchParams.get('user_id') }, fake.puppets?.status ?? 200);
    if (token !== AS) return json({ errcode: 'M_UNKNOWN_TOKEN', error: `no ${AS}` }, 401);
    if (url.pathname === '/_matrix/client/v3/account/whoami') return json(fake.whoami?.body ?? { user_id: '@drawbridge:example.org' }, fake.whoami?.status ?? 200);
    if (url.pathname !== '/_matrix/client/v1/appservice/drawbridge/ping') return json({ errcode: 'M_UNRECOGNIZED' }, 404);
    const bridge = fake.bridge ?? `http://127.0.0.1:${bridgePort}`;
    try {
      const answer = await fetch(`${bridge}/_matrix/app/v1/ping`, { method: 'POST', body: typeof init?.body === 'string' ? init.body : null, headers: { authorization: `Bearer ${fake.hsToken ?? HS}` } });
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

/** Every file of the folder, with what is in it; SQLite notes in the `-shm` of an open database who reads. */
const traces = (): unknown[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort().map((name) => {
  const path = join(folder, name);
  return [name, statSync(path).isFile() && !name.endsWith('-shm') ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''];
});

test('is content where everything is in order, and changes nothing', async () => {
  const { db, unlock } = openDatabase(join(folder, 'drawbridge.db'));
  db.close();
  unlock();
  const before = traces();
  const { code, text, checks } = await doctor({ probeDatabase: () => Promise.resolve(probeDatabase) });
  expect(failed(checks)).toEqual([]);
  expect(code).toBe(0);
  for (const what of ['Node.js', 'config', 'permissions', 'private files', 'seal key', 'database', 'disk', 'registration', 'double puppets', 'homeserver', 'homeserver features', 'clock', 'token', 'homeserver to bridge', 'provisioning: OpenID', 'public address', 'toy/main/a: token']) {
    expect(text).toContain(`✓ ${what}: `);
  }
  expect(traces()).toEqual(before);
  expect(text).toContain('no Drawbridge runs on it');
});

describe('while the daemon runs', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise<void>((resolve) => { server.close(() => resolve()); });
    }
  });

  /** Something that has the daemon's ports. */
  async function occupy(body: string): Promise<void> {
    for (const port of [bridgePort, publicPort]) {
      const server = createServer((request, response) => { response.writeHead(request.url === '/_matrix/app/v1/ping' ? 200 : 404).end(body); });
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      servers.push(server);
    }
  }

  test('it is what is asked, and its database is left alone', async () => {
    await occupy('{"error":"There is nothing at this address."}');
    const { db, unlock } = openDatabase(join(folder, 'drawbridge.db'));
    const before = traces();
    const { code, text } = await doctor({ probeDatabase: () => Promise.resolve(probeDatabase) });
    expect(traces()).toEqual(before);
    db.close();
    unlock();
    expect(code).toBe(0);
    expect(text).toContain('the homeserver reached the running daemon');
    expect(text).toContain('a running Drawbridge holds it');
  });

  test('a proxy that answers for it is told apart', async () => {
    await occupy('{"error":"There is nothing at this address."}');
    const proxy: typeof fetch = (input, init) => (addressOf(input).includes('/webhooks/toy/') ? Promise.resolve(new Response('<h1>404 Not Found</h1>', { status: 404 })) : homeserver()(input, init));
    const { text, checks } = await doctor({ fetch: proxy });
    expect(failed(checks)).toEqual(['public address']);
    expect(text).toContain('answers 404 from somewhere else; an answer of the running daemon should come');
  });

  test('another program that has its port is told apart', async () => {
    await occupy('<h1>404 Not Found</h1>');
    const { text, checks } = await doctor();
    expect(failed(checks)).toEqual(['public address']);
    expect(text).toContain(`something else than Drawbridge listens on 127.0.0.1:${publicPort}\n  Fix: Stop it, or change the key listen.public.`);
  });
});

describe('names what is wrong and which key to change', () => {
  test.each<[string, Fake, string, RegExp]>([
    ['the token is not accepted', { whoami: { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN', error: `bad ${AS}` } } }, 'token', /401 M_UNKNOWN_TOKEN.*[\s\S]*app_service_config_files/],
    ['another bot', { whoami: { status: 200, body: { user_id: '@other:example.org' } } }, 'token', /knows us as @other:example\.org, which should be @drawbridge:example\.org/],
    ['the bridge cannot be reached', { bridge: 'http://127.0.0.1:9' }, 'homeserver to bridge', /M_CONNECTION_FAILED[\s\S]*homeserver\.bridge_url/],
    ['an older registration at the homeserver', { hsToken: 'another' }, 'homeserver to bridge', /M_BAD_STATUS[\s\S]*restart it/],
    ['a clock that is wrong', { date: new Date(0) }, 'clock', /at most 30 s/],
    ['a homeserver without the second registration', { puppets: { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } } }, 'double puppets: token', /shown by the bot[\s\S]*app_service_config_files/],
    ['an owner without an account', { puppets: { status: 403, body: { errcode: 'M_FORBIDDEN' } } }, 'double puppets: token', /@root:example\.org has an account/],
    ['a homeserver that says nothing of OpenID', { openid: { status: 404, body: { errcode: 'M_UNRECOGNIZED' } } }, 'provisioning: OpenID', /404 M_UNRECOGNIZED[\s\S]*resource openid[\s\S]*provisioning\.openid/],
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
    expect(text).toContain('✗ config: DB-1001: ');
    expect(text).toContain('unknown key. Did you mean "max_block"?');
    expect(checks.at(-1)?.what).toBe('config');
  });

  test('one cause makes one line: what hangs on it is not tried', async () => {
    const skipped = (checks: readonly Check[]): unknown => checks.filter((check) => check.skipped).map(({ what, detail }) => `${what}: ${detail}`);
    const refused = await doctor({ fetch: homeserver({ whoami: { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } } }) });
    expect(failed(refused.checks)).toEqual(['token']);
    expect(skipped(refused.checks)).toEqual(['homeserver to bridge: not tried: the homeserver has to take the token first.']);
    expect(refused.text).toContain('– homeserver to bridge: not tried');
    const away = await doctor({ fetch: async (input, init) => (addressOf(input).startsWith('http://hs.test') ? Promise.reject(new TypeError('fetch failed')) : fetch(input, init)) });
    expect(failed(away.checks)).toEqual(['homeserver']);
    expect(skipped(away.checks)).toEqual(['token', 'homeserver to bridge'].map((what) => `${what}: not tried: the homeserver does not answer.`));
    rmSync(join(folder, 'registration.yaml'));
    const unregistered = await doctor();
    expect(failed(unregistered.checks)).toEqual(['registration']);
    expect(skipped(unregistered.checks)).toEqual(['token', 'homeserver to bridge'].map((what) => `${what}: not tried: there is no registration.`));
  });

  test('a registration of another config', async () => {
    writeConfig('bridge: { bot: other }\n');
    const { text, checks } = await doctor({ fetch: homeserver({ whoami: { status: 200, body: { user_id: '@other:example.org' } } }) });
    expect(failed(checks)).toEqual(['registration']);
    expect(text).toContain('sender_localpart is "drawbridge", should be "other"');
  });

  test('double puppets that nobody has registered, or wants, are no fault', async () => {
    const puppets = join(folder, 'registration-doublepuppet.yaml');
    writeFileSync(puppets, readFileSync(puppets, 'utf8').replace('exclusive: false', 'exclusive: true'));
    expect(failed((await doctor()).checks)).toEqual(['double puppets']);
    rmSync(puppets);
    const none = await doctor();
    expect(failed(none.checks)).toEqual([]);
    expect(none.text).toMatch(/double puppets: none, for there is no .*registration-doublepuppet\.yaml/);
    writeConfig('bridge: { double_puppet: off }\n');
    expect((await doctor()).text).toContain('double puppets: off');
  });

  test('files that others may read, a database that is too new, nobody allowed', async () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace('{ example.org: user }', '{ example.org: block }'));
    writeFileSync(join(folder, 'drawbridge.db'), '');
    chmodSync(file, 0o644);
    const { checks } = await doctor({ probeDatabase: () => Promise.resolve(() => ({ version: 3, newest: 2, running: false, sameKey: null })) });
    expect(failed(checks)).toEqual(['permissions', 'private files', 'database', 'toy/main/a: owners']);
  });

  test('a seal key that others may read, or that stands with what it seals', async () => {
    const config = readFileSync(file, 'utf8');
    const named = (name: string): void => writeFileSync(file, config.replace(/seal_key: .*/, `seal_key: file:${name}`));
    const write = (name: string, mode: number): void => writeFileSync(join(folder, name), Buffer.alloc(32).toString('base64'), { mode });
    write('seal.key', 0o640);
    named('seal.key');
    const open = await doctor();
    expect(failed(open.checks)).toEqual(['private files']);
    expect(open.text).toContain(`chmod 600 ${join(folder, 'seal.key')}`);
    chmodSync(join(folder, 'seal.key'), 0o600);
    const good = await doctor();
    expect(failed(good.checks)).toEqual([]);
    expect(good.text).toContain('keep a copy apart');
    mkdirSync(join(folder, 'data'));
    write('data/seal.key', 0o600);
    named('data/seal.key');
    const beside = await doctor();
    expect(failed(beside.checks)).toEqual([]);
    expect(beside.text).toMatch(/seal key: note: .*data\/seal\.key stands in the data folder/);
  });

  test('a public address that ends elsewhere, or at nothing', async () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace(/public_url: .*/, 'public_url: http://127.0.0.1:9'));
    expect(failed((await doctor()).checks)).toEqual(['public address']);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/public_url: .*/, 'public_url: http://bridge.example.org'));
    expect((await doctor()).text).toContain('should be https');
  });

  test('an account whose owners may not use the bridge, or that has nobody to invite', async () => {
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('@root:example.org', '@root:elsewhere.org'));
    const refused = await doctor();
    expect(failed(refused.checks)).toEqual(['toy/main/a: owners']);
    expect(refused.text).toContain('@root:elsewhere.org may not use the bridge');
    writeFileSync(file, text.replace('"@root:example.org"', ''));
    const nobody = await doctor();
    expect(failed(nobody.checks)).toEqual(['toy/main/a: owners']);
    expect(nobody.text).toContain('networks.toy.main.accounts.a.owners');
    writeFileSync(file, text.replace('"@root:example.org"', '').replace('{ example.org: user }', '{ example.org: user, "@boss:example.org": admin }'));
    const administrator = await doctor();
    expect(failed(administrator.checks)).toEqual([]);
    expect(administrator.text).toContain('@boss:example.org (administrator, since there are no owners) will be invited');
  });

  test('a database of another key', async () => {
    const path = join(folder, 'drawbridge.db');
    const open = (key: Buffer): Store => openSqliteStore({ path, seal: createSeal(key), now: () => 0, localpartOf: () => '' });
    open(Buffer.alloc(32)).close();
    const before = traces();
    expect(failed((await doctor({ probeDatabase: () => Promise.resolve(probeDatabase) })).checks)).toEqual([]);
    expect(traces()).toEqual(before);
    rmSync(path);
    const store = open(Buffer.alloc(32, 1));
    const running = await doctor({ probeDatabase: () => Promise.resolve(probeDatabase) });
    store.close();
    const stopped = await doctor({ probeDatabase: () => Promise.resolve(probeDatabase) });
    for (const { text, checks } of [running, stopped]) {
      expect(failed(checks)).toEqual(['database']);
      expect(text).toContain('was sealed with another key than seal_key');
    }
  });

  test('a server that does not answer, one of a newer release, another key, no right to make tables; none shows the password', async () => {
    const secret = 'p%40ss-of-the-database';
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^database: .*$/m, '').concat(`\ndatabase: postgres://me:${secret}@db.example/bridge?sslmode=verify-full\n`));
    const looked = { version: 1, newest: 1, running: false, sameKey: true, server: '17.2', writable: true, durable: true };
    const ask = async (probe: () => Promise<typeof looked>) => {
      const { text, checks } = await doctor({ probeDatabase: () => Promise.resolve(probe) });
      expect(text).not.toMatch(/p(?:%40|@)ss-of-the-database/);
      return { checks, line: checks.find(({ what }) => what === 'database') };
    };
    const fine = await ask(() => Promise.resolve(looked));
    expect(failed(fine.checks)).toEqual([]);
    expect(fine.line?.detail).toBe('postgres://me@db.example/bridge answers (PostgreSQL 17.2) and has schema 1, should have 1 at most; no Drawbridge runs on it');
    expect((await ask(() => Promise.resolve({ ...looked, running: true, version: 0 }))).line).toMatchObject({ ok: true, detail: expect.stringMatching(/is empty, .*a running Drawbridge holds it/) });
    for (const [bad, words] of [[{ version: 2 }, /schema 2/], [{ sameKey: false }, /another key/], [{ version: 0, writable: false }, /may make no tables/], [{ durable: false }, /power cut/]] as const) {
      const { checks, line } = await ask(() => Promise.resolve({ ...looked, ...bad }));
      expect([failed(checks), line?.detail]).toEqual([['database'], expect.stringMatching(words)]);
    }
    const away = await ask(() => Promise.reject(new CodedError('DB-2006', `PostgreSQL cannot be used: refused ${decodeURIComponent(secret)}.`, 'Start it.')));
    expect(away.line).toMatchObject({ ok: false, fix: 'Start it.', detail: expect.stringContaining('DB-2006') });
  });

  test('a registration, or a database, that is none', async () => {
    writeFileSync(join(folder, 'drawbridge.db'), 'not a database at all');
    chmodSync(join(folder, 'drawbridge.db'), 0o600);
    const { checks } = await doctor({ probeDatabase: () => Promise.resolve(probeDatabase) });
    expect(failed(checks)).toEqual(['database']);
    writeFileSync(join(folder, 'registration.yaml'), 'id: x\n');
    expect((await doctor()).checks.at(-1)).toMatchObject({ what: 'registration', ok: false, fix: expect.stringContaining('drawbridge register') });
  });

  test('a public address where no network has one, and one app more than the proxy knows', async () => {
    const network = 'networks: { toy: { main: { accounts: { a: { owners: ["@root:example.org"], access_token: tok-0123456789 } } }, second: { accounts: {} } } }';
    writeFileSync(file, readFileSync(file, 'utf8').replace(/networks: .*/, network));
    const seen: string[] = [];
    const through: typeof fetch = (input, init) => {
      const { pathname } = new URL(addressOf(input));
      seen.push(pathname);
      return pathname.startsWith('/webhooks/toy/second/') ? Promise.resolve(new Response('nginx', { status: 404 })) : homeserver()(input, init);
    };
    const { checks } = await doctor({ fetch: through });
    expect(checks.filter(({ what }) => what === 'public address').map(({ ok }) => ok)).toEqual([true, false]);
    expect(seen.filter((path) => /^\/webhooks\/toy\/main\/[0-9a-f]{32}$/.test(path))).toHaveLength(2);
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

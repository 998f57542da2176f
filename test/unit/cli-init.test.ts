import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { run } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config/load.ts';
import { networks } from '../../src/networks/registry.ts';
import { cliParts } from '../kit/cli.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drawbridge-init-'));
  file = join(folder, 'config.yaml');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A homeserver at https://matrix.example.org that example.org points to. */
const homeserver: typeof fetch = (input) => {
  const address = String(input);
  const answer = (body: object): Promise<Response> => Promise.resolve(Response.json(body));
  if (address === 'https://example.org/.well-known/matrix/client') return answer({ 'm.homeserver': { base_url: 'https://matrix.example.org/' } });
  if (address === 'https://matrix.example.org/_matrix/client/versions') return answer({ versions: ['v1.1', 'v1.12'] });
  return Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) }));
};

async function init(...flags: string[]): Promise<ReturnType<typeof cliParts> & { code: number }> {
  const cli = cliParts({ fetch: homeserver });
  const code = await run(['init', '--yes', '-c', file, ...flags], cli);
  return { ...cli, code };
}

const mode = (path: string): number => statSync(path).mode & 0o777;
const NEW = ['--homeserver', 'example.org', '--network', 'whatsapp', '--admin', '@root:example.org', '--allow', 'example.org', '--public-url', 'https://bridge.example.org'];
const SECRETS = ['app_secret=aaaaaaaaaa', 'verify_token=bbbbbbbbbb', 'accounts.main.phone_number_id=106540352242922', 'accounts.main.waba_id=102290129340398', 'accounts.main.access_token=cccccccccccccccccccccccc']
  .flatMap((one) => ['--set', `networks.whatsapp.main.${one}`]);

describe('a first run', () => {
  test('finds the homeserver and writes a config that loads, a key and a registration, all private', async () => {
    const { code, printed } = await init(...NEW, ...SECRETS);
    expect(code).toBe(0);
    expect(printed()).not.toContain('Still to do');
    const { config, registration } = loadConfig(file, networks, {});
    expect(config.homeserver).toMatchObject({ url: 'https://matrix.example.org', domain: 'example.org' });
    expect(config.public_url).toBe('https://bridge.example.org');
    expect(config.permissions).toEqual({ 'example.org': 'user', '@root:example.org': 'admin' });
    expect(config.networks['whatsapp']?.['main']?.accounts['main']).toMatchObject({ phone_number_id: '106540352242922', owners: ['@root:example.org'] });
    expect(registration?.content).toMatchObject({ id: 'drawbridge', url: 'http://127.0.0.1:29330', sender_localpart: 'drawbridge', protocols: ['whatsapp'], receive_ephemeral: true });
    expect([file, join(folder, 'registration.yaml'), join(folder, 'data', 'seal.key')].map(mode)).toEqual([0o600, 0o600, 0o600]);
    expect(printed()).toContain(`app_service_config_files:\n  - ${JSON.stringify(join(folder, 'registration.yaml'))}`);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('# Address at which the internet reaches listen.public.');
    expect(text).toContain('$schema=/schema.json');
  });

  test('names what is left to fill in, and needs no network', async () => {
    const { code, printed } = await init(...NEW);
    expect(code).toBe(0);
    expect(printed()).toMatch(/Still to do in the config:\n(.*\n)*.*app_secret: the environment variable WHATSAPP_MAIN_APP_SECRET is not set/);
    rmSync(file);
    expect((await init('--homeserver', 'http://down.example', '--domain', 'down.example')).code).toBe(0);
    expect(loadConfig(file, networks, {}).config).toMatchObject({ homeserver: { url: 'http://down.example' }, networks: {}, permissions: { '@admin:down.example': 'admin' } });
  });

  test.each([
    [['--homeserver', 'example.org', '--listen', 'nowhere'], '--listen: must be host:port'],
    [['--homeserver', 'example.org', '--domain', 'a b'], '--domain: must be the server name'],
    [['--homeserver', 'example.org', '--admin', 'root'], '--admin: '],
    [['--homeserver', 'example.org', '--set', 'loging.level=debug'], '--set loging.level: unknown key'],
    [['--homeserver', 'example.org', '--set', 'nonsense'], 'there is no "="'],
    [['--homeserver', 'example.org', '--network', 'watsapp'], 'There is no network watsapp'],
    [[], 'Give --homeserver'],
  ])('writes nothing when an answer does not fit: %j', async (flags, expected) => {
    const { code, complained } = await init(...flags);
    expect(code).toBe(1);
    expect(complained()).toContain(expected);
    expect(existsSync(file)).toBe(false);
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  test('without a terminal asks nobody', async () => {
    const cli = cliParts({});
    expect(await run(['init', '-c', file], cli)).toBe(1);
    expect(cli.complained()).toContain('--yes');
  });
});

describe('a further run', () => {
  test('changes nothing when nothing was said', async () => {
    await init(...NEW, ...SECRETS);
    const before = ['config.yaml', 'registration.yaml', 'data/seal.key'].map((name) => readFileSync(join(folder, name), 'utf8'));
    const { printed } = await init();
    expect(printed()).toContain(`${file}: unchanged`);
    expect(['config.yaml', 'registration.yaml', 'data/seal.key'].map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(before);
  });

  test('edits only what was said, and keeps what people wrote', async () => {
    await init(...NEW, ...SECRETS);
    writeFileSync(file, readFileSync(file, 'utf8').replace('level: info', 'level: warn # quieter, please'));
    const before = readFileSync(file, 'utf8');
    const { printed } = await init('--set', 'delivery.max_block=20m', '--set', 'delivery.dead_content_days=3', '--allow', 'friends.example');
    expect(printed()).toContain(`${file}: updated (permissions.friends.example, delivery.max_block, delivery.dead_content_days)`);
    const changed = readFileSync(file, 'utf8').split('\n').filter((line) => !before.split('\n').includes(line));
    expect(changed.map((line) => line.trim())).toEqual(['friends.example: user', 'max_block: 20m', 'dead_content_days: 3']);
    expect(mode(file)).toBe(0o600);
  });

  test('adds a network to a config that has none', async () => {
    await init('--homeserver', 'example.org');
    await init('--network', 'whatsapp', ...SECRETS);
    expect(Object.keys(loadConfig(file, networks, {}).config.networks)).toEqual(['whatsapp']);
    expect(loadConfig(file, networks, {}).registration?.content).toMatchObject({ protocols: ['whatsapp'] });
  });
});

describe('register', () => {
  const register = (...flags: string[]): Promise<number> => run(['register', '-c', file, ...flags], cliParts({}));
  const registration = (): Record<string, unknown> => parse(readFileSync(join(folder, 'registration.yaml'), 'utf8')) as Record<string, unknown>;

  test('follows the config, and keeps tokens, comments, foreign keys and namespaces', async () => {
    await init(...NEW);
    const path = join(folder, 'registration.yaml');
    const before = registration();
    writeFileSync(path, `# ours\n${readFileSync(path, 'utf8')}io.example.own: 5\n`.replace('regex: ^@_drawbridge_.*:example\\.org$', 'regex: ^@_old_.*:example\\.org$'), { mode: 0o644 });
    await init('--bridge-url', 'http://bridge:29330');
    const after = registration();
    expect(after).toMatchObject({ as_token: before['as_token'], hs_token: before['hs_token'], url: 'http://bridge:29330', 'io.example.own': 5 });
    expect(after['namespaces']).toMatchObject({ users: [{ regex: '^@_drawbridge_.*:example\\.org$' }, { regex: '^@_old_.*:example\\.org$' }] });
    expect(readFileSync(path, 'utf8')).toContain('# ours');
    expect(mode(path)).toBe(0o600);
    expect(await register()).toBe(0);
    expect(registration()).toEqual(after);
  });

  test('makes new tokens when told to', async () => {
    await init(...NEW);
    const before = registration();
    expect(await register('--rotate')).toBe(0);
    const after = registration();
    expect(after['as_token']).not.toBe(before['as_token']);
    expect(after['hs_token']).not.toBe(before['hs_token']);
    expect({ ...after, as_token: 0, hs_token: 0 }).toEqual({ ...before, as_token: 0, hs_token: 0 });
  });
});

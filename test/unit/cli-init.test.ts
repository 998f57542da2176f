import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { run } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config/load.ts';
import { networks } from '../../src/networks/registry.ts';
import { addressOf, cliParts } from '../kit/cli.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drawbridge-init-'));
  file = join(folder, 'config.yaml');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A homeserver at https://matrix.example.org that example.org points to. */
const homeserver: typeof fetch = (input) => {
  const address = addressOf(input);
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
    expect([file, join(folder, 'registration.yaml'), join(folder, 'seal.key')].map(mode)).toEqual([0o600, 0o600, 0o600]);
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
    expect(loadConfig(file, networks, {}).config).toMatchObject({ homeserver: { url: 'http://down.example' }, networks: {} });
    expect(loadConfig(file, networks, {}).config.permissions).toEqual({});
  });

  test.each([
    [['--homeserver', 'example.org', '--listen', 'nowhere'], '--listen: must be host:port'],
    [['--homeserver', 'example.org', '--domain', 'a b'], '--domain: must be the server name'],
    [['--homeserver', 'example.org', '--admin', 'root'], '--admin: found "root"; must be a Matrix user id'],
    [['--homeserver', 'example.org', '--allow', 'a b'], '--allow: must be "*" for everybody'],
    [['--homeserver', 'example.org', '--set', 'networks.whatsapp.Main.app_secret=aaaaaaaa'], 'the name of an app must be'],
    [['--homeserver', 'http://192.0.2.1'], 'Give --domain'],
    [['--homeserver', 'example.org', '--set', 'loging.level=debug'], '--set loging.level: unknown key. Did you mean "logging"?'],
    [['--homeserver', 'example.org', '--set', 'nonsense'], 'there is no "="'],
    [['--homeserver', 'example.org', '--network', 'watsapp'], 'Did you mean "whatsapp"?'],
    [[], 'Give --homeserver'],
  ])('writes nothing when an answer does not fit: %j', async (flags, expected) => {
    const { code, complained } = await init(...flags);
    expect(code).toBe(1);
    expect(complained()).toContain(expected);
    expect(existsSync(file)).toBe(false);
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  test('makes nobody an administrator who was not named', async () => {
    await init('--homeserver', 'example.org');
    expect(loadConfig(file, networks, {}).config.permissions).toEqual({});
  });

  test('ends with what doctor says, unless told not to', async () => {
    const { printed } = await init(...NEW, ...SECRETS);
    expect(printed()).toContain('✓ registration: ');
    expect(printed()).toMatch(/✗ token: .*\n {2}Fix: /);
    expect((await init('--no-doctor')).printed()).not.toContain('registration: /');
  });

  test('follows a link, and takes an empty file for none', async () => {
    const real = join(folder, 'elsewhere.yaml');
    writeFileSync(real, '\n', { mode: 0o644 });
    symlinkSync(real, file);
    expect((await init(...NEW)).code).toBe(0);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toContain('# Address at which the internet reaches listen.public.');
    expect(mode(real)).toBe(0o600);
  });

  test('says where it cannot write, as something to repair', async () => {
    writeFileSync(join(folder, 'keys'), 'a file where the folder should be');
    const { code, complained } = await init(...NEW, '--set', 'seal_key=file:keys/seal.key');
    expect(code).toBe(1);
    expect(complained()).toMatch(/DB-1009: .*seal\.key cannot be written \((EEXIST|ENOTDIR)\)\.\nFix: /);
    expect(existsSync(file)).toBe(false);
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
    const before = ['config.yaml', 'registration.yaml', 'seal.key'].map((name) => readFileSync(join(folder, name), 'utf8'));
    const { printed } = await init();
    expect(printed()).toContain(`${file}: unchanged`);
    expect(['config.yaml', 'registration.yaml', 'seal.key'].map((name) => readFileSync(join(folder, name), 'utf8'))).toEqual(before);
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

  test('keeps the address of a homeserver that is down today', async () => {
    await init(...NEW);
    const cli = cliParts({ fetch: () => Promise.reject(new Error('down')) });
    expect(await run(['init', '--yes', '-c', file, '--homeserver', 'example.org'], cli)).toBe(0);
    expect(cli.printed()).toContain(`${file}: unchanged`);
  });

  test('makes no second seal key for a database that has one', async () => {
    await init(...NEW);
    const key = join(folder, 'seal.key');
    rmSync(key);
    expect((await init()).printed()).toContain('seal.key: created');
    rmSync(key);
    writeFileSync(join(folder, 'drawbridge.db'), '');
    const { code, complained } = await init('--set', 'delivery.max_block=20m');
    expect(code).toBe(1);
    expect(complained()).toContain('DB-2004: The seal key ');
    expect(existsSync(key)).toBe(false);
    expect(readFileSync(file, 'utf8')).toContain('max_block: 15m');
  });

  test.each([
    ['- a\n', 'DB-1001: .*must be a group of keys'], ['a: [\n', 'DB-1001: .*config\\.yaml:2:1: '], ['homeserver: here\n', 'DB-1001: homeserver\\.url cannot be set'],
  ])('refuses to repair what is no config: %j', async (text, expected) => {
    writeFileSync(file, text);
    const { code, complained } = await init(...NEW);
    expect(code).toBe(1);
    expect(complained()).toMatch(new RegExp(expected));
    expect(readFileSync(file, 'utf8')).toBe(text);
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

  test('writes every key that homeservers read, and repairs each', async () => {
    await init(...NEW);
    const whole = registration();
    expect(whole).toMatchObject({ rate_limited: false, receive_ephemeral: true, 'de.sorunome.msc2409.push_ephemeral': true, protocols: ['whatsapp'] });
    expect(whole['namespaces']).toEqual({
      users: [{ exclusive: true, regex: '^@_drawbridge_.*:example\\.org$' }], aliases: [{ exclusive: true, regex: '^#_drawbridge_.*:example\\.org$' }], rooms: [],
    });
    for (const token of [whole['as_token'], whole['hs_token']]) expect(token).toMatch(/^[\w-]{64}$/);
    const path = join(folder, 'registration.yaml');
    for (const key of Object.keys(whole).filter((one) => !['id', 'as_token', 'hs_token'].includes(one))) {
      const { [key]: _, ...rest } = whole;
      writeFileSync(path, JSON.stringify({ ...rest, 'org.matrix.msc3202': true, 'io.element.msc4190': true }));
      expect(await register()).toBe(0);
      expect(registration()).toEqual({ ...whole, 'org.matrix.msc3202': true, 'io.element.msc4190': true });
    }
  });

  test('makes a second one for double puppets, which nothing is sent by, unless none are wanted', async () => {
    await init(...NEW);
    const path = join(folder, 'registration-doublepuppet.yaml');
    const second = (): Record<string, unknown> => parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const made = second();
    expect(made).toMatchObject({
      id: 'drawbridge-doublepuppet', url: null, rate_limited: false, namespaces: { users: [{ exclusive: false, regex: '^@.*:example\\.org$' }], aliases: [], rooms: [] },
    });
    expect(made['sender_localpart']).toMatch(/^drawbridge-doublepuppet-[a-z0-9]{8,12}$/);
    expect([made['as_token'], made['hs_token']]).not.toEqual([registration()['as_token'], registration()['hs_token']]);
    expect(mode(path)).toBe(0o600);
    const cli = cliParts({});
    expect(await run(['register', '-c', file], cli)).toBe(0);
    expect(second()).toEqual(made);
    expect(cli.printed()).toContain(`app_service_config_files:\n  - ${JSON.stringify(join(folder, 'registration.yaml'))}\n  - ${JSON.stringify(path)}\n`);
    rmSync(path);
    await init('--set', 'bridge.double_puppet=off');
    expect(existsSync(path)).toBe(false);
  });

  test('of a second bridge on the same homeserver has an id of its own', async () => {
    await init(...NEW, '--set', 'bridge.bot=ferry', '--set', 'bridge.ghost_prefix=_ferry_');
    expect(registration()).toMatchObject({ id: 'ferry', sender_localpart: 'ferry' });
  });

  test('says what to do where there is no config, and where the folder is missing', async () => {
    const cli = cliParts({});
    expect(await run(['register', '-c', file], cli)).toBe(1);
    expect(cli.complained()).toMatch(/^DB-1002: There is no config file .*\nFix: Run `drawbridge init`/);
    await init(...NEW);
    await init('--set', 'registration=new/folder/registration.yaml');
    expect(mode(join(folder, 'new', 'folder', 'registration.yaml'))).toBe(0o600);
    mkdirSync(join(folder, 'taken.yaml'));
    const { complained } = await init('--set', 'registration=taken.yaml');
    expect(complained()).toMatch(/DB-1005: The registration file .* cannot be read \(EISDIR\)/);
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

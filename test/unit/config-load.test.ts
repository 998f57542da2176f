import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { shownDatabase } from '../../src/config/database.ts';
import { loadConfig, loadCore, needRegistration } from '../../src/config/load.ts';
import { allows, permissionOf } from '../../src/config/permissions.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { CodedError } from '../../src/model/errors.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
const networks = [{
  id: 'whatsapp',
  name: 'WhatsApp',
  settings: z.strictObject({
    app_secret: z.string().min(8).meta({ secret: true }),
    pin: z.union([z.string(), z.number()]).optional().meta({ secret: true }),
    mode: z.union([z.literal('off'), z.strictObject({ kind: z.enum(['fast', 'slow']) })]).default('off'),
    accounts: z.record(z.string(), z.strictObject({ access_token: z.string(), owners: z.array(z.string()).default([]) })),
  }),
}];
const CORE = `homeserver:\n  url: http://127.0.0.1:8008/\n  domain: example.org\nseal_key: ${KEY}\n`;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drawbridge-config-'));
  file = join(folder, 'config.yaml');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string, env: Record<string, string> = {}): ReturnType<typeof loadConfig<z.output<(typeof networks)[0]['settings']>>> {
  writeFileSync(file, text);
  return loadConfig(file, networks, env);
}

/** `line:column path: message` of every problem. */
function problems(text: string, env: Record<string, string> = {}): string[] {
  try {
    load(text, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
    throw error;
  }
  return [];
}

describe('a good config', () => {
  test('gets defaults, milliseconds, bytes and absolute paths', () => {
    const { config } = load(CORE);
    expect(config.homeserver.url).toBe('http://127.0.0.1:8008');
    expect(config.delivery).toMatchObject({ max_block: 900_000, max_age: 86_400_000, media_wait: 30_000, confirm_wait: 86_400_000, settle_wait: 120_000, uncertain: 'ask', horizon: null, dead_content_days: 7 });
    expect(config.media).toEqual({ max_bytes: 100_000_000, link_ttl: 604_800_000 });
    expect(config.listen.homeserver).toEqual({ host: '127.0.0.1', port: 29330 });
    expect(config.database).toBe(join(folder, 'drawbridge.db'));
    expect(config.data).toBe(join(folder, 'data'));
    expect([...config.seal_key]).toEqual(Array.from({ length: 32 }, () => 7));
    expect(config.permissions).toEqual({});
    expect(config.networks).toEqual({});
  });

  test('takes an address of a database, whose password is a secret', () => {
    const of = (text: string, env = {}) => load(`${CORE}database: ${text}\n`, env);
    const address = 'postgres://me:p%40ss-word@db.example:5433/bridge?sslmode=verify-full';
    expect(of(address).config.database).toBe(address);
    expect(of(address).secrets).toEqual(expect.arrayContaining(['p%40ss-word', 'p@ss-word', address]));
    expect(of('"${DB}"', { DB: ` ${address} ` }).config.database).toBe(address);
    writeFileSync(join(folder, 'db'), `${address}\n`);
    expect(of('file:db').config.database).toBe(address);
    expect(of('postgresql://me@/bridge?host=/var/run/postgresql').config.database).toContain('host=');
    expect(of('postgres://me@db/bridge').secrets).not.toContain('postgres://me@db/bridge');
    expect([address, 'postgres://db/x?password=p', 'postgres://me@/x?host=/run/pg', 'drawbridge.db'].map(shownDatabase))
      .toEqual(['postgres://me@db.example:5433/bridge', 'postgres://db/x', 'postgres://me@/run/pg/x', 'drawbridge.db']);
  });

  test('takes every unit, IPv6, sqlite: and a horizon', () => {
    const { config } = load(`${CORE}database: sqlite:/var/x.db\nlisten: { public: "[::1]:0" }\nmedia: { max_bytes: 3MiB }\ndelivery: { horizon: 90d, echo_wait: 500ms }\n`);
    expect(config.database).toBe('/var/x.db');
    expect(config.listen.public).toEqual({ host: '::1', port: 0 });
    expect(config.media.max_bytes).toBe(3 * 2 ** 20);
    expect(config.delivery).toMatchObject({ horizon: 7_776_000_000, echo_wait: 500 });
  });

  test('holds several apps and accounts of one network', () => {
    const { config } = load(`${CORE}networks:\n  whatsapp:\n    one: { app_secret: aaaaaaaa, accounts: { a: { access_token: t1 }, b: { access_token: t2 } } }\n    two: { app_secret: bbbbbbbb, accounts: {} }\n`);
    expect(Object.keys(config.networks['whatsapp'] ?? {})).toEqual(['one', 'two']);
    expect(Object.keys(config.networks['whatsapp']?.['one']?.accounts ?? {})).toEqual(['a', 'b']);
  });

  test('collects every secret, marked, named or in the registration', () => {
    writeFileSync(join(folder, 'registration.yaml'), 'id: x\nas_token: as-1\nhs_token: hs-1\nextra: 1\n');
    const { secrets, registration } = load(`${CORE}networks: { whatsapp: { main: { app_secret: "\${APP}", pin: 1234, accounts: { a: { access_token: tok } } } } }\n`, { APP: 'from-the-env' });
    expect(new Set(secrets)).toEqual(new Set([KEY, 'from-the-env', '1234', 'tok', 'as-1', 'hs-1']));
    expect(registration).toMatchObject({ id: 'x', asToken: 'as-1', hsToken: 'hs-1', content: { extra: 1 } });
  });

  test('without a registration says so only where one is needed', () => {
    const loaded = load(CORE);
    expect(loaded.registration).toBeNull();
    expect(() => needRegistration(loaded)).toThrow(expect.objectContaining({ code: 'DB-1004' }));
  });

  test('can be read without a look at the networks', () => {
    writeFileSync(file, `${CORE}networks: { whatsapp: { main: { app_secret: "\${NOT_SET}" } }, slack: {} }\n`);
    expect(loadCore(file, {}).config.networks).toEqual({ whatsapp: {}, slack: {} });
  });
});

describe('values from elsewhere', () => {
  test('come from the environment, files beside the config, and escapes', () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'seal.key'), `  ${KEY}\n`);
    const { config } = load('homeserver: { url: "https://${HOST}/x", domain: example.org }\nseal_key: file:data/seal.key\nbridge: { bot_name: "a $${b} ${HOST}" }\n', { HOST: 'matrix.example.org' });
    expect(config.homeserver.url).toBe('https://matrix.example.org/x');
    expect(config.bridge.bot_name).toBe('a ${b} matrix.example.org');
    expect(Buffer.from(config.seal_key).toString('base64')).toBe(KEY);
  });

  test('name no further file or variable', () => {
    const { config } = load(`${CORE}bridge: { bot_name: "\${NAME}" }\n`, { NAME: 'file:/etc/hostname ${HOME}' });
    expect(config.bridge.bot_name).toBe('file:/etc/hostname ${HOME}');
  });

  test('are a number, or true or false, where the key takes that, and a text where it takes one', () => {
    const given = `${CORE}delivery: { status_events: "\${YES}", read_receipts: "\${NO}", dead_content_days: "\${DAYS}", max_age: "\${AGE}" }\nbridge: { room_version: "\${DAYS}", bot_name: "\${YES}" }\n`;
    const { config } = load(given, { YES: 'true', NO: 'false', DAYS: '12', AGE: '3d' });
    expect(config.delivery).toMatchObject({ status_events: true, read_receipts: false, dead_content_days: 12, max_age: 3 * 86_400_000 });
    expect(config.bridge).toMatchObject({ room_version: '12', bot_name: 'true' });
    expect(problems(given, { YES: 'yes', NO: '0', DAYS: '12.5', AGE: '3' })).toEqual([
      expect.stringMatching(/delivery\.status_events: found a value that is not shown here; must be true or false/),
      expect.stringMatching(/delivery\.read_receipts: found a value that is not shown here; must be true or false/),
      expect.stringMatching(/delivery\.dead_content_days: found a value that is not shown here; must be a number/),
      expect.stringMatching(/delivery\.max_age: found a value that is not shown here; must be a duration/),
    ]);
  });

  test('that are missing are told by name, once, at their place', () => {
    expect(problems(CORE.replace(KEY, 'file:nope').replace('example.org', '${DOMAIN}'))).toEqual([
      '3:11 homeserver.domain: the environment variable DOMAIN is not set',
      expect.stringMatching(/^4:11 seal_key: cannot read .*nope \(ENOENT\); must be a readable file \(`drawbridge init`/),
    ]);
  });

  test('that are there and cannot be read are not to be made anew', () => {
    expect(problems(CORE.replace(KEY, 'file:.'))).toEqual([expect.stringMatching(/^4:11 seal_key: cannot read \S+ \(EISDIR\); the user that runs this must have the right to$/)]);
  });

  test('never appear in a message', () => {
    const text = problems(`${CORE.replace(KEY, 'visible-secret')}logging: { level: "\${LEVEL}" }\n`, { LEVEL: 'hidden-secret' }).join('\n');
    expect(text).toContain('seal_key: found a value that is not shown here; must be 32 random bytes');
    expect(text).not.toMatch(/hidden-secret|visible-secret/);
  });
});

describe('mistakes', () => {
  test('are all told at once, each at its place, with what was probably meant', () => {
    expect(problems(`# comment
homeserver:
  url: htp://x
  domian: example.org
seal_key: ${KEY}
permissions:
  "*": bloc
  "nobody here": user
delivery: { max_block: 15, horizon: 3x }
logging:
  level: inof
listen: { admin: 127.0.0.1:29330 }
networks:
  whatsap: {}
  whatsapp:
    Main: { app_secret: aaaaaaaa, accounts: {} }
    main: { app_secret: aaaaaaaa, accounts: {}, mode: { kind: fats } }
`)).toEqual([
      '3:3 homeserver.domain: missing; must be the server name, the part of Matrix ids after the colon, such as example.org',
      '3:8 homeserver.url: found "htp://x"; must be an address such as https://bridge.example.org, without user name, "?" or "#"',
      '4:3 homeserver.domian: unknown key. Did you mean "domain"?',
      '7:8 permissions.*: found "bloc"; must be one of block, relay, user, admin. Did you mean "block"?',
      expect.stringMatching(/^8:3 permissions\.nobody here: found "nobody here"; must be "\*" for everybody/),
      '9:24 delivery.max_block: found 15; must be a duration such as 500ms, 30s, 15m, 24h or 7d',
      '9:37 delivery.horizon: found "3x"; must be forever or a duration such as 90d',
      '11:10 logging.level: found "inof"; must be one of error, warn, info, debug. Did you mean "info"?',
      expect.stringMatching(/^12:18 listen\.admin: .*must differ from listen\.homeserver/),
      '14:3 networks.whatsap: unknown key. Did you mean "whatsapp"?',
      expect.stringMatching(/^16:5 networks\.whatsapp\.Main: found "Main"; the name of an app/),
      '17:63 networks.whatsapp.main.mode.kind: found "fats"; must be one of fast, slow. Did you mean "fast"?',
    ]);
  });

  test('of notation are told with their place', () => {
    expect(problems('homeserver:\n  url: "open\n')[0]).toMatch(/^\d+:\d+ : /);
    expect(problems('a: 1\na: 2\n')[0]).toMatch(/^2:1 : /);
  });

  test.each([
    ['database: postgres://x', 'must be an address such as postgres://user@host/name'],
    ['database: postgres:x/y', 'must be an address such as postgres://user@host/name'],
    ['database: "sqlite:"', 'must be a file name'],
    ['bridge: { bot: _drawbridge_bot }', 'the bot would be a ghost'],
    ['bridge: { display_name: nobody }', 'must contain {name}'],
    ['bridge: { room_version: 12 }', 'mind the quotes'],
    ['listen: { public: "127.0.0.1:99999" }', 'at most 65535'],
    ['public_url: https://user:pass@example.org', 'without user name'],
    ['delivery: { status_events: yes }', 'must be true or false'],
    ['delivery:', 'found nothing; must be a group of keys'],
    ['networks: { whatsapp: { main: [] } }', 'found a list; must be a group of keys'],
  ])('%s', (line, expected) => {
    expect(problems(`${CORE}${line}\n`).join('\n')).toContain(expected);
  });

  test('in files: none there, not readable, an empty one', () => {
    expect(() => loadConfig(join(folder, 'none.yaml'), networks, {})).toThrow(expect.objectContaining({ code: 'DB-1002' }));
    // There, but not to be read: nobody should make another.
    expect(() => loadConfig(folder, networks, {})).toThrow(expect.objectContaining({ code: 'DB-1002', fix: expect.not.stringContaining('init') }));
    expect(problems('bridge: {}\n')).toEqual([
      '1:1 homeserver: missing; must be a group of keys: url, domain',
      '1:1 seal_key: missing; must be 32 random bytes in base64 (44 characters) (`drawbridge init` makes one, and so does `openssl rand -base64 32`; a database needs the one that it was made with)',
    ]);
    writeFileSync(join(folder, 'registration.yaml'), 'id: x\n');
    expect(() => load(CORE)).toThrow(expect.objectContaining({ code: 'DB-1005' }));
  });

  test('never end in anything but a coded error, whatever the file holds', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constantFrom('&a [*a]', '- x', '? [a]: b', '__proto__: { url: 1 }', '!!js/function x', 'homeserver: &h { url: *h }')), (text) => {
      expect(() => load(text)).toThrow(CodedError);
    }), { numRuns: 300 });
  });
});

describe('upgrades', () => {
  test('of a newer format are refused', () => {
    expect(() => load(`version: 2\n${CORE}`)).toThrow(expect.objectContaining({ code: 'DB-1003' }));
    expect(() => load(`version: one\n${CORE}`)).toThrow(expect.objectContaining({ code: 'DB-1003' }));
  });

  test('leave a file of the present format alone', () => {
    load(CORE);
    chmodSync(file, 0o640);
    load(CORE);
    expect(readFileSync(file, 'utf8')).toBe(CORE);
    expect(statSync(file).mode & 0o777).toBe(0o640);
  });
});

describe('permissions', () => {
  const permissions = { '*': 'relay', 'example.org': 'user', 'b.example:8448': 'admin', '@eve:example.org': 'block', '@root:example.org': 'admin', 'evil.test': 'block' } as const;
  test.each([
    ['@root:example.org', 'admin'], ['@eve:example.org', 'block'], ['@ada:example.org', 'user'], ['@ada:b.example:8448', 'admin'], ['@ada:b.example', 'relay'],
    ['@example.org:elsewhere', 'relay'], ['constructor', 'relay'],
    ['@x:evil.test', 'block'], ['@x:eViL.TEST', 'block'], ['@ada:EXAMPLE.org', 'relay'],
  ])('%s: %s', (user, expected) => {
    expect(permissionOf(permissions, user)).toBe(expected);
  });
  test('nobody is allowed who is not named', () => {
    fc.assert(fc.property(fc.string(), (user) => permissionOf({}, user) === 'block'));
  });
  test('each includes those below it', () => {
    expect([allows('admin', 'user'), allows('user', 'user'), allows('relay', 'user'), allows('block', 'relay')]).toEqual([true, true, false, false]);
  });
});

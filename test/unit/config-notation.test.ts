import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problems.ts';
import { networks } from '../../src/networks/registry.ts';

const folder = mkdtempSync(join(tmpdir(), 'drawbridge-notation-'));
const file = join(folder, 'config.yaml');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const KEY = Buffer.alloc(32, 7).toString('base64');
const CORE = `homeserver: { url: "http://127.0.0.1:8008", domain: example.org }\nseal_key: ${KEY}\n`;
const APP = 'networks:\n  whatsapp:\n    main:\n      app_secret: aaaaaaaaaa\n      verify_token: bbbbbbbbbb\n      accounts:\n';
const account = (name: string, phone: string, rest = ''): string =>
  `        ${name}:\n          phone_number_id: ${phone}\n          waba_id: "102290129340398"\n          access_token: cccccccccccccccccccc\n${rest}`;

/** `line:column path: message` of every problem; none where the config is good. */
function problems(text: string, env: Record<string, string> = {}): string[] {
  writeFileSync(file, text);
  try {
    loadConfig(file, networks, env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
    throw error;
  }
}

describe('mistakes of notation are told in words for people, at their place', () => {
  test.each<[string, string, RegExp]>([
    ['an empty file', '', /^1:1 : the file is empty; must be a group of keys/],
    ['nothing but comments', '# homeserver:\n', /^1:1 : the file is empty/],
    ['a list', '- a\n- b\n', /^1:1 : found a list; must be a group of keys: homeserver, seal_key$/],
    ['a text', 'hello\n', /^1:1 : found a text; must be a group of keys: homeserver, seal_key$/],
    ['a key twice', `${CORE}bridge: {}\nbridge: {}\n`, /^4:1 : the key bridge stands here a second time/],
    ['a tab', `${CORE}bridge:\n\tbot: a\n`, /^4:1 : a tab indents this line; use spaces$/],
    ['two documents', `${CORE}---\na: 1\n`, /^3:1 : a second document begins here/],
    ['a star without quotes', `${CORE}permissions:\n  *: user\n`, /^4:6 : what begins with "\*" is a reference.* between quotes$/],
    ['a user id without quotes', `${CORE}permissions:\n  @a:example.org: admin\n`, /^4:3 : "@" cannot begin a text.* between quotes$/],
    ['an alias of nothing', `${CORE}bridge: *nowhere\n`, /^3:9 : what begins with "\*" is a reference in YAML, and this one leads nowhere/],
    ['aliases that explode', `${CORE}a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`, /^4:8 : .*repeats too much/],
    ['a colon in a text', `${CORE}bridge:\n  bot_name: My: bot\n`, /^4:13 : there is a second ": " in this line/],
    ['a quote that is not closed', `${CORE}bridge: { bot_name: "a }\n`, /a closing quote, bracket or brace$/],
    ['a wrong escape', `${CORE}bridge: { bot_name: "a\\q" }\n`, /^3:\d+ : a backslash between double quotes/],
    ['no space behind a colon', `${CORE}bridge:\n  bot:a\n`, /^4:3 bridge: found a text; must be a group of keys$/],
  ])('%s', (_, text, expected) => {
    expect(problems(text)[0]).toMatch(expected);
  });

  test('aliases that are sane are taken', () => {
    expect(problems(`${CORE}media: &m { link_ttl: 1d }\nlogging: {}\n`)).toEqual([]);
    writeFileSync(file, `${CORE}listen:\n  homeserver: &here 127.0.0.1:0\n  public: *here\n`);
    expect(loadConfig(file, networks, {}).config.listen.public).toEqual({ host: '127.0.0.1', port: 0 });
  });

  test("what YAML 1.1 took for a truth value is a text, and ids without quotes are shown as they are written", () => {
    expect(problems(`${CORE}delivery: { status_events: no, read_receipts: on }\n${APP}${account('a', '0123456789')}`)).toEqual([
      '3:28 delivery.status_events: found "no"; must be true or false',
      '3:47 delivery.read_receipts: found "on"; must be true or false',
      expect.stringMatching(/^11:28 .*phone_number_id: found 0123456789; must be a text of digits; put it between quotes/),
    ]);
    expect(problems(`${CORE}bridge: { bot_name: 42 }\n`)).toEqual(['3:21 bridge.bot_name: found 42; must be text; put it between quotes']);
  });
});

test('a number that two accounts claim is told', () => {
  expect(problems(`${CORE}${APP}${account('a', '"106540352242922"')}${account('b', '"106540352242922"')}`)).toEqual([
    '14:28 networks.whatsapp.main.accounts.b.phone_number_id: found "106540352242922"; must differ from that of a: a number belongs to one account',
  ]);
  expect(problems(`${CORE}${APP}${account('a', '"106540352242922"')}${account('b', '"106540352242923"')}`)).toEqual([]);
});

test('the address of the homeserver is told apart from that of its API', () => {
  expect(problems(CORE.replace('8008', '8008/_matrix/client'))).toEqual([expect.stringMatching(/homeserver\.url: found .*; must be the address alone, without \/_matrix/)]);
});

describe('no message holds a secret, wherever it was put by mistake', () => {
  const S = 'CANARY0123456789CANARY';
  test.each<[string, string, Record<string, string>]>([
    ['in place of an account', `${APP}        main: ${S}\n`, {}],
    ['in place of a list', `${APP}${account('a', '"106540352242922"', `          owners: ${S}\n`)}`, {}],
    ['as a number', `${APP.replace('aaaaaaaaaa', '1234567890123456')}${account('a', '"106540352242922"')}`, {}],
    ['as a list', `${APP.replace('aaaaaaaaaa', `[${S}]`)}${account('a', '"106540352242922"')}`, {}],
    ['too short', `${APP.replace('aaaaaaaaaa', 'CANARY')}${account('a', '"106540352242922"')}`, {}],
    ['as an alias', `${APP.replace('aaaaaaaaaa', `*${S}`)}${account('a', '"106540352242922"')}`, {}],
    ['as an anchor', `${APP.replace('aaaaaaaaaa', `&${S}`)}${account('a', '"106540352242922"')}`, {}],
    ['as a tag', `${APP.replace('aaaaaaaaaa', `!${S}`)}${account('a', '"106540352242922"')}`, {}],
    ['as a block', `${APP.replace('aaaaaaaaaa', `|${S}`)}${account('a', '"106540352242922"')}`, {}],
    ['behind a brace', `${APP.replace('aaaaaaaaaa', `{${S}`)}${account('a', '"106540352242922"')}`, {}],
    ['behind a quote', `${APP.replace('aaaaaaaaaa', `"${S}`)}${account('a', '"106540352242922"')}`, {}],
    ['with a colon in it', `${APP.replace('aaaaaaaaaa', `a: ${S}`)}${account('a', '"106540352242922"')}`, {}],
    ['in an address', `public_url: https://user:${S}@example.org/\n`, {}],
    ['in a query', `public_url: https://example.org/?access_token=${S}\n`, {}],
    ['in an address of a database', `database: postgres://me:${S}@db\n`, {}],
    ['in an address that is none', `database: "postgres://me:a/${S}@db:x/y"\n`, {}],
    ['from the environment', 'logging: { level: "${LEVEL}" }\n', { LEVEL: S }],
    ['as the name of a variable', 'bridge: { bot_name: "${a b}" }\n', { 'a b': S }],
  ])('%s', (_, text, env) => {
    const told = problems(CORE + text, env).join('\n');
    expect(told).not.toBe('');
    expect(told).not.toMatch(/CANARY|1234567890123456/);
  });

  test('in a file', () => {
    writeFileSync(join(folder, 'level'), `${S}\n`);
    expect(problems(`${CORE}logging: { level: "file:level" }\n`)).toEqual(['3:19 logging.level: found a value that is not shown here; must be one of error, warn, info, debug']);
  });
});

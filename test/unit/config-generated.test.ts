import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse, parseDocument } from 'yaml';
import { z } from 'zod';
import { inspection, modelJsonSchema } from '../../src/actions/model-schema.ts';
import { loadConfig } from '../../src/config/load.ts';
import { configJsonSchema, configPage } from '../../src/config/reference.ts';
import { questions, sampleConfig } from '../../src/config/sample.ts';
import { configSchema } from '../../src/config/schema.ts';
import { schemasAt } from '../../src/config/walk.ts';
import { errors, errorsPage } from '../../src/i18n/errors.ts';
import { networks } from '../../src/networks/registry.ts';

const root = new URL('../../', import.meta.url);
const schema = configSchema(networks);
const toy = [{
  id: 'toy',
  name: 'Toy',
  settings: z.strictObject({
    token: z.string().meta({ description: 'From the console.' }),
    speed: z.enum(['slow', 'fast']).default('slow'),
    extra: z.strictObject({ depth: z.number() }).optional(),
    accounts: z.record(z.string(), z.strictObject({ number: z.string().meta({ examples: ['0042'] }) })),
  }),
}];

/** A value that fits, for every variable that the sample asks for. */
const forms: readonly (readonly [RegExp, string])[] = [
  [/^TELEGRAM_.*_TOKEN$/, '123456789:abcdefghijklmnopqrstuvwxyz'],
  [/^SLACK_.*_TEAM_ID$/, 'T0123ABCD'], [/^SLACK_.*_USER_ID$/, 'U0123ABCD'], [/^SLACK_.*_APP_TOKEN$/, 'xapp-123456'], [/^SLACK_.*_TOKEN$/, 'xoxb-123456'],
];
const env = new Proxy<Record<string, string>>({}, { get: (_none, name) => forms.find(([form]) => form.test(String(name)))?.[1] ?? '123456789012345678901234' });

describe('the sample', () => {
  test('is a config: with its variables set it loads, and says only defaults', () => {
    const folder = mkdtempSync(join(tmpdir(), 'drawbridge-sample-'));
    const file = join(folder, 'config.yaml');
    writeFileSync(file, sampleConfig(schema).replace('file:seal.key', Buffer.alloc(32).toString('base64')));
    const { config } = loadConfig(file, networks, env);
    writeFileSync(file, `homeserver: { url: http://127.0.0.1:8008, domain: example.org }\nseal_key: ${Buffer.alloc(32).toString('base64')}\n`);
    const { permissions, networks: apps, ...rest } = config;
    expect(rest).toEqual((({ permissions: _p, networks: _n, ...one }) => one)(loadConfig(file, networks, env).config));
    expect(Object.keys(apps)).toEqual(networks.map(({ id }) => id));
    expect(permissions).toEqual({ '*': 'block', 'example.org': 'user', '@admin:example.org': 'admin' });
  });

  test('explains every key, and keeps optional ones behind a comment sign unless they are wanted', () => {
    const text = sampleConfig(configSchema(toy));
    expect(text).toMatch(/# From the console\.\n\s+token: \$\{TOY_MAIN_TOKEN\}/);
    expect(text).toMatch(/# \(slow \| fast\)\n\s+speed: slow/);
    expect(text).toMatch(/^# public_url: /m);
    expect(text).toMatch(/^ +# extra:$/m);
    expect(text).toMatch(/^ +number: "0042"$/m);
    expect(sampleConfig(configSchema(toy), new Set(['public_url']))).toMatch(/^public_url: /m);
    expect(parseDocument(text).errors).toEqual([]);
  });

  test('knows what has to be asked', () => {
    const app = schemasAt(configSchema(toy), ['networks', 'toy', 'main'])[0];
    expect(app && questions(app, ['networks', 'toy', 'main']).map(({ path, secret }) => [path.join('.'), secret])).toEqual([
      ['networks.toy.main.token', true], ['networks.toy.main.accounts.main.number', false],
    ]);
  });
});

describe('the JSON Schema for editors', () => {
  const json = new Ajv2020({ strict: true, validateFormats: false, allowUnionTypes: true }).compile(configJsonSchema(configSchema(toy)));
  test('takes the sample, references included', () => {
    expect([json(parse(sampleConfig(configSchema(toy)))), json.errors]).toEqual([true, null]);
  });
  test('is the published one for the networks that there are', () => {
    const published = new Ajv2020({ strict: true, validateFormats: false, allowUnionTypes: true }).compile(JSON.parse(readFileSync(new URL('config/config.schema.json', root), 'utf8')) as object);
    expect([published(parse(readFileSync(new URL('config/config.sample.yaml', root), 'utf8'))), published.errors]).toEqual([true, null]);
  });
  test('refuses what the daemon refuses', () => {
    const good = parse(sampleConfig(configSchema(toy))) as Record<string, unknown>;
    expect(json({ ...good, logging: { level: 'loud' } })).toBe(false);
    expect(json({ ...good, loging: {} })).toBe(false);
    expect(json({ ...good, logging: { level: '${LEVEL}' } })).toBe(true);
  });
});

test('the docs page names every key once, and what is secret', () => {
  const page = configPage(configSchema(toy));
  for (const key of ['seal_key', 'max_block', 'relay_prefix', 'token', 'depth']) expect(page.split(`\`${key}\``)).toHaveLength(2);
  expect(page).toMatch(/\*\*`token`\*\* \| From the console\. Secret\./);
});

describe('errors', () => {
  test('have codes of their own, and every code in the program is explained', () => {
    const codes = Object.values(errors).map(({ code }) => code as string);
    expect(new Set(codes).size).toBe(codes.length);
    const folder = new URL('src/', root);
    const used = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && name !== 'i18n/errors.ts')
      .flatMap((name) => [...readFileSync(new URL(name, folder), 'utf8').replaceAll(/\/\*[^]*?\*\//g, '').matchAll(/DB-\d{4}/g)].map(([code]) => code));
    expect([...new Set(used)].sort()).toEqual(codes.sort());
    for (const { cause, fix } of Object.values(errors)) expect([cause, fix].every((text) => text.length > 10 && !text.includes('\n'))).toBe(true);
    for (const code of codes) expect(errorsPage()).toContain(`## ${code}\n`);
  });
});

describe('the model', () => {
  const examples = JSON.parse(readFileSync(new URL('docs/model.examples.json', root), 'utf8')) as Record<string, unknown>;
  const published = new Ajv2020({ strict: true, strictTypes: false, keywords: ['version'] }).compile(JSON.parse(readFileSync(new URL('docs/model.schema.json', root), 'utf8')) as object);

  test.each(Object.keys(examples))('example: %s', (name) => {
    expect(inspection.safeParse(examples[name]).error?.issues).toBeUndefined();
    expect([published(examples[name]), published.errors]).toEqual([true, null]);
  });

  test('has an example for every kind of event, content, block and inline', () => {
    const seen = new Set<string>();
    const look = (value: unknown): void => {
      if (value === null || typeof value !== 'object') return;
      for (const key of ['type', 'kind', 't']) if (key in value) seen.add(String((value as Record<string, unknown>)[key]));
      Object.values(value).forEach(look);
    };
    look(examples);
    const kinds = [...JSON.stringify(modelJsonSchema()).matchAll(/"(?:type|kind|t)":\{"type":"string","(?:const":"([^"]+)"|enum":\[([^\]]+)\])/g)]
      .flatMap(([, one, several]) => (one === undefined ? (several ?? '').split(',').map((text) => text.replaceAll('"', '')) : [one]));
    expect(kinds.length).toBeGreaterThan(40);
    // "unsupported" as an event is listed beside the events, never among them; conversations have kinds of their own.
    expect(kinds.filter((kind) => !seen.has(kind) && kind !== 'channel')).toEqual([]);
  });

  test('refuses what is not in it', () => {
    const message = (examples['image'] as { events: object[] }).events[0];
    for (const wrong of [{ ...message, colour: 1 }, { ...message, type: 'massage' }, { ...message, time: 'now' }]) {
      expect(published({ events: [wrong], unsupported: [] })).toBe(false);
      expect(inspection.safeParse({ events: [wrong], unsupported: [] }).success).toBe(false);
    }
  });

  test('is versioned', () => {
    expect(modelJsonSchema()).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', $id: expect.stringMatching(/^urn:drawbridge:model:\d+\.\d+\.\d+$/), version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  });
});

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { run } from '../../src/cli/program.ts';
import { CodedError } from '../../src/model/errors.ts';
import { inspection } from '../../src/actions/model-schema.ts';
import { cliParts } from '../kit/cli.ts';

const MESSAGE = {
  object: 'whatsapp_business_account',
  entry: [{
    id: '102290129340398',
    changes: [{
      field: 'messages',
      value: {
        messaging_product: 'whatsapp',
        metadata: { display_phone_number: '15550783881', phone_number_id: '106540352242922' },
        contacts: [{ profile: { name: 'Ada' }, wa_id: '16505551234' }],
        messages: [{ from: '16505551234', id: 'wamid.A', timestamp: '1749416383', type: 'text', text: { body: 'Hello *there*' } }],
      },
    }],
  }],
};

describe('inspect', () => {
  test('prints what the bridge would make of a body, by the published schema', async () => {
    const cli = cliParts({ stdin: JSON.stringify(MESSAGE) });
    expect(await run(['inspect', 'whatsapp', '-'], cli)).toBe(0);
    const printed = inspection.parse(JSON.parse(cli.printed()));
    expect(printed.unsupported).toEqual([]);
    expect(printed.events).toMatchObject([{ type: 'message', id: 'wamid.A', parts: [{ kind: 'text' }] }]);
  });

  test('reads a file, and needs no config', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'drawbridge-cli-')), 'body.json');
    writeFileSync(file, JSON.stringify(MESSAGE));
    expect(await run(['inspect', 'whatsapp', file, '--config', '/nowhere'], cliParts({}))).toBe(1);
    expect(await run(['--config', '/nowhere', 'inspect', 'whatsapp', file], cliParts({}))).toBe(0);
  });

  test.each([
    ['no JSON', '{"object":'], ['another network', '{"type":"event_callback","team_id":"T1"}'], ['nothing', ''], ['a list', '[]'],
    ['deep JSON', '['.repeat(200_000)], ['a number', '1'],
  ])('refuses what is not that network\'s with exit code 2: %s', async (_, body) => {
    const cli = cliParts({ stdin: body });
    expect(await run(['inspect', 'whatsapp', '-'], cli)).toBe(2);
    expect(cli.printed()).toBe('');
    expect(cli.complained()).toMatch(/^DB-4001: This is no webhook body of WhatsApp: .+\.\nFix: /);
  });

  test('says which network was probably meant, and which file is not there', async () => {
    const cli = cliParts({});
    expect(await run(['inspect', 'watsapp', '-'], cli)).toBe(1);
    expect(cli.complained()).toContain('Did you mean whatsapp?');
    expect(await run(['inspect', 'whatsapp', '/nowhere/body.json'], cli)).toBe(1);
    expect(cli.complained()).toContain('DB-1008');
  });
});

describe('the command line', () => {
  test('names every command, and what was probably meant', async () => {
    const cli = cliParts({});
    expect(await run(['--help'], cli)).toBe(0);
    for (const command of ['init', 'register', 'doctor', 'start', 'inspect', 'demo']) expect(cli.printed()).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    expect(await run(['docter'], cli)).toBe(1);
    expect(cli.complained()).toContain('Did you mean doctor?');
    expect(await run(['--version'], cli)).toBe(0);
    expect(cli.printed()).toContain('9.9.9');
  });

  test('hands start its config: the flag in either place, else the environment, else config.yaml', async () => {
    const seen: string[] = [];
    const start = (path: string): Promise<void> => Promise.resolve(void seen.push(path));
    await run(['start', '-c', 'a.yaml'], cliParts({ start }));
    await run(['-c', 'b.yaml', 'start'], cliParts({ start }));
    await run(['start'], cliParts({ start, env: { DRAWBRIDGE_CONFIG: 'c.yaml' } }));
    await run(['start'], cliParts({ start }));
    expect(seen).toEqual(['a.yaml', 'b.yaml', 'c.yaml', 'config.yaml']);
  });

  test('hands demo everything behind it', async () => {
    const seen: unknown[] = [];
    await run(['demo', '--script', '--homeserver', 'http://x', '--help'], cliParts({ demo: (args) => Promise.resolve(void seen.push(args)) }));
    expect(seen).toEqual([['--script', '--homeserver', 'http://x', '--help']]);
  });

  test('prints an error as code, cause and fix; where it came from only with --debug', async () => {
    const start = (): Promise<void> => Promise.reject(new CodedError('DB-2001', 'Another one runs.', 'Stop it.'));
    const quiet = cliParts({ start });
    expect(await run(['start'], quiet)).toBe(1);
    expect(quiet.complained()).toBe('DB-2001: Another one runs.\nFix: Stop it.\n');
    const loud = cliParts({ start });
    await run(['start', '--debug'], loud);
    expect(loud.complained()).toContain('cli-program.test.ts');
    const bug = cliParts({ start: () => Promise.reject(new TypeError('x is undefined')) });
    expect(await run(['start'], bug)).toBe(1);
    expect(bug.complained()).toMatch(/^DB-9001: x is undefined\nFix: /);
  });
});

import { describe, expect, test } from '@jest/globals';
import { run } from '../../src/cli/program.ts';
import { CodedError } from '../../src/model/errors.ts';
import { cliParts } from '../kit/cli.ts';

describe('the command line', () => {
  test('names every command, and what was probably meant', async () => {
    const cli = cliParts({});
    expect(await run(['--help'], cli)).toBe(0);
    for (const command of ['init', 'register', 'doctor', 'start', 'inspect', 'demo']) expect(cli.printed()).toMatch(new RegExp(`^ {2}${command} `, 'm'));
    expect(await run(['docter'], cli)).toBe(1);
    expect(cli.complained()).toBe("DB-1010: unknown command 'docter'. Did you mean doctor?\nFix: `drawbridge --help` lists the commands, `drawbridge <command> --help` their flags.\n");
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
    await run(['demo', '--script', '--homeserver', 'http://x'], cliParts({ demo: (args) => Promise.resolve(seen.push(args) - 1) }));
    expect(seen).toEqual([['--script', '--homeserver', 'http://x']]);
    const cli = cliParts({});
    expect(await run(['demo', '--help'], cli)).toBe(0);
    expect(cli.printed()).toContain('--script');
  });

  test('ends as the demo ended', async () => {
    expect(await run(['demo', '--script'], cliParts({ demo: () => Promise.resolve(0) }))).toBe(0);
    expect(await run(['demo', '--script'], cliParts({ demo: () => Promise.resolve(1) }))).toBe(1);
  });

  test('prints an error as code, cause and fix; where it came from only with --debug', async () => {
    const start = (): Promise<void> => Promise.reject(new CodedError('DB-2001', 'Another one runs.', 'Stop it.'));
    const quiet = cliParts({ start });
    expect(await run(['start'], quiet)).toBe(1);
    expect(quiet.complained()).toBe('DB-2001: Another one runs.\nFix: Stop it.\n');
    const loud = cliParts({ start });
    await run(['start', '--debug'], loud);
    expect(loud.complained()).toContain('cli-program.test.ts');
    const disk = cliParts({ start: () => Promise.reject(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', syscall: 'mkdir', path: '/data' })) });
    expect(await run(['start'], disk)).toBe(1);
    expect(disk.complained()).toMatch(/^DB-1009: \/data cannot be used: mkdir gives EACCES\.\nFix: Give it to the user that runs this/);
    const flag = cliParts({ demo: () => Promise.reject(Object.assign(new TypeError("Unknown option '--nope'. To specify"), { code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' })) });
    expect(await run(['demo', '--nope'], flag)).toBe(1);
    expect(flag.complained()).toMatch(/^DB-1010: Unknown option '--nope'/);
    const bug = cliParts({ start: () => Promise.reject(new TypeError('x is undefined')) });
    expect(await run(['start'], bug)).toBe(1);
    expect(bug.complained()).toMatch(/^DB-9001: x is undefined\nFix: /);
  });
});

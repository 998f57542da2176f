import { buildPuppetRegistration, buildRegistration, compareRegistration, generateToken } from '../../src/matrix/appservice/registration.ts';
import { networks } from '../../src/networks/registry.ts';
import type { CliParts } from '../../src/cli/parts.ts';

type Given = Partial<Omit<CliParts, 'stdin'>> & { readonly stdin?: string | Uint8Array };

/** What a command line needs, without a terminal, a network or a process; collects what is printed. */
export function cliParts({ stdin = '', ...given }: Given): CliParts & { printed(): string; complained(): string } {
  let out = '';
  let err = '';
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield await Promise.resolve(typeof stdin === 'string' ? Buffer.from(stdin) : stdin);
  }
  return {
    networks: () => Promise.resolve(networks),
    registration: () => Promise.resolve({ buildPuppetRegistration, buildRegistration, compareRegistration, generateToken }),
    probeDatabase: () => Promise.resolve(() => ({ version: 1, newest: 1, running: false, sameKey: true })),
    migrateStore: () => Promise.reject(new Error('nothing to copy here')),
    readAudit: () => Promise.reject(new Error('nothing to read here')),
    privacy: () => Promise.reject(new Error('nobody is known here')),
    interrupted: () => new AbortController().signal,
    start: () => Promise.reject(new Error('not started here')),
    demo: () => Promise.reject(new Error('no demo here')),
    version: '9.9.9',
    schemaFile: '/schema.json',
    env: {},
    fetch: () => Promise.reject(new Error('no network here')),
    interactive: false,
    stdin: bytes(),
    out: (text) => { out += text; },
    err: (text) => { err += text; },
    ...given,
    printed: () => out,
    complained: () => err,
  };
}

/** The address of a request, however it was given. */
export function addressOf(input: Parameters<typeof fetch>[0]): string {
  return typeof input === 'string' ? input : 'url' in input ? input.url : input.href;
}

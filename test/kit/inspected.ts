import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Inspection } from '../../src/actions/inspect.ts';
import { run } from '../../src/cli/program.ts';
import { cliParts } from './cli.ts';

const schema = JSON.parse(readFileSync(new URL('../../docs/model.schema.json', import.meta.url), 'utf8')) as object;
const valid = new Ajv2020({ strict: true, strictTypes: false, keywords: ['version'] }).compile(schema);

/** `drawbridge inspect <network> -` with a body on its standard input. */
async function inspected(network: string, body: unknown): Promise<{ readonly code: number; readonly printed: string; readonly complained: string }> {
  const cli = cliParts({ stdin: typeof body === 'string' ? body : JSON.stringify(body) });
  const code = await run(['inspect', network, '-'], cli);
  return { code, printed: cli.printed(), complained: cli.complained() };
}

/** What is printed of a body that is understood: after the published schema, and never nothing. */
export async function understood(network: string, body: unknown): Promise<Inspection> {
  const { code, printed, complained } = await inspected(network, body);
  expect({ code, complained }).toEqual({ code: 0, complained: '' });
  const document = JSON.parse(printed) as Inspection;
  valid(document);
  expect(valid.errors).toBeNull();
  expect(document.events.length + document.unsupported.length).toBeGreaterThan(0);
  for (const { what, reason } of document.unsupported) {
    expect(what).not.toBe('');
    expect(reason).toMatch(/\S.{6,}/);
  }
  expect(printed).not.toMatch(/\[object |\bundefined\b|\bNaN\b/);
  return document;
}

/** Of a body of somebody else’s it is said why it is none. */
export async function refused(network: string, body: unknown): Promise<string> {
  const { code, printed, complained } = await inspected(network, body);
  expect({ code, printed }).toEqual({ code: 2, printed: '' });
  expect(complained).toMatch(/DB-4001/);
  return complained;
}

import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createLogger } from '../../src/observe/logger.ts';

/** Collects what is written; can stall like a pipe that nobody reads. */
class Pipe extends Writable {
  readonly isTTY: boolean;
  lines = '';
  #stalled: (() => void)[] | null = null;

  constructor(isTTY = false) {
    super({ highWaterMark: 1024 });
    this.isTTY = isTTY;
  }

  stall(): void {
    this.#stalled = [];
  }

  resume(): void {
    const waiting = this.#stalled ?? [];
    this.#stalled = null;
    for (const go of waiting) go();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    const go = (): void => {
      this.lines += chunk.toString();
      done();
    };
    if (this.#stalled === null) go();
    else this.#stalled.push(go);
  }
}

const settled = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve); });

function json(pipe: Pipe): Record<string, unknown>[] {
  return pipe.lines.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('many logs to one destination listen for its end once', () => {
  const pipe = new Pipe();
  const before = pipe.listenerCount('error');
  for (let n = 0; n < 20; n++) createLogger({ level: 'info', format: 'json', secrets: [], destination: pipe });
  expect(pipe.listenerCount('error')).toBe(before + 1);
});

describe('JSON lines', () => {
  test('carry time, level, message and facts, those of a child too', async () => {
    const pipe = new Pipe();
    const log = createLogger({ level: 'info', format: 'auto', secrets: [], destination: pipe });
    log.child({ network: 'whatsapp' }).child({ lane: 1 }).warn('slow', { after: 5 });
    log.debug('not this');
    await settled();
    expect(json(pipe)).toEqual([{ time: expect.stringMatching(/^\d{4}-.*Z$/), level: 'warn', message: 'slow', network: 'whatsapp', lane: 1, after: 5 }]);
  });

  test('are one line an entry, whatever is handed in, and nothing in it can forge another', async () => {
    await fc.assert(fc.asyncProperty(
      fc.array(fc.record({ message: fc.string({ unit: 'binary' }), fields: fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('level', 'time', 'message', 'splat')), fc.anything()) }), { minLength: 1, maxLength: 5 }),
      async (entries) => {
        const pipe = new Pipe();
        const log = createLogger({ level: 'info', format: 'json', secrets: [], destination: pipe });
        for (const { message, fields } of entries) log.info(message, fields);
        await settled();
        const lines = json(pipe);
        expect(lines.map(({ level }) => level)).toEqual(entries.map(() => 'info'));
        expect(lines.map(({ message }) => message)).toEqual(entries.map(({ message }) => message));
        // eslint-disable-next-line no-control-regex
        expect(pipe.lines).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
      },
    ), { numRuns: 50 });
  });

  test('hold no secret, also not one that came up later', async () => {
    const pipe = new Pipe();
    const log = createLogger({ level: 'info', format: 'json', secrets: ['first-secret'], destination: pipe });
    const child = log.child({ who: 'first-secret' });
    log.addSecret('second-secret');
    child.error('failed with second-secret', { error: new Error('first-secret second-secret') });
    await settled();
    expect(pipe.lines).not.toMatch(/first-secret|second-secret/);
  });
});

test('on a terminal a line is for people, and still one', async () => {
  const pipe = new Pipe(true);
  createLogger({ level: 'info', format: 'auto', secrets: [], destination: pipe }).error('broke\n12:00 INFO all is well', { name: 'a\u001b[2Jb', id: '!x:y' });
  await settled();
  expect(pipe.lines).toMatch(/^\d\d:\d\d:\d\d\.\d{3} ERROR broke\\u000a12:00 INFO all is well name="a\\u001b\[2Jb" id=!x:y\n$/);
});

describe('a destination that nobody reads', () => {
  test('costs bounded memory, and the loss is told once it moves again', async () => {
    const pipe = new Pipe();
    const log = createLogger({ level: 'info', format: 'json', secrets: [], destination: pipe });
    pipe.stall();
    const line = 'x'.repeat(8000);
    for (let index = 0; index < 2000; index++) log.info(line);
    expect(pipe.writableLength).toBeLessThan(5 * 2 ** 20);
    while (pipe.writableLength > 0) {
      pipe.resume();
      await settled();
    }
    log.info('after');
    await settled();
    const lines = json(pipe);
    const lost = lines.find(({ message }) => String(message).startsWith('log lines were lost'));
    expect(Number(lost?.['count']) + lines.length - 2).toBe(2000);
    expect(lines.at(-1)?.['message']).toBe('after');
  });

  test('that breaks does not break the program', async () => {
    const pipe = new Pipe();
    const log = createLogger({ level: 'info', format: 'json', secrets: [], destination: pipe });
    pipe.destroy(new Error('EPIPE'));
    await settled();
    expect(() => log.info('nobody hears')).not.toThrow();
    await settled();
  });
});

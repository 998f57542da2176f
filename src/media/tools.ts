import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface ToolOptions {
  /**
   * Where files stand in clear while a converter works on them. Belongs to this process alone and is emptied at the start;
   * absent: a fresh directory of the system's temporary place. Best kept in memory (tmpfs).
   */
  readonly tempDir?: string;
  /** Names or paths. */
  readonly ffmpeg?: string;
  readonly ffprobe?: string;
  readonly heifConvert?: string;
  /** Conversions at a time. Default: as many as there are processors, from 2 to 4, so that one long film holds up nobody else's picture. */
  readonly concurrency?: number;
  /** Milliseconds for one run of a program. */
  readonly timeoutMs?: number;
}

/** `absent`: the program is not installed. */
export type RunResult = { readonly ok: true; readonly stdout: string } | { readonly ok: false; readonly why: 'absent' | 'failed' };

export interface Tools {
  /** At most `concurrency` at a time, in order. A lane has one item in hand, so that no room has more than one here before the others. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** A directory of mode 0700 that is gone when `work` is done, however it ends. */
  inTempDir<T>(work: (dir: string) => Promise<T>): Promise<T>;
  /** Never throws; killed at the time limit or when the signal aborts. */
  run(program: 'ffmpeg' | 'ffprobe' | 'heif-convert', args: readonly string[], signal?: AbortSignal): Promise<RunResult>;
}

const OUTPUT_LIMIT = 1024 * 1024;

/** What conversions share: a queue, a place to work in, and the outside programs. */
export async function createTools(options: ToolOptions = {}): Promise<Tools> {
  const base = await prepare(options.tempDir);
  const programs = { ffmpeg: options.ffmpeg ?? 'ffmpeg', ffprobe: options.ffprobe ?? 'ffprobe', 'heif-convert': options.heifConvert ?? 'heif-convert' };
  const timeout = options.timeoutMs ?? 120_000;
  return {
    exclusive: limiter(options.concurrency ?? Math.min(Math.max(availableParallelism(), 2), 4)),
    async inTempDir(work) {
      const dir = await mkdtemp(join(base, 'work-'));
      try {
        return await work(dir);
      } finally {
        await rm(dir, { recursive: true, force: true });
      }
    },
    run: (program, args, signal) => run(programs[program], args, timeout, signal),
  };
}

async function prepare(tempDir: string | undefined): Promise<string> {
  if (tempDir === undefined) return mkdtemp(join(tmpdir(), 'drawbridge-media-'));
  await mkdir(tempDir, { recursive: true, mode: 0o700 });
  // What a killed process left behind stands in clear.
  const left = (await readdir(tempDir)).filter((name) => name.startsWith('work-'));
  for (const name of left) await rm(join(tempDir, name), { recursive: true, force: true });
  return tempDir;
}

function limiter(concurrency: number): Tools['exclusive'] {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= concurrency) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      // The place is handed over rather than freed, so that nobody slips in between.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

function run(program: string, args: readonly string[], timeout: number, signal: AbortSignal | undefined): Promise<RunResult> {
  return new Promise((resolve) => {
    const child = execFile(program, args, {
      timeout,
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_LIMIT,
      windowsHide: true,
      // Nothing of the daemon's environment, where secrets may be.
      env: { PATH: process.env['PATH'] ?? '', LANG: 'C' },
      ...(signal === undefined ? {} : { signal }),
    }, (error, stdout) => {
      if (error === null) return resolve({ ok: true, stdout });
      resolve({ ok: false, why: error.code === 'ENOENT' ? 'absent' : 'failed' });
    });
    child.stdin?.on('error', () => undefined).end();
  });
}

/** Streams bytes into a new file of mode 0600. */
export async function writeTo(path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await pipeline(Readable.from(bytes, { objectMode: false }), createWriteStream(path, { flags: 'wx', mode: 0o600 }));
}

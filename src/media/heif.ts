import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job, Seen } from './job.ts';

/** What phones make of their photographs: HEVC in a HEIF box (ISO/IEC 23008-12), which sharp tells the size of but does not decode. */
export const isHeif = ({ mime }: Pick<Seen, 'mime'>): boolean => mime === 'image/heic' || mime === 'image/heif';

/** The picture as a JPEG, by libheif's program. Undefined where that is not installed or cannot read it. */
export async function heifToJpeg(job: Job): Promise<Buffer | undefined> {
  const made = await job.tools.run('heif-convert', ['-q', '92', await job.file(), join(job.dir, 'heif.jpg')], job.signal);
  if (!made.ok) return undefined;
  // Several pictures in one file come out numbered; the first is the one that is shown.
  const [first] = (await readdir(job.dir)).filter((name) => /^heif(?:-0*1)?\.jpg$/.test(name));
  return first === undefined ? undefined : readFile(join(job.dir, first));
}

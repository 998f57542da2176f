import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';

export type SampleKind = 'image' | 'video' | 'audio' | 'voice' | 'file' | 'sticker';

export interface Sample {
  readonly bytes: Buffer;
  readonly mime: string;
  readonly extension: string;
  readonly sha: string;
}

const forms: Readonly<Record<SampleKind, { readonly mime: string; readonly extension: string }>> = {
  image: { mime: 'image/jpeg', extension: 'jpg' }, video: { mime: 'video/mp4', extension: 'mp4' }, audio: { mime: 'audio/mpeg', extension: 'mp3' },
  voice: { mime: 'audio/ogg', extension: 'ogg' }, file: { mime: 'application/pdf', extension: 'pdf' }, sticker: { mime: 'image/webp', extension: 'webp' },
};

/** Small real files, of forms that pass both ways unchanged: whoever sees one can tell which it was by its bytes. */
export class Samples {
  readonly #bases: Readonly<Record<SampleKind, Buffer>>;

  private constructor(bases: Readonly<Record<SampleKind, Buffer>>) {
    this.#bases = bases;
  }

  static async make(): Promise<Samples> {
    const plain = (edge: number): Sharp => sharp({ create: { width: edge, height: edge, channels: 3, background: '#336699' } });
    return new Samples({
      image: await plain(16).jpeg().toBuffer(),
      sticker: await plain(512).webp().toBuffer(),
      video: ffmpeg('mp4', '-f', 'lavfi', '-i', 'testsrc=duration=0.2:size=32x32:rate=5', '-c:v', 'libx264', '-pix_fmt', 'yuv420p'),
      audio: ffmpeg('mp3', '-f', 'lavfi', '-i', 'sine=frequency=440:duration=0.2'),
      voice: ffmpeg('ogg', '-f', 'lavfi', '-i', 'sine=frequency=440:duration=0.2', '-c:a', 'libopus', '-ac', '1'),
      file: Buffer.from('%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n'),
    });
  }

  /** A file of its own for this token. */
  of(kind: SampleKind, token: string): Sample {
    const bytes = Buffer.concat([this.#bases[kind], Buffer.from(`\n${token}\n`)]);
    return { bytes, ...forms[kind], sha: shaOf(bytes) };
  }
}

export function shaOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function ffmpeg(extension: string, ...args: readonly string[]): Buffer {
  const dir = mkdtempSync(join(tmpdir(), 'drawbridge-samples-'));
  try {
    const path = join(dir, `sample.${extension}`);
    execFileSync('ffmpeg', ['-nostdin', '-v', 'error', ...args, path]);
    return readFileSync(path);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A disk of a few megabytes that can be filled to its last byte. Needs root. */
export class SmallDisk {
  readonly #path: string;
  readonly #filler: string;

  constructor(path: string, megabytes: number) {
    this.#path = path;
    this.#filler = join(path, 'filler');
    mkdirSync(path, { recursive: true, mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', path]);
  }

  /** `leave`: so many bytes stay free. */
  fill(leave = 0): void {
    const file = openSync(this.#filler, 'a', 0o600);
    try {
      for (let size = 65_536; size >= 1;) {
        try {
          if (writeSync(file, Buffer.alloc(size)) < size) size >>= 1;
        } catch {
          size >>= 1;
        }
      }
      ftruncateSync(file, Math.max(0, fstatSync(file).size - leave));
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#filler, { force: true });
  }

  /** Whatever still uses it. */
  remove(): void {
    execFileSync('umount', ['-l', this.#path]);
  }
}

import { chmodSync, chownSync, mkdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileFix } from '../i18n/errors.ts';
import { CodedError } from '../model/errors.ts';
import { errorCode } from '../config/error-code.ts';

/**
 * Writes a file that only its owner may read, whole or not at all. A link is followed; a file that is there keeps its
 * owner, so that root can repair what the bridge's own user reads.
 * @throws CodedError DB-1009 where it cannot be written
 */
export function writePrivate(path: string, content: string): void {
  guarded(path, () => {
    mkdirSync(dirname(path), { recursive: true });
    const file = linked(path);
    const before = statSync(file, { throwIfNoEntry: false });
    const fresh = `${file}.new`;
    rmSync(fresh, { force: true });
    writeFileSync(fresh, content, { mode: 0o600, flag: 'wx' });
    // The umask may have taken rights away.
    chmodSync(fresh, 0o600);
    if (before !== undefined && process.getuid?.() === 0) chownSync(fresh, before.uid, before.gid);
    replace(fresh, file, content);
  });
}

/** @throws CodedError DB-1009 where it is somebody else's */
export function makePrivate(path: string): void {
  if ((statSync(path).mode & 0o777) !== 0o600) guarded(path, () => chmodSync(path, 0o600));
}

/**
 * The same for a file that must not be there yet: nothing is written over, whoever made it meanwhile.
 * @throws CodedError DB-1009 where it cannot be written
 */
export function createPrivate(path: string, content: string): void {
  guarded(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, content, { mode: 0o600, flag: 'wx' });
  });
}

/** Where a link ends; the path itself where nothing is there yet. */
function linked(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? path : realpathSync(path);
}

function replace(fresh: string, file: string, content: string): void {
  try {
    renameSync(fresh, file);
  } catch (error) {
    rmSync(fresh, { force: true });
    // A single file mounted into a container cannot be replaced, only written.
    if (errorCode(error) !== 'EBUSY') throw error;
    writeFileSync(file, content);
    chmodSync(file, 0o600);
  }
}

function guarded(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const code = errorCode(error);
    throw new CodedError('DB-1009', `${path} cannot be written (${code}).`, fileFix(code), { cause: error });
  }
}

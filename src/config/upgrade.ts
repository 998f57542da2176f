import { chmodSync, renameSync, statSync, writeFileSync } from 'node:fs';
import type { Document } from 'yaml';
import { CodedError } from '../model/errors.ts';
import { errorCode } from './error-code.ts';
import { CONFIG_VERSION } from './schema.ts';

/** One change of the file's format. It edits the document in place, so that comments stay where they are. */
export interface UpgradeStep {
  /** The version that the file has afterwards; steps are applied in this order, without gaps. */
  readonly to: number;
  /** One line for the log. */
  readonly what: string;
  apply(document: Document): void;
}

/** None yet: version 1 is the first format. */
const UPGRADES: readonly UpgradeStep[] = [];

export interface Upgraded {
  readonly from: number;
  /** What was done, one line a step; empty where the file was up to date. */
  readonly changes: readonly string[];
}

/**
 * Brings a parsed config to `target`, in memory.
 * @throws CodedError DB-1003 where the file is newer than this program or its version is no number
 */
export function upgradeDocument(document: Document, steps: readonly UpgradeStep[] = UPGRADES, target: number = CONFIG_VERSION): Upgraded {
  const found: unknown = document.get('version') ?? 1;
  if (typeof found !== 'number' || !Number.isInteger(found) || found < 1 || found > target) {
    const seen = typeof found === 'number' ? String(found) : 'no whole number';
    throw new CodedError('DB-1003', `The config's version is ${seen}; this program reads versions 1 to ${target}.`,
      'Install the release that wrote this config, or set version to the one that it was written for.');
  }
  const due = steps.filter(({ to }) => to > found && to <= target).sort((a, b) => a.to - b.to);
  for (const step of due) {
    step.apply(document);
    document.set('version', step.to);
  }
  return { from: found, changes: due.map(({ to, what }) => `version ${to}: ${what}`) };
}

/**
 * Writes an upgraded config over the old one, which is kept beside it as `<file>.v<from>`. The mode stays.
 * Returns false where the folder or file cannot be written (a read-only mount): the upgrade in memory is then what counts.
 */
export function saveUpgraded(file: string, before: string, document: Document, from: number): boolean {
  const fresh = `${file}.new`;
  try {
    const mode = statSync(file).mode & 0o777;
    writeFileSync(`${file}.v${from}`, before, { mode });
    writeFileSync(fresh, document.toString({ lineWidth: 0 }), { mode });
    chmodSync(fresh, mode);
    renameSync(fresh, file);
    return true;
  } catch (error) {
    if (['EROFS', 'EACCES', 'EPERM', 'EBUSY'].includes(errorCode(error))) return false;
    throw error;
  }
}

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseDocument } from 'yaml';
import { saveUpgraded, upgradeDocument } from '../../src/config/upgrade.ts';
import type { UpgradeStep } from '../../src/config/upgrade.ts';

const OLD = '# mine\nversion: 1\ndelivery:\n  # why it is long\n  wait: 15m # really\n';
const steps: readonly UpgradeStep[] = [
  { to: 3, what: 'b', apply: (document) => document.set('last', document.getIn(['delivery', 'max_block'])) },
  {
    to: 2, what: 'wait is max_block now',
    apply(document) {
      document.setIn(['delivery', 'max_block'], document.getIn(['delivery', 'wait']));
      document.deleteIn(['delivery', 'wait']);
    },
  },
];

test('steps are applied in order of their numbers, and comments stay', () => {
  const document = parseDocument(OLD);
  expect(upgradeDocument(document, steps, 3)).toEqual({ from: 1, changes: ['version 2: wait is max_block now', 'version 3: b'] });
  expect(document.toJS()).toEqual({ version: 3, delivery: { max_block: '15m' }, last: '15m' });
  expect(document.toString()).toContain('# mine');
});

test('a file without a version is of version 1, and steps behind it are not repeated', () => {
  const document = parseDocument('version: 2\ndelivery: { max_block: 1m }\n');
  expect(upgradeDocument(document, steps, 3).changes).toEqual(['version 3: b']);
  expect(upgradeDocument(document, steps, 3).changes).toEqual([]);
  expect(upgradeDocument(parseDocument('a: 1\n'), [], 1)).toEqual({ from: 1, changes: [] });
});

test('the old file is kept beside the new one, and the mode stays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-upgrade-'));
  const file = join(folder, 'config.yaml');
  writeFileSync(file, OLD, { mode: 0o600 });
  const document = parseDocument(OLD);
  upgradeDocument(document, steps, 3);
  expect(saveUpgraded(file, OLD, document, 1)).toBe(true);
  expect(readFileSync(`${file}.v1`, 'utf8')).toBe(OLD);
  expect(statSync(`${file}.v1`).mode & 0o777).toBe(0o600);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(parseDocument(readFileSync(file, 'utf8')).toJS()).toMatchObject({ version: 3 });
  rmSync(folder, { recursive: true });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

// What npm makes of package.json and package-lock.json on machines other than this.

const root = join(import.meta.dirname, '../..');

function json<T>(path: string): T {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as T;
}

/**
 * A package that brings its binaries says `gypfile: false`. `npm install` does not write that into the lock file, and `npm ci`
 * up to npm 11 looks only there: it would compile, and fail where Python or a compiler is missing. Put the line
 * back by hand after `npm install`: `"gypfile": false` below the version of that package.
 */
test('nothing is compiled by npm ci that brings its binaries', () => {
  const { packages } = json<{ packages: Record<string, { gypfile?: boolean }> }>('package-lock.json');
  const prebuilt = Object.keys(packages).filter((path) => path !== '' && existsSync(join(root, path, 'binding.gyp')) && json<{ gypfile?: boolean }>(join(path, 'package.json')).gypfile === false);
  expect(prebuilt).toContain('node_modules/better-sqlite3');
  expect(prebuilt.filter((path) => packages[path]?.gypfile !== false)).toEqual([]);
});

test('no override refers to a dependency: npm 10 cannot install a package that has one', () => {
  const { overrides } = json<{ overrides: Record<string, string> }>('package.json');
  expect(Object.values(overrides).filter((spec) => spec.startsWith('$'))).toEqual([]);
});

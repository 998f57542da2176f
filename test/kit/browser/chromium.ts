import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** Starts the machine's own browser, without a window. @throws Error saying what to install */
export function startBrowser(): Promise<Browser> {
  const executablePath = (process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
  if (executablePath === undefined) throw new Error(`None of ${names.join(', ')} is installed; on Debian: apt-get install chromium`);
  // Its own sandbox does not work for root, which a container's user often is; the pages come from this test.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

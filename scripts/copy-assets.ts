/** Puts what is no TypeScript (the pages of the sandboxes and of the demo) beside the compiled files in `dist`. */
import { cpSync, statSync } from 'node:fs';

const root = new URL('..', import.meta.url);
cpSync(new URL('src', root), new URL('dist', root), {
  recursive: true,
  filter: (source) => statSync(source).isDirectory() || !source.endsWith('.ts'),
});

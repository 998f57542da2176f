import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';

const files: readonly { readonly path: string; readonly file: string; readonly type: string }[] = [
  { path: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/page/style.css', file: 'style.css', type: 'text/css; charset=utf-8' },
  { path: '/page/page.js', file: 'page.js', type: 'text/javascript; charset=utf-8' },
  { path: '/page/message.js', file: 'message.js', type: 'text/javascript; charset=utf-8' },
];

/** Nothing from elsewhere; framed only by pages of this machine, such as the demo's. */
const policy = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob: data:", "media-src 'self' blob:", "connect-src 'self'",
  "base-uri 'none'", "form-action 'none'", 'frame-ancestors http://127.0.0.1:* http://localhost:*',
].join('; ');

/** The page on which one can be a person in the workspace; also what somebody who is not logged in gets instead of a file. */
export function pageRoutes(app: FastifyInstance): void {
  for (const { path, file, type } of files) {
    app.get(path, async (_request, reply) => {
      const body = await readFile(new URL(`./page/${file}`, import.meta.url));
      return reply.headers({ 'content-type': type, 'content-security-policy': policy, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' }).send(body);
    });
  }
}

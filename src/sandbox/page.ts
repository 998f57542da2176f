import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';

interface Page {
  /** Where its files lie. */
  readonly folder: URL;
  /** Names of the scripts, `page.js` among them. */
  readonly scripts: readonly string[];
  /** What pictures and sounds may come from besides the sandbox itself. */
  readonly img: string;
  readonly media: string;
}

/** A page on which one can be a person on the network: `index.html`, `style.css` and its scripts. */
export function pageRoutes(app: FastifyInstance, { folder, scripts, img, media }: Page): void {
  const files = [
    { path: '/', file: 'index.html', type: 'text/html; charset=utf-8' },
    { path: '/page/style.css', file: 'style.css', type: 'text/css; charset=utf-8' },
    ...scripts.map((file) => ({ path: `/page/${file}`, file, type: 'text/javascript; charset=utf-8' })),
  ];
  // Nothing from elsewhere; framed only by pages of this machine, such as the demo's.
  const policy = [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", `img-src 'self' ${img}`, `media-src 'self' ${media}`.trim(), "connect-src 'self'",
    "base-uri 'none'", "form-action 'none'", 'frame-ancestors http://127.0.0.1:* http://localhost:*',
  ].join('; ');
  for (const { path, file, type } of files) {
    app.get(path, async (_request, reply) => {
      const body = await readFile(new URL(file, folder));
      return reply.headers({ 'content-type': type, 'content-security-policy': policy, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' }).send(body);
    });
  }
}

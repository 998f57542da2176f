import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';

/** What the page needs to be the two Matrix accounts. */
export interface PageSession {
  /** Client-server address, as the browser reaches it. */
  readonly homeserver: string;
  readonly users: readonly { readonly userId: string; readonly accessToken: string }[];
  /** The pages of the sandboxes. */
  readonly phones: readonly { readonly name: string; readonly url: string }[];
  /** The bridge's bot. */
  readonly bot: string;
}

export interface Page {
  readonly url: string;
  close(): Promise<void>;
}

const files: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8', 'style.css': 'text/css; charset=utf-8', 'icon.svg': 'image/svg+xml',
  'app.js': 'text/javascript', 'account.js': 'text/javascript', 'room.js': 'text/javascript', 'richtext.js': 'text/javascript',
  'message.js': 'text/javascript', 'composer.js': 'text/javascript', 'dom.js': 'text/javascript',
};

/**
 * Serves the demo's page on 127.0.0.1. The page is handed the accounts' tokens, so requests that name another host are
 * refused: another site whose name is made to point here (DNS rebinding) gets nothing.
 */
export async function servePage(session: PageSession, port: number): Promise<Page> {
  const app = fastify();
  const headers = {
    'content-security-policy': policy(session),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  };
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers);
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? '')) await reply.code(421).send('Not this host');
  });
  for (const [name, type] of Object.entries(files)) {
    const body = readFileSync(new URL(name, import.meta.url));
    app.get(name === 'index.html' ? '/' : `/${name}`, (_request, reply) => reply.type(type).send(body));
  }
  app.get('/session.json', () => session);
  await app.listen({ host: '127.0.0.1', port });
  const address = app.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${address.port}/`, close: () => app.close() };
}

/** The page talks to itself, the homeserver and, in a frame, the sandbox; media comes as blobs. */
function policy(session: PageSession): string {
  return [
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob:", 'media-src blob:',
    `connect-src 'self' ${new URL(session.homeserver).origin}`, `frame-src ${session.phones.map(({ url }) => new URL(url).origin).join(' ')}`,
    "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
  ].join('; ');
}

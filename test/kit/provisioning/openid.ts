import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The part of a homeserver that says whose OpenID token that is (server-server API, "OpenID"). */
export interface OpenIdServer {
  readonly url: string;
  /** By token, whose it is. */
  readonly tokens: Map<string, string>;
  /** What was asked: the path with its query. */
  readonly asked: string[];
  /** Answers everything so, until it is null again. */
  broken: { readonly status: number; readonly body: string } | null;
  close(): Promise<void>;
}

export async function startOpenId(): Promise<OpenIdServer> {
  const found: Omit<OpenIdServer, 'url' | 'close'> = { tokens: new Map(), asked: [], broken: null };
  const answerTo = ({ url = '' }: IncomingMessage): { status: number; body: string } => {
    found.asked.push(url);
    if (found.broken !== null) return found.broken;
    const { pathname, searchParams } = new URL(url, 'http://here');
    if (pathname !== '/_matrix/federation/v1/openid/userinfo') return { status: 404, body: '{"errcode":"M_UNRECOGNIZED","error":"Unrecognized request"}' };
    const sub = found.tokens.get(searchParams.get('access_token') ?? '');
    return sub === undefined ? { status: 401, body: '{"errcode":"M_UNKNOWN_TOKEN","error":"Access Token unknown or expired"}' } : { status: 200, body: JSON.stringify({ sub }) };
  };
  const server = createServer((request, response) => {
    const { status, body } = answerTo(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(found, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  });
}

import { Pool } from 'undici';
import { Unreachable } from '../../model/errors.ts';

export interface OpenIdOptions {
  /** Where the homeserver answers `/_matrix/federation/v1/openid/userinfo`. */
  readonly url: string;
  readonly answerTimeoutMs?: number;
}

const MAX_ANSWER = 64 * 1024;

/**
 * Asks our homeserver whose OpenID token that is (server-server API, "OpenID"). The address is the administrator's alone; a
 * redirect is not followed. The specification has the token in the query, so no address stands in an error.
 */
export function openIdUserinfo({ url, answerTimeoutMs = 10_000 }: OpenIdOptions): { whose(token: string): Promise<string | null>; close(): Promise<void> } {
  const base = new URL(url);
  const pool = new Pool(base.origin, { connections: 8, pipelining: 1, connect: { timeout: 10_000 }, headersTimeout: answerTimeoutMs, bodyTimeout: answerTimeoutMs, maxResponseSize: MAX_ANSWER });
  const path = `${base.pathname.replace(/\/+$/, '')}/_matrix/federation/v1/openid/userinfo`;
  return {
    close: () => pool.destroy(),
    async whose(token) {
      const { status, body } = await ask(pool, `${path}?${new URLSearchParams({ access_token: token }).toString()}`);
      const { sub, errcode } = (typeof body === 'object' && body !== null ? body : {}) as { readonly sub?: unknown; readonly errcode?: unknown };
      if (status === 200 && typeof sub === 'string') return sub;
      if (status === 401 || (status === 403 && typeof errcode === 'string')) return null;
      throw new Unreachable(status === 404 ? 'The homeserver does not say whose OpenID tokens are at this address: see provisioning.openid_url.' : 'The homeserver does not say whose token that is.', `http_${status}`);
    },
  };
}

async function ask(pool: Pool, path: string): Promise<{ readonly status: number; readonly body: unknown }> {
  try {
    const answer = await pool.request({ method: 'GET', path, headers: { accept: 'application/json' } });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: parsed(text) };
  } catch (error) {
    throw new Unreachable('The homeserver cannot be asked whose token that is.', (error as { code?: string } | null)?.code ?? 'unknown');
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

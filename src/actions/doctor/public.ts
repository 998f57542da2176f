import { randomBytes } from 'node:crypto';
import type { LoadedConfig } from '../../config/load.ts';
import type { Check } from '../../networks/network.ts';
import { reasonOf } from '../discover.ts';
import type { Fetch } from '../discover.ts';
import { answers, standIn } from './listener.ts';

const TIMEOUT_MS = 15_000;

/**
 * Whether the internet's way in ends at us, asked from here: with the daemon down a page that nobody can guess is put
 * up and fetched, with the daemon up any answer of its own counts.
 */
export async function checkPublicUrl({ config }: LoadedConfig, fetch: Fetch): Promise<Check> {
  const what = 'public address';
  const base = config.public_url;
  if (base === undefined) {
    const needed = Object.values(config.networks).some((apps) => Object.keys(apps ?? {}).length > 0);
    if (!needed) return { what, ok: true, detail: 'none configured, and no network that needs one' };
    return { what, ok: false, detail: 'public_url is not set; networks that send webhooks cannot reach the bridge', fix: 'Set public_url to the https address that your proxy sends to listen.public.' };
  }
  if (!base.startsWith('https:') && !isLocal(base)) {
    return { what, ok: false, detail: `${base} is not https, which the networks insist on`, fix: 'Put a TLS proxy in front and change public_url.' };
  }
  const page = randomBytes(16).toString('hex');
  const { host, port } = config.listen.public;
  const fix = `Let your proxy send ${base} to ${host}:${port} (key listen.public), or change public_url.`;
  try {
    await using stand = await standIn(config.listen.public, answers('', page));
    const address = stand === null ? `${base}/webhooks/` : `${base}/${page}`;
    const response = await fetch(address, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body = (await response.text()).slice(0, 200);
    const ok = stand === null ? response.status === 404 || response.ok : body === page;
    const expected = stand === null ? 'an answer of the running daemon (404 for a page that is none)' : 'the page that this check had put up';
    return { what, ok, detail: `GET ${address} answers ${response.status}; ${expected} should come`, ...(ok ? {} : { fix }) };
  } catch (error) {
    return { what, ok: false, detail: `${base} cannot be reached from here: ${reasonOf(error)}`, fix };
  }
}

function isLocal(address: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(address).hostname);
}

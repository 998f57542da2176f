import { randomBytes } from 'node:crypto';
import type { LoadedConfig } from '../../config/load.ts';
import type { AppSettings, Check } from '../../networks/network.ts';
import { member, reasonOf } from '../discover.ts';
import type { Fetch } from '../discover.ts';
import { answers, standIn } from './listener.ts';
import type { Stand } from './listener.ts';

const TIMEOUT_MS = 15_000;

/** Whether the internet's way in ends at us: every webhook's address, asked from here. */
export async function* checkPublicUrl({ config }: LoadedConfig<AppSettings>, fetch: Fetch): AsyncGenerator<Check> {
  const what = 'public address';
  const base = config.public_url;
  const hooks = Object.entries(config.networks).flatMap(([network, apps]) => Object.keys(apps ?? {}).map((app) => `webhooks/${network}/${app}`));
  if (base === undefined) {
    yield hooks.length === 0
      ? { what, ok: true, detail: 'public_url is not set, and no network needs it' }
      : { what, ok: false, detail: 'public_url is not set; networks that send webhooks cannot reach the bridge', fix: 'Set public_url to the https address that your proxy sends to listen.public.' };
    return;
  }
  if (!base.startsWith('https:') && !isLocal(base)) {
    yield { what, ok: false, detail: `${base} should be https, which the networks insist on`, fix: 'Put a TLS proxy in front and change public_url.' };
    return;
  }
  const { host, port } = config.listen.public;
  const fix = `Let your proxy send ${base} to ${host}:${port} (key listen.public), or change public_url.`;
  const page = randomBytes(16).toString('hex');
  try {
    await using stand = await standIn(config.listen.public, answers('', page));
    if (stand === null && !(await isDaemon(config.listen.public, fetch))) {
      yield { what, ok: false, detail: `something else than Drawbridge listens on ${host}:${port}`, fix: 'Stop it, or change the key listen.public.' };
      return;
    }
    for (const path of hooks.length > 0 ? hooks : ['webhooks']) yield { what, ...(await ask(`${base}/${path}`, page, stand, fetch, fix)) };
  } catch (error) {
    yield { what, ok: false, detail: `${host}:${port} cannot be listened on: ${reasonOf(error)}`, fix: 'Change the key listen.public to an address of this machine.' };
  }
}

/** With the daemon down, a page that nobody can guess is put up behind the address and fetched; with the daemon up, it has to answer as it does. */
async function ask(address: string, page: string, stand: Stand | null, fetch: Fetch, fix: string): Promise<Omit<Check, 'what'>> {
  const asked = stand === null ? address : `${address}/${page}`;
  try {
    const response = await fetch(asked, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body = (await response.text()).slice(0, 1000);
    const ok = stand === null ? isOurs(body) : body === page;
    const expected = stand === null ? 'an answer of the running daemon' : 'the page that this check had put up';
    return { ok, detail: `GET ${asked} answers ${response.status}${ok ? '' : ' from somewhere else'}; ${expected} should come${ok ? ', and did' : ''}`, ...(ok ? {} : { fix }) };
  } catch (error) {
    return { ok: false, detail: `GET ${asked} should be answered, but cannot be reached from here: ${reasonOf(error)}`, fix };
  }
}

/** Who has the address that should be ours, asked without the proxy. */
async function isDaemon({ host, port }: LoadedConfig['config']['listen']['public'], fetch: Fetch): Promise<boolean> {
  const here = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  try {
    const response = await fetch(`http://${here.includes(':') ? `[${here}]` : here}:${port}/webhooks`, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    return isOurs((await response.text()).slice(0, 1000));
  } catch {
    return false;
  }
}

/** The daemon refuses in JSON, `{"error": …}`; proxies do it in HTML. */
function isOurs(body: string): boolean {
  try {
    return typeof member(JSON.parse(body), 'error') === 'string';
  } catch {
    return false;
  }
}

function isLocal(address: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(address).hostname);
}

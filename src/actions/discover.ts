/** What could be learnt of a homeserver before anything is configured. */
export interface Discovered {
  readonly url: string;
  /** Known where it was given, or where the server tells it. */
  readonly domain?: string;
  /** The newest version in /versions. */
  readonly newest: string;
}

export type Fetch = typeof globalThis.fetch;

const TIMEOUT_MS = 10_000;

/**
 * Finds a homeserver by its server name or its address: `/.well-known/matrix/client` (client-server API, server
 * discovery), then `/_matrix/client/versions`.
 * @throws Error with one line that says what was tried last
 */
export async function discover(input: string, fetch: Fetch): Promise<Discovered> {
  const given = /^https?:\/\//.test(input) ? input.replace(/\/+$/, '') : null;
  if (given !== null) {
    const newest = await versions(given, fetch);
    const domain = await serverName(given, fetch);
    return { url: given, newest, ...(domain === null ? {} : { domain }) };
  }
  const known = await wellKnown(input, fetch);
  const url = known ?? `https://${input}`;
  return { url, domain: input, newest: await versions(url, fetch) };
}

async function wellKnown(domain: string, fetch: Fetch): Promise<string | null> {
  const answer = await json(`https://${domain}/.well-known/matrix/client`, fetch).catch(() => null);
  const base = member(member(answer, 'm.homeserver'), 'base_url');
  return typeof base === 'string' && /^https?:\/\//.test(base) ? base.replace(/\/+$/, '') : null;
}

/** `GET /_matrix/key/v2/server` (server-server API) tells the name, where that API is served at the same address. */
async function serverName(url: string, fetch: Fetch): Promise<string | null> {
  const name = member(await json(`${url}/_matrix/key/v2/server`, fetch).catch(() => null), 'server_name');
  return typeof name === 'string' ? name : null;
}

async function versions(url: string, fetch: Fetch): Promise<string> {
  const address = `${url}/_matrix/client/versions`;
  const list = member(await json(address, fetch), 'versions');
  const known = Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
  if (known.length === 0) throw new Error(`${address} does not answer like a homeserver`);
  return known.at(-1) ?? '';
}

async function json(address: string, fetch: Fetch): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new Error(`${address} cannot be reached (${reasonOf(error)})`, { cause: error });
  }
  if (!response.ok) throw new Error(`${address} answers ${response.status}`);
  return response.json().catch(() => null);
}

/** The innermost cause that a failed fetch names: a code such as ECONNREFUSED, else its message. */
export function reasonOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (!(at.cause instanceof Error)) return at.name === 'TimeoutError' ? 'no answer in time' : at.message;
  }
  return 'unknown error';
}

/** A member of something that may be no object. */
export function member(value: unknown, key: string): unknown {
  return value !== null && typeof value === 'object' && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

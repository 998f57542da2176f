import type { SyncBody } from './timelines.ts';

export class MatrixError extends Error {
  readonly status: number;
  readonly errcode: string;

  constructor(what: string, status: number, errcode: string, message: string) {
    super(`${what}: ${status} ${errcode} ${message}`);
    this.name = 'MatrixError';
    this.status = status;
    this.errcode = errcode;
  }
}

/** The client-server API (spec v1.12) as one user. Paths begin after `/_matrix/client/v3`. */
export class MatrixClient {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  get<T>(path: string): Promise<T> {
    return this.#json('GET', path);
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.#json('POST', path, body);
  }

  put<T>(path: string, body: object): Promise<T> {
    return this.#json('PUT', path, body);
  }

  /** Null where the homeserver answers 404. */
  async getOrNull<T>(path: string): Promise<T | null> {
    try {
      return await this.get<T>(path);
    } catch (error) {
      if (error instanceof MatrixError && error.status === 404) return null;
      throw error;
    }
  }

  sync(since: string | undefined, signal: AbortSignal): Promise<SyncBody> {
    const query = since === undefined ? 'timeout=0' : `timeout=30000&since=${encodeURIComponent(since)}`;
    const filter = encodeURIComponent(JSON.stringify({ presence: { types: [] }, room: { timeline: { limit: 200 } } }));
    return this.#json('GET', `/sync?${query}&filter=${filter}`, undefined, signal);
  }

  /** Returns the mxc:// URI. */
  async upload(name: string, type: string, bytes: Uint8Array): Promise<string> {
    const answer = await this.#fetch(`/_matrix/media/v3/upload?filename=${encodeURIComponent(name)}`, {
      method: 'POST', headers: { 'content-type': type }, body: bytes as Uint8Array<ArrayBuffer>,
    });
    return ((await answer.json()) as { content_uri: string }).content_uri;
  }

  /** Authenticated media (spec v1.11). */
  async download(mxc: string): Promise<{ readonly bytes: Uint8Array; readonly type: string | null }> {
    const [, server = '', media = ''] = /^mxc:\/\/([^/]+)\/(.+)$/.exec(mxc) ?? [];
    const answer = await this.#fetch(`/_matrix/client/v1/media/download/${encodeURIComponent(server)}/${encodeURIComponent(media)}`, {});
    return { bytes: new Uint8Array(await answer.arrayBuffer()), type: answer.headers.get('content-type') };
  }

  async #json<T>(method: string, path: string, body?: object, signal?: AbortSignal): Promise<T> {
    const answer = await this.#fetch(`/_matrix/client/v3${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      ...(signal && { signal }),
    });
    return (await answer.json()) as T;
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const headers = { ...(init.headers as Record<string, string> | undefined), authorization: `Bearer ${this.#token}` };
    const answer = await fetch(`${this.url}${path}`, { ...init, headers });
    if (answer.ok) return answer;
    const text = await answer.text();
    const error = parse(text);
    throw new MatrixError(`${init.method ?? 'GET'} ${path.split('?')[0]}`, answer.status, error.errcode ?? '', error.error ?? text.slice(0, 200));
  }
}

function parse(text: string): { errcode?: string; error?: string } {
  try {
    return JSON.parse(text) as { errcode?: string; error?: string };
  } catch {
    return {};
  }
}

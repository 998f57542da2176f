/** What stands before the body of a request. */
export interface RouteHead {
  readonly method: string;
  readonly path: string;
  /** Decoded path parameters. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Of whoever asks, as a proxy on a private network tells it. */
  readonly address: string;
}

/** One HTTP request, framework-free: the raw bytes, before any parsing. */
export interface RouteRequest extends RouteHead {
  readonly raw: Uint8Array;
}

export interface RouteAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array> | object;
}

/** A room of the house hands these to `http/`, which mounts them and holds no logic. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS';
  /** Fastify's syntax: `/webhooks/:network/:app`. */
  readonly path: string;
  /** `homeserver`: only the homeserver's listener; `public`: what the internet reaches; `admin`: metrics and health. */
  readonly listener: 'homeserver' | 'public' | 'admin';
  /** Bytes; a larger body is answered 413. */
  readonly maxBody: number;
  /** On every answer of this address, also where something goes wrong. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whoever gets an answer here is not let in, and nothing is read of what they send. */
  readonly admit?: (head: RouteHead) => RouteAnswer | null;
  handle(request: RouteRequest): Promise<RouteAnswer>;
}

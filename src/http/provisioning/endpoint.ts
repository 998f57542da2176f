import type { z } from 'zod';
import type { Asking } from '../../actions/action.ts';

/** A call as an endpoint sees it: who asks is known, and what they give fits. */
export interface Call<Body = unknown> {
  readonly context: Asking;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Body;
}

/** What the bridge says of itself. */
export interface About {
  readonly bot: string;
  readonly botName: string;
  readonly homeserver: string;
  readonly commandPrefix: string;
}

export interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** Below `/_matrix/provision`: `/v3/logout/{loginID}`. */
  readonly path: string;
  readonly operation: string;
  readonly tag: 'auth' | 'chats';
  readonly summary: string;
  /** What each part of the path is. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: z.ZodType;
  /** By status; those of errors are the same everywhere. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
  run(call: Call, about: About): Promise<Answer> | Answer;
}

export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** With the body as its schema reads it. */
export function endpoint<Schema extends z.ZodType = z.ZodType<undefined>>(
  given: Omit<Endpoint, 'body' | 'run'> & { readonly body?: Schema; run(call: Call<z.output<Schema>>, about: About): Promise<Answer> | Answer },
): Endpoint {
  return given as unknown as Endpoint;
}

export const ok = (body: object): Answer => ({ status: 200, body });

/** A refusal as Slack words it: HTTP 200 with `{ok: false, error}`, or 429. */
export class SlackError extends Error {
  readonly code: string;
  readonly status: number;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly retryAfter: number | undefined;

  constructor(code: string, given: { readonly status?: number; readonly extra?: Readonly<Record<string, unknown>>; readonly retryAfter?: number } = {}) {
    super(code);
    this.code = code;
    this.status = given.status ?? 200;
    this.extra = given.extra ?? {};
    this.retryAfter = given.retryAfter;
  }

  body(): Record<string, unknown> {
    return { ok: false, error: this.code, ...this.extra };
  }
}

/** `invalid_arguments` with what is wrong, where Slack puts it. */
export function invalid(message: string): SlackError {
  return new SlackError('invalid_arguments', { extra: { response_metadata: { messages: [`[ERROR] ${message}`] } } });
}

export function invalidBlocks(message: string): SlackError {
  return new SlackError('invalid_blocks', { extra: { errors: [message], response_metadata: { messages: [`[ERROR] ${message}`] } } });
}

export function rateLimited(seconds: number): SlackError {
  return new SlackError('ratelimited', { status: 429, retryAfter: Math.max(1, Math.ceil(seconds)) });
}

/** A refusal as the Bot API answers it (core.telegram.org/bots/api#making-requests). */
export class BotError extends Error {
  override name = 'BotError';
  readonly code: number;
  readonly parameters: Readonly<Record<string, number>> | undefined;

  constructor(code: number, description: string, parameters?: Readonly<Record<string, number>>) {
    super(description);
    this.code = code;
    this.parameters = parameters;
  }

  body(): Record<string, unknown> {
    return { ok: false, error_code: this.code, description: this.message, ...(this.parameters && { parameters: this.parameters }) };
  }
}

export function bad(description: string): BotError {
  return new BotError(400, `Bad Request: ${description}`);
}

export function forbidden(description: string): BotError {
  return new BotError(403, `Forbidden: ${description}`);
}

export function tooMany(seconds: number): BotError {
  return new BotError(429, `Too Many Requests: retry after ${seconds}`, { retry_after: seconds });
}

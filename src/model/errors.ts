/**
 * Errors that an administrator or a person meets. Each has a stable code, a cause and a fix, one line each;
 * none holds a secret or message content.
 */
export class CodedError extends Error {
  readonly code: string;
  readonly fix: string;

  constructor(code: string, cause: string, fix: string, options?: { cause?: unknown }) {
    super(cause, options);
    this.name = 'CodedError';
    this.code = code;
    this.fix = fix;
  }

  /** `DB-1203: cause. Fix: fix` */
  override toString(): string {
    return `${this.code}: ${this.message} Fix: ${this.fix}`;
  }
}

/** What a call to a network or to the homeserver can end in. The class decides what the lane does next. */
export abstract class DeliveryError extends Error {
  /** The network's or the homeserver's own code, for reports. */
  readonly code: string;

  constructor(message: string, code: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Surely not done; try again. `afterMs` is what the other side asked for. */
export class Retry extends DeliveryError {
  readonly afterMs: number | undefined;
  /** A rate limit costs no try and counts for no `max_block`. */
  readonly rateLimited: boolean;

  constructor(message: string, code: string, options: { afterMs?: number; rateLimited?: boolean; cause?: unknown } = {}) {
    super(message, code, options);
    this.afterMs = options.afterMs;
    this.rateLimited = options.rateLimited ?? false;
  }
}

/** Surely not done and never will be. `message` is what the person is told. */
export class Rejected extends DeliveryError {}

/** May or may not have been done: the answer was lost on the way. */
export class Uncertain extends DeliveryError {}

/** The account cannot work until its owner does something. Spends no tries. */
export class AccountBroken extends DeliveryError {}

/** The other side as a whole is down. No item's fault: pauses every lane that way, spends no tries. */
export class Unreachable extends DeliveryError {}

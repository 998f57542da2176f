import { AccountBroken } from '../../model/errors.ts';
import type { Sink } from '../network.ts';

interface HealthOptions {
  /** Undefined before the account is started, and after it is closed. */
  readonly sink: () => Sink | undefined;
  /** What the owner of the account has to do about a code. */
  readonly fixFor: (code: string) => string;
  /** The account has just stopped working. */
  readonly broke?: (error: BrokenBy) => void;
}

/** What stops an account, whatever class it is of. */
type BrokenBy = Pick<AccountBroken, 'message' | 'code'>;

/** Whether one account works: the sink is told when that changes, and not at every call. */
export class Health {
  readonly #options: HealthOptions;
  #broken = false;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** Runs a call that shows whether the account works. */
  async watched<T>(call: () => Promise<T>): Promise<T> {
    try {
      const result = await call();
      this.works();
      return result;
    } catch (error) {
      if (error instanceof AccountBroken) this.breaks(error);
      throw error;
    }
  }

  works(): void {
    if (!this.#broken) return;
    this.#broken = false;
    this.#options.sink()?.state({ ok: true });
  }

  breaks(error: BrokenBy): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#options.sink()?.state({ ok: false, reason: error.message, fix: this.#options.fixFor(error.code) });
    this.#options.broke?.(error);
  }
}

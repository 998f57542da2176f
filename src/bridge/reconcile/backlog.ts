import type { Clock } from '../../model/clock.ts';
import type { MatrixEvent } from '../../model/events.ts';
import type { Millis, UserId } from '../../model/ids.ts';

export interface BacklogDeps {
  readonly clock: Clock;
  readonly bot: UserId;
  /** We wrote it. */
  readonly isOwn: (event: MatrixEvent) => boolean;
  /** Compares the rooms with their history. */
  readonly compare: () => void;
  readonly signal: AbortSignal;
}

/** Synapse tries again no sooner than this after a transaction that failed. */
const BACK_OFF: Millis = 2_000;
const QUIET: Millis = 3_000;
/** On a homeserver that is slow all the time everything looks as if it had waited. */
const INTERVAL: Millis = 60_000;

/**
 * Synapse asks whether a service is up before it makes a transaction. What is said in the moment in which its back-off ends becomes
 * one that nobody sends, until the service fails the next time (`appservice/scheduler.py`, seen in 1.163). That there was a back-off
 * shows by events that had waited; once no more of those come, the rooms are compared with their history.
 */
export class Backlog {
  readonly #deps: BacklogDeps;
  readonly #domain: string;
  readonly #started: Millis;
  #first: Millis | null = null;
  #last: Millis = 0;
  #compared: Millis = Number.NEGATIVE_INFINITY;

  constructor(deps: BacklogDeps) {
    this.#deps = deps;
    this.#domain = deps.bot.slice(deps.bot.indexOf(':'));
    this.#started = deps.clock.now();
  }

  /** The events of one transaction. */
  look(events: readonly MatrixEvent[]): void {
    if (!events.some((event) => this.#waited(event))) return;
    this.#last = this.#deps.clock.now();
    if (this.#first !== null) return;
    this.#first = this.#last;
    void this.#wait(this.#first);
  }

  /** By the homeserver's own clock. Other homeservers' events come as late as they like, and ghosts write of the past. */
  #waited(event: MatrixEvent): boolean {
    const age = event.unsigned?.['age'];
    if (typeof age !== 'number' || !event.sender.endsWith(this.#domain) || this.#deps.isOwn(event)) return false;
    return age >= BACK_OFF || age > this.#deps.clock.now() - this.#started;
  }

  async #wait(first: Millis): Promise<void> {
    const { clock, signal, compare } = this.#deps;
    const due = (): Millis => Math.max(Math.min(this.#last + QUIET, first + INTERVAL), this.#compared + INTERVAL);
    while (clock.now() < due()) {
      await clock.sleep(due() - clock.now(), signal);
      if (signal.aborted) return;
    }
    this.#first = null;
    this.#compared = clock.now();
    compare();
  }
}

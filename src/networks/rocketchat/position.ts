import type { NetworkItem } from '../../model/events.ts';
import type { Millis } from '../../model/ids.ts';
import type { Sink } from '../network.ts';
import { list, num, parseJson, str } from '../shared/json.ts';

/** Of so many messages it is remembered that they had reactions: when the last goes, the server does not say so. */
const MOST = 100;

/** How far the server has been heard, by its own clock, and what has to be remembered for it. Lies in the account's cursor. */
export class Position {
  readonly #sink: Sink;
  readonly #reacted: Set<string>;
  #since: Millis | undefined;

  constructor(sink: Sink) {
    this.#sink = sink;
    // Outside: a database that cannot tell now is no fresh start.
    const stored = sink.cursor();
    let cursor: unknown;
    try {
      cursor = parseJson(stored ?? 'null');
    } catch {
      cursor = null;
    }
    this.#since = num(cursor, 'since');
    this.#reacted = new Set(list(cursor, 'reacted').flatMap((id) => str({ id }, 'id') ?? []).slice(-MOST));
  }

  /** Undefined at the very first. */
  get since(): Millis | undefined {
    return this.#since;
  }

  hadReactions(id: string): boolean {
    return this.#reacted.has(id);
  }

  /** Resolves after the commit; only then has it been heard. */
  async accept(items: readonly NetworkItem[], upTo?: Millis): Promise<void> {
    const moved = upTo !== undefined && upTo > (this.#since ?? 0);
    const remembered = items.map(({ event }) => this.#remember(event)).some(Boolean);
    if (!moved && !remembered) return items.length === 0 ? undefined : this.#sink.accept(items);
    const since = moved ? upTo : this.#since;
    await this.#sink.accept(items, JSON.stringify({ since, reacted: [...this.#reacted] }));
    this.#since = since;
  }

  #remember(event: NetworkItem['event']): boolean {
    if (event.type !== 'reactions.set') return false;
    if (event.reactions.length === 0) return this.#reacted.delete(event.target);
    const known = this.#reacted.delete(event.target);
    this.#reacted.add(event.target);
    const oldest = this.#reacted.values().next();
    if (this.#reacted.size > MOST && !oldest.done) this.#reacted.delete(oldest.value);
    return !known;
  }
}

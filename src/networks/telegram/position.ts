import type { NetworkItem } from '../../model/events.ts';
import type { Sink } from '../network.ts';
import { at, flag, isFields, list, num, str } from '../shared/json.ts';
import type { KnownPoll } from './decode/context.ts';

/** Polls remembered: those sent last and not over yet. Each costs a hundred bytes or two of every commit. */
const MOST_POLLS = 64;

/**
 * How far the updates have been taken in, and which message each poll of ours is, since votes name the poll alone. Both stand
 * in the cursor, which is committed with the items.
 */
export class Position {
  readonly #sink: Sink;
  readonly #polls = new Map<string, KnownPoll>();
  #offset: number | undefined;
  /** Commits go one after another: an older cursor must not overtake a newer one. */
  #last: Promise<void> = Promise.resolve();

  constructor(sink: Sink) {
    this.#sink = sink;
    // Outside: a database that cannot tell now is no fresh start.
    const cursor = sink.cursor();
    let stored: unknown;
    try {
      stored = JSON.parse(cursor ?? '{}');
    } catch {
      // Without it Telegram hands over again what it still has; what was taken in already is known by its key.
    }
    this.#offset = num(stored, 'offset');
    for (const poll of list(stored, 'polls').slice(-MOST_POLLS)) this.#restore(poll);
  }

  get offset(): number | undefined {
    return this.#offset;
  }

  poll(id: string): KnownPoll | undefined {
    return this.#polls.get(id);
  }

  /** Resolves after the commit. */
  accept(items: readonly NetworkItem[], offset?: number): Promise<void> {
    const before = this.#last;
    const commit = (async () => {
      await before;
      for (const { event } of items) if (event.type === 'poll.end') this.#forget(event.target);
      await this.#sink.accept(items, this.#cursor(offset ?? this.#offset));
      if (offset !== undefined) this.#offset = offset;
    })();
    // Whoever comes next does not fail with this one.
    this.#last = commit.catch(() => undefined);
    return commit;
  }

  /** A poll was sent: its votes will name it by this id. */
  async remember(id: string, poll: KnownPoll): Promise<void> {
    const oldest = this.#polls.keys().next();
    if (this.#polls.size >= MOST_POLLS && !oldest.done) this.#polls.delete(oldest.value);
    this.#polls.set(id, poll);
    await this.accept([]);
  }

  #forget(target: string): void {
    for (const [id, poll] of this.#polls) if (poll.id === target) this.#polls.delete(id);
  }

  #cursor(offset: number | undefined): string {
    const polls = [...this.#polls].map(([id, { id: message, conversation, options }]) => ({ id, message, options, chat: conversation.id, kind: conversation.kind, own: conversation.perAccount }));
    return JSON.stringify({ ...(offset !== undefined && { offset }), ...(polls.length > 0 && { polls }) });
  }

  #restore(stored: unknown): void {
    const [id, message, chat, kind] = [str(stored, 'id'), str(stored, 'message'), str(stored, 'chat'), str(stored, 'kind')];
    if (id === undefined || message === undefined || chat === undefined || (kind !== 'direct' && kind !== 'group' && kind !== 'channel') || !isFields(stored)) return;
    const options = at(stored, 'options');
    this.#polls.set(id, {
      id: message as KnownPoll['id'],
      conversation: { id: chat, scope: '', kind, perAccount: flag(stored, 'own') },
      options: Array.isArray(options) ? options.map(String) : [],
    });
  }
}

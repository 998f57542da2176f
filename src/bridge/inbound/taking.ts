import type { Logger } from '../../model/log.ts';
import { type Accepted, type MatrixBatch, type NetworkBatch, StoreBusy, type Store } from '../../store/store.ts';
import { keyOf } from '../keys.ts';

/** One item of a batch: how it is taken in alone, and what is kept of it where that cannot be done. */
interface Alone {
  readonly take: () => Promise<Accepted>;
  readonly source: string;
  readonly key: string;
  readonly item: unknown;
}

/**
 * Takes in what both sides send, a batch in one commit. Where that fails by a bug, each item is taken by itself and the bad one
 * is kept: a homeserver sends a refused transaction again for ever, and a network gives the good items up with it.
 */
export class Taking {
  readonly #store: Store;
  readonly #log: Logger;

  constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** @throws StoreBusy */
  matrix(batch: MatrixBatch): Promise<Accepted> {
    const { events, toDevice, ...rest } = batch;
    const alone = (part: Partial<MatrixBatch>) => (): Promise<Accepted> => this.#store.acceptMatrix({ events: [], toDevice: [], ...part, ...rest });
    return this.#take(() => this.#store.acceptMatrix(batch), [
      ...events.map((event): Alone => ({ take: alone({ events: [event] }), source: 'matrix', key: event.event_id, item: event })),
      ...toDevice.map((message): Alone => ({ take: alone({ toDevice: [message] }), source: 'to-device', key: keyOf('to-device', JSON.stringify(message)), item: message })),
    ]);
  }

  /** @throws StoreBusy */
  network(batch: NetworkBatch): Promise<Accepted> {
    const { items, cursor, ...rest } = batch;
    const last: readonly Alone[] = cursor === undefined ? [] : [
      { take: () => this.#store.acceptNetwork({ items: [], cursor, ...rest }), source: rest.account, key: `cursor ${cursor}`, item: cursor },
    ];
    return this.#take(() => this.#store.acceptNetwork(batch), [
      ...items.map((item): Alone => ({ take: () => this.#store.acceptNetwork({ items: [item], ...rest }), source: rest.account, key: item.key, item: item.event })), ...last,
    ]);
  }

  async #take(whole: () => Promise<Accepted>, apart: readonly Alone[]): Promise<Accepted> {
    try {
      return await whole();
    } catch (error) {
      if (error instanceof StoreBusy) throw error;
      this.#log.error('A bug met what came in; each item is taken by itself.', { items: apart.length, error });
    }
    const taken: Accepted[] = [];
    for (const one of apart) {
      try {
        taken.push(await one.take());
      } catch (error) {
        if (error instanceof StoreBusy) throw error;
        await this.#keep(one, error);
      }
    }
    return {
      wake: [...new Set(taken.flatMap(({ wake }) => wake))], media: taken.flatMap(({ media }) => media),
      fresh: taken.reduce((sum, { fresh }) => sum + fresh, 0), duplicates: taken.reduce((sum, { duplicates }) => sum + duplicates, 0),
    };
  }

  async #keep({ source, key, item }: Alone, error: unknown): Promise<void> {
    this.#log.error('A bug met an item as it came in; it is kept.', { source, error });
    const raw = Buffer.from(JSON.stringify(item) ?? 'null');
    await this.#store.acceptBroken({ source, key, raw, reason: 'An error of the bridge itself; the log has it.' }).catch((failed: unknown) => {
      if (failed instanceof StoreBusy) throw failed;
      this.#log.error('It could not be kept either.', { source, error: failed });
    });
  }
}

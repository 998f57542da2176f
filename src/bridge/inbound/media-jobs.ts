import type { Clock } from '../../model/clock.ts';
import { Rejected } from '../../model/errors.ts';
import type { AccountId, Millis } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Connection } from '../../networks/network.ts';
import { type MediaJob, type Store, StoreBusy } from '../../store/store.ts';
import type { MediaTools } from '../media.ts';
import { backoff } from '../outbound/failure.ts';

const MOST_AT_ONCE = 4;
const MOST_TRIES = 10;

export interface MediaJobsDeps {
  readonly store: Store;
  readonly tools: MediaTools;
  readonly connection: (account: AccountId) => Connection | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly wake: (lanes: readonly string[]) => void;
  readonly step: (name: string) => void;
}

/** Fetches what a network hands over by reference, at once and outside the lanes: such addresses expire. */
export class MediaJobs {
  readonly #deps: MediaJobsDeps;
  readonly #running = new Set<number>();
  readonly #stop = new AbortController();
  /** Until the earliest job that is not due yet. */
  #sleep: { readonly until: Millis; readonly end: AbortController } | null = null;

  constructor(deps: MediaJobsDeps) {
    this.#deps = deps;
  }

  /** Looks for work; call it when a job was made, at start, and whenever one ends. */
  look(): void {
    if (this.#stop.signal.aborted) return;
    const now = this.#deps.clock.now();
    let jobs: readonly MediaJob[];
    try {
      jobs = this.#deps.store.mediaJobs(64).filter(({ id }) => !this.#running.has(id));
    } catch (error) {
      if (!(error instanceof StoreBusy)) throw error;
      void this.#lookLater(now + 1_000);
      return;
    }
    for (const job of jobs.filter(({ dueAt }) => dueAt <= now).slice(0, MOST_AT_ONCE - this.#running.size)) {
      this.#running.add(job.id);
      void this.#fetch(job).catch(async (error: unknown) => {
        // Not even the failure could be written down; it is taken up again, but not at once.
        this.#deps.log.warn('A fetch could not be noted.', { job: job.id, error });
        await this.#deps.clock.sleep(1_000, this.#stop.signal);
      }).finally(() => {
        this.#running.delete(job.id);
        this.look();
      });
    }
    const later = jobs.find(({ dueAt }) => dueAt > now);
    if (later !== undefined && (this.#sleep === null || later.dueAt < this.#sleep.until)) void this.#lookLater(later.dueAt);
  }

  async #lookLater(until: Millis): Promise<void> {
    const { clock } = this.#deps;
    this.#sleep?.end.abort();
    const sleep = { until, end: new AbortController() };
    this.#sleep = sleep;
    await clock.sleep(until - clock.now(), AbortSignal.any([sleep.end.signal, this.#stop.signal]));
    if (this.#sleep !== sleep) return;
    this.#sleep = null;
    this.look();
  }

  stop(): void {
    this.#stop.abort();
  }

  async #fetch(job: MediaJob): Promise<void> {
    const { store, tools, clock, log, wake } = this.#deps;
    try {
      const connection = this.#deps.connection(job.account);
      if (connection === null) throw new Rejected('its account is no longer in the config', 'no_account');
      const stream = await connection.openMedia(job.handle, AbortSignal.any([this.#stop.signal, AbortSignal.timeout(300_000)]));
      const name = job.name ?? stream.name;
      const mime = job.mime ?? stream.mime;
      const file = await tools.take({ ...stream, ...(name === undefined ? {} : { name }), ...(mime === undefined ? {} : { mime }) });
      this.#deps.step('media.fetched');
      try {
        wake(await store.mediaDone(job.id, { to: 'ready', ...file }));
      } catch (error) {
        // Nobody knows of the file, and it is fetched anew.
        if (error instanceof StoreBusy) await tools.spool.remove(file.spool);
        throw error;
      }
      this.#deps.step('media.kept');
      // The message was deleted while its file was fetched.
      if (store.media(job.id) === null) await tools.spool.remove(file.spool);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const over = error instanceof Rejected || job.tries + 1 >= MOST_TRIES;
      log.warn(over ? 'A file could not be fetched.' : 'A file is fetched again later.', { job: job.id, tries: job.tries, error });
      const reason = error instanceof Rejected ? error.message : 'the network did not hand it over';
      const dueAt = clock.now() + backoff(job.tries + 2);
      wake(await store.mediaDone(job.id, over ? { to: 'failed', reason } : { to: 'again', dueAt, reason }));
    }
  }
}

import type { Clock } from '../../model/clock.ts';
import { Rejected } from '../../model/errors.ts';
import type { Picture } from '../../model/events.ts';
import type { AccountId, Millis, Mxc } from '../../model/ids.ts';
import type { Logger } from '../../model/log.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import type { Connection } from '../../networks/network.ts';
import type { MediaTools } from '../media.ts';

export interface PicturesDeps {
  readonly homeserver: Homeserver;
  readonly tools: MediaTools;
  readonly connection: (account: AccountId) => Connection | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What somebody says is not held up for longer by how they look. */
const WAIT: Millis = 10_000;
const PATIENCE: Millis = 10 * 60_000;
const MAX_BYTES = 8 * 1024 * 1024;

/** Pictures of people and of conversations on their way to Matrix. */
export class Pictures {
  readonly #deps: PicturesDeps;
  /** When one that could not be fetched may be tried again, by its id. */
  readonly #refused = new Map<string, Millis>();

  constructor(deps: PicturesDeps) {
    this.#deps = deps;
  }

  /** Its address on Matrix; null where there is none to be had for good; undefined: another time. Never throws. */
  async upload(account: AccountId, { id, handle }: Picture): Promise<Mxc | null | undefined> {
    const { homeserver, tools, clock, log } = this.#deps;
    const connection = this.#deps.connection(account);
    if (connection === null || clock.now() < (this.#refused.get(id) ?? 0)) return undefined;
    try {
      const stream = await connection.openMedia(handle, AbortSignal.timeout(WAIT));
      if ((stream.size ?? 0) > MAX_BYTES) throw new Rejected('The picture is too large.', 'too_large');
      const file = await tools.take(stream);
      try {
        // What is no picture is not shown as one, whatever the network calls it.
        if (!/^image\/(?:png|jpeg|gif|webp)$/.test(file.mime) || file.size > MAX_BYTES) throw new Rejected('It is no picture.', 'wrong_type');
        return await homeserver.upload(homeserver.bot, { bytes: tools.spool.open(file.spool), mime: file.mime, name: file.name, size: file.size }) as Mxc;
      } finally {
        await tools.spool.remove(file.spool);
      }
    } catch (error) {
      log.debug('A picture could not be shown.', { account, error });
      if (error instanceof Rejected) return null;
      if (this.#refused.size > 10_000) this.#refused.clear();
      this.#refused.set(id, clock.now() + PATIENCE);
      return undefined;
    }
  }
}

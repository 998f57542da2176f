import { tooMany } from './errors.ts';
import { documented } from './options.ts';
import type { Chat, World } from './state.ts';

/** The limits of core.telegram.org/bots/faq, as sliding windows; where one is passed the call is refused with the time to wait. */
export class Limits {
  readonly #world: World;
  readonly #sent = new Map<string, number[]>();

  constructor(world: World) {
    this.#world = world;
  }

  /** @throws BotError 429 */
  count(chat: Chat): void {
    const { faults, random, options } = this.#world;
    if (random.chance(faults.rateLimit)) throw tooMany(1 + random.int(3));
    if (options.limits !== true) return;
    this.#window('all', documented.perSecond, 1000);
    if (chat.type === 'private') this.#window(`chat:${chat.id}`, documented.chatBurst + documented.chatPerSecond, 1000 * documented.chatBurst);
    else this.#window(`chat:${chat.id}`, documented.groupPerMinute, 60_000);
  }

  #window(key: string, most: number, ms: number): void {
    const scaled = ms / (this.#world.options.clockScale ?? 1);
    const now = Date.now();
    const times = (this.#sent.get(key) ?? []).filter((time) => time > now - scaled);
    const oldest = times[0];
    if (times.length >= most && oldest !== undefined) throw tooMany(Math.max(1, Math.ceil((oldest + scaled - now) / 1000)));
    this.#sent.set(key, [...times, now]);
  }
}

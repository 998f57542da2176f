import { Rejected } from '../../model/errors.ts';
import type { Millis } from '../../model/ids.ts';
import type { SendResult } from '../network.ts';
import { list, str, type Fields } from '../shared/json.ts';
import { messagesIn } from './catchup.ts';
import { isOurs, keyIn } from './decode/context.ts';
import { messageId, millisOf, tsOf } from './ids.ts';
import type { Asking } from './past.ts';

const PAGE = 100;
const MOST_PAGES = 10;
/** Clocks differ, and a send begins before it is done. */
const MARGIN: Millis = 120_000;

/**
 * Looks for our mark in what was said since: in the thread that it was to go into (`root`), where there is one; else in the conversation
 * and in its threads that went on since. A file carries no mark: where one of ours lies there, nobody can tell.
 */
export async function findSent(asking: Asking, channel: string, key: string, since: Millis, root?: string): Promise<SendResult | 'absent' | 'unknown'> {
  const search = new Search(asking, channel, key, since);
  const inThread = root === undefined ? 'gone' : await search.thread(root);
  if (inThread !== 'gone') return inThread ?? search.nothing;
  const found = await search.conversation();
  if (found !== undefined) return found;
  for (const thread of search.threads) {
    const answer = await search.thread(thread);
    if (answer !== undefined && answer !== 'gone') return answer;
  }
  return search.nothing;
}

class Search {
  /** First messages of threads that went on since. */
  readonly threads: string[] = [];
  readonly #asking: Asking;
  readonly #channel: string;
  readonly #key: string;
  readonly #since: Millis;
  readonly #oldest: string;
  #doubtful = false;

  constructor(asking: Asking, channel: string, key: string, since: Millis) {
    this.#asking = asking;
    this.#channel = channel;
    this.#key = key;
    this.#since = since;
    this.#oldest = tsOf(since - MARGIN);
  }

  get nothing(): 'absent' | 'unknown' {
    return this.#doubtful ? 'unknown' : 'absent';
  }

  /** `gone`: there is no such thread. */
  async thread(root: string): Promise<SendResult | 'gone' | undefined> {
    try {
      return await this.#pages('conversations.replies', { ts: root, oldest: this.#oldest }, () => false);
    } catch (error) {
      if (error instanceof Rejected && error.code === 'thread_not_found') return 'gone';
      throw error;
    }
  }

  conversation(): Promise<SendResult | undefined> {
    return this.#pages('conversations.history', {}, (messages, nth) => {
      for (const message of messages) if (Number(str(message, 'latest_reply') ?? 0) >= Number(this.#oldest)) this.threads.push(str(message, 'ts') ?? '');
      // One page further than it need be: a thread that went on lately may have begun before.
      return nth > 0 && Number(str(messages.at(-1), 'ts') ?? 0) < Number(this.#oldest);
    });
  }

  async #pages(method: string, args: Readonly<Record<string, unknown>>, over: (messages: readonly Fields[], nth: number) => boolean): Promise<SendResult | undefined> {
    let cursor: string | undefined;
    for (let nth = 0; nth < MOST_PAGES; nth += 1) {
      const answer = await this.#asking.api.call(method, { channel: this.#channel, limit: PAGE, include_all_metadata: true, ...args, cursor });
      const messages = messagesIn(answer);
      const found = this.#look(messages);
      cursor = str(answer, 'response_metadata', 'next_cursor');
      if (found !== undefined || over(messages, nth) || cursor === undefined || messages.length === 0) return found;
    }
    this.#doubtful = true;
    return undefined;
  }

  #look(messages: readonly Fields[]): SendResult | undefined {
    const own = this.#asking.context(false);
    for (const message of messages) {
      const ts = str(message, 'ts') ?? '';
      const mark = keyIn(own, message);
      if (mark === this.#key) return { id: messageId(this.#channel, ts), time: millisOf(ts) ?? this.#since, state: 'confirmed' };
      this.#doubtful ||= mark === undefined && Number(ts) >= Number(this.#oldest) && list(message, 'files').length > 0 && isOurs(own, message);
    }
    return undefined;
  }
}

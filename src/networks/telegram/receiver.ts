import type { Clock } from '../../model/clock.ts';
import { AccountBroken, DeliveryError, Retry, Unreachable } from '../../model/errors.ts';
import type { NetworkItem } from '../../model/events.ts';
import type { Logger } from '../../model/log.ts';
import { num } from '../shared/json.ts';
import type { BotClient } from './client.ts';
import type { CustomEmoji } from './custom-emoji.ts';
import { decodeUpdate } from './decode/update.ts';
import type { Position } from './position.ts';

/**
 * What is asked for: without being named, `chat_member` and reactions do not come (core.telegram.org/bots/api#getupdates).
 * What the bridge has no use for is not asked for.
 */
const EVERYWHERE = [
  'message', 'edited_message', 'channel_post', 'edited_channel_post', 'message_reaction', 'message_reaction_count', 'callback_query',
  'my_chat_member', 'chat_member', 'chat_join_request', 'chat_boost', 'removed_chat_boost',
];
export const ALLOWED_UPDATES = {
  poll: [...EVERYWHERE, 'poll', 'poll_answer'],
  /** Votes name a poll and not its message: only who asks for updates in one place can tell which it is. */
  webhook: EVERYWHERE,
};

/** Telegram holds a question open for 50 seconds at most. */
const POLL_SECONDS = 40;
const BATCH = 100;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** One refusal may come of a question of our own that was cut off a moment ago. */
const CONFLICTS = 3;

interface ReceiverOptions {
  readonly client: BotClient;
  readonly position: Position;
  readonly emoji: CustomEmoji;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly works: () => void;
  readonly breaks: (error: AccountBroken) => void;
}

/** Asks for updates, one question at a time, until told to stop. An update is asked past only after it has been committed. */
export async function receive(options: ReceiverOptions, signal: AbortSignal): Promise<void> {
  const { clock, log } = options;
  let failures = 0;
  let conflicts = 0;
  let limit = BATCH;
  while (!signal.aborted) {
    try {
      await once(options, limit, signal);
      limit = Math.min(limit * 2, BATCH);
      failures = 0;
      conflicts = 0;
      options.works();
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      // More than is read of an answer: people can fill all that waits with the longest of messages, and it would be the same again.
      if (error instanceof Unreachable && error.code === 'http_200') limit = Math.max(1, limit >> 1);
      if (error instanceof AccountBroken) {
        conflicts = error.code === 'other_asker' ? conflicts + 1 : CONFLICTS;
        if (conflicts >= CONFLICTS) options.breaks(error);
      }
      if (failures === 1) log.warn('Telegram gave no updates; it is asked again', { code: error instanceof DeliveryError ? error.code : 'not_committed' });
      await clock.sleep(waitAfter(error, failures), signal);
    }
  }
}

function waitAfter(error: unknown, failures: number): number {
  const asked = error instanceof Retry ? (error.afterMs ?? 0) : 0;
  if (error instanceof AccountBroken && error.code !== 'other_asker') return LONGEST_WAIT_MS;
  return Math.max(asked, Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 10), LONGEST_WAIT_MS));
}

async function once({ client, position, emoji, self, clock }: ReceiverOptions, limit: number, signal: AbortSignal): Promise<void> {
  const { offset } = position;
  const question = { ...(offset !== undefined && { offset }), limit, timeout: POLL_SECONDS, allowed_updates: ALLOWED_UPDATES.poll };
  const answer = await client.call('getUpdates', question, { signal, answerMs: (POLL_SECONDS + 20) * 1000 });
  const updates: readonly unknown[] = Array.isArray(answer) ? answer : [];
  if (updates.length === 0) return;
  const context = { self, poll: (id: string) => position.poll(id) };
  const items = updates.flatMap((update) => decodeUpdate(context, update)).filter((item) => !isCount(item)).map((item) => timed(item, clock.now()));
  const ids = updates.flatMap((update) => num(update, 'update_id') ?? []);
  await position.accept(await emoji.named(items, signal), ids.length === 0 ? undefined : Math.max(...ids) + 1);
}

/** How a poll stands after each vote: who voted for what has been told already. */
function isCount({ event }: NetworkItem): boolean {
  return event.type === 'unsupported' && event.what === 'poll';
}

/** A vote carries no time: that of its arrival is the nearest. */
function timed(item: NetworkItem, now: number): NetworkItem {
  return 'time' in item.event && item.event.time === 0 ? { ...item, event: { ...item.event, time: now } } : item;
}

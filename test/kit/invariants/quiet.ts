import type { Stack } from '../stack/stack.ts';
import { pending, rows } from './database.ts';

/**
 * Resolves when nothing waits on any side, twice in a row: webhooks and transactions delivered, every row settled.
 * @throws Error saying what still waits
 */
export async function quiet(stack: Stack, ms = 60_000): Promise<void> {
  const end = Date.now() + ms;
  for (let calm = 0; calm < 2;) {
    await Promise.race([Promise.all([stack.sandbox.idle(), stack.homeserver.idle()]), new Promise((resolve) => void setTimeout(resolve, 2_000).unref())]);
    await new Promise((resolve) => setTimeout(resolve, 60));
    // Looked at again: what both sides have handed over just now has become work.
    calm = settled(stack) && await idle(stack) && settled(stack) ? calm + 1 : 0;
    if (calm === 0 && Date.now() > end) throw new Error(`it did not become quiet: ${waiting(stack)}`);
  }
}

function settled(stack: Stack): boolean {
  const { inbox, outbox, media } = pending(stack.database);
  return inbox + outbox + media === 0;
}

/** Whether both sides say at once that they wait for nothing. */
async function idle(stack: Stack): Promise<boolean> {
  const done = Promise.all([stack.sandbox.idle(), stack.homeserver.idle()]).then(() => true);
  return Promise.race([done, new Promise<false>((resolve) => void setTimeout(() => resolve(false), 100).unref())]);
}

function waiting(stack: Stack): string {
  return JSON.stringify({
    inbox: rows(stack.database, "SELECT seq, lane, key, state, tries, due_at FROM inbox WHERE state <> 'dead' LIMIT 10"),
    outbox: rows(stack.database, "SELECT seq, lane, kind, state, tries, code, reason FROM outbox WHERE state IN ('ready', 'sending', 'uncertain', 'parked') LIMIT 10"),
    media: rows(stack.database, "SELECT id, state, tries, reason FROM media WHERE state = 'wanted' LIMIT 10"),
    service: stack.homeserver.service,
  });
}

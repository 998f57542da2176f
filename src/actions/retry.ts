import { answering } from '../bridge/kinds/message.ts';
import { markerOf } from '../bridge/keys.ts';
import { asPollOrWords } from '../bridge/kinds/poll.ts';
import { contentOf, relationsOf } from '../bridge/outbound/parse.ts';
import { targetOf } from '../bridge/deciding.ts';
import { Rejected } from '../model/errors.ts';
import type { MatrixEvent } from '../model/events.ts';
import type { InboxSeq, OutboxSeq } from '../model/ids.ts';
import type { NetworkTask, OutboxItem } from '../store/store.ts';
import type { ActionContext } from './action.ts';
import { Mistake } from './action.ts';
import { seenBy } from './undelivered.ts';

/** Sends again what was given up or is unknown, under the same key. `which` is a row's number, or `all` of one's own. Permission: user. */
export async function retry(context: ActionContext, which: string): Promise<string> {
  const { store } = context;
  if (which === 'all') {
    const rows = store.undelivered(500, ...seenBy(context)).filter(({ state }) => state === 'dead' || state === 'asked');
    // In the order they were first said.
    const results = [];
    for (const { side, seq } of rows.reverse()) results.push(side === 'in' ? await received(context, seq as InboxSeq).catch(said) : await one(context, seq as OutboxSeq).catch(said));
    return results.length === 0 ? 'There is nothing to send again.' : results.join('\n');
  }
  const [, side, number] = /^(r?)(\d{1,15})$/.exec(which) ?? [];
  if (number === undefined) throw new Mistake('Say which: retry <number>, as undelivered shows it, or retry all.');
  return side === 'r' ? received(context, Number(number) as InboxSeq) : one(context, Number(number) as OutboxSeq);
}

/** One that cannot be tried again, for instance because its content is forgotten, keeps no other from it. */
function said(error: unknown): string {
  if (error instanceof Mistake) return error.message;
  throw error;
}

/** Something that was received and could not be handled, for instance before an upgrade. Permission: admin. */
async function received(context: ActionContext, seq: InboxSeq): Promise<string> {
  const { store } = context;
  const item = context.permission === 'admin' ? store.deadIn(seq) : null;
  if (item === null) throw new Mistake(`There is nothing received as r${seq} that could be tried again.`);
  if (item.raw === null) {
    context.wake(await store.retryIn(seq, 'again'));
    return `r${seq} is tried again.`;
  }
  // A piece of a webhook bears the name of its app, `<network>/<app>`; what was decoded already comes of an account or of Matrix.
  const isPiece = item.source.split('/').length === 2;
  const fault = isPiece ? await context.decodeAgain(item.source, item.raw) : await context.takeAgain(seq);
  if (fault !== null) return `r${seq}: ${fault}`;
  if (isPiece) context.wake(await store.retryIn(seq, 'gone'));
  return `r${seq} was ${isPiece ? 'decoded' : 'taken in'} and is on its way.`;
}

async function one(context: ActionContext, seq: OutboxSeq): Promise<string> {
  const { store } = context;
  const row = store.outboxRow(seq);
  if (row === null || (row.sender !== context.sender && context.permission !== 'admin' && !isTheirs(context, row))) throw new Mistake(`There is no undelivered message ${seq} of yours.`);
  if (row.state !== 'dead' && row.state !== 'asked') return `${seq} is not given up; nothing to do.`;
  const task = row.task ?? (await fetchAgain(context, row));
  if (typeof task === 'string') return `${seq}: ${task}`;
  context.wake(await store.retry(seq, task));
  return `${seq} is sent again.`;
}

/** What somebody of another network said, through an account of theirs: nobody else here could. */
function isTheirs({ store, accounts, sender }: ActionContext, row: OutboxItem): boolean {
  const person = row.sender === null ? null : store.personByLocalpart(row.sender.slice(1, row.sender.indexOf(':')));
  return person !== null && accounts.some(({ id, settings }) => id === row.account && settings.owners.includes(sender));
}

/** The content was wiped when it was given up; the homeserver still has the event. */
async function fetchAgain(context: ActionContext, row: OutboxItem): Promise<NetworkTask | string> {
  const { store, homeserver } = context;
  const portal = row.portal === null ? null : store.portal(row.portal);
  const room = row.room === null ? null : store.room(row.room);
  const adapter = row.account === null ? null : context.adapter(row.account);
  if (portal === null || room?.roomId == null || adapter === null || row.event === null || row.account === null || row.sender === null) return 'its room or its account is gone.';
  let event: MatrixEvent;
  try {
    event = await homeserver.event(homeserver.bot, room.roomId, row.event);
  } catch (error) {
    if (error instanceof Rejected) return 'the homeserver no longer has it.';
    throw error;
  }
  event = withFile(event);
  const relations = relationsOf(event.content);
  if (row.kind === 'pin') return 'pin it once more instead.';
  if (row.kind === 'deletion') return 'delete it once more instead.';
  if (row.kind === 'reaction') {
    return relations.annotates === null ? 'it was deleted.' : { to: 'network', kind: 'reaction', target: relations.annotates.event, emoji: relations.annotates.emoji, reaction: row.event };
  }
  const fresh = event.content['m.new_content'];
  const content = contentOf(event, relations.edits !== null && typeof fresh === 'object' && fresh !== null ? (fresh as Record<string, unknown>) : event.content);
  if ('refused' in content) return 'it was deleted.';
  const relay = context.relayOf(row.sender, row.account, room.row);
  const conversation = targetOf(portal.conversation);
  const part = adapter.plan({ conversation, content: asPollOrWords(content, adapter.capabilities(conversation)), relay })[row.part];
  if (part === undefined) return 'it was changed.';
  if (row.kind === 'edit' && row.shows !== null) return { to: 'network', kind: 'edit', target: row.shows.event, part: row.shows.part, content: part, relay };
  const told = relations.edits === null ? relations : { ...relations, replyTo: relations.edits };
  return { to: 'network', kind: 'message', content: part, relay, ...answering(told, row.part, adapter, portal) };
}

/** What stood for a file until that was there: with what has taken its place, which homeservers hand over with it. */
function withFile(event: MatrixEvent): MatrixEvent {
  const bundled = event.unsigned?.['m.relations'] as { readonly 'm.replace'?: { readonly content?: { readonly 'm.new_content'?: MatrixEvent['content'] } } } | undefined;
  const file = markerOf(event.content)?.late === true ? bundled?.['m.replace']?.content?.['m.new_content'] : undefined;
  return file === undefined ? event : { ...event, content: { ...file, ...('m.relates_to' in event.content ? { 'm.relates_to': event.content['m.relates_to'] } : {}) } };
}

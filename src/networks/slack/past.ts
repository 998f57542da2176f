import type { Clock } from '../../model/clock.ts';
import { Rejected } from '../../model/errors.ts';
import type { PersonRef } from '../../model/events.ts';
import type { ConversationFacts, HistoryPage } from '../network.ts';
import { at, flag, str, type Fields } from '../shared/json.ts';
import type { SlackApi } from './api.ts';
import { messagesIn } from './catchup.ts';
import type { Context } from './decode/context.ts';
import { facts } from './decode/event.ts';
import { decodePast } from './decode/history.ts';
import type { Directory } from './directory.ts';

/** What is needed to ask about what was. */
export interface Asking {
  readonly api: SlackApi;
  readonly directory: Directory;
  readonly context: (historical: boolean) => Context;
  readonly clock: Clock;
}

/** More members than this are not told. */
const MOST_MEMBERS = 200;
/** More than this are told by their ids; each name is one more question. */
const MOST_NAMED = 40;
const PAGE = 100;

/** Title, topic and members as they stand. */
export async function describe({ api, directory, context }: Asking, channel: string): Promise<ConversationFacts> {
  const conversation = at(await api.call('conversations.info', { channel, include_num_members: true }), 'channel');
  directory.note(conversation);
  const ref = facts(context(false), channel, conversation);
  if (ref.kind === 'direct') {
    const partner = str(conversation, 'user');
    const who = partner === undefined ? null : await directory.person(partner);
    return { conversation: ref, members: who === null ? [] : [who] };
  }
  const members = await membersOf(api, channel, context(false));
  if (members === null || members.length > MOST_NAMED) return { conversation: ref, members };
  const named = await Promise.all(members.map(async (member) => (member.isSelf === true ? member : ((await directory.person(member.id).catch(() => null)) ?? member))));
  const names = named.filter(({ isSelf }) => isSelf !== true).map(({ name, id }) => name ?? id);
  return { conversation: ref.kind === 'group' && ref.title === undefined && names.length > 0 ? { ...ref, title: names.slice(0, 6).join(', ') } : ref, members: named };
}

async function membersOf(api: SlackApi, channel: string, context: Context): Promise<readonly PersonRef[] | null> {
  const answer = await api.call('conversations.members', { channel, limit: MOST_MEMBERS }).catch((error: unknown) => {
    if (error instanceof Rejected) return null;
    throw error;
  });
  const ids = at(answer, 'members');
  if (!Array.isArray(ids) || str(answer, 'response_metadata', 'next_cursor') !== undefined) return null;
  return ids.filter((id) => typeof id === 'string').map((id) => ({ id, scope: context.scope, ...(id === context.self ? { isSelf: true } : {}) }));
}

/** A page of conversations.history, newest first, with the answers of its threads as far as there is room for them. */
export async function historyPage({ api, context, directory }: Asking, channel: string, limit: number, before: string | undefined): Promise<HistoryPage> {
  const roots = Math.max(1, Math.min(PAGE, Math.ceil(limit / 2)));
  const answer = await api.call('conversations.history', { channel, limit: roots, include_all_metadata: true, ...(before === undefined ? {} : { latest: before, inclusive: false }) });
  const found = new Map<string, Fields>();
  const messages = messagesIn(answer).slice(0, limit);
  for (const message of messages) found.set(str(message, 'ts') ?? '', message);
  for (const message of messages) {
    const root = str(message, 'ts') ?? '';
    const room = limit - found.size;
    if (room <= 0 || Number(str(message, 'reply_count') ?? 0) === 0 || (str(message, 'thread_ts') ?? root) !== root) continue;
    const replies = await api.call('conversations.replies', { channel, ts: root, limit: Math.min(PAGE, room + 1), include_all_metadata: true });
    for (const reply of messagesIn(replies)) if (found.size < limit) found.set(str(reply, 'ts') ?? '', reply);
  }
  for (const message of found.values()) await directory.learn({ ...message, channel, type: 'message' });
  const past = context(true);
  const items = [...found].sort(([left], [right]) => Number(right) - Number(left)).flatMap(([, message]) => decodePast(past, channel, channel.startsWith('D') ? 'im' : undefined, message));
  const oldest = str(messages.at(-1), 'ts');
  return { items, ...(flag(answer, 'has_more') && oldest !== undefined ? { next: oldest } : {}) };
}

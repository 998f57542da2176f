import type { PollContent } from '../../model/content.ts';
import { Rejected } from '../../model/errors.ts';
import type { EventId, RoomId } from '../../model/ids.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import { type Block, plain, type RichText } from '../../model/richtext.ts';
import type { MatrixTask, OutboxItem, Store } from '../../store/store.ts';
import { cleanText } from '../../text/clean.ts';

type Json = Readonly<Record<string, unknown>>;

/** Polls are in no version of the specification yet; clients write and read the names that MSC3381 gives until then. */
const START = 'org.matrix.msc3381.poll.start';
const TEXT = 'org.matrix.msc1767.text';
/** Clients show no more. */
const MOST_ANSWERS = 20;

/** Null where clients could not show it as a poll. */
export function pollStart({ question: asked, options: offered, maxChoices, anonymous }: PollContent, lead?: string): { readonly type: string; readonly content: Json } | null {
  const options = offered.map(({ id, text }) => ({ id: cleanText(id), text: cleanText(text) }));
  const ids = new Set(options.map(({ id }) => id));
  if (ids.size !== options.length || ids.has('') || ids.size === 0 || ids.size > MOST_ANSWERS) return null;
  const remarks = [lead, anonymous === true ? 'anonymous: nobody sees who votes for what' : undefined].filter((word) => word !== undefined);
  const question = cleanText(`${asked}${remarks.length > 0 ? ` (${remarks.join('; ')})` : ''}`);
  const content = {
    [TEXT]: [question, ...options.map(({ text }, index) => `${index + 1}. ${text}`)].join('\n'),
    [START]: {
      question: { [TEXT]: question, body: question, msgtype: 'm.text' },
      kind: 'org.matrix.msc3381.poll.disclosed',
      max_selections: Math.min(Math.max(Math.round(maxChoices) || 1, 1), options.length),
      answers: options.map(({ id, text }) => ({ id, [TEXT]: text })),
    },
  };
  return Buffer.byteLength(JSON.stringify(content)) > 24_000 ? null : { type: START, content };
}

export function isPollStart(type: string): boolean {
  return type === START || type === 'm.poll.start';
}

/** A poll as a Matrix client made it, by the names of before or by those of the proposal as it was accepted; null: none that could be read. */
export function pollOf(content: Json): PollContent | null {
  const start = [content['m.poll'], content['m.poll.start'], content[START]].find((value) => typeof value === 'object' && value !== null) as Json | undefined;
  if (start === undefined || !Array.isArray(start.answers)) return null;
  const question = cleanText(textOf(start.question)).trim();
  const options = start.answers.slice(0, MOST_ANSWERS).flatMap((answer: unknown): PollContent['options'] => {
    const { id, 'm.id': stable } = (typeof answer === 'object' && answer !== null ? answer : {}) as Json;
    const name = stable ?? id;
    const text = cleanText(textOf(answer)).trim();
    return typeof name === 'string' && name !== '' && text !== '' ? [{ id: name, text }] : [];
  });
  if (question === '' || options.length === 0) return null;
  const most = typeof start.max_selections === 'number' && Number.isFinite(start.max_selections) ? Math.max(Math.trunc(start.max_selections), 1) : 1;
  return { kind: 'poll', question, options, maxChoices: Math.min(most, options.length) };
}

/** MSC1767: a text is a string, or a list of the ways to write it. */
function textOf(value: unknown): string {
  const block = (typeof value === 'object' && value !== null ? value : {}) as Json;
  const text = block['m.text'] ?? block[TEXT] ?? block.body;
  if (typeof text === 'string') return text;
  const bodies = Array.isArray(text) ? text.filter((each: unknown): each is { body: string; mimetype?: unknown } => typeof (each as { body?: unknown } | null)?.body === 'string') : [];
  return (bodies.find(({ mimetype }) => mimetype === undefined || mimetype === 'text/plain') ?? bodies[0])?.body ?? '';
}

export function pollInWords({ question, options }: PollContent): RichText {
  return [
    { t: 'paragraph', children: [{ t: 'bold', children: [{ t: 'text', text: `📊 ${question}` }] }] },
    { t: 'list', ordered: true, items: options.map((option): readonly Block[] => plain(option.text)) },
  ];
}

type PollTask = Extract<MatrixTask, { kind: 'vote' | 'poll end' }>;

/** A vote, or the end, of the poll that began with this event. Null where that is gone. */
export async function pollEvent(homeserver: Homeserver, store: Store, row: OutboxItem, task: PollTask, poll: EventId, room: RoomId): Promise<{ readonly type: string; readonly content: Json } | null> {
  const reference = { 'm.relates_to': { rel_type: 'm.reference', event_id: poll } };
  const text = task.kind === 'poll end' ? cleanText(task.text) : '';
  if (task.kind === 'poll end') return { type: 'org.matrix.msc3381.poll.end', content: { ...reference, 'org.matrix.msc3381.poll.end': {}, [TEXT]: text, body: text } };
  const ours = row.portal !== null && store.mapOf(row.portal, poll)[0]?.origin === 'matrix';
  const answers = ours ? await answersAt(homeserver, room, poll, task.options) : task.options;
  return answers === null ? null : { type: 'org.matrix.msc3381.poll.response', content: { ...reference, 'org.matrix.msc3381.poll.response': { answers } } };
}

/** A poll that was made on Matrix: networks tell its options by their place, if not by the ids that we gave. */
async function answersAt(homeserver: Homeserver, room: RoomId, poll: EventId, options: readonly string[]): Promise<readonly string[] | null> {
  try {
    const known = pollOf((await homeserver.event(homeserver.bot, room, poll)).content)?.options;
    return known === undefined ? null : options.flatMap((option) => ((/^\d{1,2}$/.test(option) ? known[Number(option)] : undefined) ?? known.find(({ id }) => id === option))?.id ?? []);
  } catch (error) {
    if (error instanceof Rejected) return null;
    throw error;
  }
}

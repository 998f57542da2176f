import { describe, expect, test } from '@jest/globals';
import type { Inspection } from '../../src/actions/inspect.ts';
import type { MessageEvent } from '../../src/model/events.ts';
import { toPlain } from '../../src/text/plain.ts';
import { refused, understood } from '../kit/inspected.ts';
import * as kit from '../kit/telegram/bodies.ts';

const read = (name: string): Promise<Inspection> => understood('telegram', kit.UNDERSTOOD[name]);
const message = async (name: string): Promise<MessageEvent> => (await read(name)).events.find((event) => event.type === 'message') as MessageEvent;
const words = ({ parts }: MessageEvent): string => parts.map((part) => (part.kind === 'text' ? toPlain(part.text) : 'caption' in part ? toPlain(part.caption ?? []) : `(${part.kind})`)).join('\n');

describe('every way and age of the Bot API', () => {
  test.each(Object.keys(kit.UNDERSTOOD))('%s is understood', async (name) => {
    const found = await read(name);
    // Nobody's words are told to the administrators.
    expect(JSON.stringify(found.unsupported)).not.toContain('private words');
  });

  test.each(Object.entries(kit.REFUSED))('%s is refused', async (_name, body) => {
    expect(await refused('telegram', body)).toMatch(/Telegram|empty/);
  });
});

test.each(kit.SHOWN)('a text and a caption with %s lose nothing', async (name, _body, shown) => {
  for (const holder of ['entity', 'caption']) expect(words(await message(`${holder}: ${name}`))).toContain(shown);
});

describe('what stands beside a text', () => {
  test('which task or option is answered to', async () => {
    expect(await message('message: a reply to a task')).toMatchObject({ replyTo: { id: '111:8', quote: 'eggs' } });
    expect(await message('message: a reply to an option')).toMatchObject({ replyTo: { id: '111:9', quote: 'Later' } });
    expect(await message('message: a reply with a quote')).toMatchObject({ replyTo: { quote: 'ol' } });
  });

  test('what is offered for a post, and a link that only its preview shows', async () => {
    expect(words(await message('message: a suggested post'))).toBe('mine\n\n📝 Suggested as a post: 100 stars, for 2026-09-21 14:13 UTC, pending');
    expect(await message('message: with another preview')).toMatchObject({ parts: [{ preview: { url: 'https://example.org/' } }] });
  });

  test('places, links and pictures of a poll and its options', async () => {
    expect(words(await message('file: a poll with more to it'))).toBe('(poll)\nabout it\nbecause\nhttps://example.org/why\n(image)\n(location)\n(location)');
  });

  test('the box of a list stands with its words', async () => {
    expect(words(await message('content: rich_message'))).toContain('2. ☑ second');
  });
});

test.each([
  ['message: spaces', 'A text without anything to be seen in it.'], ['message: of tomorrow', 'The bridge does not know messages with: hologram.'], ['update: a reaction of tomorrow', 'Reacted in a way that the bridge does not know.'],
  ['way: getUpdates, with nothing new', 'An answer of getUpdates with nothing new in it.'],
])('%s says so', async (name, reason) => {
  expect(await read(name)).toMatchObject({ events: [], unsupported: [{ reason }] });
});

test.each([
  ['told: giveaway_winners', 'A giveaway has ended with 1 winner: Bob.'], ['told: giveaway_completed', 'A giveaway has ended; it had 1 winner.'], ['told otherwise: users_shared', 'Shared with the bot: 2 people.'],
])('%s in words', async (name, sentence) => {
  expect(words(await message(name))).toBe(sentence);
});

test('a task that has no number has no name', async () => {
  const told = { update_id: 1, message: { message_id: 1, date: 1, chat: { id: 1, type: 'private' }, from: { id: 1, first_name: 'A' }, checklist_tasks_done: { marked_as_done_task_ids: [{}, 7] } } };
  expect((await understood('telegram', told)).events).toMatchObject([{ parts: [{ text: [{ children: [{ text: 'Done: task 7' }] }] }] }]);
});

test('what a program wrote down as missing is missing', async () => {
  for (const name of ['way: with all that is not there', 'way: with all that is not in it']) expect(await read(name)).toMatchObject({ events: [{ type: 'message' }], unsupported: [] });
});

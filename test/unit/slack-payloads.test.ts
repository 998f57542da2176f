import { describe, expect, test } from '@jest/globals';
import type { Inspection } from '../../src/actions/inspect.ts';
import { decode, split } from '../../src/networks/slack/decode/envelope.ts';
import type { MessageEvent } from '../../src/model/events.ts';
import { toPlain } from '../../src/text/plain.ts';
import { refused, understood } from '../kit/inspected.ts';
import * as kit from '../kit/slack/payloads.ts';

const read = (name: string): Promise<Inspection> => understood('slack', kit.UNDERSTOOD[name]);
const message = async (name: string): Promise<MessageEvent> => (await read(name)).events.find((event) => event.type === 'message') as MessageEvent;
const text = async (name: string): Promise<string> => (await message(name)).parts.map((part) => (part.kind === 'text' ? toPlain(part.text) : 'caption' in part ? toPlain(part.caption ?? []) : '')).join('\n');

describe('every way and age of Slack', () => {
  test.each(Object.keys(kit.UNDERSTOOD))('%s is understood', async (name) => {
    await read(name);
  });

  test.each(Object.entries(kit.REFUSED))('%s is refused', async (_name, body) => {
    expect(await refused('slack', body)).toMatch(/Slack|empty/);
  });
});

test.each(Object.entries(kit.BLOCKS).filter(([, [, shown]]) => shown !== ''))('the block %s shows its words', async (name, [, shown]) => {
  const words = await text(`block: ${name}`);
  expect(words).toContain(shown);
  expect(words).not.toContain('for notifications');
});

test.each(Object.entries(kit.ATTACHED))('the attachment %s shows its words', async (name, [, shown]) => {
  expect(await text(`attachment: ${name}`)).toContain(shown);
});

describe('what blocks and attachments hold', () => {
  test('numbers, captions, menus, links and buttons wherever they stand', async () => {
    expect(await text('block: table')).toBe('Crop | Rows\nKale | 12');
    expect(await text('block: card')).toMatch(/\[Buy \(https:\/\/example\.org\/buy\)\]$/);
    expect(await text('block: buttons for what one thinks')).toBe('[Good] · [Bad] · [Remove]');
    expect(await text('block: a section with an overflow')).toContain('Edit (https://example.org/e)');
    expect(await text('block: a canvas among words')).toBe('see [canvas][message]a source (https://example.org/source)');
    expect(await text('attachment: all the old fields')).toContain('[Pick one]\n> - Anna\n> forge 1.2 · 2024-05-01 10:00 UTC');
    expect(await message('attachment: a preview that an app made')).toMatchObject({ parts: [{ preview: { url: 'https://forge.example.org/1', description: 'Leak: open' } }] });
  });

  test('pages of Slack’s are called as people call them', async () => {
    for (const [name, title] of [['a canvas', 'Plans'], ['a list', 'Chores']] as const) expect(await text(`file: ${name}`)).toBe(`📎 ${title} (https://one.slack.com/files/U0ANNA/F0PLAN/plan.pdf)`);
    expect(await message('file: a post')).toMatchObject({ parts: [{ kind: 'file', media: { name: 'How to dig' } }] });
    expect(await text('message: a name as it was written long ago')).toBe('@anna un-archived #garden');
    for (const name of ['one of the old days', 'one of the old days, in a list']) expect(await message(`file: ${name}`)).toMatchObject({ parts: [{ kind: 'file', caption: [{ children: [{ text: 'read it' }] }] }] });
  });
});

test('who it was, where a name stands beside it or Slackbot speaks for somebody', async () => {
  expect((await read('message: channel_join')).events).toMatchObject([{ type: 'member', person: { id: 'U0ANNA', name: 'anna', username: 'anna.berg' }, by: { id: 'U0BOB' } }]);
  expect(await message('message: file_comment')).toMatchObject({ sender: { id: 'U0BOB' } });
  const huddle = (name: string): unknown => decode(split(Buffer.from(JSON.stringify(kit.UNDERSTOOD[name])))[0])[0]?.items[0]?.event;
  expect(huddle('message: huddle_thread')).toMatchObject({ type: 'message', sender: { id: 'U0ANNA' }, parts: [{ what: 'huddle' }] });
  expect(huddle('message: a huddle has ended')).toMatchObject({ type: 'edit', target: `C0GARDEN:${kit.TS}`, sender: { id: 'U0ANNA' }, parts: [{ reason: 'The huddle has ended after 17 minutes.' }] });
});

describe('what is pressed and chosen', () => {
  test.each(Object.entries(kit.INTERACTIONS))('%s, as a form and in a frame', async (name, [, shown]) => {
    for (const way of ['interaction', 'interaction in a frame']) expect(JSON.stringify(await read(`${way}: ${name}`))).toContain(shown);
  });

  test('it is an answer to the message below which it stood', async () => {
    expect(await message('interaction: a button')).toMatchObject({
      conversation: { id: 'C0GARDEN', scope: 'T0ONE', title: 'garden' }, sender: { id: 'U0ANNA', username: 'anna.berg' }, replyTo: { id: `C0GARDEN:${kit.TS}` }, time: 1_714_557_700_000, parts: [{ kind: 'choice', title: 'Yes', value: 'y' }],
    });
  });
});

describe('ways of before, and of tools', () => {
  test('outgoing webhooks say who and where by name', async () => {
    for (const name of ['an outgoing webhook', 'an outgoing webhook as JSON']) {
      expect(await message(`way: ${name}`)).toMatchObject({ id: `C0GARDEN:${kit.TS}`, time: kit.SENT, conversation: { id: 'C0GARDEN', scope: 'T0ONE', title: 'garden' }, sender: { id: 'U0ANNA', name: 'anna.berg' } });
    }
  });

  test('pages and archives have their reactions, as the past', async () => {
    for (const name of ['conversations.history', 'an archive']) {
      const { events } = await read(`way: ${name}`);
      expect(events[0]).toMatchObject({ type: 'message', historical: true, conversation: { scope: 'T0ONE' } });
      expect(events[1]).toMatchObject({ type: 'reactions.set', reactions: [{ emoji: '🎉', sender: { id: 'U0BOB' } }, ...(name === 'an archive' ? [] : [{ count: 1 }])] });
      expect(events.map(({ type }) => type)).not.toContain('edit');
    }
    expect((await read('way: reactions.get')).events.map(({ type }) => type)).toEqual(['message', 'reactions.set']);
    expect(await message('way: pins.list')).toMatchObject({ conversation: { id: 'C0GARDEN' } });
    expect(await message('way: search.messages')).toMatchObject({ conversation: { id: 'C0GARDEN', title: 'garden' } });
  });

  test('a reaction that is none is no reason to stop', async () => {
    const message = { type: 'message', user: 'U0ANNA', text: 'a', ts: kit.TS, reactions: [null, 3, { name: 'tada', users: 'all', count: 1 }, { name: 'eyes', users: [], count: '1e999' }] };
    expect((await understood('slack', { ok: true, messages: [message] })).events).toMatchObject([{ type: 'message' }, { reactions: [{ emoji: '🎉', count: 1 }] }]);
  });

  test('one bad piece spoils no other', async () => {
    expect(await read('way: a list with something else in it')).toMatchObject({ events: [{ type: 'message' }], unsupported: [{ what: 'unknown' }] });
    expect(await understood('slack', `${JSON.stringify(kit.callback(kit.message()))}\n{"type":`)).toMatchObject({ events: [{ type: 'message' }], unsupported: [{ what: 'unknown' }] });
  });
});

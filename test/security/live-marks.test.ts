import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../kit/stack/stack.ts';
import { type Chat, Siege } from '../kit/hostile/siege.ts';

/** Typing and read marks, of which another homeserver can send as many as it likes. */
let siege: Siege;
let chat: Chat;

beforeAll(async () => {
  siege = await Siege.lay();
  chat = await siege.chat('Bob', '31611111111');
  siege.guest(chat.room);
}, 60_000);

afterAll(async () => {
  await siege.close();
});

const calls = (): number => siege.stack.graph.seen.filter((what) => /^POST .*\/messages$/.test(what)).length;
const mallory = '@mallory:evil.test';

test('a flood of marks becomes a few calls', async () => {
  const event = siege.stack.homeserver.eventsOf(chat.room, 'm.room.message')[0]?.event_id ?? '';
  const before = calls();
  for (let n = 0; n < 20; n++) {
    const edus = Array.from({ length: 20 }, (_, at) => [
      { type: 'm.receipt', room_id: chat.room, content: { [event]: { 'm.read': { [mallory]: { ts: at } } } } }, { type: 'm.typing', room_id: chat.room, content: { user_ids: at % 2 === 0 ? [mallory] : [] } },
    ]).flat();
    expect(await siege.put({ events: [], ephemeral: edus })).toBe(200);
  }
  await eventually('a mark', () => calls() > before);
  await siege.alive(chat);
  // 400 of each were asked for. What a loaded machine takes longer for is a few more.
  expect(calls() - before).toBeLessThan(100);
});

test('marks of strangers, of ghosts and in other rooms become none', async () => {
  const event = siege.stack.homeserver.eventsOf(chat.room, 'm.room.message')[0]?.event_id ?? '';
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const before = calls();
  const users = ['@nobody:nowhere.test', chat.ghost, '@drawbridge:fake.test', 'mallory', ''];
  expect(await siege.put({ events: [], ephemeral: [
    ...users.flatMap((user) => [{ type: 'm.receipt', room_id: chat.room, content: { [event]: { 'm.read': { [user]: {} } } } }, { type: 'm.typing', room_id: chat.room, content: { user_ids: [user] } }]),
    { type: 'm.receipt', room_id: '!other:fake.test', content: { [event]: { 'm.read': { [mallory]: {} } } } },
    { type: 'm.receipt', room_id: chat.room, content: { $unknown: { 'm.read': { [mallory]: {} } }, [event]: { 'm.read.private': { [mallory]: {} } } } },
  ] })).toBe(200);
  await siege.alive(chat);
  // One for the message that proves that the chat goes on.
  expect(calls() - before).toBe(1);
});

test('where read marks are switched off, none goes either way, nor by typing, which would be one on WhatsApp', async () => {
  const quiet = await Siege.lay({ delivery: { read_receipts: false } });
  try {
    const other = await quiet.chat('Eve', '31622222222');
    const event = quiet.stack.homeserver.eventsOf(other.room, 'm.room.message')[0]?.event_id ?? '';
    expect(await quiet.put({ events: [], ephemeral: [
      { type: 'm.typing', room_id: other.room, content: { user_ids: [other.owner.id] } },
      { type: 'm.receipt', room_id: other.room, content: { [event]: { 'm.read': { [other.owner.id]: {} } } } },
    ] })).toBe(200);
    await quiet.alive(other);
    expect(quiet.stack.graph.seen.filter((what) => /^POST .*\/messages$/.test(what))).toHaveLength(1);
    expect(quiet.stack.sandbox.messages.filter(({ from, status }) => from !== 'business' && status === 'read')).toEqual([]);
  } finally {
    await quiet.close();
  }
}, 60_000);

import { afterEach, expect, test } from '@jest/globals';
import type { ConversationRef, MessageEvent } from '../../src/model/events.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import type { FakeRoom } from '../kit/model/homeserver.ts';
import { BOB, CAROL, Stage } from '../kit/scripted/stage.ts';

let stage: Stage;

afterEach(async () => {
  await stage.close();
});

const DIRECT: ConversationRef = { id: 'bob', scope: '', kind: 'direct', perAccount: true };
const bob = (id: string, text: string, more: Partial<MessageEvent> = {}): MessageEvent => stage.message(id, text, { conversation: DIRECT, ...more });
/** What is left to read of what these ghosts wrote in a room. */
const legible = (room: FakeRoom, of: string): readonly string[] => room.timeline
  .filter(({ sender, type, event_id: id }) => sender.includes(of) && ['m.room.message', 'm.reaction'].includes(type) && !room.redacted.has(id)).map(({ content }) => (typeof content.body === 'string' ? content.body : 'reaction'));
const ghostIn = (room: FakeRoom, of: string): string => [...room.members.keys()].find((user) => user.includes(of)) ?? '';

async function talk(): Promise<{ chat: FakeRoom; group: FakeRoom }> {
  stage = new Stage();
  await stage.take(bob('m1', 'one'), bob('m2', 'two'));
  const chat = stage.room;
  await stage.take({ type: 'edit', id: 'e' as RemoteId, target: 'm2' as RemoteId, conversation: DIRECT, sender: BOB, time: Date.UTC(2026, 0, 1), parts: bob('x', 'two, changed').parts });
  await stage.take(stage.message('g1', 'hello'), stage.message('g2', 'hi', { sender: CAROL }));
  const group = [...stage.homeserver.rooms.values()].find((room) => room.timeline.some(({ content }) => content.body === 'hello'));
  if (group === undefined) throw new Error('there is no group');
  await stage.take({ type: 'reaction', target: 'g2' as RemoteId, conversation: stage.message('x', '').conversation, sender: BOB, time: Date.UTC(2026, 0, 1), emoji: '👍', exclusive: true });
  return { chat, group };
}

test('a ghost that is erased has no name and no picture, is in no room, and the room of its chat names nobody', async () => {
  const { chat, group } = await talk();
  const ghost = ghostIn(chat, 'bob');
  await stage.erase('bob');
  expect(stage.homeserver.profiles.get(ghost)).toEqual({ name: '', picture: '' });
  expect([chat.members.get(ghost), group.members.get(ghost)]).toEqual(['leave', 'leave']);
  const state = (type: string): unknown => chat.timeline.findLast((event) => event.type === type)?.content;
  expect([state('m.room.name'), state('m.room.topic'), state('m.bridge')]).toEqual([{}, {}, {}]);
  // What was said stays until somebody wants it gone.
  expect(legible(chat, 'bob')).toEqual(['one', 'two', expect.stringContaining('changed')]);
  expect([stage.store.erasures(), stage.store.counts()]).toMatchObject([[], { people: 1, portals: 1 }]);
  expect(group.timeline.some(({ type, content }) => type === 'm.room.name' && Object.keys(content).length === 0)).toBe(false);
});

test('what a ghost wrote is redacted where that is wanted, everywhere, with its edits and reactions; nothing of others is', async () => {
  const { chat, group } = await talk();
  await stage.erase('bob', { redact: true });
  expect([legible(chat, 'bob'), legible(group, 'bob'), legible(group, 'carol')]).toEqual([[], [], ['hi']]);
  const names = chat.timeline.filter(({ type, content, event_id: id }) => ['m.room.name', 'm.room.topic'].includes(type) && Object.keys(content).length > 0 && !chat.redacted.has(id));
  expect(names).toEqual([]);
});

test('whoever writes into the room of somebody erased hears that it is bridged no more', async () => {
  const { chat } = await talk();
  await stage.erase('bob');
  stage.homeserver.say(chat, '@alice:test', 'm.room.message', { msgtype: 'm.text', body: 'are you there?' });
  await stage.pass(2_000);
  expect(stage.network.of('send')).toEqual([]);
  expect(chat.timeline.at(-1)?.content.body).toMatch(/not bridged any more/);
});

test('an event of theirs that the homeserver hands over late makes nothing known again', async () => {
  const { group } = await talk();
  const late = group.timeline.find(({ content }) => content.body === 'hello');
  await stage.erase('bob');
  // As after a homeserver that was away: under an id that has not come yet.
  const { event_id: _, ...rest } = late as NonNullable<typeof late>;
  await stage.hand({ ...rest, event_id: '$late' });
  const room = stage.store.roomById(group.id);
  expect(stage.store.portalsOf(room?.row as never).flatMap(({ row }) => [...stage.store.mapOf(row, '$late' as never), ...stage.store.mapOfRemote(row, 'g1' as RemoteId)])).toEqual([]);
});

test('who writes again gets a room of their own, and is heard in the group again', async () => {
  const { chat, group } = await talk();
  await stage.erase('bob', { redact: true });
  await stage.take(bob('m9', 'again'), stage.message('g9', 'me again'));
  const again = [...stage.homeserver.rooms.values()].find((room) => room.timeline.some(({ content }) => content.body === 'again'));
  expect([again === undefined, again === chat]).toEqual([false, false]);
  expect(legible(group, 'bob')).toEqual(['me again']);
  expect(stage.homeserver.profiles.get(ghostIn(group, 'bob'))?.name).toBe('Name of bob (Fake)');
});

test('who is not to be bridged any more and writes again is nobody, until START', async () => {
  const { chat } = await talk();
  await stage.erase('bob', { stop: true });
  const rooms = stage.homeserver.rooms.size;
  await stage.take(bob('m9', 'again'), stage.message('g9', 'me again'));
  expect([stage.homeserver.rooms.size, stage.store.counts().people, stage.network.of('send')]).toEqual([rooms, 1, []]);
  await stage.take(bob('m10', 'START'));
  await stage.take(bob('m11', 'here I am'));
  expect(stage.network.of('send').map(({ text }) => text)).toEqual([expect.stringContaining('bridged again')]);
  const again = [...stage.homeserver.rooms.values()].find((room) => room.timeline.some(({ content }) => content.body === 'here I am'));
  expect([again === undefined, again === chat]).toEqual([false, false]);
});

test.each(Array.from({ length: 16 }, (_, n) => n * 2))('an erasure goes on where it was, where the process dies %i steps later', async (edges) => {
  const { chat, group } = await talk();
  const ghost = ghostIn(chat, 'bob');
  stage.dieAfter(edges);
  await stage.erase('bob', { redact: true });
  await stage.pass(30_000);
  // Not even begun: the administrator tries again.
  if (stage.store.personById('fake' as never, '', 'bob') !== null) await stage.erase('bob', { redact: true });
  await stage.pass(30_000);
  expect([legible(chat, 'bob'), legible(group, 'bob'), legible(group, 'carol')]).toEqual([[], [], ['hi']]);
  expect([chat.members.get(ghost), group.members.get(ghost), stage.homeserver.profiles.get(ghost)]).toEqual(['leave', 'leave', { name: '', picture: '' }]);
  expect([stage.store.erasures(), stage.store.counts().people]).toEqual([[], 1]);
});

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import type { GroupHandle, Message, PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { eventually } from '../kit/stack/stack.ts';
import { relationOf } from '../kit/client-events.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { make } from '../kit/synapse/files.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// A group of the Cloud API as a room, and what is written while only a template may go.

jest.setTimeout(90_000);

let synapse: SharedSynapse;
let alice: MatrixUser;
let bridge: Bridged;

beforeAll(async () => {
  synapse = await sharedSynapse();
  alice = await synapse.user('alice');
  bridge = await bridged(synapse, await synapse.claimBridge(), {
    owners: [alice], account: { closed_window: { template: 'news', language: 'nl' } },
    templates: [{ name: 'news', language: 'nl', status: 'APPROVED', category: 'UTILITY', components: [{ type: 'BODY', text: 'News: {{1}}' }] }],
  });
  await bridge.start();
}, 300_000);

afterAll(async () => {
  await synapse.close();
  await bridge.close();
});

const named = (name: string) => (state: readonly ClientEvent[]): boolean => state.some(({ type, content }) => type === 'm.room.name' && content['name'] === name);
const fromBot = (room: string, words: RegExp): Promise<ClientEvent> => alice.waitForEvent(room, (event) => event.sender === bridge.bot && words.test(bodyOf(event)));

describe('a group', () => {
  let anna: PersonHandle;
  let bo: PersonHandle;
  let group: GroupHandle;
  let room: string;

  beforeAll(async () => {
    anna = bridge.sandbox.person('31612340001', { name: 'Anna' });
    bo = bridge.sandbox.person('31612340002', { name: 'Bo', username: 'bo', phoneless: true });
    group = bridge.sandbox.group('Garden', { members: [anna, bo], description: 'Who waters what' });
    room = await alice.waitForInvite(named('Garden'));
    await alice.join(room);
  });

  const inGroup = (fits: string | ((message: Readonly<Message>) => boolean)): Promise<Readonly<Message>> => eventually(
    typeof fits === 'string' ? fits : 'a message in the group', () => group.inbox.find((message) => (typeof fits === 'string' ? bodyOf(message) === fits : fits(message))), patience,
  );
  const ghosts = async (): Promise<readonly string[]> => {
    const members = (await alice.members(room)).filter((user) => bridge.isGhost(user));
    const states = await Promise.all(members.map((user) => alice.state(room, 'm.room.member', user)));
    return states.map((state) => String(state?.['displayname'])).sort();
  };

  test('that the business makes is a room with its name, its description and whoever comes in', async () => {
    expect(await alice.state(room, 'm.room.topic')).toMatchObject({ topic: expect.stringMatching(/^Who waters what · WhatsApp .*members of Garden/) });
    await eventually('both members', async () => (await ghosts()).join() === 'Anna (WhatsApp),Bo (WhatsApp)', patience);
  });

  test('is talked in, each with their own name, with files and answers both ways', async () => {
    const said = anna.sendText('Hello all', { in: group.id });
    const hello = await alice.waitForText(room, 'Hello all');
    const answered = bo.sendText('Hello Anna', { in: group.id, replyTo: said });
    const answer = await alice.waitForText(room, 'Hello Anna');
    expect(relationOf(answer)['m.in_reply_to']?.event_id).toBe(hello.event_id);
    expect(answer.sender).not.toBe(hello.sender);
    await alice.reply(room, answer.event_id, 'Welcome');
    expect(await inGroup('Welcome')).toMatchObject({ replyTo: answered, quoteMissing: false });
    await anna.sendMedia('image', await make.jpeg(), { mime: 'image/jpeg', caption: 'the roses', in: group.id });
    await alice.waitForEvent(room, (event) => bodyOf(event) === 'the roses');
    await alice.file(room, { name: 'b.jpg', type: 'image/jpeg', bytes: await make.jpeg() });
    await inGroup(({ type }) => type === 'image');
    expect([anna.inbox, bo.inbox]).toEqual([[], []]);
  });

  test('shows who has read it', async () => {
    const event = await alice.text(room, 'read this');
    await inGroup('read this');
    bo.readAll(group.id);
    await alice.waitForEphemeral(room, 'm.receipt', (content) => Object.keys((content[event] as { 'm.read'?: object } | undefined)?.['m.read'] ?? {}).some((user) => bridge.isGhost(user)));
  });

  test('has pins, both ways', async () => {
    const id = anna.sendText('pin me', { in: group.id });
    const event = await alice.waitForText(room, 'pin me');
    await alice.setState(room, 'm.room.pinned_events', { pinned: [event.event_id] });
    await eventually('the pin', () => group.group.pins.includes(id), patience);
    await alice.setState(room, 'm.room.pinned_events', { pinned: [] });
    await eventually('no pin', () => group.group.pins.length === 0, patience);
    anna.sendRaw('pin', { type: 'pin', message_id: id }, {}, { in: group.id });
    await eventually('the pin here', async () => ((await alice.state(room, 'm.room.pinned_events')) as { pinned?: string[] } | null)?.pinned?.includes(event.event_id), patience);
  });

  test('takes no reactions, and says why', async () => {
    anna.sendText('react to this', { in: group.id });
    const event = await alice.waitForText(room, 'react to this');
    await alice.react(room, event.event_id, '👍');
    await fromBot(room, /no reactions in groups/);
  });

  test('has a new name, and people who leave, are removed and come', async () => {
    group.change({ subject: 'Orchard', description: '' });
    await eventually('the new name', async () => ((await alice.state(room, 'm.room.name')) as { name?: string } | null)?.name === 'Orchard', patience);
    await eventually('no description', async () => ((await alice.state(room, 'm.room.topic')) as { topic: string }).topic.startsWith('WhatsApp · read there by the members of Orchard'), patience);
    group.leave(bo.person);
    await eventually('that Bo has left', async () => (await ghosts()).join() === 'Anna (WhatsApp)', patience);
    group.remove([anna.person]);
    await eventually('that Anna is out', async () => (await ghosts()).length === 0, patience);
    const told = await alice.text(room, 'anybody there?');
    const answer = await alice.waitForEvent(room, (event) => event.sender === bridge.bot && relationOf(event)['m.in_reply_to']?.event_id === told);
    expect(bodyOf(answer)).toMatch(/group of one/);
    group.join(bo.person);
    await eventually('that Bo is back', async () => (await ghosts()).join() === 'Bo (WhatsApp)', patience);
  });

  test('is suspended, comes back, and is deleted: the room hears of it', async () => {
    group.suspend(true);
    await fromBot(room, /suspended the group/);
    group.suspend(false);
    await fromBot(room, /no longer suspended/);
    await alice.text(room, 'still here');
    await inGroup('still here');
    group.delete();
    await fromBot(room, /The group was deleted\. Nothing that is written here arrives/);
    const event = await alice.text(room, 'too late');
    const told = await alice.waitForEvent(room, (one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event);
    expect(bodyOf(told)).toMatch(/does not exist/);
  });

  test('that was there before is opened by its id, and what is written first goes inside a template', async () => {
    await bridge.stop();
    const known = bridge.sandbox.group('Old friends', { members: [anna] });
    await bridge.start();
    const own = await bridge.botRoom(alice);
    await alice.text(own, `open whatsapp group:${known.id}`);
    const opened = await alice.waitForInvite(named('Old friends'));
    await alice.join(opened);
    await alice.text(opened, 'Long time no see');
    const sent = await eventually('the template', () => known.inbox.find(({ type }) => type === 'template'), patience);
    expect(JSON.stringify(sent.body)).toContain('Long time no see');
  });
});

describe('somebody who never wrote', () => {
  test('gets the first words inside the template; a file is refused, and once they answer all goes as it is', async () => {
    const carla = bridge.sandbox.person('31612340003', { name: 'Carla' });
    const own = await bridge.botRoom(alice);
    await alice.text(own, 'open whatsapp +31612340003');
    const room = await alice.waitForInvite((state) => state.some(({ content }) => content['name'] === '+31612340003'));
    await alice.join(room);
    await alice.text(room, 'Your bicycle is ready');
    const first = await onPhone(carla, ({ type }) => type === 'template');
    expect(first.body).toEqual({ name: 'news', language: { code: 'nl' }, components: [{ type: 'body', parameters: [{ type: 'text', text: 'Your bicycle is ready' }] }] });
    const lines = await alice.text(room, `Open:\n${'x'.repeat(1100)}`);
    await onPhone(carla, ({ type, body }) => type === 'template' && JSON.stringify(body).includes('Open: / x'));
    const told = await alice.waitForEvent(room, (event) => event.sender === bridge.bot && relationOf(event)['m.in_reply_to']?.event_id === lines);
    expect(bodyOf(told)).toMatch(/inside the template "news".*joined.*cut off/);
    const file = await alice.file(room, { name: 'b.jpg', type: 'image/jpeg', bytes: await make.jpeg() });
    const refused = await alice.waitForEvent(room, (event) => event.sender === bridge.bot && relationOf(event)['m.in_reply_to']?.event_id === file);
    expect(bodyOf(refused)).toMatch(/takes text only/);
    carla.sendText('Thanks');
    await alice.waitForText(room, 'Thanks');
    await alice.text(room, 'See you\nsoon');
    await onPhone(carla, 'See you\nsoon');
  });
});

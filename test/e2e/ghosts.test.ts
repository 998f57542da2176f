import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// One person on WhatsApp is one ghost in one room, whatever becomes of their name, number and id.

jest.setTimeout(90_000);

let synapse: SharedSynapse;
let alice: MatrixUser;
let bridge: Bridged;

beforeAll(async () => {
  synapse = await sharedSynapse();
  alice = await synapse.user('alice');
  bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice] });
  await bridge.start();
}, 300_000);

afterAll(async () => {
  await synapse.close();
  await bridge.close();
});

/** Nobody but those of one test is invited: a second room for one person would show. */
let rooms: ReadonlySet<string>;
const joined = async (): Promise<ReadonlySet<string>> => new Set((await alice.client.get<{ joined_rooms: string[] }>('/joined_rooms')).joined_rooms);
beforeEach(async () => {
  rooms = await joined();
});
afterEach(async () => {
  await bridge.sandbox.idle();
  expect([...await joined()].filter((room) => !rooms.has(room))).toHaveLength(1);
  await expect(alice.waitForInvite(undefined, { timeout: 200 })).rejects.toThrow('0 other');
});

const said = (room: string, text: string): Promise<ClientEvent> => alice.waitForText(room, text);
const nameOf = async (user: string): Promise<unknown> => (await alice.client.get<{ displayname?: string }>(`/profile/${encodeURIComponent(user)}`)).displayname;

test('a new name is the ghost’s new name', async () => {
  const { person, room } = await bridge.meet(alice, '31610000001', { name: 'Carla' });
  const { sender } = await said(room, 'Hello');
  expect(await nameOf(sender)).toBe('Carla (WhatsApp)');
  person.rename('Carla van Dam 🌷');
  person.sendText('married');
  expect((await said(room, 'married')).sender).toBe(sender);
  expect(await nameOf(sender)).toBe('Carla van Dam 🌷 (WhatsApp)');
  await alice.waitForEvent(room, (event) => event.type === 'm.room.member' && event.state_key === sender && event.content['displayname'] === 'Carla van Dam 🌷 (WhatsApp)');
});

test('a name that nobody would want to see is shown as a name', async () => {
  const { person, room } = await bridge.meet(alice, '31610000002', { name: `<b>@room</b> {network} $& ${'x'.repeat(60)}` });
  const { sender } = await said(room, 'Hello');
  expect(await nameOf(sender)).toBe(`<b>@room</b> {network} $& ${'x'.repeat(60)} (WhatsApp)`);
  person.rename('\u202eevil\u0000\n\nname');
  person.sendText('renamed');
  await said(room, 'renamed');
  expect(await nameOf(sender)).not.toMatch(/[\p{Cc}]/u);
});

describe('a changed number', () => {
  test('with a new id: the same ghost in the same room, which is told, and answers go to the new number', async () => {
    const { person, room } = await bridge.meet(alice, '31610000003', { name: 'Dora' });
    const { sender } = await said(room, 'Hello');
    person.changeNumber('31620000003');
    await alice.waitForEvent(room, (event) => /\+31610000003.*\+31620000003/.test(bodyOf(event)));
    person.sendText('from my new number');
    expect((await said(room, 'from my new number')).sender).toBe(sender);
    await alice.text(room, 'to your new number');
    await onPhone(person, 'to your new number');
  });

  test('with the same id', async () => {
    const { person, room } = await bridge.meet(alice, '31610000004', { name: 'Emil' });
    const { sender } = await said(room, 'Hello');
    person.changeNumber('31620000004', true);
    await alice.waitForEvent(room, (event) => event.content['msgtype'] === 'm.notice' && bodyOf(event).includes('31620000004'));
    person.sendText('new number, same me');
    expect((await said(room, 'new number, same me')).sender).toBe(sender);
    await alice.text(room, 'I see');
    await onPhone(person, 'I see');
  });

  test('of somebody of the time before ids', async () => {
    const { person, room } = await bridge.meet(alice, '31610000005', { name: 'Finn', bsuid: null });
    const { sender } = await said(room, 'Hello');
    person.changeNumber('31620000005');
    person.sendText('moved');
    expect((await said(room, 'moved')).sender).toBe(sender);
    await alice.text(room, 'noted');
    await onPhone(person, 'noted');
  });
});

test('a changed id, the number hidden all along', async () => {
  const { person, room } = await bridge.meet(alice, '31610000006', { name: 'Gina', phoneless: true, username: 'gina' });
  const { sender } = await said(room, 'Hello');
  await alice.text(room, 'by your id');
  await onPhone(person, 'by your id');
  person.changeUserId('NL.99999999999999999');
  person.sendText('another id');
  expect((await said(room, 'another id')).sender).toBe(sender);
  await alice.text(room, 'by your new id');
  await onPhone(person, 'by your new id');
});

test('somebody known only by an id shows their number later', async () => {
  const { person, room } = await bridge.meet(alice, '31610000007', { name: 'Hugo', phoneless: true, username: 'hugo' });
  const { sender } = await said(room, 'Hello');
  person.hideNumber(false);
  person.sendText('here is my number');
  expect((await said(room, 'here is my number')).sender).toBe(sender);
  await alice.text(room, 'thanks');
  await onPhone(person, 'thanks');
});

test('somebody known only by their number gets an id later, and then hides the number', async () => {
  const { person, room } = await bridge.meet(alice, '31610000008', { name: 'Ida', bsuid: null });
  const { sender } = await said(room, 'Hello');
  (person.person as { userId: string | null }).userId = 'NL.12312312312312312';
  person.hideNumber(false);
  person.sendText('now with an id');
  expect((await said(room, 'now with an id')).sender).toBe(sender);
  person.hideNumber(true);
  person.sendText('and without a number');
  expect((await said(room, 'and without a number')).sender).toBe(sender);
});

test('many people at once: each has one ghost and one room', async () => {
  const people = Array.from({ length: 6 }, (_, n) => bridge.sandbox.person(`3163000000${n}`, { name: `Crowd ${n}` }));
  for (const text of ['one', 'two', 'three']) for (const person of people) person.sendText(text);
  const entered = await Promise.all(people.map(async (person) => {
    const room = await alice.waitForInvite((state) => state.some(({ content }) => content['name'] === person.person.name));
    await alice.join(room);
    await said(room, 'three');
    const texts = alice.timeline(room).filter(({ sender, type }) => bridge.isGhost(sender) && type === 'm.room.message');
    expect(texts.map(bodyOf)).toEqual(['one', 'two', 'three']);
    return { room, sender: texts[0]?.sender };
  }));
  expect(new Set(entered.map(({ sender }) => sender)).size).toBe(6);
  // For the look at the rooms after each test, which wants one more.
  for (const { room } of entered.slice(1)) await alice.leave(room);
  await eventually('their end', async () => (await joined()).size === rooms.size + 1, patience);
});

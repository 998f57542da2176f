import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// A room that is upgraded, by the call that clients make, and rooms that only pretend to be the next one.

jest.setTimeout(90_000);

let synapse: SharedSynapse;
let alice: MatrixUser;
let bridge: Bridged;
let number = 31_622_000_000;

beforeAll(async () => {
  synapse = await sharedSynapse();
  alice = await synapse.user('alice');
}, 300_000);
afterAll(() => synapse.close());

const path = (room: string, what: string): string => `/rooms/${encodeURIComponent(room)}/${what}`;
const said = async (room: string): Promise<string[]> => (await alice.history(room)).filter(({ sender, type }) => type === 'm.room.message' && bridge.isGhost(sender)).map(bodyOf);

describe.each([['11', '11'], ['11', '12'], ['12', '12']])('from version %s to %s', (from, to) => {
  beforeAll(async () => {
    bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice], bridge: { room_version: from } });
    await bridge.start();
  }, 90_000);
  afterAll(() => bridge.close());

  const meet = (name: string): ReturnType<Bridged['meet']> => bridge.meet(alice, String(++number), { name });
  /** Gives alice the levels of an administrator; in version 12 the creator, our bot, stays above everybody. */
  const promote = async (room: string): Promise<void> => {
    const levels = await alice.state(room, 'm.room.power_levels') ?? {};
    const users = from === '12' ? { [alice.id]: 150 } : { [alice.id]: 100, [bridge.bot]: 100 };
    await bridge.asBot.put(path(room, 'state/m.room.power_levels/'), { ...levels, users });
  };

  test('the chat goes on in the next room, both ways, and the old one is left', async () => {
    const { person, room } = await meet('Nora');
    await promote(room);
    const { replacement_room: next } = await alice.client.post<{ replacement_room: string }>(path(room, 'upgrade'), { new_version: to });
    person.sendText('sent at once');
    await alice.invite(next, bridge.bot);
    if (from === '12') {
      // The creator of the next room is whoever upgraded, and the bot has no level there until she gives it one.
      await alice.waitForEvent(next, (event) => event.sender === bridge.bot && /give me the power level/.test(bodyOf(event)));
      const levels = await alice.state(next, 'm.room.power_levels') ?? {};
      await alice.setState(next, 'm.room.power_levels', { ...levels, users: { [bridge.bot]: 100 } });
    }
    await alice.waitForText(next, 'sent at once');
    await alice.text(next, 'here we are');
    await onPhone(person, 'here we are');
    person.sendText('good');
    await alice.waitForText(next, 'good');
    await eventually('that the old room is left', async () => (await alice.members(room)).join() === alice.id, patience);
    expect(await said(room)).toEqual(['Hello']);
    expect(await said(next)).toEqual(['sent at once', 'good']);
    const members = await alice.members(next);
    expect(members.filter((member) => bridge.isGhost(member))).toHaveLength(1);
    const state = await alice.client.get<{ type: string; sender: string }[]>(path(next, 'state'));
    expect(state.filter(({ type }) => type === 'm.bridge').length).toBeGreaterThan(0);
    // After a new start it is the same room.
    await bridge.stop();
    await bridge.start();
    person.sendText('still here');
    await alice.waitForText(next, 'still here');
  });

  test('a room that does not say that it is the next one is not followed', async () => {
    const { person, room } = await meet('Otto');
    await promote(room);
    const other = await alice.createRoom({ invite: [bridge.bot], creation_content: { predecessor: { room_id: '!elsewhere:localhost' } } });
    await alice.setState(room, 'm.room.tombstone', { body: 'x', replacement_room: other });
    await eventually('that the bot has looked', async () => (await alice.history(other)).some((event) => event.type === 'm.room.member' && event.state_key === bridge.bot && event.content['membership'] === 'join'), patience);
    person.sendText('where am I?');
    await alice.waitForText(room, 'where am I?');
    expect(await said(other)).toEqual([]);
  });

  test('a tombstone of somebody who may not, and one that is no state, change nothing', async () => {
    const { person, room } = await meet('Pia');
    const ben = await synapse.user('ben');
    await bridge.asBot.post(path(room, 'invite'), { user_id: ben.id });
    await ben.join(room);
    const other = await ben.createRoom({ invite: [bridge.bot], creation_content: { predecessor: { room_id: room } } });
    // Synapse takes none from its own users; other homeservers may send them.
    await expect(ben.send(room, 'm.room.tombstone', { body: 'x', replacement_room: other })).rejects.toMatchObject({ status: 400 });
    await expect(ben.setState(room, 'm.room.tombstone', { body: 'x', replacement_room: other })).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    person.sendText('as ever');
    await alice.waitForText(room, 'as ever');
    await ben.text(room, 'I stay');
    await onPhone(person, (message) => bodyOf(message).includes('I stay'));
  });
});

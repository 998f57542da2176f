import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// Encrypted rooms are refused: whoever meets one hears it and what to do, and nothing from WhatsApp ever stands in one in clear.

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

const encryption = { algorithm: 'm.megolm.v1.aes-sha2' };
/** What a client sends in an encrypted room: nobody here could read it. */
const secret = { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'AwgAEpABm6', device_id: 'ABC', sender_key: 'k', session_id: 's' };
const encrypted = { initial_state: [{ type: 'm.room.encryption', state_key: '', content: encryption }] };
const saidByUs = (room: string): string[] => alice.timeline(room).filter(({ sender, type }) => type === 'm.room.message' && (sender === bridge.bot || bridge.isGhost(sender))).map(bodyOf);
const heard = (room: string, fits: RegExp, after = 0): Promise<ClientEvent> =>
  alice.waitForEvent(room, (event) => event.sender === bridge.bot && fits.test(bodyOf(event)) && alice.timeline(room).indexOf(event) >= after);

describe('an encrypted chat with the bot, as clients make them unless told otherwise', () => {
  let room: string;

  beforeAll(async () => {
    room = await alice.createRoom({ is_direct: true, invite: [bridge.bot], ...encrypted });
  });

  test('is answered with why it does not work and what to do', async () => {
    const told = bodyOf(await heard(room, /encrypt/i));
    expect(told).toMatch(/without encryption|unencrypted|switch .*off/i);
  });

  test('is told so again for what is written encrypted', async () => {
    await heard(room, /encrypt/i);
    const before = alice.timeline(room).length;
    const event = await alice.send(room, 'm.room.encrypted', secret);
    const told = await heard(room, /encrypt/i, before);
    expect(JSON.stringify(told.content['m.relates_to'])).toContain(event);
  });

  test('takes no commands, not even in clear, and says nothing of what is bridged', async () => {
    const { person } = await bridge.meet(alice, '31610000001', { name: 'Secretive' });
    const before = saidByUs(room).length;
    for (const command of ['status', 'undelivered', '!db open whatsapp +31610000009', 'help']) await alice.text(room, command);
    await alice.send(room, 'm.room.encrypted', secret);
    await eventually('a word on the last of them', () => saidByUs(room).length > before, patience);
    person.sendText('a thing between us');
    await bridge.sandbox.idle();
    const said = saidByUs(room).join('\n');
    expect(said).not.toMatch(/Secretive|31610000001|a thing between us|whatsapp\/main|✅|Rooms:/);
    await expect(alice.waitForInvite(undefined, { timeout: 500 })).rejects.toThrow('0 other');
  });

  test('does not hinder one in clear', async () => {
    const clear = await bridge.botRoom(alice);
    await alice.text(clear, 'status');
    await heard(clear, /✅ homeserver/);
  });
});

test('a chat with the bot that becomes encrypted is told, and takes no more commands', async () => {
  const room = await bridge.botRoom(alice);
  await alice.setState(room, 'm.room.encryption', encryption);
  await heard(room, /encrypted/i);
  await alice.text(room, 'status');
  await alice.send(room, 'm.room.encrypted', secret);
  await heard(room, /encrypted/i, alice.timeline(room).length);
  expect(saidByUs(room).join('\n')).not.toContain('✅');
});

describe('a portal that becomes encrypted', () => {
  /** Nobody in it could; whoever runs the homeserver can. */
  const encrypt = (room: string): Promise<unknown> => bridge.asBot.put(`/rooms/${encodeURIComponent(room)}/state/m.room.encryption/`, encryption);

  test('is told, and gets nothing more from WhatsApp: what comes is in a room in clear, all of it', async () => {
    const { person, room } = await bridge.meet(alice, '31610000002', { name: 'Dora' });
    await encrypt(room);
    await heard(room, /encrypted/i);
    person.sendText('not for an encrypted room');
    const next = await alice.waitForInvite((state) => state.some(({ content }) => content['name'] === 'Dora'));
    expect(next).not.toBe(room);
    await alice.join(next);
    await alice.waitForText(next, 'not for an encrypted room');
    expect(await alice.state(next, 'm.room.encryption')).toBeNull();
    expect(saidByUs(room)).not.toContain('not for an encrypted room');
    await alice.text(next, 'here it goes on');
    await onPhone(person, 'here it goes on');
  });

  test('with messages on their way: none stands in it after it was encrypted, and none is lost', async () => {
    const { person, room } = await bridge.meet(alice, '31610000003', { name: 'Emil' });
    const texts = Array.from({ length: 12 }, (_, n) => `on its way ${n}`);
    for (const text of texts.slice(0, 6)) person.sendText(text);
    await encrypt(room);
    for (const text of texts.slice(6)) person.sendText(text);
    await heard(room, /encrypted/i);
    const next = await alice.waitForInvite((state) => state.some(({ content }) => content['name'] === 'Emil'));
    await alice.join(next);
    await alice.waitForText(next, 'on its way 11');
    const shown = async (where: string): Promise<readonly string[]> => (await alice.history(where)).map(bodyOf).filter((text) => text.startsWith('on its way'));
    // What was being sent to the old room as it closed may arrive there after the rest has in the new one.
    await eventually('all of them', async () => (await shown(room)).length + (await shown(next)).length >= texts.length, patience).catch(() => {});
    const old = await alice.history(room);
    const when = old.findIndex(({ type }) => type === 'm.room.encryption');
    const all = [...await shown(room), ...await shown(next)];
    expect(all).toEqual(texts);
    // The homeserver tells the bridge a moment after it has happened: only what was under way by then may have slipped in.
    const slipped = old.slice(when).map(bodyOf).filter((text) => text.startsWith('on its way'));
    expect(slipped.length).toBeLessThanOrEqual(6);
  });

  test('sends nothing of it to WhatsApp, in clear or not, and its writers hear it', async () => {
    const { person, room } = await bridge.meet(alice, '31610000004', { name: 'Finn' });
    await encrypt(room);
    await heard(room, /encrypted/i);
    const before = alice.timeline(room).length;
    await alice.text(room, 'in clear all the same');
    await alice.send(room, 'm.room.encrypted', secret);
    await heard(room, /not delivered/i, before);
    expect(person.inbox).toEqual([]);
  });
});

test('a person’s ghost that is asked into an encrypted chat does not come, and who asked is led to the portal', async () => {
  const { person, room } = await bridge.meet(alice, '31610000005', { name: 'Gina' });
  const ghost = (await alice.members(room)).find((user) => bridge.isGhost(user)) ?? '';
  const chat = await alice.createRoom({ is_direct: true, invite: [ghost], ...encrypted });
  await alice.waitForEvent(chat, (event) => event.type === 'm.room.member' && event.state_key === ghost && event.content['membership'] === 'leave');
  person.sendText('still only here');
  await alice.waitForText(room, 'still only here');
  expect(saidByUs(chat)).toEqual([]);
});

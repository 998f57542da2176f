import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import type { Message, PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { eventually } from '../kit/stack/stack.ts';
import { relationOf } from '../kit/client-events.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { make } from '../kit/synapse/files.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// Typing and read marks, what became of a message, and why one could not be sent.

jest.setTimeout(90_000);

let synapse: SharedSynapse;
let alice: MatrixUser;
let bridge: Bridged;
let carla: PersonHandle;
let room: string;
let number = 31_610_000_000;

beforeAll(async () => {
  synapse = await sharedSynapse();
  alice = await synapse.user('alice');
  bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice], delivery: { status_events: true } });
  await bridge.start();
}, 300_000);

afterAll(async () => {
  await synapse.close();
  await bridge.close();
});

beforeEach(async () => {
  number += 1;
  ({ person: carla, room } = await bridge.meet(alice, String(number), { name: `Carla ${number}` }));
});

const answerTo = async (event: string): Promise<string> =>
  bodyOf(await alice.waitForEvent(room, (one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event));
const statusOf = (id: string): Message['status'] | undefined => bridge.sandbox.messages.find((message) => message.id === id)?.status;
const reaches = (id: string, status: Message['status']): Promise<unknown> => eventually(`${status} on the phone`, () => statusOf(id) === status, patience);
const readBy = (event: string, fits: (user: string) => boolean): Promise<unknown> => alice.waitForEphemeral(room, 'm.receipt', (content) => {
  const of = content[event] as Record<string, Record<string, unknown>> | undefined;
  return Object.keys(of?.['m.read'] ?? {}).some(fits);
}, { timeout: patience });

describe('from Matrix', () => {
  test('typing is shown on the phone', async () => {
    expect(carla.person.typingUntil).toBeLessThan(Date.now());
    await alice.typing(room, true);
    await eventually('typing on the phone', () => carla.person.typingUntil > Date.now(), patience);
    await alice.text(room, 'typed');
    await onPhone(carla, 'typed');
    expect(carla.person.typingUntil).toBeLessThan(Date.now());
  });

  test('a read mark is blue ticks, for all up to it and for nothing after it', async () => {
    const ids = ['one', 'two', 'three'].map((text) => carla.sendText(text));
    await alice.waitForText(room, 'three');
    await alice.markRead(room, (await alice.waitForText(room, 'two')).event_id);
    await reaches(ids[1] ?? '', 'read');
    expect(ids.map(statusOf)).toEqual(['read', 'read', 'delivered']);
    await alice.markRead(room, (await alice.waitForText(room, 'three')).event_id);
    await reaches(ids[2] ?? '', 'read');
  });

  test('a read mark on one’s own message reads what came before it', async () => {
    const id = carla.sendText('before mine');
    await alice.waitForText(room, 'before mine');
    const own = await alice.text(room, 'mine');
    await onPhone(carla, 'mine');
    await alice.markRead(room, own);
    await reaches(id, 'read');
  });

  test('a private read mark stays private', async () => {
    const id = carla.sendText('seen in private');
    const { event_id } = await alice.waitForText(room, 'seen in private');
    await alice.client.post(`/rooms/${encodeURIComponent(room)}/receipt/m.read.private/${encodeURIComponent(event_id)}`, {});
    await alice.text(room, 'and answered');
    await onPhone(carla, 'and answered');
    expect(statusOf(id)).toBe('delivered');
  });
});

describe('from WhatsApp', () => {
  test('the chat that is opened is read by the ghost', async () => {
    const event = await alice.text(room, 'read me');
    const got = await onPhone(carla, 'read me');
    await reaches(got.id, 'delivered');
    carla.readAll();
    await readBy(event, bridge.isGhost);
  });

  test('a voice message that is listened to is read, and so is a long text by its last part', async () => {
    const voice = await alice.file(room, { name: 'v.ogg', type: 'audio/ogg', bytes: await make.oggVoice(), extra: { 'org.matrix.msc3245.voice': {} } });
    carla.play((await onPhone(carla, ({ type, status }) => type === 'audio' && status !== 'accepted')).id);
    await readBy(voice, bridge.isGhost);
    const long = await alice.text(room, `start ${'word '.repeat(1_500)}end`);
    await onPhone(carla, (message) => bodyOf(message).endsWith('end'));
    carla.readAll();
    await readBy(long, bridge.isGhost);
  });

  test('success is told beside the message where the config wants it', async () => {
    const event = await alice.text(room, 'well sent');
    const told = await alice.waitForEvent(room, ({ type, content }) => type === 'com.beeper.message_send_status' && JSON.stringify(content).includes(event));
    expect(told).toMatchObject({ sender: bridge.bot, content: { status: 'SUCCESS', network: 'WhatsApp' } });
    const arrived = await alice.waitForEvent(room, ({ type, content }) => type === 'com.beeper.message_send_status' && JSON.stringify(content).includes(event) && (content['delivered_to_users'] as readonly string[] | undefined)?.length === 1);
    expect(bridge.isGhost(String((arrived.content['delivered_to_users'] as readonly string[])[0]))).toBe(true);
  });
});

describe('a message that fails is told with its reason', () => {
  test.each([
    [131026, /not be on WhatsApp/], [131047, /24 hours/], [131049, /Meta chose not to deliver/], [131053, /file/], [999_999, /.{10,}/],
  ])('by a status, %i', async (code, reason) => {
    bridge.sandbox.faults.failCode = code;
    const event = await alice.text(room, `fails with ${code}`);
    const told = await answerTo(event);
    bridge.sandbox.faults.failCode = 0;
    expect(told).toMatch(/^⚠️ Not delivered to WhatsApp: /);
    expect(told).toMatch(reason);
    const failed = await alice.waitForEvent(room, ({ type, content }) => type === 'com.beeper.message_send_status' && JSON.stringify(content).includes(event) && content['status'] === 'FAIL_PERMANENT');
    expect(failed.content).toMatchObject({ message: expect.stringMatching(reason) });
    await alice.text(room, 'and on it goes');
    await onPhone(carla, 'and on it goes');
  });

  test('once for each part of a long text', async () => {
    bridge.sandbox.faults.failCode = 131026;
    const event = await alice.text(room, 'word '.repeat(1_500));
    await alice.waitForEvent(room, (one) => one.sender === bridge.bot && bodyOf(one).includes('(part 2 of 2)'));
    bridge.sandbox.faults.failCode = 0;
    const reports = alice.timeline(room).filter((one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event);
    expect(reports).toHaveLength(2);
  });

  test('the person does not exist any more', async () => {
    const opened = await bridge.botRoom(alice);
    await alice.text(opened, 'open whatsapp +31699999999');
    await alice.waitForEvent(opened, ({ sender, content }) => sender === bridge.bot && String(content['body']).includes('31699999999'));
    const there = await alice.waitForInvite((state) => state.some(({ content }) => content['name'] === '+31699999999'));
    await alice.join(there);
    const event = await alice.text(there, 'anybody?');
    await alice.waitForEvent(there, (one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event);
  });
});

describe('24 hours after the person’s last message', () => {
  /** As if what they wrote had come so long ago. */
  const hoursAgo = (hours: number): { timestamp: string } => ({ timestamp: String(Math.floor(Date.now() / 1000) - hours * 3600) });
  const quiet = async (hours: number): Promise<{ person: PersonHandle; room: string }> => {
    const person = bridge.sandbox.person(`${number}9`, { name: `Quiet ${number}` });
    person.sendRaw('text', { body: 'long ago' }, hoursAgo(hours));
    const there = await alice.waitForInvite((state) => state.some(({ content }) => content['name'] === person.person.name));
    await alice.join(there);
    await alice.waitForText(there, 'long ago');
    room = there;
    return { person, room: there };
  };

  test('text, files and reactions are refused with the reason, and go once they write again', async () => {
    const { person } = await quiet(25);
    const { event_id: old } = await alice.waitForText(room, 'long ago');
    const late = [
      await alice.text(room, 'too late'),
      await alice.file(room, { name: 'late.jpg', type: 'image/jpeg', bytes: await make.jpeg() }),
      await alice.react(room, old, '👍'),
    ];
    for (const event of late) expect(await answerTo(event)).toMatch(/24 hours/);
    expect(person.inbox).toEqual([]);
    person.sendText('here I am');
    await alice.waitForText(room, 'here I am');
    await alice.text(room, 'in time');
    await onPhone(person, 'in time');
    expect(person.inbox.map(bodyOf)).toEqual(['in time']);
  });

  test('a little before that everything goes', async () => {
    const { person } = await quiet(23);
    await alice.text(room, 'just in time');
    await onPhone(person, 'just in time');
  });
});

describe('24 hours by WhatsApp’s own clock, where ours says there is time', () => {
  let hurried: Bridged;

  beforeAll(async () => {
    hurried = await bridged(synapse, await synapse.claimBridge(), { owners: [alice], clockScale: { pair: 10_000, throughput: 100, retry: 100, window: 24 * 3600 } });
    await hurried.start();
  });
  afterAll(() => hurried.close());

  test.each([['in the answer', true], ['by a status', false]])('is refused %s, with the reason', async (how, windowInAnswer) => {
    hurried.sandbox.faults.windowInAnswer = windowInAnswer;
    const { person, room: there } = await hurried.meet(alice, `${number}8`, { name: `Hurried ${how}` });
    // The window is one second there.
    await eventually('its end', () => Date.now() - (person.person.lastInboundAt ?? 0) > 1_000, patience);
    const event = await alice.text(there, `late ${how}`);
    const told = await alice.waitForEvent(there, (one) => one.sender === hurried.bot && relationOf(one)['m.in_reply_to']?.event_id === event);
    expect(bodyOf(told)).toMatch(/^⚠️ Not delivered to WhatsApp: .*24 hours/);
    expect(person.inbox).toEqual([]);
  });
});

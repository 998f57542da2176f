import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import { type PersonHandle as TelegramPerson, startTelegramSandbox, type TelegramSandbox } from '../../src/sandbox/telegram/index.ts';
import type { PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { redactedBy, relationOf } from '../kit/client-events.ts';
import { onSynapse } from '../kit/matrix/synapse.ts';
import { type Between, daemonBetween } from '../kit/stack/between.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';
import * as telegram from '../kit/telegram/account.ts';

// What people can ask of the bridge, on a real homeserver: to be left alone, to see what it holds, to be forgotten.

jest.setTimeout(120_000);

const NUMBER = '31633333333';

describe('WhatsApp', () => {
  let synapse: SharedSynapse;
  let alice: MatrixUser;
  let bridge: Bridged;
  let person: PersonHandle;
  let room: string;
  let management: string;

  beforeAll(async () => {
    synapse = await sharedSynapse();
    alice = await synapse.user('alice');
    bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice], permissions: { [alice.id]: 'admin' } });
    await bridge.start();
    management = await bridge.botRoom(alice);
    ({ person, room } = await bridge.meet(alice, NUMBER, { name: 'Petra' }));
  }, 300_000);

  afterAll(async () => {
    await synapse.close();
    await bridge.close();
  });

  const ask = async (text: string): Promise<string> => {
    const event = await alice.text(management, text);
    return bodyOf(await alice.waitForEvent(management, (one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event));
  };
  const notice = (where: string, words: RegExp) => alice.waitForEvent(where, (event) => event.sender === bridge.bot && words.test(bodyOf(event)));
  const ghostly = (): readonly string[] => alice.timeline(room).filter(({ sender, type }) => type === 'm.room.message' && bridge.isGhost(sender)).map(bodyOf);

  test('STOP ends it both ways, START begins it again, and both sides are told', async () => {
    person.sendText('Stop!');
    person.sendText('not for Matrix');
    await onPhone(person, (message) => bodyOf(message).includes('no longer bridged'));
    await notice(room, /Petra asked not to be bridged/);
    const refused = await alice.text(room, 'are you there?');
    const answer = await alice.waitForEvent(room, (event) => relationOf(event)['m.in_reply_to']?.event_id === refused);
    expect(bodyOf(answer)).toContain('this person asked not to be bridged');
    person.sendText('START');
    person.sendText('back again');
    await alice.waitForText(room, 'back again');
    await onPhone(person, (message) => bodyOf(message).includes('bridged again'));
    await alice.text(room, 'good');
    await onPhone(person, 'good');
    expect(ghostly()).toEqual(['Hello', 'back again']);
    expect(person.inbox.map(bodyOf).filter((text) => !text.includes('bridged'))).toEqual(['good']);
  });

  test('a word in another language is answered in it; one among others says nothing', async () => {
    person.sendText('please stop');
    await alice.waitForText(room, 'please stop');
    person.sendText('Abmelden.');
    await onPhone(person, (message) => bodyOf(message).includes('nicht mehr verbunden'));
    person.sendText('anmelden');
    await onPhone(person, (message) => bodyOf(message).includes('wieder verbunden'));
  });

  test('export-me gives a file to whoever asks, in the room with the bot alone', async () => {
    const portal = await alice.text(room, '!db export-me');
    expect(bodyOf(await alice.waitForEvent(room, (event) => relationOf(event)['m.in_reply_to']?.event_id === portal))).toMatch(/for you alone/);
    expect(await ask('export-me')).toMatch(/all that I hold about you/);
    const file = await alice.waitForEvent(management, ({ sender, content }) => sender === bridge.bot && content['msgtype'] === 'm.file');
    const held = JSON.parse(Buffer.from((await alice.client.download(String(file.content['url']))).bytes).toString()) as { about: string; held: { messages: { count: number } } };
    expect(held).toMatchObject({ about: alice.id, accounts: [{ network: 'WhatsApp' }], held: { user: alice.id, portals: [{ room_id: room, network: 'whatsapp' }], messages: { count: 1 } } });
  });

  test('forget-me forgets, once it is confirmed', async () => {
    expect(await ask('forget-me')).toMatch(/forget-me yes/);
    expect(await ask('forget-me yes')).toMatch(/^Forgotten: .*message_map 1/);
    const before = await alice.text(room, 'after that');
    await onPhone(person, (message) => bodyOf(message).endsWith('after that'));
    expect(before).toMatch(/^\$/);
  });

  test('erase, as an administrator: what they wrote is redacted, their ghost has neither name nor place, and who writes again is somebody new', async () => {
    const ghost = alice.timeline(room).find(({ sender, content }) => bridge.isGhost(sender) && content['body'] === 'Hello')?.sender ?? '';
    const written = alice.timeline(room).filter(({ sender, type }) => type === 'm.room.message' && sender === ghost).map(({ event_id: id }) => id);
    expect(written.length).toBeGreaterThan(2);
    const other = await synapse.user('bob');
    expect(await ask(`erase whatsapp +${NUMBER} --redact`)).toMatch(/^Erased here: .*person 1.*Events being redacted: \d/);
    await notice(management, /Erasure \d+ is complete\. Events redacted: (\d+) of \1\./);
    await eventually('every redaction at the client', () => written.every((id) => alice.timeline(room).some((event) => redactedBy(event) === id)), patience);
    for (const event of (await alice.history(room)).filter(({ sender, type }) => sender === ghost && type === 'm.room.message')) expect(event.content).toEqual({});
    expect(await alice.members(room)).not.toContain(ghost);
    expect(await alice.state(room, 'm.room.name')).toEqual({});
    expect(await (await fetch(`${synapse.url}/_matrix/client/v3/profile/${encodeURIComponent(ghost)}`)).json()).not.toHaveProperty('displayname');
    const refused = await alice.text(room, 'and now?');
    expect(bodyOf(await alice.waitForEvent(room, (event) => relationOf(event)['m.in_reply_to']?.event_id === refused))).toMatch(/not bridged any more/);
    person.sendText('me again');
    const again = await alice.waitForInvite((state) => state.some(({ type, content }) => type === 'm.room.name' && content['name'] === 'Petra'));
    expect(again).not.toBe(room);
    await alice.join(again);
    await alice.waitForText(again, 'me again');
    await other.close();
  });
});

describe('Telegram', () => {
  let between: Between;
  let sandbox: TelegramSandbox;
  let ada: TelegramPerson;

  beforeAll(async () => {
    between = await daemonBetween(onSynapse, async ({ owners }, started) => {
      sandbox = started.adopt(await startTelegramSandbox({ token: telegram.TOKEN }), (one) => one.close());
      ada = sandbox.person(1001, { firstName: 'Ada' });
      return { telegram: telegram.configOf(sandbox, { owners, rate_scale: 10_000 }) };
    });
    await between.start();
  }, 300_000);

  afterAll(async () => {
    await between[Symbol.asyncDispose]();
  }, 60_000);

  test('the slash of a command is no hindrance: /stop ends it, /start begins it again', async () => {
    ada.sendText('hello');
    const room = await between.matrix.room('Ada');
    const said = (): string[] => between.matrix.events(room, 'm.room.message').map(({ content }) => String(content['body']));
    const inbox = (): string => JSON.stringify(ada.inbox.map(({ body }) => body));
    await eventually('the first word', () => said().includes('hello'), patience);
    ada.sendText('/stop');
    ada.sendText('not for Matrix');
    await eventually('the answer', () => inbox().includes('no longer bridged'), patience);
    await eventually('the notice', () => said().some((text) => text.includes('Ada asked not to be bridged')), patience);
    await between.matrix.send(room, 'are you there?');
    await eventually('the refusal', () => said().some((text) => text.includes('this person asked not to be bridged')), patience);
    ada.sendText('/start');
    ada.sendText('back again');
    await eventually('what comes then', () => said().includes('back again'), patience);
    await eventually('the answer', () => inbox().includes('bridged again'), patience);
    expect(said()).not.toContain('not for Matrix');
    expect(inbox()).not.toContain('are you there?');
    expect(ada.inbox).toHaveLength(2);
  });
});

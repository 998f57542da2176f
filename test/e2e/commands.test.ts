import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import { eventually } from '../kit/stack/stack.ts';
import { relationOf } from '../kit/client-events.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// What the bot is asked, in its own room and elsewhere.

jest.setTimeout(90_000);

let synapse: SharedSynapse;
let alice: MatrixUser;
let bridge: Bridged;
let room: string;

beforeAll(async () => {
  synapse = await sharedSynapse();
  alice = await synapse.user('alice');
  bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice] });
  await bridge.start();
  room = await bridge.botRoom(alice);
}, 300_000);

afterAll(async () => {
  await synapse.close();
  await bridge.close();
});

/** The bot's answer to this event. */
async function answerTo(event: string, by: MatrixUser = alice, where = room): Promise<string> {
  return bodyOf(await by.waitForEvent(where, (one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event));
}
const ask = async (text: string): Promise<string> => answerTo(await alice.text(room, text));

test('the bot’s room greets with what to say', async () => {
  const greeting = await alice.waitForEvent(room, (event) => event.sender === bridge.bot && event.type === 'm.room.message');
  expect(greeting.content).toMatchObject({ msgtype: 'm.notice', body: expect.stringContaining('!db help') });
});

test('help names every command', async () => {
  const help = await ask('help');
  for (const command of ['help', 'open', 'status', 'undelivered', 'retry']) expect(help).toMatch(new RegExp(`^${command}`, 'm'));
});

test('status says how the homeserver and the account are', async () => {
  const status = await ask('status');
  expect(status).toContain('✅ homeserver');
  expect(status).toContain('✅ whatsapp/main/support');
});

describe('the same is understood', () => {
  test.each([
    ['in capitals', { body: 'STATUS' }],
    ['as a phone’s keyboard begins it', { body: 'Status ' }],
    ['with the prefix, though it needs none here', { body: '!db status' }],
    ['with the prefix in capitals', { body: '!DB Status' }],
    ['formatted', { body: '**status**', format: 'org.matrix.custom.html', formatted_body: '<strong>status</strong>' }],
    ['formatted, with the prefix', { body: '`!db status`', format: 'org.matrix.custom.html', formatted_body: '<p><code>!db status</code></p>' }],
    ['as an answer to the bot', { body: '> <@bot> Hello\n\nstatus', 'm.relates_to': { 'm.in_reply_to': { event_id: '$x' } }, format: 'org.matrix.custom.html', formatted_body: '<mx-reply><blockquote>Hello</blockquote></mx-reply>status' }],
  ])('%s', async (_how, content) => {
    expect(await answerTo(await alice.send(room, 'm.room.message', { msgtype: 'm.text', ...content }))).toContain('✅ homeserver');
  });
});

test('what it does not know it says, with what it does', async () => {
  expect(await ask('make coffee')).toMatch(/do not know "make".*\nhelp/s);
  expect(await ask('__proto__')).toContain('do not know');
  expect(await ask('retry')).toContain('retry <number>');
  expect(await ask('retry 99999')).toContain('99999');
  expect(await ask('undelivered')).toBe('Everything was delivered.');
});

test('help has each command with an example, and a word that is nearly one is understood', async () => {
  const event = await alice.text(room, 'help open');
  expect(await answerTo(event)).toMatch(/^open <network> <number>: a room with somebody\n[^]*For example: open whatsapp \+31612345678\n/);
  const answer = await alice.waitForEvent(room, (one) => one.sender === bridge.bot && relationOf(one)['m.in_reply_to']?.event_id === event);
  expect(answer.content).toMatchObject({ format: 'org.matrix.custom.html', formatted_body: expect.stringContaining('<code>open &lt;network&gt; &lt;number&gt;</code>') });
  expect(await ask('staus')).toContain('Did you mean status?');
  for (const name of ['networks', 'block', 'announce', 'audit']) expect(await ask('help')).not.toMatch(new RegExp(`^${name}`, 'm'));
});

test('an edit of a command is no command', async () => {
  const before = alice.timeline(room).filter(({ sender }) => sender === bridge.bot).length;
  const first = await alice.text(room, 'undelivered');
  await answerTo(first);
  await alice.edit(room, first, 'status');
  await ask('help');
  expect(alice.timeline(room).filter(({ sender, type }) => sender === bridge.bot && type === 'm.room.message').length).toBeLessThanOrEqual(before + 2);
});

describe('open', () => {
  const invitedTo = async (name: string): Promise<string> => {
    const found = await alice.waitForInvite((state) => state.some(({ content }) => content['name'] === name));
    await alice.join(found);
    return found;
  };

  test('makes a room with a number, and the person who answers from it comes into it', async () => {
    expect(await ask('Open WhatsApp +31 6 8765 4321')).toContain('WhatsApp');
    const opened = await invitedTo('+31687654321');
    const nora = bridge.sandbox.person('31687654321', { name: 'Nora' });
    const early = await alice.text(opened, 'too early');
    expect(await answerTo(early, alice, opened)).toMatch(/24 hours/);
    nora.sendText('Nora here');
    const event = await alice.waitForText(opened, 'Nora here');
    expect(await alice.state(opened, 'm.room.member', event.sender)).toMatchObject({ displayname: 'Nora (WhatsApp)' });
    await alice.text(opened, 'hello Nora');
    await onPhone(nora, 'hello Nora');
    expect(nora.inbox.map(bodyOf)).toEqual(['hello Nora']);
  });

  test('finds the room that is there, however the number is written', async () => {
    const { room: there } = await bridge.meet(alice, '31611112222', { name: 'Otto' });
    await alice.leave(there);
    await eventually('the end of it', async () => !(await bridge.asBot.get<{ joined: object }>(`/rooms/${encodeURIComponent(there)}/joined_members`)).joined.hasOwnProperty(alice.id), patience);
    expect(await ask('open whatsapp 0031 (6) 1111-2222')).toMatch(/is there|invited/);
    expect(await invitedTo('Otto')).toBe(there);
  });

  test.each([
    ['a number that is none', 'open whatsapp banana', /phone number/],
    ['nobody', 'open whatsapp', /whom/],
    ['a network that is not there', 'open telegraph +31612345678', /whatsapp/],
  ])('%s is answered with what would do', async (_what, text, answer) => {
    expect(await ask(text)).toMatch(answer);
  });

  test('is for owners: somebody else is told whose it is', async () => {
    const ben = await synapse.user('ben');
    const own = await bridge.botRoom(ben);
    expect(await answerTo(await ben.text(own, 'open whatsapp +31612345678'), ben, own)).toMatch(/own no account/);
  });
});

describe('what did not arrive', () => {
  test('is listed with its reason, and sent again when asked', async () => {
    const { person, room: portal } = await bridge.meet(alice, '31622223333', { name: 'Pia' });
    bridge.sandbox.faults.failCode = 131026;
    const sent = await alice.text(portal, 'try this');
    expect(await answerTo(sent, alice, portal)).toMatch(/^⚠️ Not delivered to WhatsApp: .*not be on WhatsApp/);
    const listed = await ask('undelivered');
    expect(listed).toMatch(/^\d+: message of .*not delivered: .*not be on WhatsApp/m);
    expect(listed).not.toContain('try this');
    const number = /^(\d+):/m.exec(listed)?.[1] ?? '';
    bridge.sandbox.faults.failCode = 0;
    expect(await ask(`Retry ${number}`)).toContain(number);
    await onPhone(person, 'try this');
    expect(await ask('undelivered')).not.toContain('not be on WhatsApp');
    expect(person.inbox.map(bodyOf)).toEqual(['try this']);
  });

  test('is sent again all together, in the order in which it was said', async () => {
    const { person, room: portal } = await bridge.meet(alice, '31633334444', { name: 'Quinn' });
    bridge.sandbox.faults.failCode = 131026;
    for (const text of ['first', 'second', 'third']) await answerTo(await alice.text(portal, text), alice, portal);
    bridge.sandbox.faults.failCode = 0;
    await ask('retry all');
    await onPhone(person, 'third');
    expect(person.inbox.map(bodyOf)).toEqual(['first', 'second', 'third']);
  });

  test('is shown to nobody else', async () => {
    const { room: portal } = await bridge.meet(alice, '31644445555', { name: 'Rosa' });
    bridge.sandbox.faults.failCode = 131026;
    await answerTo(await alice.text(portal, 'mine'), alice, portal);
    bridge.sandbox.faults.failCode = 0;
    const number = /^(\d+):/m.exec(await ask('undelivered'))?.[1] ?? '';
    const ben = await synapse.user('ben');
    const own = await bridge.botRoom(ben);
    expect(await answerTo(await ben.text(own, 'undelivered'), ben, own)).toBe('Everything was delivered.');
    expect(await answerTo(await ben.text(own, `retry ${number}`), ben, own)).toMatch(/no undelivered message/);
  });
});

describe('elsewhere', () => {
  test('in a bridged room only what begins with the prefix is a command, and the phone does not see it', async () => {
    const { person, room: portal } = await bridge.meet(alice, '31655556666', { name: 'Sam' });
    expect(await answerTo(await alice.text(portal, '!db status'), alice, portal)).toContain('✅ homeserver');
    await alice.text(portal, 'status');
    await onPhone(person, 'status');
    expect(person.inbox.map(bodyOf)).toEqual(['status']);
  });

  test('who is there, and who speaks for whom, is told in its room', async () => {
    const { room: portal } = await bridge.meet(alice, '31677778888', { name: 'Una' });
    const text = await answerTo(await alice.text(portal, '!db who'), alice, portal);
    expect(text).toMatch(/^WhatsApp: the chat with "Una", by the account whatsapp\/main\/support, which works\.\nThere: Una \(WhatsApp\)\.\n/);
    expect(text).toContain(`${alice.id}: speaks on WhatsApp as the account itself.`);
  });

  test('in a room with other people too', async () => {
    const ben = await synapse.user('ben');
    const group = await alice.createRoom({ invite: [ben.id, bridge.bot] });
    await ben.join(group);
    await alice.waitForEvent(group, ({ sender, content }) => sender === bridge.bot && String(content['body']).includes('help'));
    const said = alice.timeline(group).length;
    await ben.text(group, 'good morning everybody');
    expect(await answerTo(await alice.text(group, '!db status'), alice, group)).toContain('✅ homeserver');
    const fromBot = alice.timeline(group).slice(said).filter(({ sender, type }) => sender === bridge.bot && type === 'm.room.message');
    expect(fromBot).toHaveLength(1);
  });
});

test('the bot answers no notices, itself least of all', async () => {
  await alice.send(room, 'm.room.message', { msgtype: 'm.notice', body: 'status' });
  await ask('help');
  const timeline = alice.timeline(room);
  const commands = timeline.filter(({ sender, type, content }) => sender === alice.id && type === 'm.room.message' && content['msgtype'] === 'm.text' && content['m.new_content'] === undefined).length;
  const answers = timeline.filter(({ sender, type }) => sender === bridge.bot && type === 'm.room.message').length;
  expect(answers).toBe(commands + 1);
});

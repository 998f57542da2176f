import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, type Stack, startStack } from '../kit/stack/stack.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack();
});

afterAll(async () => {
  await stack.close();
});

const portalOf = (stack: Stack, name: string): Promise<string> => eventually(`a portal for ${name}`, () =>
  [...stack.homeserver.rooms.values()].find((room) => room.timeline.some(({ type, content }) => type === 'm.room.name' && content.name === name))?.id);

describe('text between Matrix and WhatsApp', () => {
  test('a first message makes a portal, invites the owner and arrives from a named ghost', async () => {
    const bob = stack.sandbox.person('31611111111', { name: 'Bob' });
    bob.sendText('Hello *world*');
    const room = await portalOf(stack, 'Bob');
    const message = await eventually('the message', () => stack.homeserver.eventsOf(room, 'm.room.message')[0]);
    expect(message.content).toMatchObject({ msgtype: 'm.text', body: expect.stringContaining('world'), formatted_body: expect.stringContaining('<strong>world</strong>') });
    expect(stack.homeserver.profile(message.sender)).toMatchObject({ displayname: 'Bob (WhatsApp)' });
    await eventually('the invite', () => stack.homeserver.membership(room, '@alice:fake.test') === 'invite');
  });

  test('an answer from Matrix arrives on the phone once, and the echo of it nowhere', async () => {
    const room = await portalOf(stack, 'Bob');
    const alice = stack.homeserver.user('alice');
    alice.join(room);
    alice.send(room, 'Hi Bob');
    const sent = await eventually('the answer', () => stack.sandbox.messages.find(({ from, person }) => from === 'business' && person === '31611111111'));
    expect(sent.body).toMatchObject({ body: 'Hi Bob' });
    await stack.sandbox.idle();
    await stack.homeserver.idle();
    expect(stack.sandbox.messages.filter(({ from }) => from === 'business')).toHaveLength(1);
  });

  test('many messages each way keep their order', async () => {
    const room = await portalOf(stack, 'Bob');
    const alice = stack.homeserver.user('alice');
    const bob = stack.sandbox.person('31611111111');
    const before = stack.homeserver.eventsOf(room, 'm.room.message').length;
    for (let n = 0; n < 20; n++) {
      alice.send(room, `out ${n}`);
      bob.sendText(`in ${n}`);
    }
    const outs = (): string[] => stack.sandbox.messages.filter(({ from }) => from === 'business').map(({ body }) => (body as { body: string }).body).filter((body) => body.startsWith('out'));
    const ins = (): string[] => stack.homeserver.eventsOf(room, 'm.room.message').slice(before).map(({ content }) => String(content.body)).filter((body) => body.startsWith('in'));
    await eventually('all of them', () => outs().length >= 20 && ins().length >= 20);
    expect(outs()).toEqual(Array.from({ length: 20 }, (_, n) => `out ${n}`));
    expect(ins()).toEqual(Array.from({ length: 20 }, (_, n) => `in ${n}`));
  });

  test('replies, reactions and their removal are mapped both ways', async () => {
    const room = await portalOf(stack, 'Bob');
    const alice = stack.homeserver.user('alice');
    const bob = stack.sandbox.person('31611111111');
    const question = alice.send(room, 'What is it?');
    const onPhone = await eventually('the question', () => stack.sandbox.messages.find(({ body }) => (body as { body?: string }).body === 'What is it?'));
    bob.reply(onPhone.id, 'A bridge');
    const answer = await eventually('the reply', () => stack.homeserver.eventsOf(room, 'm.room.message').find(({ content }) => content.body === 'A bridge'));
    expect(answer.content['m.relates_to']).toMatchObject({ 'm.in_reply_to': { event_id: question } });
    bob.react(onPhone.id, '👍');
    const reaction = await eventually('the reaction', () => stack.homeserver.eventsOf(room, 'm.reaction')[0]);
    expect(reaction.content['m.relates_to']).toMatchObject({ event_id: question, key: '👍' });
    bob.react(onPhone.id, null);
    await eventually('its removal', () => stack.homeserver.eventsOf(room, 'm.room.redaction').find(({ content, redacts }) => (redacts ?? content.redacts) === reaction.event_id));
    const own = alice.send(room, { 'm.relates_to': { rel_type: 'm.annotation', event_id: answer.event_id, key: '❤️' } }, 'm.reaction');
    const answered = stack.sandbox.messages.find(({ body }) => (body as { body?: string }).body === 'A bridge');
    await eventually('our reaction', () => stack.sandbox.messages.find(({ id }) => id === answered?.id)?.reactions.business === '❤️');
    alice.redact(room, own);
    await eventually('its removal there', () => stack.sandbox.messages.find(({ id }) => id === answered?.id)?.reactions.business === undefined);
  });

  test('a message that cannot be deleted there is answered, itself, by what stays', async () => {
    const room = await portalOf(stack, 'Bob');
    const alice = stack.homeserver.user('alice');
    const said = alice.send(room, 'Never mind');
    await eventually('the message', () => stack.sandbox.messages.find(({ body }) => (body as { body?: string }).body === 'Never mind'));
    alice.redact(room, said);
    const told = await eventually('the notice', () => stack.homeserver.eventsOf(room, 'm.room.message').find(({ content }) => String(content.body).includes('delete')));
    expect(told.content).toMatchObject({ body: '🗑️ WhatsApp lets nobody delete what was sent. This message stays visible there.', 'm.relates_to': { 'm.in_reply_to': { event_id: said } } });
  });

  test('a message that is removed twice is told of once to stay there', async () => {
    const room = await portalOf(stack, 'Bob');
    const alice = stack.homeserver.user('alice');
    const told = (): number => stack.homeserver.eventsOf(room, 'm.room.message').filter(({ content }) => String(content.body).startsWith('🗑️')).length;
    const before = told();
    const said = alice.send(room, 'to be removed');
    await eventually('it on the phone', () => stack.sandbox.messages.find(({ body }) => (body as { body?: string }).body === 'to be removed'));
    alice.redact(room, said);
    alice.redact(room, said);
    alice.send(room, 'and on');
    await eventually('what comes after', () => stack.sandbox.messages.find(({ body }) => (body as { body?: string }).body === 'and on'));
    await eventually('word of it', () => told() > before);
    await stack.homeserver.idle();
    expect(told()).toBe(before + 1);
  });
});

test('what happened is measured, and no label tells who talks to whom', async () => {
  const text = await (await fetch(`${stack.adminUrl}/metrics`)).text();
  for (const line of [
    /^bridge_messages_total\{direction="to_network",network="whatsapp",outcome="delivered"\} [1-9]/m,
    /^bridge_messages_total\{direction="to_matrix",network="matrix",outcome="delivered"\} [1-9]/m,
    /^bridge_delivery_seconds_count\{direction="to_matrix",network="matrix"\} [1-9]/m,
    /^bridge_queue_depth\{direction="to_network"\} \d/m,
    /^bridge_dead_letters\{network="whatsapp"\} 0/m,
    /^bridge_login_state\{account="whatsapp\/main\/support"\} 1/m,
    /^bridge_remote_requests_total\{network="whatsapp",code="200"\} [1-9]/m,
    /^bridge_remote_requests_total\{network="matrix",code="200"\} [1-9]/m,
  ]) expect(text).toMatch(line);
  expect(text).not.toMatch(/31611111111|fake\.test|wamid/);
});

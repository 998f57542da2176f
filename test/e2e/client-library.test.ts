import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { AutojoinRoomsMixin, LogLevel, LogService, MatrixClient, MemoryStorageProvider } from '@vector-im/matrix-bot-sdk';
import type { PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { make } from '../kit/synapse/files.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// The Matrix side is a client of a public library: its sync loop, its joins, its own way to write every kind of message.

jest.setTimeout(90_000);

interface Received {
  readonly room: string;
  readonly event_id: string;
  readonly sender: string;
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
}

let synapse: SharedSynapse;
let client: MatrixClient;
let bridge: Bridged;
let carla: PersonHandle;
let room: string;
const received: Received[] = [];

beforeAll(async () => {
  LogService.setLevel(LogLevel.ERROR);
  // It logs every refusal before it is handled.
  LogService.muteModule('MatrixHttpClient');
  synapse = await sharedSynapse();
  const account = await synapse.account('lib');
  client = new MatrixClient(synapse.url, account.accessToken, new MemoryStorageProvider());
  client.syncingPresence = 'offline';
  AutojoinRoomsMixin.setupOnClient(client);
  client.on('room.event', (where: string, event: Omit<Received, 'room'>) => void received.push({ ...event, room: where }));
  await client.start();
  bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [{ id: account.userId }] });
  await bridge.start();
  carla = bridge.sandbox.person('31612345678', { name: 'Carla' });
  carla.sendText('hello, library');
  room = (await comes((event) => event.content['body'] === 'hello, library')).room;
}, 300_000);

afterAll(async () => {
  client.stop();
  await synapse.close();
  await bridge.close();
});

const comes = (fits: (event: Received) => boolean): Promise<Received> => eventually('an event in the client', () => received.find(fits), patience);
const html = (body: string): Promise<string> => client.sendHtmlText(room, body);

test('the client joins the room that it is invited to, and finds the person in it', async () => {
  const members = await client.getJoinedRoomMembersWithProfiles(room);
  expect(Object.values(members).map(({ display_name }) => display_name)).toContain('Carla (WhatsApp)');
  expect(await client.getRoomStateEvent(room, 'm.room.name', '')).toMatchObject({ name: 'Carla' });
});

describe('a conversation', () => {
  test('of text, formatting, replies, reactions and removals', async () => {
    const sent = await client.sendText(room, 'hello, phone');
    const got = await onPhone(carla, 'hello, phone');
    await html('<b>bold</b> words');
    await onPhone(carla, '*bold* words');
    carla.reply(got.id, 'an answer');
    const answer = await comes((event) => event.content['body'] === 'an answer');
    expect(answer.content['m.relates_to']).toMatchObject({ 'm.in_reply_to': { event_id: sent } });
    // The library quotes the old way, in the text itself; the phone has a quote of its own.
    const { room: _room, ...parent } = answer;
    await client.replyText(room, parent, 'and one back');
    expect(await onPhone(carla, 'and one back')).toMatchObject({ replyTo: carla.sent.find((message) => bodyOf(message) === 'an answer')?.id });
    carla.react(got.id, '🎉');
    await comes(({ type, content }) => type === 'm.reaction' && (content['m.relates_to'] as { key?: string }).key === '🎉');
    const reaction = await client.unstableApis.addReactionToEvent(room, answer.event_id, '👍');
    const shows = (emoji: string | undefined): Promise<unknown> =>
      eventually(String(emoji), () => carla.sent.find((message) => bodyOf(message) === 'an answer')?.reactions.business === emoji, patience);
    await shows('👍');
    await client.redactEvent(room, reaction);
    await shows(undefined);
  });

  test('of files', async () => {
    const bytes = await make.pdf();
    const url = await client.uploadContent(bytes, 'application/pdf', 'plan.pdf');
    await client.sendMessage(room, { msgtype: 'm.file', body: 'plan.pdf', url, info: { mimetype: 'application/pdf', size: bytes.length } });
    const got = await onPhone(carla, ({ type }) => type === 'document');
    expect(got.media?.bytes.equals(bytes)).toBe(true);
    const picture = await make.jpeg();
    await carla.sendMedia('image', picture, { mime: 'image/jpeg' });
    const event = await comes(({ content }) => content['msgtype'] === 'm.image');
    expect((await client.downloadContent(String(event.content['url']))).data.equals(picture)).toBe(true);
  });

  test('of read marks', async () => {
    const id = carla.sendText('read this');
    const event = await comes(({ content }) => content['body'] === 'read this');
    await client.sendReadReceipt(room, event.event_id);
    await eventually('blue ticks', () => bridge.sandbox.messages.find((message) => message.id === id)?.status === 'read', patience);
  });
});

test('the bot takes commands, and opens a room that the client then is in', async () => {
  const bot = await client.createRoom({ invite: [bridge.bot], is_direct: true });
  await comes(({ room: where, sender, content }) => where === bot && sender === bridge.bot && String(content['body']).includes('help'));
  await client.sendHtmlText(bot, '<strong>Open</strong> whatsapp +31 6 8765 4321');
  await comes(({ room: where, sender, content }) => where === bot && sender === bridge.bot && /invited/.test(String(content['body'])));
  await eventually('the new room', async () => {
    const names = await Promise.all((await client.getJoinedRooms()).map((where) => client.getRoomStateEvent(where, 'm.room.name', '').catch(() => ({})) as Promise<{ name?: string }>));
    return names.some(({ name }) => name === '+31687654321');
  }, patience);
});

import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MatrixError } from '../../src/demo/matrix/client.ts';
import type { BridgeSlot } from '../kit/synapse/registrations.ts';
import { ownSynapse, sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';

// The kit that every end-to-end test stands on, tried by itself: no bridge here.

let synapse: SharedSynapse;
let ada: MatrixUser;
let ben: MatrixUser;
let room: string;

beforeAll(async () => {
  synapse = await sharedSynapse();
  [ada, ben] = await Promise.all([synapse.user('ada'), synapse.user('ben')]);
  room = await ada.createRoom({ name: 'The two of us', invite: [ben.id] });
  expect(await ben.waitForInvite((state) => state.some((event) => event.content['name'] === 'The two of us'))).toBe(room);
  await ben.join(room);
}, 300_000);

afterAll(() => synapse.close());

describe('two people on a real homeserver', () => {
  test('see text, replies, edits, reactions and redactions of each other', async () => {
    const hello = await ada.text(room, 'hello');
    expect((await ben.waitForText(room, 'hello')).event_id).toBe(hello);
    await ben.reply(room, hello, 'hello yourself');
    expect((await ada.waitForText(room, 'hello yourself')).content).toMatchObject({ 'm.relates_to': { 'm.in_reply_to': { event_id: hello } } });
    await ada.edit(room, hello, 'hallo');
    await ben.waitForEvent(room, (event) => (event.content['m.new_content'] as { body?: string } | undefined)?.body === 'hallo');
    const heart = await ben.react(room, hello, '❤️');
    await ada.waitForEvent(room, (event) => event.type === 'm.reaction' && event.event_id === heart);
    await ben.redact(room, heart);
    await ada.waitForEvent(room, (event) => event.type === 'm.room.redaction');
    const past = await ada.history(room);
    expect(past.find((event) => event.event_id === heart)?.content).toEqual({});
    expect(past[0]?.type).toBe('m.room.create');
  });

  test('exchange files by authenticated media', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(50_000));
    await ada.file(room, { name: 'köln 1.png', type: 'image/png', bytes });
    const event = await ben.waitForEvent(room, ({ content }) => content['msgtype'] === 'm.image');
    const media = await ben.client.download(String(event.content['url']));
    expect(media.type).toBe('image/png');
    expect(Buffer.from(media.bytes).equals(Buffer.from(bytes))).toBe(true);
  });

  test('see typing and read marks', async () => {
    await ada.typing(room, true);
    await ben.waitForEphemeral(room, 'm.typing', (content) => (content['user_ids'] as string[]).includes(ada.id));
    const last = await ada.text(room, 'read me');
    await ben.waitForText(room, 'read me');
    await ben.markRead(room, last);
    await ada.waitForEphemeral(room, 'm.receipt', (content) => JSON.stringify(content[last] ?? {}).includes(ben.id));
  });

  test('a refusal of the homeserver carries its error code', async () => {
    const closed = await ben.createRoom();
    const refused = await ada.join(closed).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(MatrixError);
    expect(refused).toMatchObject({ status: 403, errcode: 'M_FORBIDDEN' });
  });

  test('what does not come is an error that says what did', async () => {
    await ada.text(room, 'something else');
    await ada.waitForText(room, 'something else');
    await expect(ada.waitForText(room, 'never sent', { timeout: 50 })).rejects.toThrow('something else');
  });
});

describe('an application service', () => {
  let slot: BridgeSlot;
  let server: Server;
  const received: { path: string; token: string | undefined; body: string }[] = [];
  let arrived = (): void => {};

  beforeAll(async () => {
    slot = await synapse.claimBridge();
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ path: request.url ?? '', token: request.headers.authorization, body: Buffer.concat(chunks).toString() });
        response.setHeader('content-type', 'application/json').end('{}');
        arrived();
      });
    });
    await new Promise<void>((resolve) => server.listen(slot.port, '127.0.0.1', resolve));
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  test('is sent what concerns its bot, and its token works', async () => {
    const bot = `@${slot.senderLocalpart}:${synapse.serverName}`;
    const who = await fetch(`${synapse.url}/_matrix/client/v3/account/whoami`, { headers: { authorization: `Bearer ${slot.asToken}` } });
    expect(await who.json()).toMatchObject({ user_id: bot });
    const came = new Promise<void>((resolve) => {
      arrived = () => {
        if (received.some(({ body }) => body.includes('m.room.member') && body.includes(bot))) resolve();
      };
    });
    await ada.createRoom({ invite: [bot] });
    await came;
    const transaction = received.find(({ body }) => body.includes(bot));
    expect(transaction?.path).toMatch(/^\/_matrix\/app\/v1\/transactions\/\d+/);
    expect(transaction?.token).toBe(`Bearer ${slot.hsToken}`);
  });

  test('is claimed once', async () => {
    expect((await synapse.claimBridge()).id).not.toBe(slot.id);
  });
});

test('a Synapse that is killed keeps what it had answered, and users follow again', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-synapse-'));
  const own = await ownSynapse(dir, 1);
  const cleo = await own.user('cleo');
  try {
    const quiet = await cleo.createRoom();
    const before = await cleo.text(quiet, 'before');
    await own.synapse.kill9();
    await expect(cleo.text(quiet, 'while it is down')).rejects.toThrow();
    await own.synapse.restart();
    const after = await cleo.text(quiet, 'after');
    await cleo.waitForText(quiet, 'after');
    const ids = (await cleo.history(quiet)).map((event) => event.event_id).filter((id) => id === before || id === after);
    expect(ids).toEqual([before, after]);
  } finally {
    await cleo.close();
    await own.synapse.stop();
    await rm(dir, { recursive: true, force: true });
  }
}, 120_000);

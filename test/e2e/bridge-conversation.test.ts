import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Daemon, startDaemon } from '../../src/daemon.ts';
import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import { freePort } from '../../src/demo/synapse/ports.ts';
import { type PersonHandle, startWhatsAppSandbox, type WhatsAppSandbox } from '../../src/sandbox/whatsapp/index.ts';
import type { BridgeSlot } from '../kit/synapse/registrations.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// The whole way: a person's Matrix client, a real homeserver, the daemon, and WhatsApp as its sandbox plays it.

const app = { appSecret: 'app-secret-of-the-test', verifyToken: 'verify-token-of-the-test', accessToken: 'access-token-of-the-test', phoneNumberId: '106540352242922', wabaId: '102290129340398' };
const clockScale = 1000;

let synapse: SharedSynapse;
let slot: BridgeSlot;
let alice: MatrixUser;
let sandbox: WhatsAppSandbox;
let daemon: Daemon | null = null;
let dir: string;
let configPath: string;
let carla: PersonHandle;
let room: string;

/** The config of a bridge on this registration; alice owns its one account. */
async function writeConfig(): Promise<void> {
  const [publicPort, adminPort] = [await freePort(), await freePort()];
  sandbox = await startWhatsAppSandbox({ ...app, displayPhoneNumber: '+31 970 1020 3040', webhookUrl: `http://127.0.0.1:${publicPort}/webhooks/whatsapp/main`, clockScale });
  await writeFile(configPath, JSON.stringify({
    homeserver: { url: synapse.url, domain: synapse.serverName }, registration: slot.registrationFile,
    database: 'drawbridge.db', data: 'data', seal_key: Buffer.alloc(32, 7).toString('base64'), public_url: `http://127.0.0.1:${publicPort}`,
    listen: { homeserver: `127.0.0.1:${slot.port}`, public: `127.0.0.1:${publicPort}`, admin: `127.0.0.1:${adminPort}` },
    permissions: { [synapse.serverName]: 'user' },
    bridge: { bot: slot.senderLocalpart, ghost_prefix: slot.prefix }, logging: { level: process.env.TEST_LOG ?? 'error', format: 'json' },
    networks: { whatsapp: { main: {
      app_secret: app.appSecret, verify_token: app.verifyToken, graph_url: sandbox.url,
      accounts: { support: { phone_number_id: app.phoneNumberId, waba_id: app.wabaId, access_token: app.accessToken, owners: [alice.id], rate_scale: clockScale } },
    } } },
  }));
}

const bodyOf = (event: ClientEvent): string => (typeof event.content['body'] === 'string' ? event.content['body'] : '');
const relation = (event: ClientEvent): Record<string, unknown> => (event.content['m.relates_to'] ?? {}) as Record<string, unknown>;
const inboxText = (text: string): ReturnType<PersonHandle['waitFor']> => carla.waitFor((message) => (message.body as { body?: string }).body === text);
const fromCarla = (event: ClientEvent): boolean => event.sender.startsWith(`@${slot.prefix}`);
const fromBot = (event: ClientEvent): boolean => event.sender === `@${slot.senderLocalpart}:${synapse.serverName}`;

beforeAll(async () => {
  synapse = await sharedSynapse();
  [slot, alice] = await Promise.all([synapse.claimBridge(), synapse.user('alice')]);
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-e2e-'));
  configPath = join(dir, 'config.yaml');
  await writeConfig();
  daemon = await startDaemon({ configPath });
  carla = sandbox.person('31612345678', { name: 'Carla' });
  carla.sendText('good morning');
  room = await alice.waitForInvite();
  await alice.join(room);
}, 300_000);

afterAll(async () => {
  await alice.close();
  await daemon?.stop();
  await sandbox.close();
  await rm(dir, { recursive: true, force: true });
});

describe('a conversation', () => {
  test('begins with a room that has the first message, and an answer reaches the person', async () => {
    const first = (await alice.waitForText(room, 'good morning'));
    expect(fromCarla(first)).toBe(true);
    expect(await alice.state(room, 'm.room.member', first.sender)).toMatchObject({ membership: 'join', displayname: expect.stringContaining('Carla') });
    await alice.text(room, 'good morning to you');
    const answer = await inboxText('good morning to you');
    expect(answer).toMatchObject({ from: 'business', type: 'text' });
  });

  test('carries formatting both ways', async () => {
    carla.sendText('*bold* and _leaning_ and ~gone~');
    const event = await alice.waitForEvent(room, (one) => String(one.content['formatted_body']).includes('leaning'));
    expect(event.content['format']).toBe('org.matrix.custom.html');
    expect(event.content['formatted_body']).toMatch(/^<strong>bold<\/strong> and <em>leaning<\/em> and <(del|s)>gone<\/\1>$/);
    await alice.html(room, 'strong and slanted', '<strong>strong</strong> and <em>slanted</em>');
    await inboxText('*strong* and _slanted_');
  });

  test('carries reactions both ways, and their removal', async () => {
    const liked = carla.sendText('like this');
    const event = await alice.waitForText(room, 'like this');
    const reaction = await alice.react(room, event.event_id, '👍');
    await until(() => sandbox.messages.find(({ id }) => id === liked)?.reactions.business === '👍', 'the reaction on the phone');
    await alice.redact(room, reaction);
    await until(() => !sandbox.messages.find(({ id }) => id === liked)?.reactions.business, 'its removal on the phone');

    const target = await alice.text(room, 'like mine');
    const got = await inboxText('like mine');
    carla.react(got.id, '🎉');
    const party = await alice.waitForEvent(room, (one) => one.type === 'm.reaction' && fromCarla(one));
    expect(relation(party)).toMatchObject({ rel_type: 'm.annotation', event_id: target, key: '🎉' });
    carla.react(got.id, null);
    await alice.waitForEvent(room, (one) => one.type === 'm.room.redaction' && JSON.stringify(one).includes(party.event_id));
  });
});

describe('files', () => {
  test('a voice message arrives as one', async () => {
    await carla.sendMedia('audio', oggOpus, { mime: 'audio/ogg; codecs=opus', voice: true });
    const event = await alice.waitForEvent(room, ({ content }) => content['msgtype'] === 'm.audio');
    expect(Object.keys(event.content)).toContain('org.matrix.msc3245.voice');
    expect(Buffer.from((await alice.client.download(String(event.content['url']))).bytes).equals(oggOpus)).toBe(true);
  }, 30_000);

  test('a document keeps its name and its bytes, both ways', async () => {
    const bytes = Buffer.from('%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n');
    await carla.sendMedia('document', bytes, { mime: 'application/pdf', filename: 'plan.pdf' });
    const event = await alice.waitForEvent(room, ({ content }) => content['msgtype'] === 'm.file');
    expect(event.content['filename'] ?? event.content['body']).toBe('plan.pdf');
    expect(Buffer.from((await alice.client.download(String(event.content['url']))).bytes).equals(bytes)).toBe(true);
    await alice.file(room, { name: 'answer.pdf', type: 'application/pdf', bytes });
    const got = await carla.waitFor(({ type }) => type === 'document');
    expect(got.body).toMatchObject({ filename: 'answer.pdf' });
    expect(got.media?.bytes.equals(bytes)).toBe(true);
  }, 30_000);
});

test('redacting a sent message is answered by a notice, for WhatsApp cannot delete it', async () => {
  const target = await alice.text(room, 'never mind');
  const sent = await inboxText('never mind');
  await alice.redact(room, target);
  const told = await alice.waitForEvent(room, (event) => event.content['msgtype'] === 'm.notice' && fromBot(event), { timeout: 10_000 });
  expect(bodyOf(told)).toMatch(/delet|remov/i);
  expect(sandbox.messages.find(({ id }) => id === sent.id)?.revoked).toBe(false);
}, 30_000);

test('a restart in the middle loses nothing and repeats nothing', async () => {
  await daemon?.stop();
  daemon = null;
  carla.sendText('while it was down');
  await alice.text(room, 'said to a bridge that is down');
  daemon = await startDaemon({ configPath });
  await alice.waitForText(room, 'while it was down');
  await inboxText('said to a bridge that is down');
  await alice.text(room, 'after the restart');
  await inboxText('after the restart');
  const count = (text: string): number => carla.inbox.filter(({ body }) => (body as { body?: string }).body === text).length;
  expect([count('said to a bridge that is down'), count('after the restart')]).toEqual([1, 1]);
  expect(alice.timeline(room).filter((event) => bodyOf(event) === 'while it was down')).toHaveLength(1);
}, 40_000);

/** An Ogg page that begins an Opus stream (RFC 3533 section 6, RFC 7845 section 5.1): enough to know it by. */
const oggOpus = ((): Buffer => {
  const opusHead = Buffer.from([...Buffer.from('OpusHead'), 1, 1, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0]);
  const page = Buffer.alloc(28);
  page.write('OggS');
  page[5] = 2;
  page[26] = 1;
  page[27] = opusHead.length;
  return Buffer.concat([page, opusHead]);
})();

/** Polls, for what no feed tells; bounded, so that what never comes fails by its name. */
async function until(look: () => boolean | undefined, what: string): Promise<void> {
  const end = Date.now() + 15_000;
  while (look() !== true) {
    if (Date.now() > end) throw new Error(`it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import type { PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { relationOf } from '../kit/client-events.ts';
import { type Bridged, bodyOf, bridged } from '../kit/synapse/bridged.ts';
import { make } from '../kit/synapse/files.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// Files of a person on WhatsApp, byte for byte as a Matrix client downloads them.

jest.setTimeout(90_000);

let synapse: SharedSynapse;
let alice: MatrixUser;
let bridge: Bridged;
let carla: PersonHandle;
let room: string;

beforeAll(async () => {
  synapse = await sharedSynapse();
  alice = await synapse.user('alice');
  bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice], delivery: { media_wait: '1s' } });
  await bridge.start();
  ({ person: carla, room } = await bridge.meet(alice, '31612345678', { name: 'Carla' }));
}, 300_000);

afterAll(async () => {
  await synapse.close();
  await bridge.close();
});

/** The next event with a file in it that this test did not know yet. */
async function nextFile(send: () => Promise<string>): Promise<ClientEvent> {
  const known = new Set(alice.timeline(room).map(({ event_id }) => event_id));
  await send();
  return alice.waitForEvent(room, (event) => !known.has(event.event_id) && bridge.isGhost(event.sender) && typeof event.content['url'] === 'string');
}
const download = async (event: ClientEvent): Promise<{ bytes: Buffer; type: string | null }> => {
  const { bytes, type } = await alice.client.download(String(event.content['url']));
  return { bytes: Buffer.from(bytes), type };
};

describe('each kind of file', () => {
  test.each([
    ['a JPEG', 'image', make.jpeg, 'image/jpeg', { msgtype: 'm.image', info: { w: 96, h: 96 } }],
    ['a PNG', 'image', make.png, 'image/png', { msgtype: 'm.image', info: { w: 96, h: 96 } }],
    ['a film', 'video', make.mp4, 'video/mp4', { msgtype: 'm.video', info: { w: 160, h: 120 } }],
    ['a piece of music', 'audio', make.mp3, 'audio/mpeg', { msgtype: 'm.audio' }],
  ] as const)('%s', async (_what, kind, bytesOf, mime, content) => {
    const bytes = await bytesOf();
    const event = await nextFile(() => carla.sendMedia(kind, bytes, { mime }));
    expect(event).toMatchObject({ type: 'm.room.message', content: { ...content, info: { ...('info' in content ? content.info : {}), mimetype: mime, size: bytes.length } } });
    const got = await download(event);
    expect(got.bytes.equals(bytes)).toBe(true);
    expect(got.type).toBe(mime);
  });

  test('a voice message says that it is one, and how long', async () => {
    const bytes = await make.oggVoice();
    const event = await nextFile(() => carla.sendMedia('audio', bytes, { mime: 'audio/ogg; codecs=opus', voice: true }));
    expect(event.content).toMatchObject({ msgtype: 'm.audio', 'org.matrix.msc3245.voice': {} });
    expect(event.content['info']).toMatchObject({ duration: expect.any(Number) });
    expect((await download(event)).bytes.equals(bytes)).toBe(true);
  });

  test('a document keeps its name', async () => {
    const bytes = await make.pdf();
    const event = await nextFile(() => carla.sendMedia('document', bytes, { mime: 'application/pdf', filename: 'Plän für Köln.pdf' }));
    expect(event.content).toMatchObject({ msgtype: 'm.file', filename: 'Plän für Köln.pdf', body: 'Plän für Köln.pdf', info: { mimetype: 'application/pdf' } });
    expect((await download(event)).bytes.equals(bytes)).toBe(true);
  });

  test('a hostile file name comes without its path and its tricks', async () => {
    const event = await nextFile(() => carla.sendMedia('document', Buffer.from('x'), { mime: 'text/plain', filename: '../../etc/\u202egnp.exe\u0000\n' }));
    expect(String(event.content['filename'])).not.toMatch(/[/\\\p{Cc}\u202e]/u);
  });

  test.each([['still', make.sticker, false], ['moving', make.movingSticker, true]] as const)('a %s sticker', async (_what, bytesOf, animated) => {
    const bytes = await bytesOf();
    const event = await nextFile(() => carla.sendMedia('sticker', bytes, { mime: 'image/webp', animated }));
    expect(event).toMatchObject({ type: 'm.sticker', content: { info: { mimetype: 'image/webp', w: 512, h: 512, size: bytes.length } } });
    expect((await download(event)).bytes.equals(bytes)).toBe(true);
  });
});

describe('captions', () => {
  test.each(['image', 'video', 'document'] as const)('of a file of the kind %s, with their formatting', async (kind) => {
    const bytes = await (kind === 'image' ? make.jpeg() : kind === 'video' ? make.mp4() : make.pdf());
    const mime = { image: 'image/jpeg', video: 'video/mp4', document: 'application/pdf' }[kind];
    const event = await nextFile(() => carla.sendMedia(kind, bytes, { mime, caption: `this *${kind}*`, filename: `${kind}.bin` }));
    expect(event.content).toMatchObject({ body: `this ${kind}`, formatted_body: `this <strong>${kind}</strong>` });
    expect(event.content['filename']).not.toBe(event.content['body']);
  });

  test('an edited caption replaces it, and the file stays', async () => {
    let id = '';
    const event = await nextFile(async () => (id = await carla.sendMedia('image', await make.jpeg(), { mime: 'image/jpeg', caption: 'at the lkae' })));
    carla.edit(id, 'at the lake');
    const edit = await alice.waitForEvent(room, (one) => relationOf(one).rel_type === 'm.replace' && relationOf(one).event_id === event.event_id);
    expect(edit.content['m.new_content']).toMatchObject({ msgtype: 'm.image', body: 'at the lake', url: expect.stringMatching(/^mxc:/) });
  });

  test('a forwarded picture says so below it', async () => {
    const event = await nextFile(async () => carla.sendMedia('image', await make.jpeg(), { mime: 'image/jpeg', forwarded: true }));
    expect(bodyOf(event)).toContain('Forwarded');
  });
});

describe('a file that does not come', () => {
  test('is held for, and what was written after it stays after it', async () => {
    carla.sendText('before the file');
    await carla.sendMedia('document', await make.pdf(), { mime: 'application/pdf', filename: 'between.pdf' });
    carla.sendText('after the file');
    await alice.waitForText(room, 'after the file');
    const order = alice.timeline(room).map(bodyOf).filter((body) => ['before the file', 'between.pdf', 'after the file'].includes(body));
    expect(order).toEqual(['before the file', 'between.pdf', 'after the file']);
  });

  test('at once has a placeholder, which the file replaces', async () => {
    const bytes = await make.pdf();
    bridge.sandbox.faults.http500 = 1;
    await carla.sendMedia('document', bytes, { mime: 'application/pdf', filename: 'late.pdf' });
    const placeholder = await alice.waitForEvent(room, (event) => event.content['msgtype'] === 'm.notice' && bodyOf(event).includes('late.pdf'));
    carla.sendText('not held up by it');
    await alice.waitForText(room, 'not held up by it');
    bridge.sandbox.faults.http500 = 0;
    const edit = await alice.waitForEvent(room, (event) => relationOf(event).rel_type === 'm.replace' && relationOf(event).event_id === placeholder.event_id, { timeout: 80_000 });
    const content = edit.content['m.new_content'] as Record<string, unknown>;
    expect(content).toMatchObject({ msgtype: 'm.file', filename: 'late.pdf' });
    expect(Buffer.from((await alice.client.download(String(content['url']))).bytes).equals(bytes)).toBe(true);
  });

  test('ever is said so, with its name', async () => {
    carla.sendRaw('document', { id: '404404404', mime_type: 'application/pdf', filename: 'gone.pdf', sha256: '' });
    const event = await alice.waitForEvent(room, (one) => bodyOf(one).includes('gone.pdf'));
    expect(event.content).toMatchObject({ msgtype: 'm.notice', body: expect.stringContaining('could not be fetched') });
  });
});

describe('authenticated media', () => {
  const get = (path: string, token?: string): Promise<Response> => fetch(`${synapse.url}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });

  test('a file from WhatsApp is only for those who have an account', async () => {
    const bytes = await make.jpeg();
    const event = await nextFile(() => carla.sendMedia('image', bytes, { mime: 'image/jpeg' }));
    const media = String(event.content['url']).slice('mxc://'.length);
    expect((await get(`/_matrix/client/v1/media/download/${media}`)).status).toBe(401);
    expect((await get(`/_matrix/client/v1/media/download/${media}`, 'nonsense')).status).toBe(401);
    expect((await get(`/_matrix/media/v3/download/${media}`)).status).toBe(404);
    expect((await get(`/_matrix/media/v3/thumbnail/${media}?width=32&height=32`)).status).toBe(404);
    expect((await download(event)).bytes.equals(bytes)).toBe(true);
  });
});

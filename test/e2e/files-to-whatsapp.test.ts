import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import sharp from 'sharp';
import type { MatrixUser, Upload } from '../../src/demo/matrix/user.ts';
import type { Message, PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { relationOf } from '../kit/client-events.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { make, streamsOf } from '../kit/synapse/files.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// Files of a Matrix client, byte for byte where WhatsApp takes them as they are, else what becomes of them.

jest.setTimeout(90_000);

let synapse: SharedSynapse;
let alice: MatrixUser;
let bridge: Bridged;
let carla: PersonHandle;
let room: string;

beforeAll(async () => {
  synapse = await sharedSynapse();
  alice = await synapse.user('alice');
  bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice], media: { max_bytes: '20MB' } });
  await bridge.start();
  ({ person: carla, room } = await bridge.meet(alice, '31612345678', { name: 'Carla' }));
}, 300_000);

afterAll(async () => {
  await synapse.close();
  await bridge.close();
});

/** What the phone shows next after this, once it is there for good. */
async function arrives(send: () => Promise<string>): Promise<Readonly<Message>> {
  const known = new Set(carla.inbox.map(({ id }) => id));
  await send();
  return onPhone(carla, ({ id, status }) => !known.has(id) && status !== 'accepted');
}
const file = (upload: Upload): Promise<Readonly<Message>> => arrives(() => alice.file(room, upload));
const voice = { 'org.matrix.msc3245.voice': {}, 'org.matrix.msc1767.audio': { duration: 1_000 } };

describe('what WhatsApp takes goes as it is', () => {
  test.each([
    ['a JPEG', make.jpeg, 'a.jpg', 'image/jpeg', 'image', {}],
    ['a PNG', make.png, 'a.png', 'image/png', 'image', {}],
    ['a film', make.mp4, 'a.mp4', 'video/mp4', 'video', {}],
    ['a piece of music', make.mp3, 'a.mp3', 'audio/mpeg', 'audio', {}],
    ['a voice message', make.oggVoice, 'Voice message.ogg', 'audio/ogg', 'audio', voice],
    ['a document', make.pdf, 'Plän für Köln.pdf', 'application/pdf', 'document', {}],
  ] as const)('%s', async (_what, bytesOf, name, type, kind, extra) => {
    const bytes = await bytesOf();
    const got = await file({ name, type, bytes, extra });
    expect(got).toMatchObject({ type: kind, from: 'business', ...(kind === 'document' ? { body: { filename: name } } : {}) });
    expect((got.body as { voice?: boolean }).voice).toBe('org.matrix.msc3245.voice' in extra ? true : undefined);
    expect(got.media?.bytes.equals(bytes)).toBe(true);
    expect(got.media?.mime).toBe(type);
  });

  test('a contact card, which on Matrix is a file', async () => {
    const bytes = Buffer.from('BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Dora Example\r\nTEL:+31611111111\r\nEND:VCARD\r\n');
    const got = await file({ name: 'dora.vcf', type: 'text/vcard', bytes });
    expect(got).toMatchObject({ type: 'document', body: { filename: 'dora.vcf' } });
    expect(got.media?.bytes.equals(bytes)).toBe(true);
  });

  test.each([['still', make.sticker, false], ['moving', make.movingSticker, true]] as const)('a %s sticker', async (_what, bytesOf, animated) => {
    const bytes = await bytesOf();
    const url = await alice.client.upload('s.webp', 'image/webp', bytes);
    const got = await arrives(() => alice.send(room, 'm.sticker', { body: 'a sticker', url, info: { mimetype: 'image/webp', w: 512, h: 512 } }));
    expect(got).toMatchObject({ type: 'sticker', media: { content: { animated } } });
    expect(got.media?.bytes.equals(bytes)).toBe(true);
  });
});

describe('what it does not take is made into what it does', () => {
  test.each([['a WebP', make.webp, 'a.webp', 'image/webp'], ['an AVIF', make.avif, 'a.avif', 'image/avif']] as const)('%s becomes a picture', async (_what, bytesOf, name, type) => {
    const bytes = await bytesOf();
    const got = await file({ name, type, bytes });
    expect(got).toMatchObject({ type: 'image', media: { mime: expect.stringMatching(/^image\/(jpeg|png)$/), content: { width: 96, height: 96 } } });
    // The same picture: two that have nothing to do with each other differ by 85 of 255 in the mean.
    const pixels = (image: Uint8Array): Promise<Buffer> => sharp(image).removeAlpha().raw().toBuffer();
    const [before, after] = [await pixels(bytes), await pixels(got.media?.bytes ?? Buffer.alloc(0))];
    const apart = before.reduce((sum, value, index) => sum + Math.abs(value - (after[index] ?? 0)), 0) / before.length;
    expect(apart).toBeLessThan(45);
  });

  test('a GIF becomes a film, for it moves', async () => {
    const got = await file({ name: 'a.gif', type: 'image/gif', bytes: await make.gif() });
    expect(got).toMatchObject({ type: 'video', media: { mime: 'video/mp4' } });
    expect(await streamsOf(got.media?.bytes ?? Buffer.alloc(0))).toBe('h264');
  });

  test('a WebM becomes an MP4', async () => {
    const got = await file({ name: 'a.webm', type: 'video/webm', bytes: await make.webm() });
    expect(got).toMatchObject({ type: 'video', media: { mime: 'video/mp4' } });
    expect(await streamsOf(got.media?.bytes ?? Buffer.alloc(0))).toContain('h264');
  });

  test.each([
    ['WebM', make.webmVoice, 'v.webm', 'audio/webm'], ['M4A', make.m4aVoice, 'v.m4a', 'audio/mp4'], ['MP3', make.mp3, 'v.mp3', 'audio/mpeg'],
  ] as const)('a voice message in %s becomes one in Opus', async (_what, bytesOf, name, type) => {
    const got = await file({ name, type, bytes: await bytesOf(), extra: voice });
    expect(got).toMatchObject({ type: 'audio', body: { voice: true }, media: { mime: 'audio/ogg' } });
    expect(await streamsOf(got.media?.bytes ?? Buffer.alloc(0))).toBe('opus,1');
  });

  test('a sticker in PNG becomes one in WebP', async () => {
    const url = await alice.client.upload('s.png', 'image/png', await make.png());
    const got = await arrives(() => alice.send(room, 'm.sticker', { body: 'a sticker', url, info: { mimetype: 'image/png' } }));
    expect(got).toMatchObject({ type: 'sticker', media: { mime: 'image/webp', content: { width: 512, height: 512 } } });
  });

  test('a picture that is too large becomes a smaller one', async () => {
    const bytes = await sharp(randomBytes(2200 * 1200 * 3), { raw: { width: 2200, height: 1200, channels: 3 } }).png({ compressionLevel: 0 }).toBuffer();
    expect(bytes.length).toBeGreaterThan(5_000_000);
    const got = await file({ name: 'large.png', type: 'image/png', bytes });
    expect(got.type).toBe('image');
    expect(got.media?.bytes.length).toBeLessThanOrEqual(5_000_000);
  });
});

describe('captions', () => {
  const captioned = { filename: 'a.jpg', body: 'at the lake', format: 'org.matrix.custom.html', formatted_body: 'at the <strong>lake</strong>' };

  test.each([['image', make.jpeg, 'image/jpeg'], ['video', make.mp4, 'video/mp4'], ['document', make.pdf, 'application/pdf']] as const)('of a file of the kind %s', async (kind, bytesOf, type) => {
    const got = await file({ name: 'a.bin', type, bytes: await bytesOf(), extra: captioned });
    expect(got).toMatchObject({ type: kind, body: { caption: 'at the *lake*' } });
  });

  test('longer than WhatsApp takes goes as text after the picture, whole', async () => {
    const caption = `begin ${'word '.repeat(400)}end`;
    await alice.file(room, { name: 'a.jpg', type: 'image/jpeg', bytes: await make.jpeg(), extra: { filename: 'a.jpg', body: caption } });
    const text = await onPhone(carla, caption);
    const before = carla.inbox[carla.inbox.indexOf(text) - 1];
    expect(before).toMatchObject({ type: 'image' });
    expect(before?.body).not.toHaveProperty('caption');
  });

  test('of a voice message, which can have none there, follow it', async () => {
    await alice.file(room, { name: 'v.ogg', type: 'audio/ogg', bytes: await make.oggVoice(), extra: { ...voice, filename: 'v.ogg', body: 'what I just said' } });
    const text = await onPhone(carla, 'what I just said');
    expect(carla.inbox[carla.inbox.indexOf(text) - 1]).toMatchObject({ type: 'audio', body: { voice: true } });
  });
});

describe('what cannot go as a file', () => {
  test.each([
    ['a ZIP', () => make.zip(), 'a.zip', 'application/zip'],
    ['a picture that is none', () => Promise.resolve(Buffer.from('no picture at all')), 'broken.heic', 'image/heic'],
    ['a film of more than 16 MB that nothing can shrink', () => Promise.resolve(Buffer.concat([Buffer.from('\u0000\u0000\u0000\u0018ftypisom', 'latin1'), Buffer.alloc(17_000_000)])), 'long.mp4', 'video/mp4'],
  ] as const)('%s arrives as a document or a link, never not at all', async (_what, bytesOf, name, type) => {
    const bytes = await bytesOf();
    const got = await file({ name, type, bytes });
    if (got.type === 'document') {
      expect(got.media?.bytes.equals(bytes)).toBe(true);
      return;
    }
    const url = /https?:\/\/\S+/.exec(bodyOf(got))?.[0] ?? '';
    expect(bodyOf(got)).toContain(name);
    const answer = await fetch(url);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test('because it is larger than the bridge takes is told to its sender, and so was nothing else', async () => {
    const id = await alice.file(room, { name: 'huge.bin', type: 'application/octet-stream', bytes: randomBytes(21_000_000) });
    const told = await alice.waitForEvent(room, ({ sender, content }) => sender === bridge.bot && content['msgtype'] === 'm.notice');
    expect(bodyOf(told)).toMatch(/^⚠️ Not delivered to WhatsApp: .*larger/);
    expect(relationOf(told)['m.in_reply_to']?.event_id).toBe(id);
  });
});

test('a file waits for its turn: what was written after it arrives after it', async () => {
  await alice.text(room, 'before the film');
  await alice.file(room, { name: 'slow.webm', type: 'video/webm', bytes: await make.webm() });
  await alice.text(room, 'after the film');
  const after = await carla.waitFor((message) => bodyOf(message) === 'after the film', patience);
  const order = carla.inbox.slice(-3).map(({ type }) => type);
  expect(carla.inbox.at(-1)?.id).toBe(after.id);
  expect(order).toEqual(['text', 'video', 'text']);
});

import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { anna, bench, errorOf, graph, idOf, secrets, send, upload, type Bench } from './sandbox-whatsapp-kit.ts';

let it_: Bench;
beforeEach(async () => { it_ = await bench(); });
afterEach(async () => it_.close());

const plain = { create: { width: 8, height: 8, channels: 3 as const, background: 'red' } };
const copy = (bytes: Buffer): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
const jpeg = async (): Promise<Uint8Array<ArrayBuffer>> => copy(await sharp(plain).jpeg().toBuffer());

async function status(id: string): Promise<unknown> {
  return it_.receiver.until(() => it_.receiver.statuses.find((one) => one['id'] === id && one['status'] !== 'sent'));
}

describe('media in the sandbox of WhatsApp', () => {
  it('is uploaded, sent, looked up, downloaded and deleted', async () => {
    const person = it_.sandbox.person(anna);
    person.sendText('hello');
    const bytes = await jpeg();
    const { body: { id } } = await upload(it_.sandbox, bytes, 'image/jpeg');
    const sent = await send(it_.sandbox, { type: 'image', image: { id, caption: 'c' } });
    expect(await status(idOf(sent))).toMatchObject({ status: 'delivered' });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(person.inbox[0]?.media).toMatchObject({ mime: 'image/jpeg', sha256, filename: 'file name é.bin' });
    const info = (await graph(it_.sandbox, 'GET', `/${String(id)}`)).body;
    expect(info).toMatchObject({ messaging_product: 'whatsapp', mime_type: 'image/jpeg', sha256, file_size: String(bytes.length), id });
    const url = String(info['url']);
    expect((await fetch(url)).status).toBe(401);
    const file = await fetch(url, { headers: { authorization: `Bearer ${secrets.accessToken}` } });
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(bytes);
    expect((await fetch(url.replace(/hash=./, 'hash=_'), { headers: { authorization: `Bearer ${secrets.accessToken}` } })).status).toBe(404);
    expect((await graph(it_.sandbox, 'DELETE', `/${String(id)}`)).body).toEqual({ success: true });
    expect(errorOf(await graph(it_.sandbox, 'GET', `/${String(id)}`)).error_subcode).toBe(33);
  });

  it('has URLs and ids that run out', async () => {
    await it_.close();
    it_ = await bench({ clockScale: { media: 1e12 } });
    const person = it_.sandbox.person(anna);
    await person.sendMedia('image', await jpeg(), { mime: 'image/jpeg' });
    const image = (await it_.receiver.until(() => it_.receiver.messages[0]))['image'] as { id: string; url: string };
    expect((await fetch(image.url, { headers: { authorization: `Bearer ${secrets.accessToken}` } })).status).toBe(404);
    expect(errorOf(await graph(it_.sandbox, 'GET', `/${image.id}`)).code).toBe(100);
  });

  it('of other types, too large, empty or without its fields is refused', async () => {
    const refusals = [
      await upload(it_.sandbox, new Uint8Array(10), 'application/zip'),
      await upload(it_.sandbox, new Uint8Array(10), 'application/octet-stream'),
      await upload(it_.sandbox, new Uint8Array(5 * 1024 * 1024 + 1), 'image/png'),
      await upload(it_.sandbox, new Uint8Array(0), 'image/png'),
      await upload(it_.sandbox, await jpeg(), 'image/jpeg', { messaging_product: 'sms' }),
      await upload(it_.sandbox, await jpeg(), 'image/jpeg', { colour: 'red' }),
    ];
    expect(refusals.map((one) => [one.status, errorOf(one).code])).toEqual(refusals.map(() => [400, 100]));
    expect((await upload(it_.sandbox, new Uint8Array(100), 'text/plain')).status).toBe(200);
  });

  it('that does not suit the message is accepted and then fails', async () => {
    it_.sandbox.person(anna).sendText('hello');
    const still = async (size: number): Promise<Uint8Array<ArrayBuffer>> => copy(await sharp({ create: { width: size, height: size, channels: 4, background: 'red' } }).webp().toBuffer());
    const cases: [string, Uint8Array<ArrayBuffer>, string, object][] = [
      ['image/webp', await still(512), 'image', {}],
      ['image/webp', await still(500), 'sticker', {}],
      ['image/png', await jpeg(), 'image', {}],
      ['audio/ogg', new Uint8Array(100), 'audio', { voice: true }],
      ['image/jpeg', await jpeg(), 'video', {}],
    ];
    for (const [mime, bytes, type, more] of cases) {
      const { body: { id } } = await upload(it_.sandbox, bytes, mime);
      const sent = await send(it_.sandbox, { type, [type]: { id, ...more } });
      expect(sent.status).toBe(200);
      expect(await status(idOf(sent))).toMatchObject({ status: 'failed', errors: [{ code: 131053 }] });
    }
    const { body: { id } } = await upload(it_.sandbox, await still(512), 'image/webp');
    expect(await status(idOf(await send(it_.sandbox, { type: 'sticker', sticker: { id } })))).toMatchObject({ status: 'delivered' });
    expect(it_.sandbox.person(anna).inbox).toHaveLength(1);
  });

  it('of a link is fetched after acceptance', async () => {
    const person = it_.sandbox.person(anna);
    const id = await person.sendMedia('image', await jpeg(), { mime: 'image/jpeg' });
    const media = it_.sandbox.messages.find((message) => message.id === id)?.media;
    const good = await send(it_.sandbox, { type: 'image', image: { link: `${it_.sandbox.url}/_sandbox/media/${media?.id ?? ''}` } });
    expect(await status(idOf(good))).toMatchObject({ status: 'delivered' });
    expect(person.inbox[0]?.media?.sha256).toBe(media?.sha256);
    const gone = await send(it_.sandbox, { type: 'image', image: { link: `${it_.sandbox.url}/_sandbox/media/1` } });
    expect(await status(idOf(gone))).toMatchObject({ status: 'failed', errors: [{ code: 131053 }] });
  });
});

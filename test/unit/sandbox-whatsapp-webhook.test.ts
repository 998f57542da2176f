import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { metaJson, signature } from '../../src/sandbox/whatsapp/webhooks.ts';
import { anna, bench, errorOf, graph, idOf, plainOptions, Receiver, secrets, send, type Bench, type Json } from './sandbox-whatsapp-kit.ts';

let it_: Bench;
beforeEach(async () => { it_ = await bench(); });
afterEach(async () => it_.close());

const texts = (): unknown[] => it_.receiver.messages.map((message) => (message['text'] as Json)['body']);
const told = (id: string): unknown[] => it_.receiver.statuses.filter((one) => one['id'] === id).map((one) => one['status']);

describe('the bytes of a webhook', () => {
  it('are ASCII with escaped slashes, and parse to what was meant', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const written = metaJson(value);
      expect(written).toMatch(/^[\x20-\x7f]*$/);
      expect(written.replaceAll('\\/', '')).not.toContain('/');
      expect(JSON.stringify(JSON.parse(written))).toBe(JSON.stringify(value));
    }));
    expect(metaJson({ a: 'é/😀' })).toBe(String.raw`{"a":"\u00e9\/\ud83d\ude00"}`);
  });

  it('are what the signature is made over', async () => {
    it_.sandbox.person(anna, { name: 'Ánna' }).sendText('a/b é 😀');
    const { raw, headers } = await it_.receiver.until(() => it_.receiver.received[0]);
    expect(headers['x-hub-signature-256']).toBe(`sha256=${createHmac('sha256', secrets.appSecret).update(raw).digest('hex')}`);
    expect(signature('other', raw)).not.toBe(headers['x-hub-signature-256']);
    expect(raw).toContain(String.raw`a\/b \u00e9 \ud83d\ude00`);
    expect(JSON.parse(raw)).toMatchObject({
      object: 'whatsapp_business_account',
      entry: [{ id: plainOptions.wabaId, changes: [{ field: 'messages', value: { messaging_product: 'whatsapp', metadata: { display_phone_number: '3197010203040', phone_number_id: plainOptions.phoneNumberId } } }] }],
    });
  });
});

describe('delivery of webhooks', () => {
  it('goes on until a 2xx, keeping the order of a person', async () => {
    it_.receiver.answers.push(500, 403, 503);
    const person = it_.sandbox.person(anna);
    for (const text of ['1', '2', '3']) person.sendText(text);
    await it_.receiver.until(() => texts().at(-1) === '3');
    await it_.sandbox.idle();
    expect(texts()).toEqual(['1', '1', '1', '1', '2', '3']);
    expect(it_.sandbox.posts.map((post) => post.status)).toEqual([500, 403, 503, 200, 200, 200]);
  });

  it('waits for a receiver that is down', async () => {
    await it_.close();
    const receiver = await new Receiver().start();
    const url = receiver.url;
    await receiver.close();
    it_ = await bench({ webhookUrl: url });
    it_.sandbox.person(anna).sendText('x');
    await it_.sandbox.subscribe(it_.receiver.url);
    await it_.receiver.until(() => texts().length > 0);
    expect(it_.sandbox.posts[0]?.status).toBe(0);
  });

  it('starts with a handshake that must give back the challenge', async () => {
    await expect(it_.sandbox.subscribe(it_.receiver.url)).resolves.toBeUndefined();
    const stranger = await new Receiver('another token').start();
    await expect(it_.sandbox.subscribe(stranger.url)).rejects.toThrow('403');
    await stranger.close();
  });

  it('follows the app\'s subscription', async () => {
    const path = `/${plainOptions.wabaId}/subscribed_apps`;
    expect((await graph(it_.sandbox, 'GET', path)).body['data']).toHaveLength(1);
    expect((await graph(it_.sandbox, 'DELETE', path)).body).toEqual({ success: true });
    expect((await graph(it_.sandbox, 'GET', path)).body['data']).toEqual([]);
    it_.sandbox.person(anna).sendText('lost');
    expect((await graph(it_.sandbox, 'POST', path)).body).toEqual({ success: true });
    it_.sandbox.person(anna).sendText('kept');
    await it_.receiver.until(() => texts().length > 0);
    expect(texts()).toEqual(['kept']);
    const override = { override_callback_uri: it_.receiver.url, verify_token: 'wrong' };
    expect(errorOf(await graph(it_.sandbox, 'POST', path, override)).message).toContain('2200');
    expect((await graph(it_.sandbox, 'POST', path, { ...override, verify_token: secrets.verifyToken })).status).toBe(200);
  });
});

describe('statuses', () => {
  it('are sent, delivered and read, each once, with our data', async () => {
    const person = it_.sandbox.person(anna, { bsuid: 'NL.1' });
    person.sendText('hello');
    const id = idOf(await send(it_.sandbox, { text: { body: 'x' }, biz_opaque_callback_data: 'our key' }));
    await it_.receiver.until(() => told(id).includes('delivered'));
    person.readAll();
    person.readAll();
    await it_.receiver.until(() => told(id).includes('read'));
    expect(told(id)).toEqual(['sent', 'delivered', 'read']);
    for (const status of it_.receiver.statuses) {
      expect(status).toMatchObject({ biz_opaque_callback_data: 'our key', recipient_id: anna, recipient_user_id: 'NL.1', timestamp: expect.stringMatching(/^\d{10}$/) });
    }
  });

  it('of a reaction are only sent; of a voice message also played', async () => {
    const person = it_.sandbox.person(anna);
    const target = person.sendText('hello');
    const id = idOf(await send(it_.sandbox, { type: 'reaction', reaction: { message_id: target, emoji: '👍' } }));
    const after = idOf(await send(it_.sandbox, { text: { body: 'x' } }));
    await it_.receiver.until(() => told(after).includes('delivered'));
    person.readAll();
    await it_.receiver.until(() => told(after).includes('read'));
    expect(told(id)).toEqual(['sent']);
    expect(() => person.play(after)).toThrow('voice');
  });

  it('say why it failed: nobody there, window closed, reaction to nothing', async () => {
    const nobody = idOf(await send(it_.sandbox, { to: '31699999999', text: { body: 'x' }, biz_opaque_callback_data: 'k' }));
    const person = it_.sandbox.person(anna);
    const closed = idOf(await send(it_.sandbox, { text: { body: 'x' } }));
    const template = idOf(await send(it_.sandbox, { type: 'template', template: { name: 'hello_world', language: { code: 'en' } } }));
    const mine = person.sendText('hello');
    const reaction = idOf(await send(it_.sandbox, { type: 'reaction', reaction: { message_id: mine, emoji: '👍' } }));
    const nothing = idOf(await send(it_.sandbox, { type: 'reaction', reaction: { message_id: reaction, emoji: '👍' } }));
    await it_.receiver.until(() => [nobody, closed, nothing].every((id) => told(id).length > 0) && told(template).includes('delivered'));
    const code = (id: string): unknown => (it_.receiver.statuses.find((one) => one['id'] === id)?.['errors'] as Json[] | undefined)?.[0]?.['code'];
    expect([nobody, closed, nothing].map(code)).toEqual([131026, 131047, 131009]);
    expect(it_.receiver.statuses.find((one) => one['id'] === nobody)).toMatchObject({ biz_opaque_callback_data: 'k', recipient_id: '31699999999' });
    expect(person.inbox.map((message) => message.id)).toEqual([template, reaction]);
  });

  it('close the window by the scaled clock, or refuse in the answer when told to', async () => {
    await it_.close();
    it_ = await bench({ clockScale: { window: 1e12, pair: 1e9 } });
    it_.sandbox.person(anna).sendText('hello');
    const id = idOf(await send(it_.sandbox, { text: { body: 'x' } }));
    await it_.receiver.until(() => told(id).includes('failed'));
    it_.sandbox.faults.windowInAnswer = true;
    const refused = await send(it_.sandbox, { text: { body: 'x' } });
    expect([refused.status, errorOf(refused).code]).toEqual([400, 131047]);
  });
});

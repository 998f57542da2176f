import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anna, bench, errorOf, graph, idOf, plainOptions, send, type Bench, type Json } from './sandbox-whatsapp-kit.ts';

let it_: Bench;
beforeEach(async () => { it_ = await bench(); });
afterEach(async () => it_.close());

describe('a message to the sandbox of WhatsApp', () => {
  it('is answered as the Cloud API does, and is in the inbox', async () => {
    const person = it_.sandbox.person(anna, { name: 'Anna' });
    person.sendText('hello');
    const answer = await send(it_.sandbox, { to: '+31 6 1234-5678', type: 'text', text: { body: 'hi', preview_url: false }, biz_opaque_callback_data: 'k1' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ messaging_product: 'whatsapp', contacts: [{ input: '+31 6 1234-5678', wa_id: anna }] });
    expect(idOf(answer)).toMatch(/^wamid\.[A-Za-z0-9+/]+=*$/);
    expect(person.inbox).toMatchObject([{ id: idOf(answer), type: 'text', body: { body: 'hi', preview_url: false }, callbackData: 'k1' }]);
  });

  it('reaches a person by user id, and the number wins when both are given', async () => {
    const person = it_.sandbox.person(anna, { bsuid: 'NL.123' });
    const other = it_.sandbox.person('31600000001');
    person.sendText('hello');
    other.sendText('hello');
    const byId = await send(it_.sandbox, { to: undefined, recipient: 'NL.123', text: { body: '1' } });
    expect(byId.body['contacts']).toEqual([{ input: 'NL.123', user_id: 'NL.123' }]);
    await send(it_.sandbox, { to: '31600000001', recipient: 'NL.123', text: { body: '2' } });
    expect(person.inbox.map((message) => message.body)).toEqual([{ body: '1' }]);
    expect(other.inbox.map((message) => message.body)).toEqual([{ body: '2' }]);
  });

  const good: Json[] = [
    { text: { body: 'x'.repeat(4096) } },
    { type: 'location', location: { latitude: 52.37, longitude: '4.89', name: 'Dam', address: 'Dam 1' } },
    { type: 'contacts', contacts: [{ name: { formatted_name: 'B', first_name: 'B' }, phones: [{ phone: '+31', wa_id: '31', type: 'CELL' }] }] },
    { type: 'template', template: { name: 'hello_world', language: { code: 'en_US' } } },
    { type: 'interactive', interactive: { type: 'button', body: { text: 'b' }, action: { buttons: [{ type: 'reply', reply: { id: '1', title: 'One' } }] } } },
    { type: 'interactive', interactive: { type: 'list', body: { text: 'b' }, action: { button: 'Open', sections: [{ title: 's', rows: [{ id: '1', title: 'One', description: 'd' }] }] } } },
    { type: 'interactive', interactive: { type: 'cta_url', body: { text: 'b' }, action: { name: 'cta_url', parameters: { display_text: 'Go', url: 'https://example.org' } } } },
  ];
  it.each(good)('takes %j', async (body) => {
    it_.sandbox.person(anna).sendText('hello');
    expect((await send(it_.sandbox, body)).status).toBe(200);
  });

  const bad: [Json, RegExp][] = [
    [{ text: { body: 'x'.repeat(4097) } }, /text\['body'\].*4096/],
    [{ text: { body: '' } }, /text\['body'\]/],
    [{ text: { body: ' \n ' } }, /blank/],
    [{ text: { body: 'x', markup: true } }, /Unexpected key "markup" on param "text"/],
    [{ text: { body: 'x' }, client_id: 1 }, /Unexpected key "client_id"/],
    [{ type: 'text' }, /parameter text is required/],
    [{ text: { body: 'x' }, to: undefined }, /parameter to is required/],
    [{ text: { body: 'x' }, to: 'anna' }, /phone number/],
    [{ text: { body: 'x' }, messaging_product: 'sms' }, /messaging_product/],
    [{ text: { body: 'x' }, biz_opaque_callback_data: 'x'.repeat(513) }, /biz_opaque_callback_data.*512/],
    [{ text: { body: 'x' }, recipient_type: 'channel' }, /recipient_type/],
    [{ type: 'video', image: { id: '1' } }, /Unexpected key "image"/],
    [{ type: 'poll', poll: {} }, /type must be one of/],
    [{ type: '__proto__' }, /type must be one of/],
    [{ type: 'image', image: { caption: 'no source' } }, /either id or link/],
    [{ type: 'image', image: { id: '1', link: 'https://example.org/a.png' } }, /either id or link/],
    [{ type: 'image', image: { link: 'file:///etc/passwd' } }, /link/],
    [{ type: 'image', image: { id: '1', caption: 'x'.repeat(1025) } }, /caption.*1024/],
    [{ type: 'image', image: { id: '12345' } }, /not a valid whatsapp business account media/],
    [{ type: 'audio', audio: { id: '1', caption: 'no' } }, /Unexpected key "caption"/],
    [{ type: 'sticker', sticker: { id: '1', filename: 'no' } }, /Unexpected key "filename"/],
    [{ type: 'location', location: { latitude: 91, longitude: 0 } }, /latitude/],
    [{ type: 'contacts', contacts: [{ name: { formatted_name: 'B' } }] }, /one more part/],
    [{ type: 'contacts', contacts: [] }, /contacts/],
    [{ type: 'reaction', reaction: { message_id: 'wamid.x', emoji: 'ok' } }, /one emoji/],
    [{ type: 'reaction', reaction: { message_id: 'wamid.x', emoji: '👍👍' } }, /one emoji/],
    [{ type: 'reaction', reaction: { message_id: 'wamid.x', emoji: '👍' }, context: { message_id: 'wamid.x' } }, /contextual/],
    [{ type: 'interactive', interactive: { type: 'button', body: { text: 'b' }, action: { buttons: [{ type: 'reply', reply: { id: '1', title: 'x'.repeat(21) } }] } } }, /title.*20/],
  ];
  it.each(bad)('refuses %j', async (body, details) => {
    it_.sandbox.person(anna).sendText('hello');
    const answer = await send(it_.sandbox, body);
    expect(answer.status).toBe(400);
    expect(errorOf(answer).code).toBe(100);
    expect(errorOf(answer).error_data?.details).toMatch(details);
    expect(it_.sandbox.messages).toHaveLength(1);
  });

  it('takes no emoji that are none, and every kind that is one', () => {
    const one = fc.constantFrom('👍', '❤️', '👨‍👩‍👧', '🇳🇱', '👋🏽', '');
    return fc.assert(fc.asyncProperty(one, async (emoji) => {
      const person = it_.sandbox.person(anna);
      const target = person.sendText('hello');
      await send(it_.sandbox, { type: 'reaction', reaction: { message_id: target, emoji } });
      expect(person.sent.at(-1)?.reactions).toEqual(emoji === '' ? {} : { business: emoji });
    }), { numRuns: 12 });
  });

  it('survives any JSON', async () => {
    await fc.assert(fc.asyncProperty(fc.jsonValue(), async (value) => {
      const answer = await graph(it_.sandbox, 'POST', `/${plainOptions.phoneNumberId}/messages`, value as Json);
      expect(answer.status).toBe(400);
      expect(errorOf(answer).code).toBe(100);
    }), { numRuns: 60 });
  });

  it('needs the right token, path and type', async () => {
    const path = `/${plainOptions.phoneNumberId}/messages`;
    const wrong = await graph(it_.sandbox, 'POST', path, {}, 'other');
    expect([wrong.status, errorOf(wrong).code]).toEqual([401, 190]);
    const elsewhere = await graph(it_.sandbox, 'POST', '/1/messages', {});
    expect([errorOf(elsewhere).code, errorOf(elsewhere).error_subcode]).toEqual([100, 33]);
    const plain = await fetch(`${it_.sandbox.url}/v23.0${path}`, { method: 'POST', headers: { authorization: 'Bearer token', 'content-type': 'text/plain' }, body: '{}' });
    expect(plain.status).toBe(400);
    it_.sandbox.faults.expireToken = true;
    const expired = await send(it_.sandbox, { text: { body: 'x' } });
    expect([expired.status, errorOf(expired).code, errorOf(expired).error_subcode]).toEqual([401, 190, 463]);
  });

  it('shows a quote only of a message in the conversation', async () => {
    const person = it_.sandbox.person(anna);
    const quoted = person.sendText('hello');
    await send(it_.sandbox, { text: { body: 'x' }, context: { message_id: quoted } });
    await send(it_.sandbox, { text: { body: 'y' }, context: { message_id: 'wamid.unknown' } });
    expect(person.inbox.map((message) => [message.replyTo, message.quoteMissing])).toEqual([[quoted, false], ['wamid.unknown', true]]);
    expect(errorOf(await send(it_.sandbox, { text: { body: 'z' }, context: { message_id: 'x' } })).code).toBe(131009);
  });
});

describe('a read mark', () => {
  it('marks all up to it, and typing ends with the next message', async () => {
    const person = it_.sandbox.person(anna);
    const [first, second, third] = [person.sendText('1'), person.sendText('2'), person.sendText('3')];
    const mark = { to: undefined, status: 'read', message_id: second };
    expect((await send(it_.sandbox, { ...mark, typing_indicator: { type: 'text' } })).body).toEqual({ success: true });
    expect(person.sent.map((message) => [message.id, message.status])).toEqual([[first, 'read'], [second, 'read'], [third, 'delivered']]);
    expect(person.person.typingUntil).toBeGreaterThan(0);
    await send(it_.sandbox, { text: { body: 'x' } });
    expect(person.person.typingUntil).toBe(0);
  });

  it('is refused for what is not a received message, or with unknown fields', async () => {
    const person = it_.sandbox.person(anna);
    const id = person.sendText('1');
    const own = idOf(await send(it_.sandbox, { text: { body: 'x' } }));
    const code = async (body: object): Promise<number> => errorOf(await send(it_.sandbox, { to: undefined, status: 'read', ...body })).code;
    for (const body of [{ message_id: id, to: anna }, { message_id: id, typing_indicator: { type: 'audio' } }]) expect(await code(body)).toBe(100);
    for (const body of [{ message_id: own }, { message_id: 'wamid.none' }]) expect(await code(body)).toBe(131009);
  });
});

describe('the documented rates', () => {
  it('let 45 messages to one person go at once, and then none', async () => {
    await it_.close();
    it_ = await bench({ clockScale: { pair: 0.01, throughput: 1e9 } });
    it_.sandbox.person(anna).sendText('hello');
    it_.sandbox.person('31600000001').sendText('hello');
    for (let count = 0; count < 45; count += 1) expect((await send(it_.sandbox, { text: { body: 'x' } })).status).toBe(200);
    expect(errorOf(await send(it_.sandbox, { text: { body: 'x' } })).code).toBe(131056);
    expect((await send(it_.sandbox, { to: '31600000001', text: { body: 'x' } })).status).toBe(200);
  });

  it('let 80 messages a second go, both directions counted', async () => {
    await it_.close();
    it_ = await bench({ clockScale: { pair: 1e9, throughput: 0.001 } });
    const person = it_.sandbox.person(anna);
    for (let count = 0; count < 79; count += 1) person.sendText('hello');
    expect((await send(it_.sandbox, { text: { body: 'x' } })).status).toBe(200);
    const refused = await send(it_.sandbox, { text: { body: 'x' } });
    expect([refused.status, errorOf(refused).code]).toEqual([429, 130429]);
  });
});

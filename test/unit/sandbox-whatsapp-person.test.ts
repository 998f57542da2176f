import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { anna, bench, idOf, plainOptions, send, type Bench, type Json } from './sandbox-whatsapp-kit.ts';

let it_: Bench;
let person: PersonHandle;
beforeEach(async () => {
  it_ = await bench();
  person = it_.sandbox.person(anna, { name: 'Anna', bsuid: 'NL.11' });
});
afterEach(async () => it_.close());

/** The webhook's message of this id. */
async function heard(id: string): Promise<Json> {
  return it_.receiver.until(() => it_.receiver.messages.find((message) => message['id'] === id));
}

describe('a person on WhatsApp', () => {
  it('writes: the envelope of every message', async () => {
    const id = person.sendText('hello');
    expect(await heard(id)).toEqual({ from: anna, from_user_id: 'NL.11', id, timestamp: expect.stringMatching(/^\d{10}$/), type: 'text', text: { body: 'hello' } });
    expect(it_.receiver.changes[0]?.value['contacts']).toEqual([{ profile: { name: 'Anna' }, wa_id: anna, user_id: 'NL.11' }]);
  });

  it('hides the number with a username, or has no user id yet', async () => {
    const hidden = it_.sandbox.person('31600000003', { name: 'H', bsuid: 'NL.22', username: '@h', phoneless: true, parentUserId: 'NL.ENT.9' });
    const message = await heard(hidden.sendText('x'));
    expect(message).not.toHaveProperty('from');
    expect(message).toMatchObject({ from_user_id: 'NL.22', from_parent_user_id: 'NL.ENT.9' });
    expect(JSON.stringify(it_.receiver.changes)).not.toContain('31600000003"');
    const id = idOf(await send(it_.sandbox, { to: undefined, recipient: 'NL.22', text: { body: 'y' } }));
    const status = await it_.receiver.until(() => it_.receiver.statuses.find((one) => one['id'] === id));
    expect(status).toMatchObject({ recipient_user_id: 'NL.22' });
    expect(status).not.toHaveProperty('recipient_id');
    const old = await heard(it_.sandbox.person('31600000004', { bsuid: null }).sendText('z'));
    expect(old).not.toHaveProperty('from_user_id');
  });

  it('replies and forwards', async () => {
    const sent = idOf(await send(it_.sandbox, { type: 'template', template: { name: 'hello_world', language: { code: 'en' } } }));
    expect((await heard(person.reply(sent, 'x')))['context']).toEqual({ from: '3197010203040', id: sent });
    const own = person.sendText('mine');
    expect((await heard(person.reply(own, 'x')))['context']).toEqual({ from: anna, id: own });
    expect((await heard(person.sendText('f', { forwarded: true })))['context']).toEqual({ forwarded: true });
    expect((await heard(person.sendText('f', { frequentlyForwarded: true })))['context']).toEqual({ frequently_forwarded: true });
    expect(() => person.reply('wamid.none', 'x')).toThrow('no message');
  });

  it('sends media that the business can look up', async () => {
    const bytes = Buffer.from('not really a file');
    const sha256 = createHash('sha256').update(bytes).digest('base64');
    const pdf = await heard(await person.sendMedia('document', bytes, { mime: 'application/pdf', caption: 'c', filename: 'é.pdf' }));
    expect(pdf['document']).toEqual({ caption: 'c', filename: 'é.pdf', mime_type: 'application/pdf', sha256, id: expect.any(String), url: expect.stringContaining(it_.sandbox.url) });
    const voice = await heard(await person.sendMedia('audio', bytes, { mime: 'audio/ogg; codecs=opus', voice: true }));
    expect(voice['audio']).toMatchObject({ mime_type: 'audio/ogg; codecs=opus', voice: true });
    const sticker = await heard(await person.sendMedia('sticker', bytes, { mime: 'image/webp', animated: true }));
    expect(sticker['sticker']).toMatchObject({ animated: true });
  });

  it('sends locations, contacts, orders, referrals and what has no type', async () => {
    expect((await heard(person.sendLocation({ latitude: 1, longitude: 2, name: 'n' })))['location']).toEqual({ latitude: 1, longitude: 2, name: 'n' });
    const contacts = [{ name: { formatted_name: 'B' }, phones: [{ phone: '+31' }] }];
    expect((await heard(person.sendContacts(contacts)))['contacts']).toEqual(contacts);
    expect(await heard(person.order({ catalog_id: '1', product_items: [] }))).toMatchObject({ type: 'order', order: { catalog_id: '1' } });
    expect(await heard(person.referral('x', { source_type: 'ad' }))).toMatchObject({ type: 'text', referral: { source_type: 'ad' } });
    expect(await heard(person.sendUnsupported('poll_creation'))).toMatchObject({ type: 'unsupported', unsupported: { type: 'poll_creation' }, errors: [{ code: 131051 }] });
  });

  it('reacts, and takes it back with or without the key', async () => {
    const target = person.sendText('x');
    expect((await heard(person.react(target, '😮')))['reaction']).toEqual({ message_id: target, emoji: '😮' });
    expect(person.sent[0]?.reactions).toEqual({ person: '😮' });
    const forms = new Set<string>();
    for (let count = 0; count < 12; count += 1) forms.add(JSON.stringify((await heard(person.react(target, null)))['reaction']));
    expect([...forms].sort()).toEqual([JSON.stringify({ message_id: target }), JSON.stringify({ message_id: target, emoji: '' })].sort());
    expect(person.sent[0]?.reactions).toEqual({});
  });

  it('edits and revokes its own messages only', async () => {
    const text = person.sendText('x');
    expect((await heard(person.edit(text, 'y')))['edit']).toEqual({ original_message_id: text, message: { type: 'text', text: { body: 'y' } } });
    const image = await person.sendMedia('image', Buffer.from('x'), { mime: 'image/jpeg', caption: 'a' });
    expect((await heard(person.edit(image, 'b')))['edit']).toMatchObject({ message: { type: 'image', image: { caption: 'b', id: expect.any(String) } } });
    expect((await heard(person.revoke(text)))['revoke']).toEqual({ original_message_id: text });
    expect(() => person.edit(text, 'z')).toThrow('own message');
    const theirs = idOf(await send(it_.sandbox, { text: { body: 'x' } }));
    expect(() => person.edit(theirs, 'z')).toThrow('own message');
  });

  it('cannot edit late', async () => {
    await it_.close();
    it_ = await bench({ clockScale: { edit: 1e12 } });
    person = it_.sandbox.person(anna);
    const id = person.sendText('x');
    await heard(id);
    expect(() => person.edit(id, 'y')).toThrow('too late');
  });

  it('answers buttons, lists and templates', async () => {
    person.sendText('hello');
    const body = { text: 'b' };
    const buttons = idOf(await send(it_.sandbox, { type: 'interactive', interactive: { type: 'button', body, action: { buttons: [{ type: 'reply', reply: { id: 'i', title: 'Yes' } }] } } }));
    expect(await heard(person.pressButton(buttons, 'Yes'))).toMatchObject({ context: { id: buttons }, type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: 'i', title: 'Yes' } } });
    const list = idOf(await send(it_.sandbox, { type: 'interactive', interactive: { type: 'list', body, action: { button: 'o', sections: [{ rows: [{ id: 'r', title: 'Row', description: 'd' }] }] } } }));
    expect((await heard(person.pressButton(list, 0)))['interactive']).toEqual({ type: 'list_reply', list_reply: { id: 'r', title: 'Row', description: 'd' } });
    const components = [{ type: 'button', sub_type: 'quick_reply', index: 0, parameters: [{ type: 'payload', payload: 'p' }] }];
    const template = idOf(await send(it_.sandbox, { type: 'template', template: { name: 'hello_world', language: { code: 'en' }, components } }));
    expect(await heard(person.pressButton(template, 0))).toMatchObject({ type: 'button', button: { payload: 'p' } });
    expect(() => person.pressButton(list, 'none')).toThrow('no choice');
  });

  it('changes number: the old one reaches nobody', async () => {
    person.sendText('hello');
    person.changeNumber('31600000009');
    const system = await it_.receiver.until(() => it_.receiver.messages.find((message) => message['type'] === 'system'));
    expect(system).toMatchObject({ from: anna, system: { type: 'user_changed_number', wa_id: '31600000009' } });
    expect(it_.receiver.changes.find((change) => (change.value['messages'] as Json[] | undefined)?.[0]?.['type'] === 'system')?.value).not.toHaveProperty('contacts');
    const update = await it_.receiver.until(() => it_.receiver.changes.find((change) => change.field === 'user_id_update'));
    expect(update.value['user_id_update']).toMatchObject([{ user_id: { previous: 'NL.11', current: person.person.userId } }]);
    const old = idOf(await send(it_.sandbox, { text: { body: 'x' } }));
    const now = idOf(await send(it_.sandbox, { to: '31600000009', text: { body: 'y' } }));
    await it_.receiver.until(() => it_.receiver.statuses.find((one) => one['id'] === old && one['status'] === 'failed'));
    expect(person.inbox.map((message) => message.id)).toEqual([now]);
    expect(it_.sandbox.person('31600000009').person).toBe(person.person);
  });

  it('changes user id', async () => {
    person.changeUserId('BE.99');
    const system = await it_.receiver.until(() => it_.receiver.messages[0]);
    expect(system).not.toHaveProperty('from');
    expect(system['system']).toMatchObject({ type: 'user_changed_user_id', user_id: 'BE.99' });
    expect(it_.sandbox.person('BE.99').person).toBe(person.person);
  });

  it('is waited for', async () => {
    person.sendText('hello');
    const waiting = person.waitFor((message) => message.type === 'text');
    const id = idOf(await send(it_.sandbox, { text: { body: 'x' } }));
    expect((await waiting).id).toBe(id);
    await expect(person.waitFor(() => false, 20)).rejects.toThrow('in vain');
  });

  it('finds the facts of number, account and token', async () => {
    const get = async (path: string): Promise<Json> => (await fetch(`${it_.sandbox.url}/v24.0${path}`, { headers: { authorization: 'Bearer token' } })).json() as Promise<Json>;
    expect(await get(`/${plainOptions.phoneNumberId}?fields=display_phone_number,throughput`)).toEqual({ display_phone_number: '+31 970 1020 3040', throughput: { level: 'STANDARD' }, id: plainOptions.phoneNumberId });
    expect(await get(`/${plainOptions.phoneNumberId}?fields=colour`)).toMatchObject({ error: { code: 100 } });
    expect(await get('/debug_token?input_token=token')).toMatchObject({ data: { is_valid: true, scopes: ['whatsapp_business_management', 'whatsapp_business_messaging'] } });
    expect(await get('/debug_token?input_token=x')).toMatchObject({ data: { is_valid: false } });
    expect(await get('/me/permissions')).toMatchObject({ data: [{ status: 'granted' }, { status: 'granted' }] });
    expect(await get('/me')).toMatchObject({ id: expect.any(String) });
    expect(await get('/1/2/3/4')).toMatchObject({ error: { code: 2500 } });
  });
});

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { GroupHandle, PersonHandle, Template } from '../../src/sandbox/whatsapp/index.ts';
import { bench, type Bench, errorOf, graph, idOf, type Json, plainOptions, send } from './sandbox-whatsapp-kit.ts';

let it_: Bench;
let anna: PersonHandle;
let bo: PersonHandle;
let group: GroupHandle;
const body = (text: string, parameters: readonly Json[], name = 'news', language = 'nl'): Json => ({ type: 'template', template: { name, language: { code: language }, components: [{ type: 'body', parameters: text === '' ? parameters : [{ type: 'text', text }] }] } });
const template = (rest: Partial<Template> = {}): Template => ({ name: 'news', language: 'nl', status: 'APPROVED', category: 'UTILITY', components: [{ type: 'BODY', text: 'News: {{1}}!' }], ...rest });

beforeEach(async () => {
  it_ = await bench({ templates: [
    template(), template({ language: 'en', status: 'PENDING' }), template({ name: 'named', parameter_format: 'NAMED', components: [{ type: 'BODY', text: 'Hi {{who}}' }] }),
    template({ name: 'paused', status: 'PAUSED' }),
  ] });
  anna = it_.sandbox.person('31612345678', { name: 'Anna' });
  bo = it_.sandbox.person('31600000002', { name: 'Bo', username: 'bo', phoneless: true });
  group = it_.sandbox.group('Kuip', { members: [anna, bo] });
  await it_.receiver.until(() => news().length === 3);
});

afterEach(() => it_.close());

const news = (): Json[] => it_.receiver.changes.flatMap(({ field, value }) => ((value['groups'] ?? []) as Json[]).map((each) => ({ field, ...each })));
const toGroup = (rest: Json): ReturnType<typeof send> => send(it_.sandbox, { recipient_type: 'group', to: group.id, ...rest });
const code = async (call: ReturnType<typeof send>): Promise<number> => errorOf(await call).code;

describe('a group of the sandbox', () => {
  it('tells how it was made, and who came', () => {
    expect(news()).toMatchObject([
      { field: 'group_lifecycle_update', type: 'group_create', group_id: group.id, subject: 'Kuip', invite_link: expect.stringContaining('https://chat.whatsapp.com/') },
      { field: 'group_participants_update', type: 'group_participants_add', added_participants: [{ wa_id: '31612345678', user_id: expect.stringMatching(/^NL\./) }] },
      { type: 'group_participants_add', added_participants: [{ user_id: bo.person.userId, username: 'bo' }] },
    ]);
    expect(JSON.stringify(news()[2])).not.toContain('wa_id');
  });

  it('is made, described, changed, emptied and deleted over the API', async () => {
    const made = await graph(it_.sandbox, 'POST', `/${plainOptions.phoneNumberId}/groups`, { messaging_product: 'whatsapp', subject: ' Bos ', description: 'Trees' });
    expect(made.body).toMatchObject({ messaging_product: 'whatsapp', request_id: expect.any(String) });
    const created = await it_.receiver.until(() => news().find(({ request_id }) => request_id === made.body['request_id']));
    expect(created).toMatchObject({ type: 'group_create', subject: 'Bos', description: 'Trees' });
    const info = await graph(it_.sandbox, 'GET', `/${group.id}?fields=subject,participants,total_participant_count`);
    expect(info.body).toMatchObject({ id: group.id, subject: 'Kuip', total_participant_count: 2, participants: [{ wa_id: '31612345678' }, { username: 'bo' }] });
    expect((await graph(it_.sandbox, 'GET', `/${group.id}?fields=colour`)).status).toBe(400);
    expect((await graph(it_.sandbox, 'POST', `/${group.id}`, { messaging_product: 'whatsapp', subject: 'Kuip 2' })).status).toBe(200);
    expect(await it_.receiver.until(() => news().find(({ type }) => type === 'group_settings_update'))).toMatchObject({ group_subject: { text: 'Kuip 2', update_successful: true } });
    for (const wrong of [{ subject: '' }, { subject: 'x'.repeat(129) }, { colour: 'red' }, {}]) expect((await graph(it_.sandbox, 'POST', `/${group.id}`, { messaging_product: 'whatsapp', ...wrong })).status).toBe(400);
    const removal = { messaging_product: 'whatsapp', participants: [{ user: '31612345678' }] };
    expect((await graph(it_.sandbox, 'DELETE', `/${group.id}/participants`, removal)).status).toBe(200);
    expect(errorOf(await graph(it_.sandbox, 'DELETE', `/${group.id}/participants`, removal)).code).toBe(131212);
    expect(await it_.receiver.until(() => news().find(({ type }) => type === 'group_participants_remove'))).toMatchObject({ initiated_by: 'business', removed_participants: [{ wa_id: '31612345678' }] });
    expect((await graph(it_.sandbox, 'DELETE', `/${group.id}`)).status).toBe(200);
    expect(await it_.receiver.until(() => news().find(({ type }) => type === 'group_delete'))).toMatchObject({ group_id: group.id });
    expect((await graph(it_.sandbox, 'GET', `/${group.id}`)).status).toBe(400);
  });

  it('has at most eight people', () => {
    for (let n = 0; n < 6; n++) group.join(it_.sandbox.person(`3163000000${n}`).person);
    expect(() => group.join(it_.sandbox.person('31640000000').person)).toThrow(/eight|8/);
    group.leave(anna.person);
    group.join(it_.sandbox.person('31640000000').person);
    expect(group.group.members.size).toBe(8);
  });

  it('hands over what members say, with its id, and answers that name who is answered', async () => {
    const said = anna.sendText('Hello all', { in: group.id });
    bo.sendText('Hello Anna', { in: group.id, replyTo: said });
    const second = await it_.receiver.until(() => it_.receiver.messages[1]);
    expect(it_.receiver.messages[0]).toMatchObject({ from: '31612345678', group_id: group.id, id: said, text: { body: 'Hello all' } });
    expect(second).toMatchObject({ group_id: group.id, from_user_id: bo.person.userId, context: { id: said, from: '31612345678' } });
    expect([anna.sent, bo.sent, anna.inbox]).toEqual([[], [], []]);
    expect(() => it_.sandbox.person('31640000000').sendText('x', { in: group.id })).toThrow(/not in the group/);
    expect(() => anna.react(said, '👍')).toThrow(/groups/);
  });

  it('takes texts once somebody has written, and tells each member’s state', async () => {
    const early = await toGroup({ text: { body: 'too early' } });
    await it_.receiver.until(() => it_.receiver.statuses.find(({ id, status }) => id === idOf(early) && status === 'failed'));
    anna.sendText('Hello', { in: group.id });
    const sent = await toGroup({ text: { body: 'Welcome' }, biz_opaque_callback_data: 'k' });
    expect(sent.body).toMatchObject({ contacts: [{ input: group.id, wa_id: group.id }] });
    const of = (): Json[] => it_.receiver.statuses.filter(({ id }) => id === idOf(sent));
    await it_.receiver.until(() => of().length === 3);
    anna.readAll(group.id);
    await it_.receiver.until(() => of().length === 4);
    expect(of().every((each) => each['recipient_id'] === group.id && each['recipient_type'] === 'group' && each['biz_opaque_callback_data'] === 'k')).toBe(true);
    expect(of()).toEqual(expect.arrayContaining([
      expect.objectContaining({ status: 'sent' }), expect.objectContaining({ status: 'read', recipient_participant_id: '31612345678' }),
      expect.objectContaining({ status: 'delivered', recipient_participant_user_id: bo.person.userId }),
    ]));
    expect(group.inbox.map(({ body: content }) => content)).toEqual([{ body: 'Welcome' }]);
    expect([anna.inbox, bo.inbox]).toEqual([[], []]);
  });

  it('refuses what groups do not take', async () => {
    anna.sendText('Hello', { in: group.id });
    expect(await code(toGroup({ type: 'location', location: { latitude: 1, longitude: 2 } }))).toBe(131051);
    expect(await code(toGroup({ type: 'reaction', reaction: { message_id: 'wamid.x', emoji: '👍' } }))).toBe(131051);
    expect(await code(toGroup({ to: 'Y2Fwbm9uZQ', text: { body: 'x' } }))).toBe(131041);
    expect(await code(send(it_.sandbox, { type: 'pin', pin: { type: 'pin', message_id: 'wamid.x', expiration_days: 1 } }))).toBe(100);
    const [heard] = it_.sandbox.messages;
    expect((await graph(it_.sandbox, 'POST', `/${plainOptions.phoneNumberId}/messages`, { messaging_product: 'whatsapp', status: 'read', message_id: heard?.id })).status).toBe(400);
    group.suspend(true);
    expect(await code(toGroup({ text: { body: 'x' } }))).toBe(131207);
    group.suspend(false);
    group.remove([anna.person, bo.person]);
    expect(await code(toGroup({ text: { body: 'x' } }))).toBe(131020);
  });

  it('pins three at most, for a time that is given', async () => {
    const ids = [1, 2, 3, 4].map((n) => anna.sendText(`say ${n}`, { in: group.id }));
    const pin = (message: string | undefined, rest: Json = { expiration_days: 30 }, type = 'pin'): ReturnType<typeof send> => toGroup({ type: 'pin', pin: { type, message_id: message, ...rest } });
    for (const id of ids) expect((await pin(id)).status).toBe(200);
    expect(group.group.pins).toEqual(ids.slice(1));
    expect((await pin(ids[1], {}, 'unpin')).status).toBe(200);
    expect(group.group.pins).toEqual(ids.slice(2));
    expect(await code(pin(ids[0], {}))).toBe(100);
    expect(await code(pin(ids[0], { expiration_days: 31 }))).toBe(100);
    expect(await code(pin('wamid.elsewhere'))).toBe(131009);
  });

  it('can be acted from another process', async () => {
    const post = async (path: string, given: Json): Promise<Json> => (await fetch(`${it_.sandbox.url}/_sandbox${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(given) })).json() as Promise<Json>;
    const made = await post('/groups', { subject: 'From afar', members: ['31612345678'] });
    expect(made).toMatchObject({ subject: 'From afar', members: ['31612345678'] });
    await post('/people/31600000002/send', { action: 'join', group: made['id'] });
    expect(await post('/people/31600000002/send', { action: 'text', text: 'I am in', in: made['id'] })).toMatchObject({ id: expect.stringMatching(/^wamid\./) });
    await post('/people/31612345678/send', { action: 'leave', group: made['id'] });
    const state = (await (await fetch(`${it_.sandbox.url}/_sandbox/state`)).json()) as { groups: Json[] };
    expect(state.groups.at(-1)).toMatchObject({ id: made['id'], members: ['31600000002'] });
    expect(await post('/people/31612345678/send', { action: 'join', group: 'nowhere' })).toMatchObject({ error: 'no such group' });
  });
});

describe('a template of the sandbox', () => {
  it('goes where a text may not, in a direct chat and in a group', async () => {
    expect((await send(it_.sandbox, body('soup', []))).status).toBe(200);
    expect((await toGroup(body('soup', []))).status).toBe(200);
    const views = (await (await fetch(`${it_.sandbox.url}/_sandbox/messages`)).json()) as Json[];
    expect(views.map(({ rendered }) => rendered)).toEqual(['News: soup!', 'News: soup!']);
    expect((await send(it_.sandbox, body('', [{ type: 'text', parameter_name: 'who', text: 'Bo' }], 'named'))).status).toBe(200);
  });

  it.each<readonly [number, string, Json]>([
    [132001, 'of another name', body('x', [], 'nothing')], [132001, 'of another language', body('x', [], 'news', 'fr')], [132001, 'not approved', body('x', [], 'news', 'en')],
    [132015, 'paused', body('x', [], 'paused')], [132000, 'without its value', body('', [])], [132000, 'with one too many', body('', [{ type: 'text', text: 'a' }, { type: 'text', text: 'b' }])],
    [132012, 'with a value of another kind', body('', [{ type: 'currency' }])], [132012, 'with a name that it does not have', body('', [{ type: 'text', parameter_name: 'who', text: 'a' }])],
    [132012, 'without the name that it has', body('Bo', [], 'named')], [132018, 'with a line end', body('a\nb', [])], [132018, 'with a tab', body('a\tb', [])], [132018, 'with five spaces', body('a     b', [])],
    [132005, 'too long with its value', body('x'.repeat(1018), [])],
  ])('is refused with %i %s', async (wanted, _what, message) => {
    expect(await code(send(it_.sandbox, message))).toBe(wanted);
    expect(it_.sandbox.messages).toHaveLength(0);
  });

  it('stands in the list of its account', async () => {
    const listed = await graph(it_.sandbox, 'GET', `/${plainOptions.wabaId}/message_templates?name=new&fields=name,language,status,components`);
    expect(listed.body['data']).toMatchObject([{ name: 'news', language: 'nl', status: 'APPROVED', components: [{ type: 'BODY' }] }, { name: 'news', language: 'en', status: 'PENDING' }]);
  });
});

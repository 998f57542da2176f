import { describe, expect, test } from '@jest/globals';
import { inspection } from '../../src/actions/model-schema.ts';
import type { NetworkEvent } from '../../src/model/events.ts';
import { NotThisNetwork } from '../../src/networks/network.ts';
import { whatsapp } from '../../src/networks/whatsapp/index.ts';
import * as kit from '../kit/whatsapp/payloads.ts';

const post = whatsapp.webhooks.find((hook) => hook.method === 'POST');

/** Every event must fit the published schema as well. */
function eventsOf(payload: unknown): readonly NetworkEvent[] {
  const pieces = post?.split(new TextEncoder().encode(JSON.stringify(payload))) ?? [];
  const events = pieces.flatMap((piece) => post?.decode(piece) ?? []).flatMap((each) => each.items.map((item) => item.event));
  inspection.parse({ events, unsupported: [] });
  return events;
}

function only(payload: unknown): NetworkEvent {
  const events = eventsOf(payload);
  expect(events).toHaveLength(1);
  return events[0] as NetworkEvent;
}

const parts = (message: Record<string, unknown>): unknown => {
  const event = only(kit.messages(message));
  return event.type === 'message' ? event.parts : event;
};
const reason = (payload: unknown): string => {
  const event = only(payload);
  return event.type === 'unsupported' ? event.reason : JSON.stringify(event);
};
const statuses = (...all: unknown[]): unknown => kit.body({ messaging_product: 'whatsapp', metadata: kit.METADATA, statuses: all });

describe('what a message holds beside its text', () => {
  test('those whom the list beside it names are mentioned, everybody else is text', () => {
    const text = { body: 'Hi @31600000001, *@31600000002*: ask @31600000003 or @316000000011' };
    const message = kit.message('text', { text }, { context: { mentions: ['31600000001', '31600000002'] } });
    const mention = (id: string): object => ({ t: 'mention', target: 'user', id, name: `@${id}` });
    expect(parts(message)).toEqual([{
      kind: 'text',
      text: [{ t: 'paragraph', children: [
        { t: 'text', text: 'Hi ' }, mention('31600000001'), { t: 'text', text: ', ' }, { t: 'bold', children: [mention('31600000002')] },
        { t: 'text', text: ': ask @31600000003 or @316000000011' },
      ] }],
    }]);
    expect(JSON.stringify(parts(kit.message('text', { text })))).not.toContain('mention"');
    const caption = kit.message('image', { image: { id: '1', caption: '@31600000001' } }, { context: { mentions: ['31600000001'] } });
    expect(parts(caption)).toMatchObject([{ caption: [{ children: [mention('31600000001')] }] }]);
  });

  test('what an advertisement greeted the person with, and which click it was', () => {
    const referral = { source_type: 'ad', headline: 'Sale', ctwa_clid: 'Aff-1', welcome_message: { text: 'How can we help?' } };
    expect(only(kit.messages(kit.message('text', { text: { body: 'a' } }, { referral })))).toMatchObject({ referral: { title: 'Sale', click: 'Aff-1', greeting: 'How can we help?' } });
    const context = { referred_product: { catalog_id: '7', product_retailer_id: 'SOUP' } };
    expect(only(kit.messages(kit.message('text', { text: { body: 'a' } }, { referral, context })))).toMatchObject({ referral: { title: 'Sale', product: 'SOUP' } });
  });

  test('the files among the answers of a form are files', () => {
    const file = { id: 790001, file_name: 'pass.jpg', mime_type: 'image/jpeg', sha256: kit.SHA_HEX };
    const paper = { ...file, id: '790002', file_name: 'cv.pdf', mime_type: 'application/pdf' };
    const response_json = JSON.stringify({ flow_token: 't', name: 'Anna', photos: [file], paper, other: [{ id: '1' }] });
    expect(parts(kit.message('interactive', { interactive: { type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json } } }))).toMatchObject([
      { kind: 'choice', title: 'Sent', fields: [{ name: 'name', value: 'Anna' }, { name: 'photos', value: 'pass.jpg' }, { name: 'paper', value: 'cv.pdf' }, { name: 'other', value: '{"id":"1"}' }] },
      { kind: 'image', media: { name: 'pass.jpg', sha256: kit.SHA_HEX } },
      { kind: 'file', media: { name: 'cv.pdf', mime: 'application/pdf' } },
    ]);
  });

  test('a permission to call that does not end', () => {
    const reply = { response: 'accept', is_permanent: true, response_source: 'automatic' };
    expect(parts(kit.message('interactive', { interactive: { type: 'call_permission_reply', call_permission_reply: reply } }))).toMatchObject([{ title: 'Allowed calls', description: 'for good, by calling' }]);
  });

  test('the words that a program put into a template', () => {
    const template = { name: 'offer', components: [{ type: 'header', parameters: [{ type: 'image', image: { id: '1' } }] }, { type: 'body', parameters: [{ type: 'text', text: 'Anna' }, { type: 'text', text: '10 %' }] }] };
    const echo = { from: kit.DISPLAY, to: kit.ANNA, id: 'wamid.e', timestamp: String(kit.TIME), type: 'template', template };
    const event = only(kit.body(kit.value({ message_echoes: [echo] }), 'message_echoes'));
    expect(event).toMatchObject({ parts: [{ kind: 'unsupported', what: 'template' }, { kind: 'text', text: [{ children: [{ text: 'Anna' }, { t: 'break' }, { text: '10 %' }] }] }] });
  });

  test('an interactive message that a program sent, with all that the person sees', () => {
    const sent = (interactive: object): unknown => {
      const echo = { from: kit.DISPLAY, to: kit.ANNA, id: 'wamid.e', timestamp: String(kit.TIME), type: 'interactive', interactive };
      const event = only(kit.body(kit.value({ message_echoes: [echo] }), 'message_echoes'));
      return event.type === 'message' && event.parts[0]?.kind === 'choice' ? event.parts[0].description : event;
    };
    const body = { text: 'Choose' };
    const rows = [{ id: '1', title: 'Soup', description: 'hot' }, { id: '2', title: 'Bread' }];
    expect(sent({ type: 'list', body, action: { button: 'Open', sections: [{ title: 'Lunch', rows }] } })).toBe('Open | Lunch | Soup (hot) | Bread');
    expect(sent({ type: 'product_list', body, action: { sections: [{ title: 'All', product_items: [{ product_retailer_id: 'SOUP' }] }] } })).toBe('All | SOUP');
    const card = { header: { type: 'image', image: { link: 'https://kuip.example/1' } }, body: { text: 'One' }, action: { parameters: { display_text: 'Buy', url: 'https://kuip.example' } } };
    expect(sent({ type: 'carousel', body, action: { cards: [card, null] } })).toBe('https://kuip.example/1 | One | Buy | https://kuip.example');
    const parameters = { reference_id: 'r-1', currency: 'INR', total_amount: { value: 21_050, offset: 100 }, order: { status: 'pending', items: [{ name: 'Cake', quantity: 2 }] } };
    expect(sent({ type: 'order_details', body, footer: { text: 'Thanks' }, action: { parameters } })).toBe('r-1 | 2 × Cake | pending | 210.5 INR | Thanks');
  });

  test('a pin is told in its chat', () => {
    const pin = (type: string): unknown => only(kit.messages(kit.message('pin', { pin: { type, message_id: 'wamid.t' } })));
    expect(pin('pin')).toMatchObject({ type: 'unsupported', what: 'pin', reason: 'A message was pinned; pins are not carried over.', conversation: { id: kit.ANNA } });
    expect(pin('unpin')).toMatchObject({ reason: 'A message was unpinned; pins are not carried over.' });
  });

  test('an edit whose text stands beside its target; a time written as a date', () => {
    const edit = { original_message_id: 'wamid.t', text: { body: 'Better' } };
    expect(only(kit.messages(kit.message('edit', { edit }, { timestamp: '2026-01-02T03:04:05Z' })))).toMatchObject({ type: 'edit', time: Date.UTC(2026, 0, 2, 3, 4, 5), parts: [{ kind: 'text' }] });
  });

  test('of a kind newer than the bridge what it holds is shown by name, within limits', () => {
    const poll = { question: 'Soup?', options: [{ name: 'Yes' }, { name: 'No' }], empty: '', deep: { note: 'x'.repeat(9_000) } };
    expect(parts(kit.message('poll', { poll }))).toEqual([
      { kind: 'unsupported', what: 'poll', reason: expect.stringContaining('poll') },
      { kind: 'choice', title: 'poll', value: 'poll', fields: [
        { name: 'question', value: 'Soup?' }, { name: 'options', value: '{"name":"Yes"}, {"name":"No"}' }, { name: 'deep.note', value: 'x'.repeat(500) },
      ] },
    ]);
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`f${index}`, index]));
    expect(parts(kit.message('novelty', { novelty: many }))).toMatchObject([{ kind: 'unsupported' }, { fields: { length: 40 } }]);
  });

  test.each([['order', 'an order'], ['image', 'a picture'], ['media_placeholder', 'a file'], ['button', 'a press on a button']])('unsupported of the kind %s says what it was', (type, word) => {
    const errors = [{ code: 131051, title: 'Message type unknown' }];
    expect(parts(kit.message('unsupported', { errors, unsupported: { type } }))).toMatchObject([{ what: type, reason: `This was ${word}, which WhatsApp’s API does not hand over.` }]);
  });
});

test('spaces alone show nothing, and say so', () => {
  expect(parts(kit.message('text', { text: { body: ' \n\t ' } }))).toMatchObject([{ kind: 'unsupported', what: 'text' }]);
});

test('a file of ours from the past makes no chat with ourselves', () => {
  const image = kit.message('image', { image: { id: '1' } }, { from: kit.DISPLAY });
  const past = kit.body({ messaging_product: 'whatsapp', metadata: kit.METADATA, messages: [image] }, 'history');
  expect(only(past)).toMatchObject({ type: 'unsupported', what: 'image', reason: 'WhatsApp sent a message of the past without any word of its chat.' });
  expect(only(past)).not.toHaveProperty('conversation');
  const known = kit.body({ messaging_product: 'whatsapp', metadata: kit.METADATA, messages: [{ ...image, to: kit.ANNA }] }, 'history');
  expect(only(known)).toMatchObject({ type: 'message', historical: true, sender: { isSelf: true }, conversation: { id: kit.ANNA } });
});

describe('contact cards', () => {
  const cards = (contact: object): unknown => parts(kit.message('contacts', { contacts: [contact] }));

  test('a vCard is read whole: folded lines, escapes, kinds, what has no field of its own', () => {
    const vcard = [
      'BEGIN:VCARD', 'VERSION:3.0', 'N:de Vries;Anna;;Dr.;', 'ORG:Kuip\\, Bos;Sales', 'TITLE:Boss', 'BDAY:1990-05-04', 'URL;TYPE=WORK:https://kuip.example',
      'ADR;TYPE=HOME:;;Damrak 1;Amsterdam;;1012;Netherlands', 'TEL;CELL;PREF:+31 6 000', ' 00002', 'IMPP;TYPE=HOME:xmpp:anna@kuip.example', 'NOTE:Met in Rome\\nlikes tea', 'END:VCARD',
    ].join('\r\n');
    expect(cards({ vcard })).toEqual([{ kind: 'contacts', contacts: [{
      name: 'Dr. Anna de Vries', organization: 'Kuip, Bos, Sales', title: 'Boss', birthday: '1990-05-04',
      phones: [{ value: '+31 6 00000002', type: 'CELL' }], emails: [], urls: [{ value: 'https://kuip.example', type: 'WORK' }],
      addresses: [{ value: 'Damrak 1, Amsterdam, 1012, Netherlands', type: 'HOME' }], ims: [{ value: 'xmpp:anna@kuip.example', type: 'HOME' }], note: 'Met in Rome\nlikes tea',
    }] }]);
  });

  test('fields go before the vCard; names on other services are kept', () => {
    const contact = { name: { formatted_name: 'Anna' }, phones: [{ phone: '1' }], ims: [{ service: 'AIM', user_id: 'anna' }], vcard: 'BEGIN:VCARD\nFN:Other\nTEL:2\nEMAIL:a@b.example\nEND:VCARD' };
    expect(cards(contact)).toMatchObject([{ contacts: [{ name: 'Anna', phones: [{ value: '1' }], emails: [{ value: 'a@b.example' }], ims: [{ value: 'anna', type: 'AIM' }] }] }]);
  });

  test.each(['BEGIN:VCARD', ':', 'TEL;="":x"', 'N:;;;;\nTEL:\nX', `TEL;${'"'.repeat(50_000)}`, 'ADR:\\', ';'.repeat(50_000)])('%.20j is no reason to stop', (vcard) => {
    expect(cards({ vcard })).toMatchObject([{ kind: 'contacts' }]);
  });
});

describe('states', () => {
  test('a person deleted what they had written, as older versions tell it', () => {
    expect(only(statuses(kit.status('deleted', { id: 'wamid.theirs' })))).toEqual({
      type: 'deletion', target: 'wamid.theirs', time: kit.TIME * 1000,
      sender: { id: kit.ANNA, scope: kit.WABA, phone: `+${kit.ANNA}` }, conversation: { id: kit.ANNA, scope: kit.WABA, kind: 'direct', perAccount: true },
    });
    expect(only(statuses({ id: 'wamid.x', status: 'deleted' }))).toMatchObject({ type: 'unsupported', what: 'status.deleted' });
  });

  test('a payment says how much and for what', () => {
    const payment = { reference_id: 'r-1', amount: { value: 21_050, offset: 100 }, currency: 'INR', transaction: { status: 'failed', error: { code: 'e', reason: 'declined' } } };
    const event = only(statuses(kit.status('captured', { type: 'payment', payment })));
    expect(event).toMatchObject({ what: 'payment', reason: 'WhatsApp told the state of a payment: captured (210.5 INR, reference r-1, declined).', detail: { 'payment.transaction.error.code': 'e' } });
  });

  test('a reason behind an empty one is found', () => {
    expect(only(statuses(kit.status('failed', { errors: [null, { code: 131053, error_data: { details: 'Codec' } }] })))).toMatchObject({ failure: { code: '131053', reason: expect.stringContaining('Codec') } });
  });

  test.each([[470, '24 hours'], [480, 'security code'], [1013, 'not on WhatsApp']])('the old code %d is put in words', (code, words) => {
    expect(only(statuses(kit.status('failed', { errors: [{ code }] })))).toMatchObject({ failure: { code: String(code), reason: expect.stringContaining(words) } });
  });

  test('the end of a call: both spellings of its state, and how long it was', () => {
    const call = { id: 'wacid.1', from: kit.ANNA, to: kit.DISPLAY, event: 'terminate', direction: 'USER_INITIATED', timestamp: String(kit.TIME) };
    const ended = (rest: object): string => reason(kit.body(kit.value({ calls: [{ ...call, ...rest }] }), 'calls'));
    expect(ended({ status: 'COMPLETED', duration: 120 })).toBe('A call has ended (completed, 120 seconds).');
    expect(ended({ status: ['FAILED'] })).toBe('A call has ended (failed).');
    expect(ended({})).toBe('A call has ended.');
  });
});

describe('groups, each piece of news by itself', () => {
  const decoded = (field: string, ...groups: object[]): readonly NetworkEvent[] => eventsOf(kit.body({ messaging_product: 'whatsapp', metadata: kit.METADATA, groups }, field));
  const group = (type: string, rest: object = {}): object => ({ type, group_id: 'G1', timestamp: String(kit.TIME), ...rest });
  const G1 = { id: 'G1', scope: kit.WABA, kind: 'group', perAccount: false };
  const told = (events: readonly NetworkEvent[]): readonly string[] => events.flatMap((event) => {
    if (event.type !== 'unsupported') return [];
    expect(event).not.toHaveProperty('conversation');
    return [event.reason];
  });

  test('members come, leave and are removed, each once, by the strongest id that is known', () => {
    const contacts = [{ profile: { name: 'Anna de Vries' }, wa_id: kit.ANNA, user_id: kit.ANNA_ID }];
    const groups = [group('group_participants_add', { reason: 'invite_link', added_participants: [{ wa_id: kit.ANNA }, { user_id: 'NL.5', username: '@bo' }] })];
    expect(eventsOf(kit.body({ messaging_product: 'whatsapp', metadata: kit.METADATA, contacts, groups }, 'group_participants_update'))).toEqual([
      { type: 'member', change: 'join', conversation: G1, time: kit.TIME * 1000, person: { id: kit.ANNA_ID, aliases: [kit.ANNA], scope: kit.WABA, name: 'Anna de Vries', phone: `+${kit.ANNA}` } },
      { type: 'member', change: 'join', conversation: G1, time: kit.TIME * 1000, person: { id: 'NL.5', scope: kit.WABA, username: 'bo' } },
    ]);
    const gone = (rest: object): readonly NetworkEvent[] => decoded('group_participants_update', group('group_participants_remove', rest));
    expect(gone({ initiated_by: 'participant', removed_participants: [{ user_id: kit.ANNA_ID }] })).toMatchObject([{ type: 'member', change: 'leave', person: { id: kit.ANNA_ID } }]);
    expect(gone({ initiated_by: 'business', removed_participants: [{ input: `+${kit.ANNA}` }] })).toMatchObject([{ type: 'member', change: 'kick', person: { id: kit.ANNA }, by: { isSelf: true } }]);
    expect(gone({ initiated_by: 'business', removed_participants: [{ wa_id: kit.DISPLAY }] })).toMatchObject([{ type: 'conversation.gone', conversation: G1 }]);
    expect(gone({ removed_participants: [{ input: 'nobody that we know' }] })).toMatchObject([{ type: 'unsupported' }]);
  });

  test('a name beside the news is nobody else’s', () => {
    const groups = [group('group_participants_add', { added_participants: [{ wa_id: '31600000002' }] })];
    const [event] = eventsOf(kit.body({ ...kit.value({ groups }) }, 'group_participants_update'));
    expect(event).toMatchObject({ person: { id: '31600000002' } });
    expect(event?.type === 'member' && event.person.name).toBeUndefined();
  });

  test('what was not done, and wishes to join, are for the administrators', () => {
    const partly = decoded('group_participants_update', group('group_participants_remove', { initiated_by: 'business', removed_participants: [{ input: kit.ANNA }], failed_participants: [{ input: '1', errors: [{ code: 131212 }] }] }));
    expect(partly.map(({ type }) => type)).toEqual(['member', 'unsupported']);
    expect(told(partly)).toEqual([`+${kit.ANNA} was removed from the group G1. The person is no member of the group.`]);
    expect(told(decoded('group_participants_update',
      group('group_participants_add', { errors: [{ code: 131202 }] }), group('group_participants_add', { errors: [{ code: 131204 }] }),
      group('group_join_request_created', { wa_id: kit.ANNA }), group('group_join_request_revoked', { username: 'anna' }),
    ))).toEqual([
      'Nobody joined the group G1. The person is in the group already.', 'Nobody joined the group G1. The group is full.',
      `+${kit.ANNA} asks to join the group G1.`, '@anna no longer asks to join the group G1.',
    ]);
  });

  test('a group that is made gets a room, and its link is told; one that could not be made gets none', () => {
    const made = decoded('group_lifecycle_update', group('group_create', { subject: 'Kuip', description: 'Who brings what', invite_link: 'https://chat.whatsapp.com/x' }));
    expect(made).toMatchObject([
      { type: 'member', change: 'join', person: { isSelf: true }, conversation: { ...G1, title: 'Kuip', topic: 'Who brings what' } },
      { type: 'unsupported', reason: 'A group was made: Kuip.', detail: { invite_link: 'https://chat.whatsapp.com/x' } },
    ]);
    for (const rest of [{}, { group_id: undefined }]) {
      const failed = decoded('group_lifecycle_update', group('group_create', { errors: [{ code: 131211 }], ...rest }));
      expect(failed).toHaveLength(1);
      expect(told(failed)).toEqual(['A group could not be made. The number has made as many groups as it may.']);
    }
  });

  test('the end of a group, its rest and its return', () => {
    expect(decoded('group_lifecycle_update', group('group_delete'))).toMatchObject([{ type: 'conversation.gone', reason: 'The group was deleted.', conversation: G1 }]);
    expect(told(decoded('group_lifecycle_update', group('group_delete', { errors: [{ code: 131000 }] })))).toHaveLength(1);
    expect(decoded('group_status_update', group('group_suspend'), group('group_suspend_cleared'))).toMatchObject([
      { type: 'conversation.gone', reason: 'WhatsApp has suspended the group.', conversation: G1 }, { type: 'unsupported', conversation: G1 },
    ]);
    expect(told(decoded('group_status_update', group('group_dance'), { timestamp: 'soon' }))).toEqual(['WhatsApp told of the group G1: group_dance.', 'WhatsApp told of a group: groups.']);
  });

  test('its name and description, under either name of the news; a picture is not handed over', () => {
    for (const type of ['group_settings_update', 'group_subject']) {
      expect(decoded('group_settings_update', group(type, { group_subject: { text: 'Bos', update_successful: true }, group_description: { text: '', update_successful: true } }))).toEqual([
        { type: 'conversation.changed', conversation: { ...G1, title: 'Bos', topic: '' }, time: kit.TIME * 1000 },
      ]);
    }
    const partly = decoded('group_settings_update', group('group_settings_update', { group_subject: { text: 'Bos', update_successful: true }, profile_picture: { update_successful: false } }));
    expect(partly.map(({ type }) => type)).toEqual(['conversation.changed', 'unsupported']);
    expect(told(partly)).toEqual(['The settings of the group G1: name "Bos" changed, picture not changed.']);
    expect(told(decoded('group_settings_update', group('group_settings_update', { profile_picture: { mime_type: 'image/jpeg', update_successful: true } })))).toHaveLength(1);
  });

  test('a pin in a group is one; the state of a message with one member is theirs', () => {
    const pin = (type: string): NetworkEvent => only(kit.messages(kit.message('pin', { pin: { type, message_id: 'wamid.t' } }, { group_id: 'G1' })));
    expect(pin('pin')).toMatchObject({ type: 'pin', target: 'wamid.t', pinned: true, conversation: G1, sender: { id: kit.ANNA } });
    expect(pin('unpin')).toMatchObject({ type: 'pin', pinned: false });
    const state = (status: string, rest: object): NetworkEvent => only(statuses(kit.status(status, { recipient_id: 'G1', recipient_type: 'group', biz_opaque_callback_data: 'k', ...rest })));
    expect(state('read', { recipient_participant_id: kit.ANNA, recipient_participant_user_id: kit.ANNA_ID })).toMatchObject({ type: 'delivery', status: 'read', key: 'k', recipient: { id: kit.ANNA_ID, aliases: [kit.ANNA] } });
    expect(state('failed', { errors: [{ code: 131207 }] })).toMatchObject({ type: 'delivery', status: 'failed', failure: { code: '131207' } });
    expect(state('failed', { errors: [{ code: 131026 }], recipient_participant_id: kit.ANNA })).toMatchObject({ type: 'unsupported', conversation: G1, reason: expect.stringContaining(`did not reach +${kit.ANNA}`) });
  });

  test('a notice of a kind that nobody knows is shown in its group', () => {
    expect(only(kit.messages(kit.message('system', { system: { type: 'group_renamed', body: 'Anna renamed it' } }, { group_id: 'G1' })))).toMatchObject({
      what: 'system.group_renamed', reason: 'Anna renamed it', conversation: { id: 'G1', kind: 'group' },
    });
  });
});

describe('news of the account', () => {
  test('each person’s wish by itself, with their name', () => {
    const wish = (value: string, rest: object = {}): object => ({ wa_id: kit.ANNA, category: 'marketing_messages', value, timestamp: kit.TIME, ...rest });
    const events = eventsOf(kit.body(kit.value({ user_preferences: [wish('stop'), wish('resume', { wa_id: '31600000001' }), wish('x', { category: 'y' })] }), 'user_preferences'));
    expect(events).toMatchObject([
      { reason: 'Anna de Vries does not want marketing messages any more.', time: kit.TIME * 1000, detail: { person: kit.ANNA } },
      { reason: '+31600000001 wants marketing messages again.' },
      { reason: 'Anna de Vries changed a preference: y x.' },
    ]);
  });

  test.each<[string, object, string]>([
    ['message_template_status_update', { event: 'REJECTED', message_template_name: 'offer', reason: 'SCAM' }, 'The review of a message template has a result: REJECTED, offer, SCAM.'],
    ['message_template_status_update', { event: 'APPROVED', message_template_name: 'offer', reason: 'NONE' }, 'The review of a message template has a result: APPROVED, offer.'],
    ['account_alerts', { alert_info: { alert_type: 'OBA_REJECTED', alert_description: 'Not notable.' } }, 'Meta raised an alert about the WhatsApp business account: OBA_REJECTED, Not notable.'],
    ['phone_number_name_update', { decision: 'REJECTED', requested_verified_name: 'Kuip', rejection_reason: 'NAME_X' }, 'The display name of the number was reviewed: REJECTED, Kuip, NAME_X.'],
    ['smb_app_state_sync', { state_sync: [{ action: 'add' }, { action: 'add' }, { action: 'remove' }] }, 'The contacts in the Business app changed: 2 × add, 1 × remove.'],
  ])('%s tells what and why', (field, value, expected) => {
    expect(reason(kit.body(value as Record<string, unknown>, field))).toBe(expected);
  });

  test('an entry with nothing in it', () => {
    for (const entry of [[], [{ id: '1' }], [{ id: '1', changes: [] }], [null]]) expect(reason({ object: 'whatsapp_business_account', entry })).toBe('WhatsApp sent an entry without changes.');
  });
});

describe('bodies of other makes', () => {
  const old = { from: kit.ANNA, id: 'ABGGFlA5Fpaf', timestamp: String(kit.TIME), type: 'voice', voice: { id: '463eb7ec', mime_type: 'audio/ogg; codecs=opus' } };

  test('those of the API that ran on one’s own machine, with and without contacts', () => {
    expect(only({ messages: [old] })).toMatchObject({ type: 'message', parts: [{ kind: 'voice' }], sender: { phone: `+${kit.ANNA}` } });
    expect(only({ messages: [{ ...old, type: 'unknown', voice: undefined, errors: [{ code: 501, title: 'Unknown message type' }] }] })).toMatchObject({ parts: [{ kind: 'unsupported', reason: 'Unknown message type' }] });
    expect(only({ statuses: [{ id: 'gBGG', status: 'sent', timestamp: '1', message: { recipient_id: kit.ANNA } }] })).toMatchObject({ type: 'delivery', recipient: { id: kit.ANNA } });
    for (const other of [{ messages: [{ from: 'anna', id: '1', timestamp: '2026-01-01', type: 'text', text: { body: 'a' } }] }, { messages: [{ ...old, voice: undefined }] }, { messages: [{ ...old, from: { id: 1 } }] }, { statuses: [{ status: 'sent' }] }]) {
      expect(() => eventsOf(other)).toThrow(NotThisNetwork);
    }
  });

  test('a value that a partner wraps, or that says its field only by what it holds', () => {
    const thread = { id: kit.ANNA, messages: [kit.message('text', { text: { body: 'a' } })] };
    const value = { messaging_product: 'whatsapp', metadata: kit.METADATA, history: [{ threads: [thread] }] };
    expect(only({ id: 'e', event: 'history', data: { id: kit.WABA, ...value } })).toMatchObject({ historical: true, conversation: { scope: kit.WABA } });
    expect(only({ ...value, history: [{ errors: [{ code: 2593109 }] }] })).toMatchObject({ what: 'history.errors' });
    expect(only(kit.NOTICES['user_preferences'] ?? {})).toMatchObject({ what: 'user_preferences' });
    expect(() => eventsOf({ event: 'message', data: { id: 1 } })).toThrow(NotThisNetwork);
  });
});

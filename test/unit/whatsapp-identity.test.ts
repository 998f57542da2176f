import { describe, expect, test } from '@jest/globals';
import type { NetworkEvent } from '../../src/model/events.ts';
import { whatsapp } from '../../src/networks/whatsapp/index.ts';
import * as kit from '../kit/whatsapp/payloads.ts';

const post = whatsapp.webhooks.find((hook) => hook.method === 'POST');

function eventsOf(payload: unknown): readonly NetworkEvent[] {
  const pieces = post?.split(new TextEncoder().encode(JSON.stringify(payload))) ?? [];
  return pieces.flatMap((piece) => post?.decode(piece) ?? []).flatMap((each) => each.items.map((item) => item.event));
}

function withContacts(contacts: unknown[], ...messages: unknown[]): unknown {
  return kit.body({ messaging_product: 'whatsapp', metadata: kit.METADATA, contacts, messages });
}

const text = (rest: object): object => ({ id: 'wamid.t', timestamp: String(kit.TIME), type: 'text', text: { body: 'a' }, ...rest });
const profile = { name: 'Anna', username: '@anna' };

describe('who somebody is', () => {
  test('the only contact beside a message gives its name, and its ids only where they can be the same person’s', () => {
    const sender = (from: object, contact: object): unknown => {
      const [event] = eventsOf(withContacts([{ profile, ...contact }], text(from)));
      return event?.type === 'message' ? event.sender : event;
    };
    for (const [number, other] of [['525512345678', '5215512345678'], ['5527912345678', '552712345678'], ['5491112345678', '541112345678']]) {
      expect(sender({ from: number }, { wa_id: other })).toMatchObject({ id: number, aliases: [other], name: 'Anna' });
    }
    expect(sender({ from: kit.ANNA }, { wa_id: '31687654321' })).toEqual({ id: kit.ANNA, scope: kit.WABA, name: 'Anna', username: 'anna', phone: `+${kit.ANNA}` });
    expect(sender({ from_user_id: kit.ANNA_ID }, { user_id: 'NL.1' })).not.toHaveProperty('aliases');
    expect(sender({ from: kit.ANNA }, { user_id: kit.ANNA_ID })).toMatchObject({ id: kit.ANNA_ID, aliases: [kit.ANNA] });
    const [status] = eventsOf(kit.body(kit.value({ statuses: [kit.status('sent', { recipient_id: '31687654321' })] })));
    expect(status).toMatchObject({ recipient: { id: '31687654321' } });
    expect(status).not.toHaveProperty('recipient.aliases');
  });

  test('the own id outranks the parent’s, and both the number', () => {
    const contact = { profile, wa_id: kit.ANNA, user_id: kit.ANNA_ID, parent_user_id: kit.ANNA_PARENT };
    const message = text({ from: kit.ANNA, from_user_id: kit.ANNA_ID, from_parent_user_id: kit.ANNA_PARENT });
    expect(eventsOf(withContacts([contact], message))).toMatchObject([
      {
        sender: { id: kit.ANNA_ID, aliases: [kit.ANNA_PARENT, kit.ANNA], phone: `+${kit.ANNA}`, name: 'Anna', username: 'anna', scope: kit.WABA },
        conversation: { id: kit.ANNA_ID, aliases: [kit.ANNA_PARENT, kit.ANNA] },
      },
    ]);
  });

  test('a username that stands beside the profile', () => {
    const [event] = eventsOf(withContacts([{ profile: { name: 'Anna' }, username: '@anna.v', user_id: kit.ANNA_ID }], text({ from_user_id: kit.ANNA_ID })));
    expect(event).toMatchObject({ sender: { username: 'anna.v', name: 'Anna' } });
  });

  test.each([
    ['id only in the message', [], text({ from_user_id: kit.ANNA_ID })],
    ['id only in the contact', [{ profile, user_id: kit.ANNA_ID }], text({})],
    ['id where the number stands', [{ profile, wa_id: kit.ANNA_ID, user_id: kit.ANNA_ID }], text({ from: kit.ANNA_ID, from_user_id: kit.ANNA_ID })],
    ['id where the number stands, and nowhere else', [{ profile, wa_id: kit.ANNA_ID }], text({ from: kit.ANNA_ID })],
  ])('without a number: %s', (_name, contacts, message) => {
    const [event] = eventsOf(withContacts(contacts, message));
    expect(event).toMatchObject({ type: 'message', sender: { id: kit.ANNA_ID }, conversation: { id: kit.ANNA_ID } });
    expect(event).not.toHaveProperty('sender.phone');
    expect(event).not.toHaveProperty('sender.aliases');
  });

  test('an id that has not the form of one does not outrank the number', () => {
    const [event] = eventsOf(withContacts([{ profile, wa_id: kit.ANNA, user_id: 'foo_bar' }], text({ from: kit.ANNA, from_user_id: 'foo_bar' })));
    expect(event).toMatchObject({ sender: { id: kit.ANNA, aliases: ['foo_bar'] } });
  });

  test('without contacts, and with a number written for people', () => {
    const [event] = eventsOf(kit.body({ metadata: kit.METADATA, messages: [text({ from: `+${kit.ANNA}` })] }));
    expect(event).toMatchObject({ sender: { id: kit.ANNA, phone: `+${kit.ANNA}` } });
    expect(event).not.toHaveProperty('sender.name');
  });

  test('fewer contacts than messages: nobody gets the name of another', () => {
    const events = eventsOf(withContacts([kit.CONTACT], text({ from: '31600000001' }), text({ from: kit.ANNA, id: 'wamid.u' })));
    expect(events).toMatchObject([{ sender: { id: '31600000001' } }, { sender: { id: kit.ANNA, name: 'Anna de Vries' } }]);
    expect(events[0]).not.toHaveProperty('sender.name');
  });

  test('contacts in another order than messages', () => {
    const other = { profile: { name: 'Bo' }, wa_id: '31600000001' };
    const events = eventsOf(withContacts([kit.CONTACT, other], text({ from: '31600000001' }), text({ from: kit.ANNA, id: 'wamid.u' })));
    expect(events).toMatchObject([{ sender: { name: 'Bo' } }, { sender: { name: 'Anna de Vries' } }]);
  });

  test('a number that WhatsApp writes in two ways is one person', () => {
    const [event] = eventsOf(withContacts([{ profile, wa_id: '5511912345678' }], text({ from: '551112345678' })));
    expect(event).toMatchObject({ sender: { id: '551112345678', aliases: ['5511912345678'], name: 'Anna' } });
  });

  test('nobody at all: told to the administrator, not dropped', () => {
    expect(eventsOf(withContacts([{ profile }], text({})))).toMatchObject([{ type: 'unsupported', what: 'text', detail: { id: 'wamid.t' } }]);
  });
});

describe('somebody becomes known under another id', () => {
  const system = (inner: object, rest: object = {}): unknown =>
    kit.body({ messaging_product: 'whatsapp', metadata: kit.METADATA, messages: [{ id: 'wamid.s', timestamp: String(kit.TIME), type: 'system', system: inner, ...rest }] });

  test.each(['wa_id', 'new_wa_id'])('a new number, under %s', (key) => {
    const events = eventsOf(system({ type: 'user_changed_number', body: 'User changed', [key]: '31699999999' }, { from: kit.ANNA }));
    expect(events).toEqual([
      {
        type: 'identity.alias',
        scope: kit.WABA,
        from: kit.ANNA,
        to: '31699999999',
        time: kit.TIME * 1000,
        conversation: { id: '31699999999', scope: kit.WABA, kind: 'direct', perAccount: true, aliases: [kit.ANNA] },
        notice: `Changed their phone number from +${kit.ANNA} to +31699999999.`,
      },
    ]);
  });

  test('a new number and a new id', () => {
    const events = eventsOf(system({ type: 'user_changed_user_id', user_id: 'NL.999', wa_id: '31699999999', previous_user_id: kit.ANNA_ID }, { from: kit.ANNA }));
    expect(events.map((event) => event.type === 'identity.alias' && [event.from, event.to])).toEqual([
      [kit.ANNA_ID, 'NL.999'],
      [kit.ANNA, 'NL.999'],
    ]);
    expect(events[0]).toMatchObject({ conversation: { id: 'NL.999', aliases: ['31699999999', kit.ANNA_ID, kit.ANNA] } });
    expect(events.filter((event) => 'notice' in event)).toHaveLength(1);
  });

  test('a new id alone leaves the number in use; a new parent’s id comes with the old one', () => {
    const moved = { type: 'user_changed_user_id', user_id: 'NL.999', previous_user_id: kit.ANNA_ID, parent_user_id: 'NL.ENT.9', previous_parent_user_id: kit.ANNA_PARENT };
    const events = eventsOf(system(moved, { from: kit.ANNA }));
    expect(events.map((event) => event.type === 'identity.alias' && [event.from, event.to])).toEqual([[kit.ANNA_ID, 'NL.999'], [kit.ANNA_PARENT, 'NL.999']]);
    expect(events[0]).toMatchObject({ conversation: { aliases: ['NL.ENT.9', kit.ANNA, kit.ANNA_ID, kit.ANNA_PARENT] } });
  });

  test('a new number that stands only in the sentence', () => {
    const [event] = eventsOf(system({ type: 'user_changed_number', body: `User Anna changed from ${kit.ANNA} to 31699999999` }, { from: kit.ANNA }));
    expect(event).toMatchObject({ type: 'identity.alias', from: kit.ANNA, to: '31699999999' });
  });

  test('a new id whose old one stands only in the sentence', () => {
    const [event] = eventsOf(system({ type: 'user_changed_user_id', body: 'User Anna changed from NL.111 to NL.222', user_id: 'NL.222' }));
    expect(event).toMatchObject({ type: 'identity.alias', from: 'NL.111', to: 'NL.222' });
  });

  test('a new number where the id stays', () => {
    const events = eventsOf(system({ type: 'user_changed_number', wa_id: '31699999999' }, { from: kit.ANNA, from_user_id: kit.ANNA_ID }));
    expect(events.map((event) => event.type === 'identity.alias' && [event.from, event.to])).toEqual([
      [kit.ANNA, kit.ANNA_ID],
    ]);
    expect(events[0]).toMatchObject({ conversation: { id: kit.ANNA_ID, aliases: ['31699999999', kit.ANNA] } });
  });

  test('the field user_id_update', () => {
    const update = {
      wa_id: kit.ANNA,
      detail: 'User id for Anna has been updated.',
      user_id: { previous: 'NL.111', current: 'NL.222' },
      parent_user_id: { previous: 'NL.ENT.1', current: 'NL.ENT.2' },
      timestamp: String(kit.TIME),
    };
    const events = eventsOf(kit.body(kit.value({ user_id_update: [update] }), 'user_id_update'));
    expect(events.map((event) => event.type === 'identity.alias' && [event.from, event.to])).toEqual([
      ['NL.111', 'NL.222'],
      ['NL.ENT.1', 'NL.222'],
    ]);
    expect(events[0]).toMatchObject({ conversation: { id: 'NL.222', aliases: ['NL.ENT.2', kit.ANNA, 'NL.111', 'NL.ENT.1'] } });
  });

  test.each(['customer_identity_changed', 'user_identity_changed', 'customer_changed_identity'])('a new security code: %s', (type) => {
    const [event] = eventsOf(system({ type, body: 'changed' }, { from: kit.ANNA, identity: { hash: 'x' } }));
    expect(event).toMatchObject({ type: 'unsupported', what: `system.${type}`, reason: expect.stringContaining('security code'), conversation: { id: kit.ANNA } });
  });

  test('what lacks an old or a new id is told', () => {
    expect(eventsOf(system({ type: 'user_changed_number', body: 'Somebody changed' }, { from: kit.ANNA }))).toMatchObject([{ type: 'unsupported', reason: 'Somebody changed' }]);
    expect(eventsOf(system({}))).toMatchObject([{ type: 'unsupported', what: 'system.system' }]);
  });

  test('the opened chat', () => {
    expect(eventsOf(kit.messages(kit.message('request_welcome', {})))).toMatchObject([{ type: 'unsupported', what: 'request_welcome', conversation: { id: kit.ANNA } }]);
  });
});

describe('statuses', () => {
  const statuses = (...all: object[]): unknown => kit.body({ messaging_product: 'whatsapp', metadata: kit.METADATA, statuses: all });

  test.each(['sent', 'delivered', 'read', 'played'])('%s', (state) => {
    const conversation = { id: 'c', expiration_timestamp: String(kit.TIME), origin: { type: 'service' } };
    const events = eventsOf(statuses(kit.status(state, { biz_opaque_callback_data: 'our-key', conversation, pricing: { billable: true } })));
    expect(events).toEqual([
      { type: 'delivery', id: 'wamid.out', key: 'our-key', time: kit.TIME * 1000, status: state, recipient: { id: kit.ANNA, scope: kit.WABA, phone: `+${kit.ANNA}` } },
    ]);
  });

  test.each([
    [131047, 'window', false],
    [131026, 'could not be delivered', false],
    [131056, 'Too many', true],
    [130472, 'experiment', false],
    [999999, 'Something new', false],
  ])('failed with %i', (code, words, retryable) => {
    const error = { code, title: 'Title', error_data: { details: 'Something new' } };
    const [event] = eventsOf(statuses(kit.status('failed', { errors: [error] })));
    expect(event).toMatchObject({ type: 'delivery', status: 'failed', failure: { code: String(code), retryable } });
    const reason = event?.type === 'delivery' ? event.failure?.reason : '';
    expect(reason).toMatch(new RegExp(words === 'window' ? '24 hours' : words));
  });

  test('failed without a word', () => {
    expect(eventsOf(statuses(kit.status('failed')))).toMatchObject([{ failure: { code: 'unknown', retryable: false } }]);
  });

  test('of a person without a number', () => {
    const { recipient_id: _id, ...bare } = kit.status('delivered', { recipient_user_id: kit.ANNA_ID, parent_recipient_user_id: kit.ANNA_PARENT });
    expect(eventsOf(statuses(bare))).toMatchObject([{ recipient: { id: kit.ANNA_ID, aliases: [kit.ANNA_PARENT] } }]);
  });

  test('of the members of a group, in both spellings, each with a key of its own', () => {
    const group = { recipient_id: '120363418770915618@g.us', recipient_type: 'group' };
    const payload = statuses(
      kit.status('read', { ...group, recipient_participant_id: kit.ANNA, recipient_participant_user_id: kit.ANNA_ID }),
      kit.status('read', { ...group, participant_recipient_id: '31600000001' }),
    );
    expect(eventsOf(payload)).toMatchObject([{ recipient: { id: kit.ANNA_ID, aliases: [kit.ANNA] } }, { recipient: { id: '31600000001' } }]);
    const pieces = post?.split(new TextEncoder().encode(JSON.stringify(payload))) ?? [];
    const keys = pieces.flatMap((piece) => post?.decode(piece) ?? []).flatMap((each) => each.items.map((item) => item.key));
    expect(new Set(keys).size).toBe(2);
  });

  test.each(['warning', 'teleported'])('%s has no place, and is told', (state) => {
    expect(eventsOf(statuses(kit.status(state)))).toMatchObject([{ type: 'unsupported', what: `status.${state}`, detail: { id: 'wamid.out' } }]);
  });
});

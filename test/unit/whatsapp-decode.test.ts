import { describe, expect, test } from '@jest/globals';
import type { MessageEvent, NetworkEvent, NetworkItem } from '../../src/model/events.ts';
import { whatsapp } from '../../src/networks/whatsapp/index.ts';
import * as kit from '../kit/whatsapp/payloads.ts';

const post = whatsapp.webhooks.find((hook) => hook.method === 'POST');

function itemsOf(payload: unknown): readonly NetworkItem[] {
  const pieces = post?.split(new TextEncoder().encode(JSON.stringify(payload))) ?? [];
  return pieces.flatMap((piece) => post?.decode(piece) ?? []).flatMap((each) => each.items);
}

function eventsOf(payload: unknown): readonly NetworkEvent[] {
  return itemsOf(payload).map((item) => item.event);
}

function only(payload: unknown): NetworkEvent {
  const events = eventsOf(payload);
  expect(events).toHaveLength(1);
  return events[0] as NetworkEvent;
}

function partsOf(message: Record<string, unknown>): MessageEvent['parts'] {
  const event = only(kit.messages(message));
  if (event.type !== 'message') throw new Error(`not a message but ${event.type}`);
  return event.parts;
}

const text = (words: string, envelope = {}): Record<string, unknown> => kit.message('text', { text: { body: words } }, envelope);

describe('messages', () => {
  test('text, with who, where and when', () => {
    expect(only(kit.messages(text('Hello *there*')))).toEqual({
      type: 'message',
      id: 'wamid.text',
      time: kit.TIME * 1000,
      conversation: { id: kit.ANNA, scope: kit.WABA, kind: 'direct', perAccount: true },
      sender: { id: kit.ANNA, scope: kit.WABA, name: 'Anna de Vries', phone: `+${kit.ANNA}` },
      parts: [
        {
          kind: 'text',
          text: [{ t: 'paragraph', children: [{ t: 'text', text: 'Hello ' }, { t: 'bold', children: [{ t: 'text', text: 'there' }] }] }],
        },
      ],
    });
  });

  test.each([
    ['image', kit.MEDIA.image, 'image'],
    ['video', kit.MEDIA.video, 'video'],
    ['audio', kit.MEDIA.audio, 'audio'],
    ['voice', kit.MEDIA.voice, 'voice'],
    ['voicemail', kit.MEDIA.voicemail, 'voice'],
    ['document', kit.MEDIA.document, 'file'],
    ['sticker', kit.MEDIA.sticker, 'sticker'],
    ['animated sticker', kit.MEDIA.animated, 'sticker'],
    ['media with an address', kit.MEDIA.withUrl, 'image'],
  ])('%s', (_name, message, kind) => {
    const [part] = partsOf(message);
    expect(part).toMatchObject({ kind, media: { expiresAt: (kit.TIME + 7 * 86_400) * 1000 } });
    const source = part !== undefined && 'media' in part && 'network' in part.media.source ? part.media.source.network : '{}';
    expect(JSON.parse(source)).toMatchObject({ id: expect.stringMatching(/^90000\d$/) });
    expect(source).not.toContain('lookaside');
  });

  test('what a file says of itself', () => {
    expect(partsOf(kit.MEDIA.image)[0]).toMatchObject({ media: { mime: 'image/jpeg', sha256: kit.SHA_HEX }, caption: [{ t: 'paragraph' }] });
    expect(partsOf(kit.MEDIA.document)[0]).toMatchObject({ media: { mime: 'application/pdf', sha256: kit.SHA_HEX, name: 'offer.pdf' } });
    expect(partsOf(kit.MEDIA.sticker)[0]).toMatchObject({ animated: false });
    expect(partsOf(kit.MEDIA.animated)[0]).toMatchObject({ animated: true });
    expect(partsOf(kit.message('image', { image: { id: '1', sha256: 'short' } }))[0]).not.toHaveProperty('media.sha256');
    expect(partsOf(kit.message('image', { image: { mime_type: 'image/png', url: 'https://lookaside.fbsbx.com/x' } }))[0]).toMatchObject({ kind: 'image' });
  });

  test('location, as number or as text', () => {
    expect(partsOf(kit.message('location', { location: { latitude: 52.37, longitude: '4.89', name: 'Dam', address: 'Damrak', url: 'https://x.example' } }))).toEqual([
      { kind: 'location', latitude: 52.37, longitude: 4.89, name: 'Dam', address: 'Damrak', url: 'https://x.example' },
    ]);
    expect(partsOf(kit.message('location', { location: { name: 'Dam' } }))).toMatchObject([{ kind: 'unsupported', what: 'location' }, { kind: 'text', text: [{ t: 'paragraph' }] }]);
  });

  test('contact cards with all their fields, by vCard, and empty', () => {
    expect(partsOf(kit.CARD)).toEqual([
      {
        kind: 'contacts',
        contacts: [
          {
            name: 'Bo Smit',
            organization: 'Smit BV, Sales',
            title: 'Director',
            birthday: '1980-02-29',
            phones: [{ value: '+31 6 87654321', type: 'CELL', person: '31687654321' }, { value: '+31 20 7654321', type: 'WORK' }],
            emails: [{ value: 'bo@smit.example', type: 'WORK' }],
            urls: [{ value: 'https://smit.example', type: 'WORK' }],
            addresses: [{ value: 'Damrak 1, Amsterdam, 1012, Netherlands', type: 'HOME' }],
          },
          { name: 'Cas Bos', phones: [{ value: '31600000000' }], emails: [], urls: [], addresses: [] },
          { name: '?', phones: [], emails: [], urls: [], addresses: [] },
        ],
      },
    ]);
  });

  test('a contact card that is only a vCard', () => {
    const vcard = 'BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Dirk Kuip\r\nitem1.TEL;TYPE=CELL;waid=31600000002:+31 6 00000002\r\nTEL:tel:+31-20-1\r\nEMAIL;TYPE=WORK:dirk@kuip.example\r\nEND:VCARD';
    expect(partsOf(kit.message('contacts', { contacts: [{ vcard }] }))).toEqual([
      {
        kind: 'contacts',
        contacts: [{ name: 'Dirk Kuip', phones: [{ value: '+31 6 00000002', type: 'CELL', person: '31600000002' }, { value: '+31-20-1' }], emails: [{ value: 'dirk@kuip.example', type: 'WORK' }], urls: [], addresses: [] }],
      },
    ]);
  });

  test('what stood below a file that cannot be fetched is shown all the same', () => {
    expect(partsOf(kit.message('video', { video: { mime_type: 'video/mp4', sha256: kit.SHA_HEX, caption: 'At the *sea*' } }))).toMatchObject([
      { kind: 'unsupported', what: 'video', reason: expect.stringContaining('fetch') },
      { kind: 'text', text: [{ t: 'paragraph' }] },
    ]);
  });

  test('order', () => {
    expect(partsOf(kit.ORDER)).toEqual([
      {
        kind: 'order',
        catalog: '7700',
        note: 'Without onions',
        items: [
          { id: 'SOUP', quantity: 2, price: '4.5', currency: 'EUR' },
          { id: 'BREAD', quantity: 1, price: '3', currency: 'EUR' },
        ],
      },
    ]);
  });

  test.each([
    [kit.message('button', { button: { text: 'Yes', payload: 'yes-1' } }), { title: 'Yes', value: 'yes-1' }],
    [kit.message('interactive', { interactive: { type: 'button_reply', button_reply: { id: 'b1', title: 'Later' } } }), { title: 'Later', value: 'b1' }],
    [
      kit.message('interactive', { interactive: { list_reply: { id: 'r1', title: 'Blue', description: 'A colour' } } }),
      { title: 'Blue', description: 'A colour', value: 'r1' },
    ],
    [
      kit.message('interactive', {
        interactive: { type: 'nfm_reply', nfm_reply: { name: 'flow', body: 'Sent', response_json: '{"flow_token":"t1","rating":5,"who":{"name":"An"},"tags":["a","b"]}' } },
      }),
      { title: 'Sent', value: 't1', fields: [{ name: 'rating', value: '5' }, { name: 'who.name', value: 'An' }, { name: 'tags', value: 'a, b' }] },
    ],
    [
      kit.message('interactive', { interactive: { type: 'nfm_reply', nfm_reply: { name: 'flow', response_json: '["no", "object"]' } } }),
      { title: 'flow', fields: [{ name: 'response', value: '["no", "object"]' }] },
    ],
    [
      kit.message('interactive', { interactive: { type: 'nfm_reply', nfm_reply: { body: 'Sent', response_json: `${'['.repeat(9_999)}` } } }),
      { title: 'Sent', fields: [{ name: 'response', value: '['.repeat(9_999) }] },
    ],
    [
      kit.message('interactive', { interactive: { type: 'call_permission_reply', call_permission_reply: { response: 'accept', expiration_timestamp: kit.TIME } } }),
      { title: 'Allowed calls', description: 'until 2025-10-09 08:53', value: 'accept' },
    ],
    [
      kit.message('interactive', { interactive: { type: 'payment_method', payment_method: { method: 'card', reference: 'r-1' } } }),
      { title: 'payment method', value: 'payment_method', fields: [{ name: 'method', value: 'card' }, { name: 'reference', value: 'r-1' }] },
    ],
    [
      kit.message('interactive', {
        interactive: {
          type: 'cta_url', header: { type: 'image', image: { link: 'https://smit.example/a.png' } }, body: { text: 'Our menu' }, footer: { text: 'Smit BV' },
          action: { name: 'cta_url', parameters: { display_text: 'Look', url: 'https://smit.example' } },
        },
      }),
      { title: 'Our menu', description: 'https://smit.example/a.png | Look | https://smit.example | Smit BV', value: 'cta_url' },
    ],
    [
      kit.message('interactive', { interactive: { type: 'product', action: { catalog_id: '7700', product_retailer_id: 'SOUP' } } }),
      { title: 'product', value: 'product', fields: [{ name: 'catalog_id', value: '7700' }, { name: 'product_retailer_id', value: 'SOUP' }] },
    ],
  ])('a choice: %#', (message, wanted) => {
    expect(partsOf(message)).toEqual([{ kind: 'choice', ...wanted }]);
  });

  test('reply, forwarded, advertisement and product', () => {
    expect(only(kit.messages(text('a', { context: { from: `+${kit.DISPLAY}`, id: 'wamid.q' } })))).toMatchObject({ replyTo: { id: 'wamid.q', sender: kit.DISPLAY } });
    expect(only(kit.messages(text('a', { context: { forwarded: true } })))).toMatchObject({ forwarded: 'once' });
    expect(only(kit.messages(text('a', { context: { forwarded: true } })))).not.toHaveProperty('replyTo');
    expect(only(kit.messages(text('a', { context: { frequently_forwarded: true } })))).toMatchObject({ forwarded: 'often' });
    const referral = { source_url: 'https://fb.me/1', source_id: '1', source_type: 'ad', headline: 'Sale', body: 'Half price', media_type: 'image' };
    expect(only(kit.messages(text('a', { referral })))).toMatchObject({ referral: { title: 'Sale', body: 'Half price', url: 'https://fb.me/1', source: 'ad', id: '1' } });
    const picture = { ...referral, image_url: 'https://scontent.example/1.jpg', thumbnail_url: 'https://scontent.example/2.jpg' };
    expect(only(kit.messages(text('a', { referral: picture })))).toMatchObject({ referral: { media: 'https://scontent.example/1.jpg' } });
    const product = { from: kit.DISPLAY, id: 'wamid.q', referred_product: { catalog_id: '77', product_retailer_id: 'SOUP' } };
    expect(only(kit.messages(text('a', { context: product })))).toMatchObject({ referral: { source: 'product', title: 'SOUP' } });
  });

  test('what the API does not hand over is a visible part', () => {
    const errors = [{ code: 131051, title: 'Message type unknown', error_data: { details: 'Message type is currently not supported.' } }];
    expect(partsOf(kit.message('unsupported', { errors }))).toMatchObject([{ kind: 'unsupported', what: 'unsupported', reason: expect.stringContaining('does not know') }]);
    expect(partsOf(kit.message('unsupported', { errors, unsupported: { type: 'poll_creation' } }))).toMatchObject([{ what: 'poll_creation', reason: expect.stringContaining('poll') }]);
    expect(partsOf(kit.message('unsupported', {}))).toMatchObject([{ what: 'unsupported', reason: expect.stringContaining('does not say why') }]);
    expect(partsOf(kit.message('unsupported', { errors: [null, ...errors] }))).toMatchObject([{ reason: expect.stringContaining('does not know') }]);
    expect(partsOf(kit.message('ephemeral', { errors: [{ code: 501, title: 'Vanishes' }] }))).toMatchObject([{ what: 'ephemeral', reason: 'Vanishes' }]);
    for (const empty of [{ type: 'button_reply', button_reply: null }, { type: 'list_reply' }, { type: 'nfm_reply', nfm_reply: null }, { type: 'wink' }]) {
      expect(partsOf(kit.message('interactive', { interactive: empty }))).toMatchObject([{ kind: 'unsupported', what: 'interactive' }]);
    }
    expect(partsOf(kit.message('order', { order: { product_items: null } }))).toMatchObject([{ kind: 'unsupported', what: 'order' }]);
    expect(partsOf(kit.message('unknown', { errors }))).toMatchObject([{ kind: 'unsupported', what: 'unknown' }]);
    for (const type of ['hologram', 'constructor', '__proto__', 'toString', 'text', 'image', 'contacts', 'interactive', 'order', 'reaction', 'edit', 'revoke']) {
      expect(partsOf(kit.message(type, {}))).toMatchObject([{ kind: 'unsupported', what: type }]);
    }
  });

  test('an error beside the content, or beside the message, is told too', () => {
    const broken = kit.message('image', { image: { id: '1' }, errors: [{ code: 131052, title: 'Media download error' }] });
    expect(partsOf(broken)).toMatchObject([{ kind: 'image' }, { kind: 'unsupported', what: 'image' }]);
    const events = eventsOf(kit.body(kit.value({ messages: [text('a')], errors: [{ code: 131000, title: 'Something went wrong' }] })));
    expect(events).toMatchObject([
      { type: 'unsupported', what: 'errors', detail: { code: '131000' } },
      { type: 'message', parts: [{ kind: 'text' }] },
    ]);
    // Without content, the error is why: it is told once.
    const empty = eventsOf(kit.body(kit.value({ messages: [kit.message('interactive', {})], errors: [{ code: 131000, error_data: { details: 'Unsupported webhook payload' } }] })));
    expect(empty).toMatchObject([{ type: 'message', parts: [{ what: 'interactive', reason: expect.stringContaining('Unsupported webhook payload') }] }]);
    const several = kit.value({ messages: [kit.message('interactive', {})], errors: [{ code: 131000 }, { code: 131053 }] });
    expect(eventsOf(kit.body(several))).toHaveLength(3);
  });

  test('a missing type is guessed, odd times fall back on the webhook’s', () => {
    const { type: _type, ...typeless } = text('a');
    expect(partsOf(typeless)).toMatchObject([{ kind: 'text' }]);
    const at = (timestamp: unknown): unknown => only(kit.body(kit.value({ messages: [text('a', { timestamp })] }), 'messages', { time: 1_700_000_000 }));
    expect(at(kit.TIME)).toMatchObject({ time: kit.TIME * 1000 });
    expect(at(kit.TIME * 1000)).toMatchObject({ time: kit.TIME * 1000 });
    for (const odd of ['TIMESTAMP', null, '', -5, '9e99']) expect(at(odd)).toMatchObject({ time: 1_700_000_000_000 });
  });

  test('a message without an id is shown, and recognised when it comes again', () => {
    const { id: _id, ...nameless } = text('a');
    const items = [nameless, nameless, { ...nameless, timestamp: String(kit.TIME + 1) }].map((message) => itemsOf(kit.messages(message))[0]);
    expect(items[0]?.event).toMatchObject({ type: 'message', parts: [{ kind: 'text' }], id: expect.stringMatching(/^digest:/) });
    expect(new Set(items.map((item) => item?.key)).size).toBe(2);
  });

  test('in a group', () => {
    expect(only(kit.messages(text('a', { group_id: 'Y2FwaV9ncm91cA' })))).toMatchObject({
      conversation: { id: 'Y2FwaV9ncm91cA', kind: 'group', perAccount: false },
      sender: { id: kit.ANNA },
    });
  });
});

describe('reactions, edits, deletions', () => {
  const reaction = (emoji: unknown, envelope = {}): Record<string, unknown> =>
    kit.message('reaction', { reaction: { message_id: 'wamid.t', ...(emoji === undefined ? {} : { emoji }) } }, envelope);

  test('a reaction and its removal in both forms', () => {
    expect(only(kit.messages(reaction('😮')))).toMatchObject({ type: 'reaction', target: 'wamid.t', emoji: '😮', exclusive: true });
    expect(only(kit.messages(reaction('')))).toMatchObject({ type: 'reaction', emoji: null });
    expect(only(kit.messages(reaction(undefined)))).toMatchObject({ type: 'reaction', emoji: null });
    expect(only(kit.messages(kit.message('reaction', { reaction: { messsage_id: 'wamid.t', emoji: '😮' } })))).toMatchObject({ type: 'reaction', target: 'wamid.t' });
  });

  test('an edit, of a text and of a caption', () => {
    const edit = (message: unknown): Record<string, unknown> => kit.message('edit', { edit: { original_message_id: 'wamid.t', message } });
    expect(only(kit.messages(edit({ type: 'text', text: { body: 'Better' } })))).toMatchObject({ type: 'edit', id: 'wamid.edit', target: 'wamid.t', parts: [{ kind: 'text' }] });
    expect(only(kit.messages(edit({ type: 'image', context: { id: 'M0' }, image: { id: '1', caption: 'c' } })))).toMatchObject({ parts: [{ kind: 'image' }] });
    expect(only(kit.messages(edit(undefined)))).toMatchObject({ type: 'edit', parts: [{ kind: 'unsupported' }] });
  });

  test('a deletion', () => {
    expect(only(kit.messages(kit.message('revoke', { revoke: { original_message_id: 'wamid.t' } })))).toMatchObject({
      type: 'deletion',
      target: 'wamid.t',
      sender: { id: kit.ANNA },
    });
  });

  test('keys never hide one event behind another, and stay the same when it comes again', () => {
    const same = { id: 'wamid.same' };
    const all = [
      text('a', same), reaction('😮', same), reaction('🙈', same), reaction('', same),
      reaction('', { ...same, timestamp: String(kit.TIME + 60) }),
      kit.message('edit', { edit: { original_message_id: 'wamid.t', message: { type: 'text', text: { body: 'b' } } } }, same),
      kit.message('revoke', { revoke: { original_message_id: 'wamid.t' } }, same),
    ];
    const keys = all.map((message) => itemsOf(kit.messages(message))[0]?.key);
    expect(new Set(keys).size).toBe(all.length);
    expect(all.map((message) => itemsOf(kit.messages(message))[0]?.key)).toEqual(keys);
  });
});

describe('what the business itself wrote', () => {
  const echo = { from: kit.DISPLAY, to: kit.ANNA, to_user_id: kit.ANNA_ID, id: 'wamid.echo', timestamp: String(kit.TIME), type: 'text', text: { body: 'Hi' } };

  test('in the Business app', () => {
    expect(only(kit.body(kit.value({ message_echoes: [echo] }), 'smb_message_echoes'))).toMatchObject({
      type: 'message',
      sender: { id: kit.NUMBER, isSelf: true, aliases: [kit.DISPLAY] },
      conversation: { id: kit.ANNA_ID, aliases: [kit.ANNA], kind: 'direct' },
    });
    const edit = { ...echo, type: 'edit', edit: { original_message_id: 'wamid.t', message: { type: 'text', text: { body: 'b' } } } };
    expect(only(kit.body(kit.value({ message_echoes: [edit] }), 'smb_message_echoes'))).toMatchObject({ type: 'edit', sender: { isSelf: true } });
    const revoke = { ...echo, type: 'revoke', revoke: { original_message_id: 'wamid.t' } };
    expect(only(kit.body(kit.value({ message_echoes: [revoke] }), 'smb_message_echoes'))).toMatchObject({ type: 'deletion', sender: { isSelf: true } });
  });

  test('through another program that has the chat in hand', () => {
    const standby = (inner: object): unknown => kit.body({ messaging_product: 'whatsapp', metadata: kit.METADATA, standby: inner }, 'standby');
    const sent = { id: 'wamid.bot', timestamp: String(kit.TIME), message: { messaging_product: 'whatsapp', to: kit.ANNA, type: 'text', text: { body: 'Hi' } } };
    expect(only(standby({ message_echoes: [sent] }))).toMatchObject({ type: 'message', id: 'wamid.bot', sender: { isSelf: true }, conversation: { id: kit.ANNA } });
    expect(only(standby({ contacts: [kit.CONTACT], messages: [text('a')] }))).toMatchObject({ type: 'message', sender: { name: 'Anna de Vries' } });
    expect(only(standby({ statuses: [kit.status('delivered')] }))).toMatchObject({ type: 'delivery' });
    expect(only(standby({}))).toMatchObject({ type: 'unsupported', what: 'standby' });
    const template = { ...sent, message: { to: kit.ANNA, type: 'template', template: { name: 'offer' } } };
    expect(only(standby({ message_echoes: [template] }))).toMatchObject({ parts: [{ kind: 'unsupported', what: 'template' }] });
    const plain = itemsOf(kit.messages(text('a')))[0]?.key;
    expect(itemsOf(standby({ messages: [text('a')] }))[0]?.key).toBe(plain);
  });

  test('in the past', () => {
    const thread = {
      id: kit.ANNA,
      context: { wa_id: kit.ANNA, user_id: kit.ANNA_ID },
      messages: [
        { from: kit.DISPLAY, from_user_id: kit.ANNA_ID, id: 'wamid.1', timestamp: String(kit.TIME), type: 'text', text: { body: 'Hi' }, history_context: { status: 'READ' } },
        { from: kit.ANNA, id: 'wamid.2', timestamp: String(kit.TIME), type: 'media_placeholder' },
      ],
    };
    const past = kit.body({ messaging_product: 'whatsapp', metadata: kit.METADATA, history: [{ metadata: { phase: 0, chunk_order: 1, progress: 55 }, threads: [thread] }] }, 'history');
    expect(eventsOf(past)).toMatchObject([
      { type: 'message', historical: true, sender: { isSelf: true }, conversation: { id: kit.ANNA_ID, aliases: [kit.ANNA] } },
      { type: 'message', historical: true, sender: { id: kit.ANNA_ID }, parts: [{ kind: 'unsupported', what: 'media_placeholder' }] },
    ]);
    const file = kit.body(kit.value({ messages: [{ ...kit.MEDIA.image, id: 'wamid.2' }] }), 'history');
    expect(only(file)).toMatchObject({ type: 'message', historical: true, parts: [{ kind: 'image' }] });
    expect(itemsOf(past)[1]?.key).not.toBe(itemsOf(file)[0]?.key);
    const declined = kit.body({ metadata: kit.METADATA, history: [{ errors: [{ code: 2593109, title: 'History sync is turned off' }] }] }, 'history');
    expect(only(declined)).toMatchObject({ type: 'unsupported', what: 'history.errors' });
  });
});

describe('fields that are not messages', () => {
  test.each(Object.entries(kit.NOTICES))('%s reaches the administrator', (field, value) => {
    const event = only(kit.body(value, field, { time: kit.TIME }));
    expect(event).toMatchObject({ type: 'unsupported', what: field, time: kit.TIME * 1000, reason: expect.not.stringContaining('does not know') });
    expect(event).not.toHaveProperty('conversation');
    expect(Object.keys((event.type === 'unsupported' && event.detail) || {}).length).toBeGreaterThan(0);
  });

  test('what a list is about stands in the reason, each kind once', () => {
    const restriction_info = ['RESTRICTED_A', 'RESTRICTED_B', 'RESTRICTED_A'].map((restriction_type) => ({ restriction_type }));
    expect(only(kit.body({ event: 'ACCOUNT_RESTRICTION', restriction_info }, 'account_update'))).toMatchObject({
      reason: 'The state of the WhatsApp business account changed: ACCOUNT_RESTRICTION, RESTRICTED_A, RESTRICTED_B.',
    });
  });

  test('a field that nobody has seen yet tells its names and no content', () => {
    const event = only(kit.body({ thoughts: [{ body: 'a secret' }] }, 'mind_reading'));
    expect(event).toMatchObject({ type: 'unsupported', what: 'mind_reading', detail: { fields: 'thoughts' } });
    expect(JSON.stringify(event)).not.toContain('a secret');
  });

  test('the same news twice has one key; news of another time has another', () => {
    const key = (time: number): string | undefined => itemsOf(kit.body({ event: 'FLAGGED' }, 'phone_number_quality_update', { time }))[0]?.key;
    expect(key(1)).toBe(key(1));
    expect(key(1)).not.toBe(key(2));
  });

  test('an error without a message, and an unknown list among messages', () => {
    expect(only(kit.body(kit.value({ errors: [{ code: 0, title: 'We were unable to authenticate the app user' }] })))).toMatchObject({
      type: 'unsupported',
      what: 'errors',
      detail: { code: '0' },
    });
    expect(eventsOf(kit.body(kit.value({ messages: [text('a')], moods: [{ id: '1' }] })))).toMatchObject([{ type: 'message' }, { type: 'unsupported', what: 'messages.moods' }]);
    expect(only(kit.body(kit.value({})))).toMatchObject({ type: 'unsupported', what: 'messages' });
  });

  test('a call without a direction is the business’s where it comes from its number; that number is nobody’s alias', () => {
    const call = { id: 'wacid.2', from: kit.DISPLAY, to: kit.ANNA, event: 'connect', timestamp: String(kit.TIME) };
    expect(only(kit.body(kit.value({ calls: [call] }), 'calls'))).toMatchObject({ reason: 'A call from the business has begun.', conversation: { id: kit.ANNA } });
    const odd = only(kit.body(kit.value({ calls: [{ ...call, to: kit.DISPLAY, direction: 'BUSINESS_INITIATED' }] }), 'calls'));
    expect(odd).toMatchObject({ conversation: { id: kit.ANNA } });
    expect(odd).not.toHaveProperty('conversation.aliases');
  });

  test('a call is told in the chat', () => {
    const call = { id: 'wacid.1', from: kit.ANNA, to: kit.DISPLAY, event: 'connect', direction: 'USER_INITIATED', timestamp: String(kit.TIME), session: { sdp: 'v=0', sdp_type: 'offer' } };
    expect(only(kit.body(kit.value({ calls: [call] }), 'calls'))).toMatchObject({ type: 'unsupported', what: 'calls.connect', conversation: { id: kit.ANNA }, sender: { name: 'Anna de Vries' } });
    const ringing = { id: 'wacid.1', timestamp: String(kit.TIME), type: 'call', status: 'RINGING', recipient_id: kit.ANNA, biz_opaque_callback_data: 'k' };
    expect(only(kit.body(kit.value({ statuses: [ringing] }), 'calls'))).toMatchObject({ type: 'unsupported', what: 'call' });
  });
});

/** Webhook bodies of the WhatsApp Cloud API, written after Meta's webhook reference. Ids and names are made up. */

export const WABA = '200000000000001';
export const NUMBER = '300000000000001';
export const DISPLAY = '31201234567';
export const ANNA = '31612345678';
export const ANNA_ID = 'NL.81234567890123456789';
export const ANNA_PARENT = 'NL.ENT.91234567890123456789';
export const TIME = 1_760_000_000;

type Json = Record<string, unknown>;

export const METADATA = { display_phone_number: DISPLAY, phone_number_id: NUMBER };
export const CONTACT = { profile: { name: 'Anna de Vries' }, wa_id: ANNA };

/** The whole body around one change. */
export function body(value: Json, field = 'messages', entry: Json = {}): Json {
  return { object: 'whatsapp_business_account', entry: [{ id: WABA, ...entry, changes: [{ field, value }] }] };
}

/** A change's value with Anna as its only contact. */
export function value(rest: Json): Json {
  return { messaging_product: 'whatsapp', metadata: METADATA, contacts: [CONTACT], ...rest };
}

export function message(type: string, rest: Json, envelope: Json = {}): Json {
  return { from: ANNA, id: `wamid.${type}`, timestamp: String(TIME), type, ...rest, ...envelope };
}

export function messages(...all: Json[]): Json {
  return body(value({ messages: all }));
}

export function status(state: string, rest: Json = {}): Json {
  return { id: 'wamid.out', status: state, timestamp: String(TIME), recipient_id: ANNA, ...rest };
}

const SHA_BASE64 = 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=';
export const SHA_HEX = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

export const MEDIA = {
  image: message('image', { image: { id: '900001', mime_type: 'image/jpeg', sha256: SHA_BASE64, caption: 'Look *here*' } }),
  video: message('video', { video: { id: '900002', mime_type: 'video/mp4', sha256: SHA_BASE64 } }),
  audio: message('audio', { audio: { id: '900003', mime_type: 'audio/mpeg', sha256: SHA_BASE64, voice: false } }),
  voice: message('audio', { audio: { id: '900004', mime_type: 'audio/ogg; codecs=opus', sha256: SHA_BASE64, voice: true } }),
  voicemail: message('audio', { audio: { id: '900005', mime_type: 'audio/ogg; codecs=opus' } }, { id: 'wacid.mail' }),
  document: message('document', { document: { id: '900006', mime_type: 'application/pdf', sha256: SHA_HEX, filename: 'offer.pdf' } }),
  sticker: message('sticker', { sticker: { id: '900007', mime_type: 'image/webp', sha256: SHA_BASE64, animated: false } }),
  animated: message('sticker', { sticker: { id: '900008', mime_type: 'image/webp', animated: true } }),
  withUrl: message('image', {
    image: { id: '900009', mime_type: 'image/png', url: 'https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=900009' },
  }),
} as const;

export const CARD = message('contacts', {
  contacts: [
    {
      name: { formatted_name: 'Bo Smit', first_name: 'Bo', last_name: 'Smit' },
      org: { company: 'Smit BV', department: 'Sales', title: 'Director' },
      birthday: '1980-02-29',
      phones: [{ phone: '+31 6 87654321', wa_id: '31687654321', type: 'CELL' }, { phone: '+31 20 7654321', type: 'WORK' }],
      emails: [{ email: 'bo@smit.example', type: 'WORK' }],
      urls: [{ url: 'https://smit.example', type: 'WORK' }],
      addresses: [{ street: 'Damrak 1', city: 'Amsterdam', zip: '1012', country: 'Netherlands', country_code: 'nl', type: 'HOME' }],
    },
    { vcard: 'BEGIN:VCARD\nVERSION:3.0\nFN:Cas Bos\nTEL:31600000000\nEND:VCARD', phones: [{ phone: '31600000000' }] },
    {},
  ],
});

export const ORDER = message('order', {
  order: {
    catalog_id: '7700',
    text: 'Without onions',
    product_items: [
      { product_retailer_id: 'SOUP', quantity: 2, item_price: 4.5, currency: 'EUR' },
      { product_retailer_id: 'BREAD', quantity: '1', item_price: '3', currency: 'EUR' },
    ],
  },
});

/** One of every field that is not about messages. */
export const NOTICES: Readonly<Record<string, Json>> = {
  account_alerts: { entity_type: 'PHONE_NUMBER', entity_id: NUMBER, alert_severity: 'CRITICAL', alert_type: 'OBA', alert_description: 'Needs review' },
  account_review_update: { decision: 'APPROVED' },
  account_update: { event: 'ACCOUNT_RESTRICTION', restriction_info: [{ restriction_type: 'RESTRICTED_BIZ_INITIATED_MESSAGING', expiration: TIME }] },
  business_capability_update: { max_daily_conversation_per_phone: 1000, max_phone_numbers_per_business: 20 },
  flows: { event: 'FLOW_STATUS_CHANGE', flow_id: '5500', old_status: 'DRAFT', new_status: 'PUBLISHED' },
  group_lifecycle_update: { messaging_product: 'whatsapp', metadata: METADATA, groups: [{ request_id: 'r1', type: 'group_create', errors: [{ code: 131211 }] }] },
  message_template_quality_update: { previous_quality_score: 'GREEN', new_quality_score: 'RED', message_template_id: 660001 },
  message_template_status_update: { event: 'REJECTED', message_template_id: 660002, message_template_name: 'offer', reason: 'SCAM' },
  phone_number_name_update: { display_phone_number: DISPLAY, decision: 'APPROVED', requested_verified_name: 'Smit' },
  phone_number_quality_update: { display_phone_number: DISPLAY, event: 'FLAGGED', current_limit: 'TIER_10K' },
  security: { display_phone_number: DISPLAY, event: 'PIN_CHANGED', requester: '880001' },
  user_preferences: value({ user_preferences: [{ wa_id: ANNA, detail: 'stop', category: 'marketing_messages', value: 'stop', timestamp: TIME }] }),
};

import type { NetworkItem } from '../../../model/events.ts';
import { at, defined, isFields, list, num, str } from '../../shared/json.ts';
import { describe } from '../errors.ts';
import { directChat, normalId, rank } from '../ids.ts';
import { flatten, millis, personFor, unsupported, type Context } from './context.ts';
import { aliases } from './system.ts';

/** Fields without a place in a room, in words (…/whatsapp/cloud-api/webhooks/reference). Their values hold no messages. */
const REASONS: Readonly<Record<string, string>> = {
  account_alerts: 'Meta raised an alert about the WhatsApp business account.',
  account_review_update: 'Meta has reviewed the WhatsApp business account.',
  account_settings_update: 'A setting of the phone number changed.',
  account_update: 'The state of the WhatsApp business account changed.',
  automatic_events: 'WhatsApp found a lead or a purchase in a chat.',
  business_capability_update: 'The limits of the business changed.',
  business_status_update: 'The state of the business changed.',
  business_username_update: 'The username of the business changed.',
  business_username_updates: 'The username of the business changed.',
  flows: 'The state of a form (flow) changed.',
  group_lifecycle_update: 'A group was made or deleted.',
  group_participants_update: 'The members of a group changed.',
  group_settings_update: 'The settings of a group changed.',
  group_status_update: 'The state of a group changed.',
  message_template_components_update: 'The text of a message template changed.',
  message_template_quality_update: 'The quality of a message template changed.',
  message_template_status_update: 'The review of a message template has a result.',
  messaging_handovers: 'Another program took over a chat, or handed it over.',
  partner_solutions: 'A partner’s solution changed.',
  payment_configuration_update: 'The payment settings changed.',
  phone_number_name_update: 'The display name of the number was reviewed.',
  phone_number_quality_update: 'The quality or the limit of the number changed.',
  security: 'A security setting of the number changed.',
  smb_app_state_sync: 'The contacts in the Business app changed.',
  template_category_update: 'The category of a message template changed.',
  template_correct_category_detection: 'Meta thinks that a message template is in the wrong category.',
  tracking_events: 'Meta reported a tracking event.',
  user_id_update: 'A person’s id changed.',
  user_preferences: 'A person changed a preference.',
};

export function isNoticeField(field: string): boolean {
  return Object.hasOwn(REASONS, field);
}

/** A whole change that is about the account, not about a message. */
export function decodeNotice(context: Context, field: string, value: unknown): NetworkItem {
  const known = Object.hasOwn(REASONS, field) ? REASONS[field] : undefined;
  const words = field === 'smb_app_state_sync' ? contactsIn(value) : wordsOf(value);
  const sentence = known ?? (field === 'entry' ? 'WhatsApp sent an entry without changes.' : `WhatsApp sent an update of the kind "${field}", which the bridge does not know.`);
  return unsupported(context, {
    what: field,
    reason: known === undefined || words.length === 0 ? sentence : `${sentence.slice(0, -1)}: ${words.join(', ')}.`,
    item: value,
    // Of a field nobody has seen yet only the names are told: it might hold what people wrote.
    detail: known === undefined ? unknownDetail(value) : detailOf(field, value),
  });
}

/** Where Meta's pages keep what happened, and to what: the name of a template, the reason of a refusal. */
const TELLING: readonly (readonly string[])[] = [
  ['event'], ['decision'], ['status'], ['alert_type'], ['alert_info', 'alert_type'], ['alert_description'], ['alert_info', 'alert_description'],
  ['message_template_name'], ['new_quality_score'], ['new_category'], ['requested_verified_name'], ['username'], ['ban_info', 'waba_ban_state'],
  ['violation_info', 'violation_type'], ['current_limit'], ['max_daily_conversations_per_business'], ['message'], ['reason'], ['rejection_reason'],
];
const MOST_WORDS = 6;

/** What happened in the vendor's own words, each once; else the kinds of what a list tells (`automatic_events`). */
function wordsOf(value: unknown): readonly string[] {
  const told = TELLING.flatMap((path) => str(value, ...path)?.slice(0, 200).replace(/\.$/, '') ?? []).filter((word) => word !== 'NONE');
  const listed = Object.values(isFields(value) ? value : {}).flatMap((each) =>
    Array.isArray(each) ? each.flatMap((item) => str(item, 'type') ?? str(item, 'event_name') ?? str(item, 'restriction_type') ?? []) : [],
  );
  return [...new Set([...told, ...listed])].slice(0, MOST_WORDS);
}

/** `add`, `remove` and how often. */
function contactsIn(value: unknown): readonly string[] {
  const actions = list(value, 'state_sync').map((each) => str(each, 'action') ?? 'change');
  return [...new Set(actions)].slice(0, MOST_WORDS).map((action) => `${actions.filter((each) => each === action).length} × ${action}`);
}

/** …/webhooks/reference/user_preferences: one person's wish, `{wa_id?, user_id?, detail, category, value, timestamp}`. */
export function decodePreference(context: Context, preference: unknown): NetworkItem {
  const who = personFor(context, { userId: str(preference, 'user_id'), parentId: str(preference, 'parent_user_id'), numbers: [str(preference, 'wa_id')] });
  const name = who?.ref.name ?? who?.ref.phone ?? who?.ref.id ?? 'A person';
  const [value, category] = [str(preference, 'value'), str(preference, 'category')];
  const wish = category !== undefined && category !== 'marketing_messages' ? undefined : WISHES.get(value ?? '');
  return unsupported(context, {
    what: 'user_preferences',
    reason: `${name} ${wish ?? `changed a preference: ${[category, value].filter((word) => word !== undefined).join(' ')}`}.`,
    item: preference,
    detail: { ...flatten(isFields(preference) ? preference : { preference }), ...(who === undefined ? {} : { person: who.ref.id }) },
  });
}

const WISHES = new Map([['stop', 'does not want marketing messages any more'], ['resume', 'wants marketing messages again']]);

function unknownDetail(value: unknown): Record<string, string> {
  return isFields(value) ? { fields: Object.keys(value).join(', ').slice(0, 300) } : {};
}

/** Of an address book only the size is told. */
function detailOf(field: string, value: unknown): Record<string, string> {
  if (field === 'smb_app_state_sync') return { contacts: String(list(value, 'state_sync').length) };
  return flatten(withoutEnvelope(value));
}

function withoutEnvelope(value: unknown): unknown {
  if (!isFields(value)) return value;
  const { messaging_product: _product, metadata: _metadata, contacts: _contacts, ...rest } = value;
  return rest;
}

/** An error beside the messages, or in place of a history. */
export function decodeError(context: Context, error: unknown): NetworkItem {
  const { code, reason } = describe(error);
  const what = context.field === 'messages' ? 'errors' : `${context.field}.errors`;
  return unsupported(context, { what, reason, item: error, detail: defined({ code, title: str(error, 'title') }) });
}

/** …/whatsapp/cloud-api/calling: `{id, from, to, event, direction, status?, timestamp}`. Calls are told, not carried. */
export function decodeCall(context: Context, call: unknown): NetworkItem {
  const direction = str(call, 'direction');
  const outgoing = direction === undefined ? normalId(str(call, 'from') ?? '?') === context.display : direction === 'BUSINESS_INITIATED';
  const side = outgoing ? 'to' : 'from';
  const who = personFor(context, {
    userId: str(call, `${side}_user_id`),
    parentId: str(call, `${side}_parent_user_id`),
    numbers: [str(call, side)],
  });
  const event = str(call, 'event') ?? 'call';
  // Meta's pages show a lone word and a list of them.
  const state = [str(call, 'status'), ...list(call, 'status').map((each) => str({ each }, 'each'))].filter((each) => each !== undefined).join(', ') || undefined;
  const seconds = num(call, 'duration');
  const end = [state?.toLowerCase(), seconds === undefined ? undefined : `${seconds} seconds`].filter((each) => each !== undefined).join(', ');
  const sentences: Readonly<Record<string, string>> = {
    connect: outgoing ? 'A call from the business has begun.' : 'Is calling; calls cannot be carried over to Matrix.',
    terminate: `A call has ended${end === '' ? '' : ` (${end})`}.`,
  };
  return unsupported(context, {
    what: `calls.${event}`,
    reason: (Object.hasOwn(sentences, event) ? sentences[event] : undefined) ?? `WhatsApp told of a call: ${event.replaceAll('_', ' ')}.`,
    item: call,
    conversation: who && directChat(who.ids, context.scope),
    sender: outgoing ? undefined : who?.ref,
    detail: defined({ id: str(call, 'id'), direction, status: state }),
  });
}

/** `{wa_id?, user_id:{previous,current}, parent_user_id?:{previous,current}, detail, timestamp}` */
export function decodeUserId(context: Context, update: unknown): readonly NetworkItem[] {
  const number = str(update, 'wa_id');
  const side = (which: 'previous' | 'current'): readonly string[] =>
    rank({ userId: str(update, 'user_id', which), parentId: str(update, 'parent_user_id', which), numbers: [] });
  const next = [...side('current'), ...(number === undefined ? [] : [normalId(number)])];
  const time = millis(at(update, 'timestamp')) ?? context.time;
  const moved = aliases(context, update, { before: side('previous'), next, time });
  return moved.length > 0 ? moved : [decodeNotice(context, 'user_id_update', update)];
}

/** A chunk of the past that holds no messages: its errors, or the news of its progress. */
export function decodeHistoryChunk(context: Context, chunk: unknown): readonly NetworkItem[] {
  const errors = list(chunk, 'errors').map((error) => decodeError(context, error));
  if (errors.length > 0) return errors;
  return [
    unsupported(context, {
      what: 'history',
      reason: 'WhatsApp sent a piece of the past without messages.',
      item: chunk,
      detail: flatten(at(chunk, 'metadata')),
    }),
  ];
}

import type { AppSettings, Decoded, Verdict, Webhook, WebhookRequest } from '../network.ts';
import { NotThisNetwork } from '../network.ts';
import { foundIn } from '../shared/found-in.ts';
import { at, isFields, list, parseJson, str } from '../shared/json.ts';
import { tidy } from '../shared/tidy.ts';
import { verifyHandshake, verifySignature } from '../meta-graph/webhook.ts';
import { cutChange, decodeChange, type Piece } from './decode/change.ts';
import { isNoticeField } from './decode/notice.ts';
import { isPhone, normalId } from './ids.ts';
import { asApp } from './settings.ts';

/** Meta documents 3 MB at most (…/whatsapp/cloud-api/webhooks); a little more for good measure. */
const MAX_BODY = 4 * 1024 * 1024;
const LOOKED_FOR = 'A webhook of the WhatsApp Cloud API was looked for: {"object":"whatsapp_business_account","entry":[…]}.';

export const webhooks: readonly Webhook[] = [
  {
    method: 'GET',
    maxBody: 0,
    verify: (request: WebhookRequest, app: AppSettings): Verdict => verifyHandshake(request, asApp(app).verify_token),
    split: () => [],
    decode: () => [],
  },
  {
    method: 'POST',
    maxBody: MAX_BODY,
    verify: (request: WebhookRequest, app: AppSettings): Verdict => verifySignature(request, secretsOf(app)),
    split,
    decode: (piece: unknown): readonly Decoded[] => [decodeChange(piece)],
  },
];

function secretsOf(settings: AppSettings): readonly string[] {
  const { app_secret: now, previous_app_secret: before } = asApp(settings);
  return before === undefined ? [now] : [now, before];
}

/**
 * Besides the whole body also what tools, partners and pages keep of it is taken: entries alone, one change (`{field, value}`),
 * its bare value, a value as a partner's `{event, data}`, or one message or status.
 * @throws NotThisNetwork
 */
function split(raw: Uint8Array): readonly Piece[] {
  const body = parseJson(raw);
  const pieces = cutBody(body);
  if (pieces === undefined) throw new NotThisNetwork(`${LOOKED_FOR} ${found(body)}`);
  return pieces;
}

const OTHERS: Readonly<Record<string, string>> = { page: 'Messenger', instagram: 'Instagram', user: 'a Facebook user', permissions: 'a Facebook app' };

/** What of another's it is, where that shows. */
function found(body: unknown): string {
  const object = str(body, 'object');
  if (object !== undefined) return `This one has "object":"${tidy(object).slice(0, 40)}"${Object.hasOwn(OTHERS, object) ? `, so it is from ${OTHERS[object]}` : ''}.`;
  return foundIn(body);
}

function cutBody(body: unknown): readonly Piece[] | undefined {
  if (Array.isArray(body)) {
    const cut = body.map(cutBody);
    return cut.length > 0 && cut.every((each) => each !== undefined) ? cut.flat() : undefined;
  }
  if (!isFields(body)) return undefined;
  const object = at(body, 'object') ?? undefined;
  if (object !== undefined && object !== 'whatsapp_business_account') return undefined;
  const entries = list(body, 'entry');
  if (object !== undefined && entries.length === 0) return [{ field: 'entry', value: body }];
  if (object !== undefined || entries.some(isEntry)) return entries.flatMap(cutEntry);
  if (isEntry(body)) return cutEntry(body);
  if (isChange(body)) return cutChange(undefined, undefined, body);
  if (isValue(body)) return cutChange(undefined, undefined, { field: str(body, 'field') ?? fieldOf(body), value: body });
  const data = at(body, 'data');
  if (isValue(data)) return cutChange(str(data, 'id'), undefined, { field: str(body, 'event') ?? fieldOf(data), value: data });
  if (!isItem(body)) return undefined;
  return cutChange(undefined, undefined, { field: 'messages', value: str(body, 'status') === undefined ? { messages: [body] } : { statuses: [body] } });
}

function isEntry(entry: unknown): boolean {
  return list(entry, 'changes').some(isChange);
}

function cutEntry(entry: unknown): readonly Piece[] {
  const id = str(entry, 'id');
  const time = at(entry, 'time');
  const changes = list(entry, 'changes');
  return changes.length > 0
    ? changes.flatMap((change) => cutChange(id, time, change))
    : [{ id, time, field: 'entry', value: entry }];
}

function isChange(change: unknown): boolean {
  const value = at(change, 'value');
  return isValue(value) || (isNoticeField(str(change, 'field') ?? '') && isFields(value));
}

/** A value without its field says by what it holds which one it was. */
const FIELDS: Readonly<Record<string, string>> = {
  calls: 'calls', history: 'history', message_echoes: 'smb_message_echoes', state_sync: 'smb_app_state_sync',
  user_id_update: 'user_id_update', user_preferences: 'user_preferences',
};

function fieldOf(value: unknown): string {
  return Object.entries(FIELDS).find(([key]) => list(value, key).length > 0)?.[1] ?? 'messages';
}

/** `messaging_product` names WhatsApp; the oldest form of the API knows its numbers only as `wa_id`, `from` and `recipient_id`. */
function isValue(value: unknown): boolean {
  if (at(value, 'messaging_product') === 'whatsapp') return true;
  if (str(value, 'metadata', 'phone_number_id') !== undefined) return true;
  if (list(value, 'contacts').some((contact) => str(contact, 'wa_id') !== undefined)) return true;
  if (list(value, 'messages').some(isOldMessage)) return true;
  const recipient = (status: unknown): string | undefined => str(status, 'recipient_id') ?? str(status, 'message', 'recipient_id');
  return list(value, 'statuses').some((status) => str(status, 'status') !== undefined && recipient(status) !== undefined);
}

/** As it came without a contact: from a number, at a second, and with its content under the name of its kind. */
function isOldMessage(message: unknown): boolean {
  const type = str(message, 'type') ?? '';
  const content = at(message, type) ?? at(message, 'errors');
  return isPhone(normalId(str(message, 'from') ?? '')) && /^\d{9,11}$/.test(str(message, 'timestamp') ?? '') && str(message, 'id') !== undefined && typeof content === 'object';
}

/** A message or a status by itself: its id says whose it is. */
function isItem(item: unknown): boolean {
  return /^wa[mc]id\./.test(str(item, 'id') ?? '') && (str(item, 'type') ?? str(item, 'status')) !== undefined;
}

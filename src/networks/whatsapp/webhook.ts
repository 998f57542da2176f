import type { AppSettings, Decoded, Verdict, Webhook, WebhookRequest } from '../network.ts';
import { NotThisNetwork } from '../network.ts';
import { at, isFields, list, parseJson, str } from '../meta-graph/json.ts';
import { verifyHandshake, verifySignature } from '../meta-graph/webhook.ts';
import { cutChange, decodeChange, type Piece } from './decode/change.ts';
import { isNoticeField } from './decode/notice.ts';
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
    verify: (request: WebhookRequest, app: AppSettings): Verdict => verifySignature(request, asApp(app).app_secret),
    split,
    decode: (piece: unknown): readonly Decoded[] => [decodeChange(piece)],
  },
];

/**
 * Besides the whole body also what tools keep of it is taken: entries alone, one change (`{field, value}`), or its bare value.
 * @throws NotThisNetwork
 */
function split(raw: Uint8Array): readonly Piece[] {
  const body = parseJson(raw);
  const pieces = cutBody(body);
  if (pieces === undefined) throw new NotThisNetwork(LOOKED_FOR);
  return pieces;
}

function cutBody(body: unknown): readonly Piece[] | undefined {
  if (Array.isArray(body)) {
    const cut = body.map(cutBody);
    return cut.length > 0 && cut.every((each) => each !== undefined) ? cut.flat() : undefined;
  }
  if (!isFields(body)) return undefined;
  const object = at(body, 'object');
  if (object !== undefined && object !== 'whatsapp_business_account') return undefined;
  const entries = list(body, 'entry');
  if (object !== undefined && entries.length === 0) return [{ field: 'entry', value: body }];
  if (object !== undefined || entries.some((entry) => list(entry, 'changes').some((change) => isValue(at(change, 'value'))))) {
    return entries.flatMap(cutEntry);
  }
  if (isChange(body)) return cutChange(undefined, undefined, body);
  return isValue(body) ? cutChange(undefined, undefined, { field: str(body, 'field') ?? 'messages', value: body }) : undefined;
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
  const field = str(change, 'field');
  return field !== undefined && (isValue(at(change, 'value')) || (isNoticeField(field) && isFields(at(change, 'value'))));
}

/** `messaging_product` names WhatsApp; the oldest form of the API knows its numbers only as `wa_id`. */
function isValue(value: unknown): boolean {
  if (at(value, 'messaging_product') === 'whatsapp') return true;
  if (str(value, 'metadata', 'phone_number_id') !== undefined) return true;
  return list(value, 'contacts').some((contact) => str(contact, 'wa_id') !== undefined);
}

import type { ChoiceContent, Content, OrderContent } from '../../../model/content.ts';
import { at, defined, flag, isFields, list, num, parseJson, str, type Fields } from '../../shared/json.ts';
import { sentInteractive } from './sent.ts';

/** A quick-reply button of a template: `{text, payload}`. */
export function decodeButton(message: unknown): ChoiceContent | undefined {
  const title = str(message, 'button', 'text');
  const value = str(message, 'button', 'payload');
  return title === undefined && value === undefined ? undefined : defined({ kind: 'choice' as const, title: title ?? '', value });
}

/** …/whatsapp/cloud-api/webhooks/reference/messages/interactive, and call permissions of …/cloud-api/calling. */
export function decodeInteractive(message: unknown): Content | undefined {
  const found = at(message, 'interactive');
  const type = str(found, 'type') ?? KNOWN.find((known) => isFields(at(found, known)));
  if (type === undefined) return undefined;
  const reply = at(found, type);
  switch (type) {
    case 'button_reply':
    case 'list_reply':
      return picked(reply);
    case 'nfm_reply':
      return isFields(reply) ? form(reply) : undefined;
    case 'call_permission_reply':
      return callPermission(reply);
    default:
      return sentInteractive(type, found) ?? spelledOut(type, isFields(reply) ? reply : at(found, 'action'));
  }
}

function picked(reply: unknown): ChoiceContent | undefined {
  const title = str(reply, 'title');
  const value = str(reply, 'id');
  if (title === undefined && value === undefined) return undefined;
  return defined({ kind: 'choice' as const, title: title ?? '', description: str(reply, 'description'), value });
}

const KNOWN = ['button_reply', 'list_reply', 'nfm_reply', 'call_permission_reply'];

/** The answer of a flow or of an address form: `{name, body, response_json}`, the last one JSON in a text. */
function form(reply: unknown): ChoiceContent {
  const raw = str(reply, 'response_json');
  const answers = answersOf(reply);
  const fields: { name: string; value: string }[] = [];
  if (isFields(answers)) leaves(answers, '', fields);
  else if (raw !== undefined) fields.push({ name: 'response', value: raw });
  return defined({
    kind: 'choice' as const,
    title: str(reply, 'body') ?? str(reply, 'name') ?? '',
    value: isFields(answers) ? str(answers, 'flow_token') : undefined,
    fields: fields.length > 0 ? fields : undefined,
  });
}

/** The files among the answers of a form (…/whatsapp/flows/reference/media_upload): `{id, file_name, mime_type, sha256}`. */
export function filesOfForm(message: unknown): readonly Fields[] {
  const answers = answersOf(at(message, 'interactive', 'nfm_reply'));
  return Object.values(isFields(answers) ? answers : {}).flatMap((answer) => list({ answer }, 'answer').filter(isFile));
}

function isFile(value: unknown): value is Fields {
  return isFields(value) && str(value, 'id') !== undefined && str(value, 'mime_type') !== undefined && str(value, 'sha256') !== undefined;
}

function answersOf(reply: unknown): unknown {
  const raw = str(reply, 'response_json');
  return raw === undefined ? at(reply, 'response_json') : parsed(raw);
}

function parsed(raw: string): unknown {
  try {
    return parseJson(raw);
  } catch {
    return undefined;
  }
}

function leaves(value: Readonly<Record<string, unknown>>, prefix: string, into: { name: string; value: string }[]): void {
  for (const [key, each] of Object.entries(value)) {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    // The token says which form it was; it is no answer.
    if (name === 'flow_token') continue;
    if (isFile(each)) into.push({ name, value: shown(each) });
    else if (isFields(each)) leaves(each, name, into);
    else if (Array.isArray(each)) into.push({ name, value: each.map(shown).join(', ') });
    else into.push({ name, value: shown(each) });
  }
}

function shown(value: unknown): string {
  if (isFile(value)) return str(value, 'file_name') ?? str(value, 'mime_type') ?? '';
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function callPermission(reply: unknown): ChoiceContent {
  const response = str(reply, 'response');
  const title = response === 'accept' ? 'Allowed calls' : response === 'reject' ? 'Did not allow calls' : 'Answered the request to call';
  const until = num(reply, 'expiration_timestamp');
  const facts = [
    until === undefined ? undefined : `until ${isoTime(until)}`,
    flag(reply, 'is_permanent') ? 'for good' : undefined,
    str(reply, 'response_source') === 'automatic' ? 'by calling' : undefined,
  ].filter((fact) => fact !== undefined);
  return defined({
    kind: 'choice' as const,
    title,
    description: facts.length === 0 ? undefined : facts.join(', '),
    value: response,
  });
}

function isoTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().slice(0, 16).replace('T', ' ');
}

const MOST_FIELDS = 40;
const MOST_LENGTH = 500;

/** A kind that nobody has described yet, or one without words of its own: what it holds, by name. */
export function spelledOut(type: string, held: unknown): ChoiceContent | undefined {
  const found: { name: string; value: string }[] = [];
  if (isFields(held)) leaves(held, '', found);
  const fields = found.filter(({ value }) => value !== '').slice(0, MOST_FIELDS)
    .map(({ name, value }) => ({ name: name.slice(0, MOST_LENGTH), value: value.slice(0, MOST_LENGTH).toWellFormed() }));
  return fields.length === 0 ? undefined : { kind: 'choice', title: type.replaceAll('_', ' '), value: type, fields };
}

/** …/whatsapp/cloud-api/webhooks/reference/messages/order */
export function decodeOrder(message: unknown): OrderContent | undefined {
  const order = at(message, 'order');
  const products = list(order, 'product_items');
  const note = str(order, 'text');
  if (products.length === 0 && note === undefined) return undefined;
  return defined({
    kind: 'order' as const,
    catalog: str(order, 'catalog_id'),
    note,
    items: products.map((item) =>
      defined({
        id: str(item, 'product_retailer_id') ?? '?',
        quantity: num(item, 'quantity') ?? 1,
        price: str(item, 'item_price'),
        currency: str(item, 'currency'),
      }),
    ),
  });
}

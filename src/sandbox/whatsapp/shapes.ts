import { z } from 'zod';
import { invalid } from './errors.ts';

/**
 * Request bodies of `POST /{phone-number-id}/messages` (Cloud API, Messages reference; limits of the page of each type).
 * Strict: a field that is not documented is refused, as Graph does with code 100. Lengths are in UTF-16 units, the
 * stricter reading of "characters".
 */
const text = (max: number) => z.string().min(1).max(max);
const oneSource = <Shape extends { id?: string | undefined; link?: string | undefined }>(media: Shape): boolean =>
  (media.id === undefined) !== (media.link === undefined);
const sourceRule = { error: 'must have either id or link' };
const source = { id: text(100).optional(), link: z.url({ protocol: /^https?$/ }).optional() };
const caption = text(1024).optional();

const media = {
  image: z.strictObject({ ...source, caption }).refine(oneSource, sourceRule),
  video: z.strictObject({ ...source, caption }).refine(oneSource, sourceRule),
  audio: z.strictObject({ ...source, voice: z.boolean().optional() }).refine(oneSource, sourceRule),
  document: z.strictObject({ ...source, caption, filename: text(240).optional() }).refine(oneSource, sourceRule),
  sticker: z.strictObject(source).refine(oneSource, sourceRule),
};

const degrees = (limit: number) => z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/).transform(Number)])
  .refine((value) => Math.abs(value) <= limit, { error: `must be between -${limit} and ${limit}` });

const optionalText = z.string().optional();
const contact = z.strictObject({
  name: z.strictObject({
    formatted_name: text(1024), first_name: optionalText, last_name: optionalText, middle_name: optionalText, suffix: optionalText, prefix: optionalText,
  }).refine((name) => Object.keys(name).length > 1, { error: 'must have one more part of the name beside formatted_name' }),
  addresses: z.array(z.strictObject({
    street: optionalText, city: optionalText, state: optionalText, zip: optionalText, country: optionalText, country_code: optionalText, type: optionalText,
  })).optional(),
  birthday: z.string().regex(/^\d{4}-\d{2}-\d{2}$/).optional(),
  emails: z.array(z.strictObject({ email: optionalText, type: optionalText })).optional(),
  org: z.strictObject({ company: optionalText, department: optionalText, title: optionalText }).optional(),
  phones: z.array(z.strictObject({ phone: optionalText, type: optionalText, wa_id: optionalText })).optional(),
  urls: z.array(z.strictObject({ url: optionalText, type: optionalText })).optional(),
});

function isOneEmoji(value: string): boolean {
  return [...new Intl.Segmenter().segment(value)].length === 1 && /\p{Emoji}/u.test(value) && !/^[\d#*]$/.test(value);
}

const footer = z.strictObject({ text: text(60) }).optional();
const body = (max: number) => z.strictObject({ text: text(max) });
const textHeader = z.strictObject({ type: z.literal('text'), text: text(60) });
const header = z.union([
  textHeader,
  z.strictObject({ type: z.literal('image'), image: z.strictObject(source).refine(oneSource, sourceRule) }),
  z.strictObject({ type: z.literal('video'), video: z.strictObject(source).refine(oneSource, sourceRule) }),
  z.strictObject({ type: z.literal('document'), document: z.strictObject({ ...source, filename: optionalText }).refine(oneSource, sourceRule) }),
]).optional();
const distinct = (items: readonly { reply: { id: string; title: string } }[]): boolean =>
  new Set(items.map((item) => item.reply.id)).size === items.length && new Set(items.map((item) => item.reply.title)).size === items.length;

const row = z.strictObject({ id: text(200), title: text(24), description: text(72).optional() });
const interactive = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('button'), header, body: body(1024), footer,
    action: z.strictObject({
      buttons: z.array(z.strictObject({ type: z.literal('reply'), reply: z.strictObject({ id: text(256), title: text(20) }) })).min(1).max(3)
        .refine(distinct, { error: 'must have distinct ids and titles' }),
    }),
  }),
  z.strictObject({
    type: z.literal('list'), header: textHeader.optional(), body: body(4096), footer,
    action: z.strictObject({
      button: text(20),
      sections: z.array(z.strictObject({ title: text(24).optional(), rows: z.array(row).min(1) })).min(1).max(10)
        .refine((sections) => sections.flatMap((section) => section.rows).length <= 10, { error: 'must have at most 10 rows in all' }),
    }),
  }),
  z.strictObject({
    type: z.literal('cta_url'), header, body: body(1024), footer,
    action: z.strictObject({ name: z.literal('cta_url'), parameters: z.strictObject({ display_text: text(20), url: z.url() }) }),
  }),
  z.strictObject({ type: z.literal('location_request_message'), body: body(1024), action: z.strictObject({ name: z.literal('send_location') }) }),
]);

const pin = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('pin'), message_id: text(1024), expiration_days: z.number().int().min(1).max(30) }),
  z.strictObject({ type: z.literal('unpin'), message_id: text(1024) }),
]);

const contents = {
  pin,
  text: z.strictObject({ body: text(4096).refine((value) => value.trim() !== '', { error: 'must not be blank' }), preview_url: z.boolean().optional() }),
  ...media,
  location: z.strictObject({ latitude: degrees(90), longitude: degrees(180), name: optionalText, address: optionalText }),
  contacts: z.array(contact).min(1).max(257),
  reaction: z.strictObject({ message_id: text(1024), emoji: z.string().refine((value) => value === '' || isOneEmoji(value), { error: 'must be one emoji, or empty' }) }),
  interactive,
  template: z.strictObject({
    name: text(512), language: z.strictObject({ code: text(20), policy: z.literal('deterministic').optional() }),
    components: z.array(z.record(z.string(), z.unknown())).optional(),
  }),
};
export type ContentType = keyof typeof contents;

const envelope = z.strictObject({
  messaging_product: z.literal('whatsapp'),
  recipient_type: z.enum(['individual', 'group']).optional(),
  to: text(256).optional(),
  recipient: z.string().regex(/^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$/).optional(),
  type: z.string().optional(),
  context: z.strictObject({ message_id: text(1024) }).optional(),
  biz_opaque_callback_data: text(512).optional(),
  recipient_identity_key_hash: z.string().optional(),
});

const readMark = z.strictObject({
  messaging_product: z.literal('whatsapp'),
  status: z.literal('read'),
  message_id: text(1024),
  typing_indicator: z.strictObject({ type: z.literal('text') }).optional(),
});

export type ReadMark = z.infer<typeof readMark>;
export interface SendBody {
  readonly envelope: z.infer<typeof envelope>;
  readonly type: ContentType;
  readonly content: unknown;
}

/** @throws GraphError 100 with the first thing that is wrong. */
export function parseReadMark(raw: Record<string, unknown>): ReadMark {
  return check(readMark, raw, []);
}

/** `type` defaults to text. @throws GraphError 100 with the first thing that is wrong. */
export function parseSend(raw: Record<string, unknown>): SendBody {
  const type = raw['type'] ?? 'text';
  if (typeof type !== 'string' || !Object.hasOwn(contents, type)) {
    throw invalid(`Param type must be one of {${Object.keys(contents).join(', ')}}.`);
  }
  const name = type as ContentType;
  const { [name]: content, ...rest } = raw;
  const parsed = check(envelope, rest, []);
  if (parsed.to === undefined && parsed.recipient === undefined) throw invalid('The parameter to is required.');
  if (parsed.recipient_type === 'group' && (parsed.to === undefined || parsed.recipient !== undefined)) throw invalid('The parameter to must be the id of the group.');
  if (name === 'pin' && parsed.recipient_type !== 'group') throw invalid('Messages are pinned only in groups.');
  if (content === undefined) throw invalid(`The parameter ${name} is required.`);
  return { envelope: parsed, type: name, content: check(contents[name], content, [name]) };
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown, path: readonly PropertyKey[]): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalid(issue ? explain(issue, [...path, ...issue.path]) : 'The request is not valid.');
}

function explain(issue: z.core.$ZodIssue, path: readonly PropertyKey[]): string {
  const [first, ...rest] = path.map(String);
  const name = `${first ?? 'body'}${rest.map((part) => `['${part}']`).join('')}`;
  if (issue.code === 'unrecognized_keys') return `Unexpected key "${issue.keys[0] ?? ''}" on param "${path.length === 0 ? 'body' : name}".`;
  if (issue.input === undefined && issue.code === 'invalid_type') return `The parameter ${name} is required.`;
  if (issue.code === 'too_big') return `Param ${name} must be at most ${String(issue.maximum)} long.`;
  if (issue.code === 'too_small') return `Param ${name} must be at least ${String(issue.minimum)} long.`;
  return `Param ${name} ${issue.message}.`;
}

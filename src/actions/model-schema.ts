import { z } from 'zod';
import type { Content } from '../model/content.ts';
import type { NetworkEvent } from '../model/events.ts';
import type { Block } from '../model/richtext.ts';

/**
 * The model's events as schemas: the source of `docs/model.schema.json`, by which a program can read what `inspect`
 * prints. The types in `model/` import nothing, so they are mirrored here; the assertions at the end of the file fail
 * to compile when mirror and model differ in either direction.
 */
const text = z.string();
const maybe = z.string().exactOptional();
const time = z.number().meta({ description: 'Milliseconds since the epoch.' });

const textInline = z.strictObject({ t: z.literal('text'), text });
const styled = z.strictObject({
  t: z.enum(['bold', 'italic', 'strike', 'underline', 'sup', 'sub']),
  get children() { return z.array(inline); },
});
const spoiler = z.strictObject({ t: z.literal('spoiler'), reason: maybe, get children() { return z.array(inline); } });
const code = z.strictObject({ t: z.literal('code'), text });
const link = z.strictObject({ t: z.literal('link'), href: text, get children() { return z.array(inline); } });
const mention = z.strictObject({ t: z.literal('mention'), target: z.enum(['user', 'room']), id: text, name: text });
const emoji = z.strictObject({ t: z.literal('emoji'), name: text, source: maybe });
const lineBreak = z.strictObject({ t: z.literal('break') });
const inline = z.discriminatedUnion('t', [textInline, styled, spoiler, code, link, mention, emoji, lineBreak]).meta({ id: 'Inline' });

const paragraph = z.strictObject({ t: z.literal('paragraph'), children: z.array(inline) });
const heading = z.strictObject({
  t: z.literal('heading'),
  level: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4), z.literal(5), z.literal(6)]),
  children: z.array(inline),
});
const quote = z.strictObject({ t: z.literal('quote'), get children() { return z.array(block); } });
const codeblock = z.strictObject({ t: z.literal('codeblock'), text, language: maybe });
const list = z.strictObject({
  t: z.literal('list'), ordered: z.boolean(), start: z.number().exactOptional(), get items() { return z.array(z.array(block)); },
});
const table = z.strictObject({ t: z.literal('table'), header: z.boolean(), rows: z.array(z.array(z.array(inline))) });
const details = z.strictObject({ t: z.literal('details'), summary: z.array(inline), get children() { return z.array(block); } });
const rule = z.strictObject({ t: z.literal('rule') });
const block = z.discriminatedUnion('t', [paragraph, heading, quote, codeblock, list, table, details, rule]).meta({ id: 'Block' });
const richText = z.array(block);

const mediaRef = z.strictObject({
  source: z.union([z.strictObject({ network: text }), z.strictObject({ mxc: text })]),
  mime: maybe,
  name: maybe,
  size: z.number().exactOptional(),
  sha256: maybe,
  width: z.number().exactOptional(),
  height: z.number().exactOptional(),
  durationMs: z.number().exactOptional(),
  expiresAt: time.exactOptional(),
}).meta({ id: 'MediaRef' });

const typed = z.array(z.strictObject({ value: text, type: maybe }));
const content = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('text'),
    text: richText,
    style: z.enum(['notice', 'emote']).exactOptional(),
    preview: z.strictObject({ url: text, title: maybe, description: maybe }).exactOptional(),
  }),
  z.strictObject({
    kind: z.enum(['image', 'video', 'audio', 'voice', 'file', 'sticker']),
    media: mediaRef,
    caption: richText.exactOptional(),
    animated: z.boolean().exactOptional(),
    round: z.literal(true).exactOptional(),
    spoiler: z.literal(true).exactOptional(),
  }),
  z.strictObject({ kind: z.literal('location'), latitude: z.number(), longitude: z.number(), name: maybe, address: maybe, url: maybe,
    live: z.enum(['on', 'ended']).exactOptional() }),
  z.strictObject({
    kind: z.literal('contacts'),
    contacts: z.array(z.strictObject({
      name: text,
      organization: maybe,
      title: maybe,
      birthday: maybe,
      phones: z.array(z.strictObject({ value: text, type: maybe, person: maybe })),
      emails: typed,
      urls: typed,
      addresses: typed,
      ims: typed.exactOptional(),
      note: maybe,
    })),
  }),
  z.strictObject({
    kind: z.literal('choice'),
    title: text,
    description: maybe,
    value: maybe,
    fields: z.array(z.strictObject({ name: text, value: text })).exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('order'),
    catalog: maybe,
    note: maybe,
    items: z.array(z.strictObject({ id: text, quantity: z.number(), price: maybe, currency: maybe })),
  }),
  z.strictObject({
    kind: z.literal('poll'), question: text, options: z.array(z.strictObject({ id: text, text })), maxChoices: z.number(),
    anonymous: z.literal(true).exactOptional(), closed: z.literal(true).exactOptional(),
  }),
  z.strictObject({ kind: z.literal('unsupported'), what: text, reason: text }),
]).meta({ id: 'Content' });

const picture = z.strictObject({ id: text, handle: text }).nullable();

const conversation = z.strictObject({
  id: text, scope: text, kind: z.enum(['direct', 'group', 'channel']), perAccount: z.boolean(), title: maybe, topic: maybe,
  avatar: picture.exactOptional(),
  aliases: z.array(text).exactOptional(),
}).meta({ id: 'Conversation' });

const person = z.strictObject({
  id: text, aliases: z.array(text).exactOptional(), scope: text, name: maybe, username: maybe, phone: maybe,
  avatar: picture.exactOptional(), isBot: z.literal(true).exactOptional(),
  isSelf: z.boolean().exactOptional(),
}).meta({ id: 'Person' });

const event = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('message'), conversation, time, id: text, sender: person, parts: z.array(content),
    replyTo: z.strictObject({ id: text, quote: maybe, sender: maybe }).exactOptional(),
    thread: z.strictObject({ root: text, broadcast: z.literal(true).exactOptional() }).exactOptional(),
    album: maybe,
    forwarded: z.enum(['once', 'often']).exactOptional(),
    forwardedFrom: maybe,
    referral: z.strictObject({ title: maybe, body: maybe, url: maybe, source: maybe, id: maybe, media: maybe, click: maybe, greeting: maybe, product: maybe }).exactOptional(),
    key: maybe,
    historical: z.literal(true).exactOptional(),
  }),
  z.strictObject({ type: z.literal('edit'), conversation, time, id: text, target: text, sender: person, parts: z.array(content) }),
  z.strictObject({ type: z.literal('deletion'), conversation, time, target: text, sender: person.exactOptional() }),
  z.strictObject({
    type: z.literal('reaction'), conversation, time, target: text, sender: person, emoji: z.string().nullable(), removed: maybe, exclusive: z.boolean(),
  }),
  z.strictObject({
    type: z.literal('reactions.set'), conversation, time, target: text, sender: person.exactOptional(),
    reactions: z.array(z.strictObject({ emoji: text, sender: person.exactOptional(), count: z.number().exactOptional() })),
  }),
  z.strictObject({ type: z.literal('pin'), conversation, time, target: text, pinned: z.boolean(), sender: person.exactOptional() }),
  z.strictObject({ type: z.literal('poll.vote'), conversation, time, target: text, sender: person, options: z.array(text) }),
  z.strictObject({
    type: z.literal('poll.end'), conversation, time, target: text,
    results: z.array(z.strictObject({ text, votes: z.number() })).exactOptional(),
  }),
  z.strictObject({
    type: z.literal('member'), conversation, time, person, change: z.enum(['join', 'invite', 'leave', 'kick', 'ban']), by: person.exactOptional(),
  }),
  z.strictObject({ type: z.literal('profile'), person, time }),
  z.strictObject({ type: z.literal('conversation.changed'), conversation, time, by: person.exactOptional() }),
  z.strictObject({ type: z.literal('conversation.replaced'), conversation, time, into: conversation }),
  z.strictObject({ type: z.literal('conversation.gone'), conversation, time, reason: text }),
  z.strictObject({
    type: z.literal('receipt'), conversation, time, reader: person,
    upTo: z.union([z.strictObject({ id: text }), z.strictObject({ time })]),
  }),
  z.strictObject({ type: z.literal('typing'), conversation, time, sender: person, active: z.boolean() }),
  z.strictObject({
    type: z.literal('delivery'), id: text, key: maybe, time,
    status: z.enum(['sent', 'delivered', 'read', 'played', 'failed']),
    recipient: person.exactOptional(),
    failure: z.strictObject({ code: text, reason: text, retryable: z.boolean() }).exactOptional(),
  }),
  z.strictObject({
    type: z.literal('identity.alias'), scope: text, from: text, to: text, time,
    conversation: conversation.exactOptional(), notice: maybe,
  }),
  z.strictObject({
    type: z.literal('unsupported'), what: text, reason: text, time, conversation: conversation.exactOptional(),
    sender: person.exactOptional(), detail: z.record(z.string(), z.string()).exactOptional(), quiet: z.literal(true).exactOptional(),
  }),
]).meta({ id: 'Event' });

/** What `inspect` prints. */
export const inspection = z.strictObject({
  events: z.array(event),
  unsupported: z.array(z.strictObject({ what: text, reason: text })),
});

/** Raised with every change of the model: the first number when a reader of the old schema would fail on the new output. */
const MODEL_VERSION = '2.0.0';

/** JSON Schema (draft 2020-12) of what `inspect` prints. */
export function modelJsonSchema(): object {
  const { $schema, ...rest } = z.toJSONSchema(inspection, { io: 'output' });
  return {
    $schema,
    $id: `urn:drawbridge:model:${MODEL_VERSION}`,
    version: MODEL_VERSION,
    title: 'What `drawbridge inspect` prints',
    ...rest,
  };
}

/** The model without brands and with everything readonly, so that both sides of a comparison look alike. */
type Plain<T> = T extends Leaf ? Unbranded<T> : { readonly [K in keyof T]: Plain<T[K]> };
/** The same with nothing optional: assignability alone would overlook an optional key that one side lacks. */
type Full<T> = T extends Leaf ? Unbranded<T> : { readonly [K in keyof T]-?: Full<T[K]> };
type Leaf = string | number | boolean | null | undefined;
type Unbranded<T> = T extends { readonly __brand: string } ? (T extends string ? string : number) : T;
type Both<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Same<A, B> = Both<Plain<A>, Plain<B>> & Both<Full<A>, Full<B>>;

true satisfies Same<NetworkEvent, z.output<typeof event>>;
true satisfies Same<Content, z.output<typeof content>>;
true satisfies Same<Block, z.output<typeof block>>;

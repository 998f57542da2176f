import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { faultsSchema } from './faults.ts';
import type { Group, GroupHandle } from './groups.ts';
import type { PersonHandle } from './person.ts';
import { choicesOf } from './replies.ts';
import type { Message, Person, World } from './state.ts';
import { renderTemplate } from './templates.ts';
import type { Webhooks } from './webhooks.ts';

const how = { in: z.string().optional(), replyTo: z.string().optional(), forwarded: z.boolean().optional(), frequentlyForwarded: z.boolean().optional() };
const json = z.record(z.string(), z.unknown());

const personSchema = z.strictObject({
  waId: z.string().regex(/^\d{5,15}$/),
  name: z.string().min(1).max(100).optional(),
  bsuid: z.string().nullable().optional(),
  username: z.string().nullable().optional(),
  phoneless: z.boolean().optional(),
});

const groupSchema = z.strictObject({ subject: z.string().min(1).max(128), description: z.string().max(2048).optional(), members: z.array(z.string()).max(8).optional() });

const actSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('text'), text: z.string(), ...how }),
  z.strictObject({
    action: z.literal('media'), kind: z.enum(['image', 'video', 'audio', 'document', 'sticker']), data: z.base64(), mime: z.string(),
    caption: z.string().optional(), filename: z.string().optional(), voice: z.boolean().optional(), animated: z.boolean().optional(), ...how,
  }),
  z.strictObject({
    action: z.literal('location'), latitude: z.number(), longitude: z.number(), name: z.string().optional(), address: z.string().optional(), url: z.string().optional(), ...how,
  }),
  z.strictObject({ action: z.literal('contacts'), contacts: z.array(json), ...how }),
  z.strictObject({ action: z.literal('react'), messageId: z.string(), emoji: z.string().nullable() }),
  z.strictObject({ action: z.literal('edit'), messageId: z.string(), text: z.string() }),
  z.strictObject({ action: z.literal('revoke'), messageId: z.string() }),
  z.strictObject({ action: z.literal('press'), messageId: z.string(), choice: z.union([z.number(), z.string()]) }),
  z.strictObject({ action: z.literal('interactive'), content: json, replyTo: z.string().optional() }),
  z.strictObject({ action: z.literal('order'), content: z.strictObject({ catalog_id: z.string(), text: z.string().optional(), product_items: z.array(json) }) }),
  z.strictObject({ action: z.literal('referral'), text: z.string(), referral: json }),
  z.strictObject({ action: z.literal('unsupported'), what: z.string().optional() }),
  z.strictObject({ action: z.literal('raw'), type: z.string(), content: z.unknown(), extra: json.optional() }),
  z.strictObject({ action: z.literal('changeNumber'), waId: z.string(), keepUserId: z.boolean().optional() }),
  z.strictObject({ action: z.literal('changeUserId'), userId: z.string() }),
  z.strictObject({ action: z.literal('rename'), name: z.string(), username: z.string().nullable().optional() }),
  z.strictObject({ action: z.literal('read'), in: z.string().optional() }),
  z.strictObject({ action: z.literal('join'), group: z.string() }),
  z.strictObject({ action: z.literal('leave'), group: z.string() }),
  z.strictObject({ action: z.literal('play'), messageId: z.string() }),
]);
/** What a person can be told to do over HTTP: the methods of `PersonHandle`. */
type Act = z.infer<typeof actSchema>;

interface ControlParts {
  readonly world: World;
  readonly webhooks: Webhooks;
  readonly person: (waId: string, given?: Omit<PersonGiven, 'waId'>) => PersonHandle;
  readonly group: (subject: string, given?: { readonly description?: string | undefined; readonly members?: readonly PersonHandle[] | undefined }) => GroupHandle;
  readonly handleOf: (group: Group) => GroupHandle;
}
type PersonGiven = z.infer<typeof personSchema>;

/** `/_sandbox/`: what a test in another process, and the page, can do. JSON in and out; errors are `{error}` with 400 or 404. */
export function controlRoutes(app: FastifyInstance, parts: ControlParts): void {
  const { world, webhooks } = parts;
  app.get('/_sandbox/state', () => ({
    business: { name: world.options.verifiedName ?? 'Sandbox Business', number: world.options.displayPhoneNumber, webhook: webhooks.url, subscribed: webhooks.subscribed },
    people: [...world.people.values()].map(personView), groups: [...world.groups.values()].map(groupView), faults: world.faults,
  }));
  app.get('/_sandbox/messages', (request) => messagesView(world, request.query as Record<string, string | undefined>));
  app.get('/_sandbox/webhooks', () => webhooks.posts);
  app.get('/_sandbox/events', (_request, reply) => world.feed.serve(reply));
  app.get('/_sandbox/media/:id', async (request, reply) => {
    const media = world.media.get((request.params as { id: string }).id);
    if (!media) return reply.code(404).send({ error: 'no such media' });
    return reply.header('content-type', media.mime).header('content-security-policy', "default-src 'none'; sandbox").send(media.bytes);
  });
  app.get('/_sandbox/faults', () => world.faults);
  app.post('/_sandbox/faults', (request) => {
    Object.assign(world.faults, faultsSchema.partial().parse(bodyOf(request)));
    world.feed.emit({ kind: 'faults' });
    return world.faults;
  });
  app.post('/_sandbox/people', (request) => {
    const { waId, ...given } = personSchema.parse(bodyOf(request));
    return personView(parts.person(waId, given).person);
  });
  app.post('/_sandbox/people/:waId/send', async (request, reply) => {
    const found = world.findPerson((request.params as { waId: string }).waId);
    if (!found) return reply.code(404).send({ error: 'no such person' });
    const act = actSchema.parse(bodyOf(request));
    if (act.action !== 'join' && act.action !== 'leave') return { id: await perform(parts.person(found.key), act) };
    const group = world.liveGroup(act.group);
    if (group === undefined) return reply.code(404).send({ error: 'no such group' });
    if (act.action === 'join') parts.handleOf(group).join(found);
    else parts.handleOf(group).leave(found);
    return { id: null };
  });
  app.post('/_sandbox/groups', (request) => {
    const { subject, description, members } = groupSchema.parse(bodyOf(request));
    return groupView(parts.group(subject, { description, members: members?.map((key) => parts.person(key)) }).group);
  });
  app.post('/_sandbox/subscribe', async (request) => {
    await webhooks.subscribe(z.strictObject({ url: z.url() }).parse(bodyOf(request)).url);
    return { subscribed: true };
  });
}

/** The id of the message that the act made, null when it makes none. */
async function perform(person: PersonHandle, act: Exclude<Act, { action: 'join' | 'leave' }>): Promise<string | null> {
  switch (act.action) {
    case 'text': return person.sendText(act.text, present(act));
    case 'media': return person.sendMedia(act.kind, Buffer.from(act.data, 'base64'), present(act));
    case 'location': {
      const { action: _, in: group, replyTo, forwarded, frequentlyForwarded, ...place } = act;
      return person.sendLocation(present(place), present({ in: group, replyTo, forwarded, frequentlyForwarded }));
    }
    case 'contacts': return person.sendContacts(act.contacts, present(act));
    case 'react': return person.react(act.messageId, act.emoji);
    case 'edit': return person.edit(act.messageId, act.text);
    case 'revoke': return person.revoke(act.messageId);
    case 'press': return person.pressButton(act.messageId, act.choice);
    case 'interactive': return person.sendInteractive(act.content, act.replyTo);
    case 'order': return person.order(present(act.content));
    case 'referral': return person.referral(act.text, act.referral);
    case 'unsupported': return person.sendUnsupported(act.what);
    case 'raw': return person.sendRaw(act.type, act.content, act.extra);
    case 'changeNumber': person.changeNumber(act.waId, act.keepUserId); return null;
    case 'changeUserId': person.changeUserId(act.userId); return null;
    case 'rename': person.rename(act.name, act.username); return null;
    case 'read': person.readAll(act.in); return null;
    case 'play': person.play(act.messageId); return null;
  }
}

type Present<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** Without the keys that are undefined. */
function present<T extends object>(given: T): Present<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Present<T>;
}

function bodyOf(request: FastifyRequest): unknown {
  return Buffer.isBuffer(request.body) && request.body.length > 0 ? JSON.parse(request.body.toString('utf8')) : {};
}

/** Filters: `person`, `group`, `from`, `id`, and `after`, a sequence number. */
function messagesView(world: World, query: Readonly<Record<string, string | undefined>>): unknown[] {
  const person = query['person'] === undefined ? undefined : (world.findPerson(query['person'])?.key ?? query['person']);
  return world.messages
    .filter((message) => (person === undefined || message.person === person)
      && (query['from'] === undefined || message.from === query['from'])
      && (query['group'] === undefined || message.group === query['group'])
      && (query['id'] === undefined || message.id === query['id'])
      && message.seq > Number(query['after'] ?? 0))
    .map((message) => messageView(world, message));
}

function messageView(world: World, message: Readonly<Message>): Record<string, unknown> {
  const { media, ...rest } = message;
  return {
    ...rest,
    choices: choicesOf(message),
    ...(message.type === 'template' ? { rendered: renderTemplate(world, message.body) } : {}),
    media: media && { id: media.id, mime: media.mime, sha256: media.sha256, size: media.bytes.length, filename: media.filename, path: `/_sandbox/media/${media.id}` },
  };
}

function personView(person: Readonly<Person>): Record<string, unknown> {
  return { ...person };
}

function groupView({ members, asking, ...group }: Readonly<Group>): Record<string, unknown> {
  return { ...group, members: [...members], asking: [...asking] };
}

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { faultsSchema } from './faults.ts';
import type { Group } from './group.ts';
import type { GroupOptions, PersonOptions } from './index.ts';
import type { HowSent, PersonHandle } from './person.ts';
import type { Message, World } from './state.ts';
import type { Updates } from './updates.ts';
import { messageView } from './views.ts';

const how = { chat: z.number().int().optional(), replyTo: z.number().int().optional(), topic: z.number().int().optional(), album: z.string().optional() };
const json = z.record(z.string(), z.unknown());

const personSchema = z.strictObject({ id: z.number().int().positive(), firstName: z.string().min(1).max(64).optional(), lastName: z.string().max(64).nullable().optional(), username: z.string().regex(/^\w{1,32}$/).nullable().optional(), started: z.boolean().optional() });
const groupSchema = z.strictObject({ title: z.string().min(1).max(128), type: z.enum(['group', 'supergroup', 'channel']).optional(), members: z.array(z.number().int()).optional(), bot: z.enum(['member', 'administrator']).nullable().optional(), forum: z.boolean().optional() });

/** What a person can be told to do over HTTP. */
const actSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('text'), text: z.string().min(1), entities: z.array(json).optional(), ...how }),
  z.strictObject({
    action: z.literal('media'), kind: z.enum(['photo', 'video', 'animation', 'voice', 'video_note', 'audio', 'document', 'sticker']), data: z.base64(), mime: z.string().optional(), name: z.string().optional(),
    caption: z.string().optional(), fields: json.optional(), ...how,
  }),
  z.strictObject({ action: z.literal('location'), latitude: z.number(), longitude: z.number(), ...how }),
  z.strictObject({ action: z.literal('poll'), question: z.string(), options: z.array(z.string()).min(1), ...how }),
  z.strictObject({ action: z.literal('vote'), messageId: z.number().int(), options: z.array(z.number().int()), ...how }),
  z.strictObject({ action: z.literal('react'), messageId: z.number().int(), emojis: z.array(z.string()), ...how }),
  z.strictObject({ action: z.literal('edit'), messageId: z.number().int(), text: z.string(), ...how }),
  z.strictObject({ action: z.literal('delete'), messageId: z.number().int(), ...how }),
  z.strictObject({ action: z.literal('raw'), body: json, ...how }),
  z.strictObject({ action: z.literal('block'), blocked: z.boolean() }),
  z.strictObject({ action: z.literal('join'), chat: z.number().int() }),
  z.strictObject({ action: z.literal('leave'), chat: z.number().int() }),
  z.strictObject({ action: z.literal('title'), chat: z.number().int(), title: z.string().min(1).max(128) }),
  z.strictObject({ action: z.literal('pin'), chat: z.number().int(), messageId: z.number().int() }),
  z.strictObject({ action: z.literal('migrate'), chat: z.number().int() }),
]);
type Act = z.infer<typeof actSchema>;

interface ControlParts {
  readonly world: World;
  readonly updates: Updates;
  readonly person: (id: number, given?: PersonOptions) => PersonHandle;
  readonly group: (title: string, given?: GroupOptions) => Group;
  readonly groupOf: (id: number) => Group | undefined;
}

/** `/_sandbox/`: what a test in another process, and the page, can do. JSON in and out; errors are `{error}` with 400 or 404. */
export function controlRoutes(app: FastifyInstance, parts: ControlParts): void {
  const { world, updates } = parts;
  app.get('/_sandbox/state', () => ({
    bot: { id: world.bot.id, name: world.bot.firstName, username: world.bot.username, webhook: updates.webhook?.url ?? null, pending: updates.pending },
    people: [...world.users.values()].filter((user) => !user.isBot).map(({ id, firstName, lastName, username, blocked }) => ({ id, name: [firstName, lastName].filter(Boolean).join(' '), username, blocked })),
    chats: [...world.chats.values()].map((chat) => ({ id: chat.id, type: chat.type, title: chat.title, members: [...chat.members], pinned: chat.pinned, migratedTo: chat.migratedTo, typing: (world.typing.get(chat.id) ?? 0) > Date.now() })),
    faults: world.faults,
  }));
  app.get('/_sandbox/messages', (request) => {
    const { chat } = request.query as { chat?: string };
    return world.messages.filter((message) => chat === undefined || message.chat === Number(chat)).map((message) => shown(world, message));
  });
  app.get('/_sandbox/events', (_request, reply) => world.feed.serve(reply));
  app.get('/_sandbox/files/:id', async (request, reply) => {
    const file = world.files.get((request.params as { id: string }).id);
    if (file === undefined) return reply.code(404).send({ error: 'no such file' });
    return reply.header('content-type', file.mime).header('content-security-policy', "default-src 'none'; sandbox").send(file.bytes);
  });
  app.post('/_sandbox/faults', (request) => Object.assign(world.faults, faultsSchema.partial().parse(bodyOf(request))));
  app.post('/_sandbox/people', (request) => {
    const { id, ...given } = personSchema.parse(bodyOf(request));
    return { id: parts.person(id, given).id };
  });
  app.post('/_sandbox/groups', (request) => {
    const { title, members, ...given } = groupSchema.parse(bodyOf(request));
    return { id: parts.group(title, { ...given, members: (members ?? []).map((id) => parts.person(id)) }).id };
  });
  app.post('/_sandbox/people/:id/act', async (request, reply) => {
    const id = Number((request.params as { id: string }).id);
    if (!world.users.has(id)) return reply.code(404).send({ error: 'no such person' });
    return { id: perform(parts, parts.person(id), actSchema.parse(bodyOf(request))) };
  });
}

/** The id of the message that the act made, null when it makes none. */
function perform(parts: ControlParts, person: PersonHandle, act: Act): number | null {
  const place = 'replyTo' in act || 'chat' in act || 'topic' in act ? placeOf(parts, act) : {};
  switch (act.action) {
    case 'text': return person.sendText(act.text, place, act.entities ?? []);
    case 'media': return person.sendMedia(act.kind, Buffer.from(act.data, 'base64'), { ...place, ...present({ mime: act.mime, name: act.name, caption: act.caption, fields: act.fields }) });
    case 'location': return person.sendLocation(act.latitude, act.longitude, place);
    case 'poll': return person.sendPoll(act.question, act.options, place);
    case 'vote': person.vote(place.in?.id ?? person.id, act.messageId, act.options); return null;
    case 'react': person.react(act.messageId, act.emojis, place); return null;
    case 'edit': person.edit(act.messageId, act.text, place); return null;
    case 'delete': person.delete(act.messageId, place); return null;
    case 'raw': return person.sendRaw(act.body, place);
    case 'block': person.block(act.blocked); return null;
    case 'join': groupFor(parts, act.chat).join(person); return null;
    case 'leave': groupFor(parts, act.chat).leave(person); return null;
    case 'title': groupFor(parts, act.chat).setTitle(act.title, person); return null;
    case 'pin': groupFor(parts, act.chat).pin(act.messageId, person); return null;
    case 'migrate': groupFor(parts, act.chat).migrate(person); return null;
  }
}

function placeOf(parts: ControlParts, act: { readonly chat?: number | undefined; readonly replyTo?: number | undefined; readonly topic?: number | undefined; readonly album?: string | undefined }): HowSent {
  const group = act.chat === undefined || act.chat > 0 ? undefined : groupFor(parts, act.chat);
  return present({ in: group, replyTo: act.replyTo, topic: act.topic, album: act.album });
}

function groupFor(parts: ControlParts, id: number): Group {
  const group = parts.groupOf(id);
  if (group === undefined) throw new Error('no such chat');
  return group;
}

function shown(world: World, message: Message): Record<string, unknown> {
  return {
    ...messageView(world, message), own_from: message.from, deleted: message.deleted, file: message.file === null ? null : { id: message.file.id, mime: message.file.mime, name: message.file.name },
    reactions: [...message.reactions].map(([from, list]) => ({ from, list })),
    votes: [...(world.polls.get(String((message.body['poll'] as { id?: unknown } | undefined)?.id))?.votes ?? [])],
  };
}

type Present<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };

/** Without the keys that are undefined. */
function present<T extends object>(given: T): Present<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Present<T>;
}

function bodyOf(request: FastifyRequest): unknown {
  return Buffer.isBuffer(request.body) && request.body.length > 0 ? JSON.parse(request.body.toString('utf8')) : {};
}

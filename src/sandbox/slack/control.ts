import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Events } from './events.ts';
import { faultsSchema } from './faults.ts';
import type { SlackSandbox } from './index.ts';
import type { World } from './state.ts';
import { channelView, fileView, messageView, userView } from './views.ts';

const where = { channel: z.string() };
const one = { ...where, ts: z.string() };
const actSchema = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('text'), ...where, text: z.string().min(1), thread: z.string().optional(), broadcast: z.boolean().optional(), blocks: z.array(z.unknown()).optional(), attachments: z.array(z.unknown()).optional() }),
  z.strictObject({ action: z.literal('emote'), ...where, text: z.string().min(1) }),
  z.strictObject({ action: z.literal('file'), ...where, name: z.string().min(1), data: z.base64(), text: z.string().optional(), voice: z.boolean().optional(), thread: z.string().optional() }),
  z.strictObject({ action: z.literal('edit'), ...one, text: z.string().min(1) }),
  z.strictObject({ action: z.literal('delete'), ...one }),
  z.strictObject({ action: z.literal('react'), ...one, name: z.string() }),
  z.strictObject({ action: z.literal('unreact'), ...one, name: z.string() }),
  z.strictObject({ action: z.literal('pin'), ...one, pinned: z.boolean() }),
  z.strictObject({ action: z.literal('join'), ...where }),
  z.strictObject({ action: z.literal('leave'), ...where }),
  z.strictObject({ action: z.literal('invite'), ...where, user: z.string() }),
  z.strictObject({ action: z.literal('kick'), ...where, user: z.string() }),
  z.strictObject({ action: z.literal('topic'), ...where, topic: z.string() }),
  z.strictObject({ action: z.literal('rename'), ...where, name: z.string().min(1) }),
  z.strictObject({ action: z.literal('archive'), ...where, archived: z.boolean() }),
  z.strictObject({ action: z.literal('become'), name: z.string().min(1), avatar: z.string().optional() }),
  z.strictObject({ action: z.literal('direct'), user: z.string().optional() }),
  z.strictObject({ action: z.literal('login'), token: z.string() }),
  z.strictObject({ action: z.literal('raw'), ...where, event: z.record(z.string(), z.unknown()) }),
]);
type Act = z.infer<typeof actSchema>;

interface ControlParts {
  readonly world: World;
  readonly events: Events;
  readonly sandbox: SlackSandbox;
}

/** `/_sandbox/`: what a test in another process, and the page, can do. JSON in and out; errors are `{error}` with 400 or 404. */
export function controlRoutes(app: FastifyInstance, { world, sandbox }: ControlParts): void {
  app.get('/_sandbox/state', (request) => {
    const viewer = (request.query as Record<string, string | undefined>)['as'] ?? world.bot.id;
    return {
      team: { id: world.teamId, name: world.options.teamName ?? 'Sandbox' }, bot: world.bot.id, sockets: sandbox.sockets, faults: world.faults,
      people: [...world.users.values()].map((user) => userView(world, user)),
      channels: [...world.channels.values()].map((channel) => ({ ...channelView(world, channel, viewer), members: [...channel.members], pins: channel.pins })),
    };
  });
  app.get('/_sandbox/messages', (request) => {
    const { channel } = request.query as Record<string, string | undefined>;
    return world.messages.filter((message) => (channel === undefined || message.channel === channel) && message.deleted !== true).map((message) => ({ channel: message.channel, ...messageView(world, message, { history: true, metadata: true }) }));
  });
  app.get('/_sandbox/sent', () => sandbox.sent);
  app.get('/_sandbox/oddities', () => world.oddities);
  app.get('/_sandbox/events', (_request, reply) => world.feed.serve(reply));
  app.get('/_sandbox/files/:id', async (request, reply) => {
    const file = world.files.get((request.params as { id: string }).id);
    if (file?.bytes == null) return reply.code(404).send({ error: 'no such file' });
    return reply.header('content-type', file.mime).header('content-security-policy', "default-src 'none'; sandbox").send(file.bytes);
  });
  app.get('/_sandbox/files', () => [...world.files.values()].map((file) => fileView(world, file)));
  app.get('/avatars/:name', async (_request, reply) => reply.header('content-type', 'image/png').send(PICTURE));
  app.get('/_sandbox/faults', () => world.faults);
  app.post('/_sandbox/faults', (request) => {
    Object.assign(world.faults, faultsSchema.partial().parse(bodyOf(request)));
    world.feed.emit({ kind: 'faults' });
    return world.faults;
  });
  app.post('/_sandbox/people', (request) => {
    const { name, realName } = z.strictObject({ name: z.string().min(1).max(80), realName: z.string().optional() }).parse(bodyOf(request));
    return userView(world, sandbox.person(name, realName === undefined ? {} : { realName }).user);
  });
  app.post('/_sandbox/channels', (request) => {
    const { name, kind, members } = z.strictObject({ name: z.string().regex(/^[a-z0-9_-]{1,80}$/), kind: z.enum(['channel', 'group', 'mpim']).optional(), members: z.array(z.string()).optional() }).parse(bodyOf(request));
    return { id: sandbox.channel(name, { ...(kind === undefined ? {} : { kind }), ...(members === undefined ? {} : { members }) }) };
  });
  app.post('/_sandbox/people/:id/send', async (request, reply) => {
    const { id } = request.params as { id: string };
    if (!world.users.has(id)) return reply.code(404).send({ error: 'no such person' });
    return { result: perform(sandbox, id, actSchema.parse(bodyOf(request))) };
  });
  app.post('/_sandbox/socket', (request) => {
    const { act } = z.strictObject({ act: z.enum(['refresh', 'warning', 'cut']) }).parse(bodyOf(request));
    if (act === 'cut') sandbox.cut();
    else sandbox.refresh(act === 'refresh' ? 'refresh_requested' : 'warning');
    return { sockets: sandbox.sockets };
  });
  app.post('/_sandbox/subscribe', async (request) => {
    await sandbox.subscribe(z.strictObject({ url: z.url() }).parse(bodyOf(request)).url);
    return { subscribed: true };
  });
}

/** The `ts` or id that the act made, null when it makes none. */
function perform(sandbox: SlackSandbox, id: string, act: Act): string | null {
  const person = sandbox.person(id);
  switch (act.action) {
    case 'text': return person.sendText(act.channel, act.text, act);
    case 'emote': return person.emote(act.channel, act.text);
    case 'file': return person.sendFile(act.channel, Buffer.from(act.data, 'base64'), act.name, { ...(act.text === undefined ? {} : { text: act.text }), ...(act.voice === true ? { voice: true } : {}), ...(act.thread === undefined ? {} : { thread: act.thread }) });
    case 'edit': person.edit(act.channel, act.ts, act.text); return null;
    case 'delete': person.delete(act.channel, act.ts); return null;
    case 'react': person.react(act.channel, act.ts, act.name); return null;
    case 'unreact': person.unreact(act.channel, act.ts, act.name); return null;
    case 'pin': person.pin(act.channel, act.ts, act.pinned); return null;
    case 'join': person.join(act.channel); return null;
    case 'leave': person.leave(act.channel); return null;
    case 'invite': person.invite(act.channel, act.user); return null;
    case 'kick': person.kick(act.channel, act.user); return null;
    case 'topic': person.setTopic(act.channel, act.topic); return null;
    case 'rename': person.rename(act.channel, act.name); return null;
    case 'archive': person.archive(act.channel, act.archived); return null;
    case 'become': person.become(act.name, act.avatar); return null;
    case 'direct': return person.direct(act.user).id;
    case 'login': person.login(act.token); return null;
    case 'raw': person.raw(act.channel, act.event); return null;
  }
}

function bodyOf(request: FastifyRequest): unknown {
  return Buffer.isBuffer(request.body) && request.body.length > 0 ? JSON.parse(request.body.toString('utf8')) : {};
}

/** One pixel: what a face looks like is nobody's concern here. */
const PICTURE = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');

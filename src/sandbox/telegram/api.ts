import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { adminOf, chatFor, writable } from './access.ts';
import type { Changes } from './change.ts';
import { bad, BotError } from './errors.ts';
import type { Members } from './members.ts';
import { documented } from './options.ts';
import { parse, type Given } from './parse.ts';
import { FILES, type Sender, type Values } from './send.ts';
import { SHAPES, type Method } from './shapes.ts';
import type { Json, World } from './state.ts';
import type { Updates } from './updates.ts';
import { chatView, fileView, memberView, userView } from './views.ts';

export interface ApiParts {
  readonly world: World;
  readonly updates: Updates;
  readonly sender: Sender;
  readonly changes: Changes;
  readonly members: Members;
}

interface Call {
  readonly values: Values;
  readonly given: Given;
  /** Aborts when whoever asks is gone. */
  readonly gone: AbortSignal;
}

type Handler = (parts: ApiParts, call: Call) => unknown;

const SENDS: ReadonlySet<string> = new Set([...Object.keys(FILES), 'sendmessage', 'sendlocation', 'sendvenue', 'sendcontact', 'sendpoll']);

/** One call each (core.telegram.org/bots/api#available-methods); names are not case-sensitive. */
const HANDLERS: Readonly<Record<Exclude<Method, `send${string}`> | 'sendchataction', Handler>> = {
  getme: ({ world }) => ({
    ...userView(world.bot), can_join_groups: true, can_read_all_group_messages: world.options.privacy !== true, supports_inline_queries: false,
    can_connect_to_business: false, has_main_web_app: false,
  }),
  getupdates: ({ updates }, { values, gone }) => {
    const limit = Math.min(Math.max(1, Number(values['limit'] ?? documented.batch)), documented.batch);
    return updates.ask(values['offset'] as number | undefined, limit, Number(values['timeout'] ?? 0) * 1000, values['allowed_updates'] as string[] | undefined, gone);
  },
  setwebhook: ({ updates, world }, { values }) => {
    const { url, secret_token: secret } = values as { readonly url: string; readonly secret_token?: string };
    if (secret !== undefined && !/^[A-Za-z0-9_-]{1,256}$/.test(secret)) throw bad('secret token contains unallowed characters');
    // The cloud wants https; here, as with a server of one's own, this machine may be named without.
    if (url !== '' && !url.startsWith('https://') && !/^http:\/\/(?:127\.0\.0\.1|localhost)[:/]/.test(url)) throw bad('bad webhook: An HTTPS URL must be provided for webhook');
    updates.setWebhook(url === '' ? null : { url, secret: secret ?? null }, values['allowed_updates'] as string[] | undefined, values['drop_pending_updates'] === true);
    world.feed.emit({ kind: 'call' });
    return true;
  },
  deletewebhook: ({ updates }, { values }) => {
    updates.setWebhook(null, undefined, values['drop_pending_updates'] === true);
    return true;
  },
  getwebhookinfo: ({ updates }) => ({
    url: updates.webhook?.url ?? '', has_custom_certificate: false, pending_update_count: updates.pending, max_connections: 40,
    ...(updates.allowed.length > 0 && { allowed_updates: updates.allowed }), ...(updates.lastError !== null && { last_error_date: Math.floor(Date.now() / 1000), last_error_message: updates.lastError }),
  }),
  sendchataction: ({ world }, { values }) => {
    const chat = writable(world, values['chat_id']);
    if (chat.type === 'channel') throw bad("can't send chat actions to channels");
    world.typing.set(chat.id, Date.now() + 5000);
    world.feed.emit({ kind: 'typing', chat: chat.id });
    return true;
  },
  editmessagetext: ({ changes }, { values }) => changes.text(values),
  editmessagecaption: ({ changes }, { values }) => changes.caption(values),
  editmessagemedia: ({ changes }, { values, given }) => changes.media(values, given),
  editmessagelivelocation: ({ changes }, { values }) => changes.location(values, false),
  stopmessagelivelocation: ({ changes }, { values }) => changes.location(values, true),
  stoppoll: ({ changes }, { values }) => changes.stopPoll(values),
  deletemessage: ({ changes }, { values }) => changes.delete(values),
  setmessagereaction: ({ changes }, { values }) => changes.react(values),
  pinchatmessage: ({ changes }, { values }) => changes.pin(values, true),
  unpinchatmessage: ({ changes }, { values }) => changes.pin(values, false),
  createchatinvitelink: ({ world, members }, { values }) => members.inviteLink(adminOf(world, values['chat_id'])),
  banchatmember: ({ world, members }, { values }) => members.ban(adminOf(world, values['chat_id']), values['user_id']),
  unbanchatmember: ({ world, members }, { values }) => members.unban(adminOf(world, values['chat_id']), values['user_id'], values['only_if_banned'] === true),
  leavechat: ({ world, members }, { values }) => members.leave(writable(world, values['chat_id'])),
  setchattitle: ({ world, members }, { values }) => members.rename(adminOf(world, values['chat_id']), String(values['title'])),
  getfile: ({ world }, { values }) => {
    const file = world.files.get(String(values['file_id']));
    if (file === undefined || world.faults.filesGone) throw bad('wrong file_id or the file is temporarily unavailable');
    const local = world.options.localDir;
    if (local === undefined && file.bytes.length > documented.downloadBytes) throw bad('file is too big');
    return { ...fileView(file), file_path: local === undefined ? file.path : `${local}/${file.path}` };
  },
  getchat: ({ world }, { values }) => {
    const chat = chatFor(world, values['chat_id']);
    const photo = chat.type === 'private' ? (world.users.get(chat.id)?.photo ?? null) : chat.photo;
    return {
      ...chatView(world, chat), accent_color_id: 0, max_reaction_count: 11, accepted_gift_types: {}, ...(chat.description !== null && { description: chat.description }),
      ...(photo !== null && { photo: { small_file_id: photo.id, small_file_unique_id: photo.uniqueId, big_file_id: photo.id, big_file_unique_id: photo.uniqueId } }),
    };
  },
  getchatadministrators: ({ world }, { values }) => {
    const chat = writable(world, values['chat_id']);
    if (chat.type === 'private') throw bad('there are no administrators in the private chat');
    return [...chat.members].flatMap(([id, status]) => {
      const user = world.users.get(id);
      return user !== undefined && (status === 'creator' || status === 'administrator') ? [memberView(world, user, status)] : [];
    });
  },
  getchatmember: ({ world }, { values }) => {
    const chat = writable(world, values['chat_id']);
    const user = world.users.get(Number(values['user_id']));
    if (user === undefined) throw bad('user not found');
    return memberView(world, user, chat.members.get(user.id) ?? 'left');
  },
  getchatmembercount: ({ world }, { values }) => [...writable(world, values['chat_id']).members.values()].filter((status) => status !== 'left' && status !== 'kicked').length,
  getuserprofilephotos: ({ world }, { values }) => {
    const photo = world.users.get(Number(values['user_id']))?.photo ?? null;
    return { total_count: photo === null ? 0 : 1, photos: photo === null ? [] : [[{ ...fileView(photo), width: 640, height: 640 }]] };
  },
  getcustomemojistickers: (_parts, { values }) => (values['custom_emoji_ids'] as string[]).slice(0, 200).map((id) => ({ file_id: `e${id}`, file_unique_id: id, type: 'custom_emoji', width: 100, height: 100, is_animated: true, is_video: false, emoji: '🦊', custom_emoji_id: id })),
};

/** `/bot<token>/<method>` and `/file/bot<token>/<path>`. */
export function apiRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { world } = parts;
  app.all('/bot:token/:method', async (request, reply) => {
    const { token, method } = request.params as { token: string; method: string };
    await answer(parts, request, reply, token, method.toLowerCase());
  });
  app.get('/file/bot:token/*', async (request, reply) => {
    const { token, '*': path } = request.params as { token: string; '*': string };
    if (token !== world.options.token) return reply.code(401).send(new BotError(401, 'Unauthorized').body());
    const file = [...world.files.values()].find((each) => each.path === path);
    if (file === undefined || world.faults.filesGone || world.options.localDir !== undefined) return reply.code(404).send(new BotError(404, 'Not Found').body());
    return reply.header('content-type', 'application/octet-stream').send(file.bytes);
  });
}

async function answer(parts: ApiParts, request: FastifyRequest, reply: FastifyReply, token: string, method: string): Promise<void> {
  const { world } = parts;
  let status = 200;
  let body: Json;
  let reset = false;
  try {
    guard(world, token, method);
    const result = await run(parts, request, reply, method);
    body = { ok: true, result };
    reset = SENDS.has(method) && world.random.chance(world.faults.acceptThenReset);
  } catch (error) {
    const refusal = error instanceof BotError ? error : new BotError(500, 'Internal Server Error');
    if (!(error instanceof BotError)) console.error('the sandbox failed', error);
    status = refusal.code;
    body = refusal.body();
    if (status === 429) void reply.header('retry-after', String(refusal.parameters?.['retry_after'] ?? 1));
  }
  if (world.faults.slowMs > 0) await sleep(world.faults.slowMs);
  if (reset) {
    reply.hijack();
    request.raw.socket.resetAndDestroy();
    return;
  }
  if (SENDS.has(method) && status === 502) await reply.code(502).type('text/html').send('<html><head><title>502 Bad Gateway</title></head></html>');
  else await reply.code(status).type('application/json').send(JSON.stringify(body));
}

function guard(world: World, token: string, method: string): void {
  const { faults, random, options } = world;
  if (random.chance(faults.http500)) throw new BotError(500, 'Internal Server Error: restart');
  if (SENDS.has(method) && random.chance(faults.http502)) throw new BotError(502, 'Bad Gateway');
  if (!/^\d+:[\w-]+$/.test(token)) throw new BotError(404, 'Not Found');
  if (token !== options.token || faults.revoked) throw new BotError(401, 'Unauthorized');
}

async function run(parts: ApiParts, request: FastifyRequest, reply: FastifyReply, method: string): Promise<unknown> {
  if (!Object.hasOwn(SHAPES, method)) throw new BotError(404, 'Not Found: method not found');
  const given = parse(request);
  const values = shaped(parts.world, method as Method, given);
  if (SENDS.has(method)) return parts.sender.send(method, values, given);
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return (HANDLERS as Readonly<Record<string, Handler>>)[method]?.(parts, { values, given, gone: gone.signal });
}

function shaped(world: World, method: Method, given: Given): Values {
  const shape = SHAPES[method] as Readonly<Record<string, z.ZodType>>;
  for (const name of [...Object.keys(given.values), ...given.files.keys()]) if (!Object.hasOwn(shape, name) && name !== 'file') world.strange.add(`${method}.${name}`);
  const parsed = z.object(shape).safeParse(given.values);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw bad(`${issue?.path.join('.') ?? 'the request'} ${issue?.message ?? 'is wrong'}`);
}

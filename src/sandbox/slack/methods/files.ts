import type { FastifyInstance } from 'fastify';
import { checkBlocks } from '../blocks.ts';
import { invalid, SlackError } from '../errors.ts';
import type { Events } from '../events.ts';
import { nowSeconds, type Channel, type Message, type StoredFile, type World } from '../state.ts';
import { fileView } from '../views.ts';
import { channelFor, json, maybe, text, type Method } from '../web-api.ts';

/** files.* (docs.slack.dev/messaging/working-with-files): a place for the bytes, the bytes, and only then a message. */
export function fileMethods(events: Events): Readonly<Record<string, Method>> {
  return {
    'files.getUploadURLExternal': {
      scopes: ['files:write'], tier: 4, takes: ['filename', 'length', 'alt_txt', 'snippet_type'],
      run: ({ world, args, user }) => {
        const name = text(args, 'filename');
        const length = Number(maybe(args, 'length'));
        if (!Number.isInteger(length) || length < 1) throw invalid('length must be a positive number');
        if (length > 1_000_000_000) throw new SlackError('file_upload_size_restricted');
        const id = world.id('F');
        world.files.set(id, { id, name, title: name, user: user.id, created: nowSeconds(), declared: length, bytes: null, mime: 'application/octet-stream', completed: false, deleted: false, shares: new Map() });
        return { upload_url: `${world.origin}/upload/v1/${id}${world.random.hex(16)}`, file_id: id };
      },
    },
    'files.completeUploadExternal': {
      scopes: ['files:write'], tier: 4, takes: ['files', 'channel_id', 'channels', 'initial_comment', 'thread_ts', 'blocks'],
      run: (call) => {
        const { world, args, user } = call;
        const given = json(args, 'files', 'invalid_arguments');
        if (!Array.isArray(given) || given.length === 0) throw invalid('files must be a list');
        const found = given.map((each): StoredFile => {
          const { id, title } = each as { id?: unknown; title?: unknown };
          const file = typeof id === 'string' ? world.files.get(id) : undefined;
          if (file === undefined || file.bytes === null || file.user !== user.id) throw new SlackError('file_not_found');
          if (file.completed) throw new SlackError('invalid_arguments', { extra: { response_metadata: { messages: ['[ERROR] the upload is completed already'] } } });
          if (typeof title === 'string') file.title = title;
          return file;
        });
        const target = maybe(args, 'channel_id');
        const channel = target === undefined ? undefined : channelFor(call, target);
        const root = maybe(args, 'thread_ts');
        if (root !== undefined && (channel === undefined || world.message(channel.id, root) === undefined)) throw new SlackError('thread_not_found');
        const comment = maybe(args, 'initial_comment') ?? '';
        const blocks = json(args, 'blocks', 'invalid_blocks_format');
        const checked = blocks === undefined || comment !== '' ? undefined : checkBlocks(blocks);
        for (const file of found) file.completed = true;
        if (channel !== undefined) {
          // The share comes a moment later, and the answer does not wait for it.
          setTimeout(() => share(world, events, channel, found, {
            user: user.id, text: comment, ...(root === undefined ? {} : { threadTs: root }), ...(checked === undefined ? {} : { blocks: checked }), botId: world.bot.botId ?? '', appId: world.appId,
          }), world.faults.shareMs).unref();
        }
        return { files: found.map((file) => ({ id: file.id, title: file.title })) };
      },
    },
    'files.info': {
      scopes: ['files:read'], tier: 4, takes: ['file', 'count', 'page', 'limit', 'cursor'],
      run: ({ world, args }) => {
        const file = world.files.get(text(args, 'file'));
        if (file === undefined || !file.completed) throw new SlackError('file_not_found');
        if (file.deleted) throw new SlackError('file_deleted');
        return { file: fileView(world, file), comments: [], response_metadata: { next_cursor: '' } };
      },
    },
    'files.delete': {
      scopes: ['files:write'], tier: 3, takes: ['file'],
      run: ({ world, args, user }) => {
        const file = world.files.get(text(args, 'file'));
        if (file === undefined) throw new SlackError('file_not_found');
        if (file.deleted) throw new SlackError('file_deleted');
        if (file.user !== user.id) throw new SlackError('cant_delete_file');
        file.deleted = true;
        return {};
      },
    },
  };
}

/** The message that shows files in a channel. */
export function share(world: World, events: Events, channel: Channel, files: readonly StoredFile[], message: Partial<Message> & { readonly text: string }): Message {
  const posted: Message = { channel: channel.id, ts: world.ts(), subtype: 'file_share', reactions: new Map(), ...message, files: files.map(({ id }) => id) };
  for (const file of files) file.shares.set(channel.id, [...(file.shares.get(channel.id) ?? []), posted.ts]);
  world.messages.push(posted);
  events.posted(channel, posted);
  return posted;
}

/** Where bytes go, and where they come from: only with a token that may read files; anybody else gets the page to log in. */
export function fileRoutes(app: FastifyInstance, world: World): void {
  app.post('/upload/v1/:ticket', async (request, reply) => {
    const { ticket } = request.params as { ticket: string };
    const file = [...world.files.values()].find(({ id, bytes }) => bytes === null && ticket.startsWith(id));
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    if (file === undefined) return reply.code(404).type('text/plain').send('no such upload');
    const type = request.headers['content-type'] ?? '';
    if (/^multipart\/form-data/i.test(type)) return reply.code(400).type('text/plain').send('the sandbox takes the bytes as they are');
    if (body.length !== file.declared) return reply.code(400).type('text/plain').send(`length is ${body.length}, not ${file.declared}`);
    file.bytes = body;
    file.mime = sniff(body, file.name);
    return reply.type('text/plain').send(`OK - ${body.length}`);
  });
  const serve = (download: boolean) => async (request: { params: unknown; headers: { authorization?: string | undefined } }, reply: { code(status: number): typeof reply; header(name: string, value: string): typeof reply; redirect(url: string): unknown; send(body: unknown): unknown }): Promise<unknown> => {
    const { path } = request.params as { path: string };
    const file = world.files.get(path.split('-').at(-1) ?? '');
    const token = world.tokens.get(/^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '');
    if (token === undefined || token.revoked || !token.scopes.includes('files:read')) return reply.redirect(`${world.origin}/?redir=%2Ffiles-pri%2F${path}`);
    if (file === undefined || file.bytes === null || file.deleted) return reply.code(404).send('not found');
    return reply.header('content-type', file.mime).header('content-disposition', download ? `attachment; filename="${file.name.replace(/[^\w. -]/g, '_')}"` : 'inline').send(file.bytes);
  };
  app.get('/files-pri/:path/download/:name', serve(true) as never);
  app.get('/files-pri/:path/:name', serve(false) as never);
}

const SIGNS: readonly (readonly [RegExp, string])[] = [[/^\x89PNG/, 'image/png'], [/^\xff\xd8\xff/, 'image/jpeg'], [/^GIF8/, 'image/gif'], [/^%PDF/, 'application/pdf'], [/^OggS/, 'audio/ogg'], [/^RIFF....WEBP/, 'image/webp'], [/^....ftyp/, 'video/mp4']];
const ENDINGS: Readonly<Record<string, string>> = { txt: 'text/plain', html: 'text/html', csv: 'text/csv', mp3: 'audio/mpeg', webm: 'video/webm', json: 'application/json', m4a: 'audio/mp4' };

/** Slack tells types by the bytes and the name. */
export function sniff(bytes: Buffer, name: string): string {
  const start = bytes.subarray(0, 16).toString('latin1');
  return SIGNS.find(([sign]) => sign.test(start))?.[1] ?? ENDINGS[name.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream';
}

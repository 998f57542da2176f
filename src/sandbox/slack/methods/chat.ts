import { checkBlocks } from '../blocks.ts';
import { invalid, SlackError } from '../errors.ts';
import type { Events } from '../events.ts';
import { documented } from '../options.ts';
import type { Channel, Message } from '../state.ts';
import { messageView } from '../views.ts';
import { channelFor, flag, json, maybe, messageFor, text, type Call, type Method } from '../web-api.ts';

const POST = [
  'channel', 'text', 'blocks', 'attachments', 'markdown_text', 'thread_ts', 'reply_broadcast', 'unfurl_links', 'unfurl_media', 'mrkdwn', 'metadata', 'username', 'icon_url', 'icon_emoji', 'parse', 'link_names', 'as_user',
];

/** chat.* (docs.slack.dev/reference/methods/chat.postMessage and its neighbours). `opened` finds the direct chat with a person. */
export function chatMethods(events: Events, opened: (call: Call, user: string) => Channel): Readonly<Record<string, Method>> {
  return {
    'chat.postMessage': {
      scopes: ['chat:write'], tier: 'posting', takes: POST,
      run: (call) => {
        const { world, args, user, token } = call;
        const id = text(args, 'channel');
        const channel = /^[UW]/.test(id) ? opened(call, id) : channelFor(call, id);
        if (channel.isArchived) throw new SlackError('is_archived');
        const said = contentOf(call, documented.maxText);
        const custom = ['username', 'icon_url', 'icon_emoji'].some((name) => maybe(args, name) !== undefined);
        if (custom && !token.scopes.includes('chat:write.customize')) throw new SlackError('missing_scope', { extra: { needed: 'chat:write.customize', provided: token.scopes.join(',') } });
        if (flag(args, 'as_user') && token.kind === 'bot') throw new SlackError('as_user_not_supported');
        const root = maybe(args, 'thread_ts');
        const thread = root === undefined ? undefined : world.message(channel.id, root);
        if (root !== undefined && thread === undefined) throw new SlackError('thread_not_found');
        if (thread?.threadTs !== undefined) world.oddities.push('chat.postMessage: thread_ts is that of a reply');
        const username = maybe(args, 'username');
        const message: Message = {
          channel: channel.id, ts: world.ts(), ...said, reactions: new Map(), appId: world.appId, botId: world.bot.botId ?? '',
          ...(custom ? { subtype: 'bot_message' } : { user: user.id }),
          ...(username === undefined ? {} : { username }),
          ...present('iconUrl', maybe(args, 'icon_url')), ...present('iconEmoji', maybe(args, 'icon_emoji')),
          ...(thread === undefined ? {} : { threadTs: thread.threadTs ?? thread.ts }),
          ...(thread !== undefined && flag(args, 'reply_broadcast') ? { subtype: 'thread_broadcast' } : {}),
        };
        world.messages.push(message);
        setImmediate(() => events.posted(channel, message));
        return { channel: channel.id, ts: message.ts, message: messageView(world, message) };
      },
    },
    'chat.update': {
      scopes: ['chat:write'], tier: 3, takes: ['channel', 'ts', 'text', 'blocks', 'attachments', 'markdown_text', 'metadata', 'reply_broadcast', 'parse', 'link_names', 'as_user', 'file_ids'],
      run: (call) => {
        const { world, args } = call;
        const channel = channelFor(call, text(args, 'channel'));
        const message = messageFor(call, channel.id, text(args, 'ts'));
        if (!isOwn(call, message)) throw new SlackError('cant_update_message');
        if (channel.isArchived) throw new SlackError('is_archived');
        const before = messageView(world, message, { metadata: true });
        const said = contentOf(call, documented.maxUpdateText, message.files !== undefined);
        const same = said.text === message.text && JSON.stringify(said.blocks?.map(bare)) === JSON.stringify(message.blocks?.map(bare));
        Object.assign(message, said, same ? {} : { edited: { user: call.user.id, ts: world.ts() } });
        setImmediate(() => events.edited(channel, message, before));
        return { channel: channel.id, ts: message.ts, text: message.text, message: messageView(world, message) };
      },
    },
    'chat.delete': {
      scopes: ['chat:write'], tier: 3, takes: ['channel', 'ts', 'as_user'],
      run: (call) => {
        const { world, args } = call;
        const channel = channelFor(call, text(args, 'channel'));
        const message = messageFor(call, channel.id, text(args, 'ts'));
        if (!isOwn(call, message)) throw new SlackError('cant_delete_message');
        const before = messageView(world, message);
        message.deleted = true;
        setImmediate(() => events.deleted(channel, message, before));
        return { channel: channel.id, ts: message.ts };
      },
    },
    'chat.getPermalink': {
      scopes: [], tier: 'free', takes: ['channel', 'message_ts'],
      run: (call) => {
        const channel = channelFor(call, text(call.args, 'channel'), false);
        const message = messageFor(call, channel.id, text(call.args, 'message_ts'));
        return { channel: channel.id, permalink: `https://sandbox.slack.com/archives/${channel.id}/p${message.ts.replace('.', '')}` };
      },
    },
  };
}

/** A bot's messages are its own by its `bot_id`, also those by another name; a person's by the person. */
function isOwn({ token, user }: Call, message: Message): boolean {
  return token.kind === 'bot' ? message.botId === user.botId && (message.user === undefined || message.user === user.id) : message.user === user.id;
}

function contentOf({ args }: Call, most: number, mayBeEmpty = false): Pick<Message, 'text'> & Partial<Message> {
  const blocks = json(args, 'blocks', 'invalid_blocks_format');
  const attachments = json(args, 'attachments', 'invalid_attachments');
  const markdown = maybe(args, 'markdown_text');
  const said = maybe(args, 'text') ?? '';
  if (markdown !== undefined && (said !== '' || blocks !== undefined)) throw new SlackError('markdown_text_conflict');
  if (said.trim() === '' && blocks === undefined && attachments === undefined && markdown === undefined && !mayBeEmpty) throw new SlackError('no_text');
  if (said.length > most) throw new SlackError('msg_too_long');
  const checked = blocks === undefined ? undefined : checkBlocks(blocks);
  if (JSON.stringify(checked ?? []).length > 50_000) throw new SlackError('msg_blocks_too_long');
  const metadata = json(args, 'metadata', 'invalid_metadata_format');
  return {
    text: markdown ?? said,
    ...(checked === undefined ? {} : { blocks: checked }),
    ...(Array.isArray(attachments) ? { attachments } : {}),
    ...(metadata === undefined ? {} : { metadata: metadataOf(metadata) }),
  };
}

/** docs.slack.dev/messaging/message-metadata: an `event_type` and a flat payload. */
function metadataOf(value: unknown): NonNullable<Message['metadata']> {
  const { event_type: type, event_payload: payload, ...more } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof type !== 'string' || !/^[A-Za-z0-9_.-]{1,255}$/.test(type) || typeof payload !== 'object' || payload === null || Array.isArray(payload)) throw new SlackError('invalid_metadata_format');
  if (Object.keys(more).length > 0) throw invalid(`metadata has ${Object.keys(more).join(', ')}`);
  return { event_type: type, event_payload: payload as Readonly<Record<string, unknown>> };
}

function bare(block: unknown): unknown {
  const { block_id: _, ...rest } = block as Record<string, unknown>;
  return rest;
}

function present<Key extends string>(key: Key, value: string | undefined): { [K in Key]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: string });
}

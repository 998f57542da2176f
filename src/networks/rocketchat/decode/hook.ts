import type { NetworkItem } from '../../../model/events.ts';
import { at, flag, isFields, str, type Fields } from '../../shared/json.ts';
import { person, roomFacts, type RoomFacts } from '../ids.ts';
import { type Context, conversationOf, digest, item, keyOf, unsupported, when } from './context.ts';
import { decodeMessage } from './message.ts';
import { decodeRoom } from './stream.ts';

/** docs.rocket.chat, "Outgoing webhooks": what a room's integration posts. Of a user who was made there is no room. */
export function isHook(body: Fields): boolean {
  // Slack and Mattermost, which it is modelled on, name a team.
  if (str(body, 'user_id') === undefined || Object.hasOwn(body, 'team_id')) return false;
  if (str(body, 'channel_id') !== undefined) return Object.hasOwn(body, 'message_id') || Object.hasOwn(body, 'siteUrl') || isFields(at(body, 'room'));
  return str(body, 'token') !== undefined && str(body, 'user', '_id') !== undefined && Object.hasOwn(body, 'user_name');
}

/** What a script may add, and what comes with the news of a file. */
const CARRIED = ['attachments', 'file', 'files', 'fileUpload', 'md', 'mentions', 'channels', 'urls', 'blocks', 'location', 't', 'avatar', 'emoji'];
const LACKS = 'An outgoing webhook hands over only the text: files, quotes, reactions and deletions are not in it. The bridge itself listens on the WebSocket.';

/** It has the text and who wrote it, and seldom more; so it is read, and not used by the bridge itself. */
export function decodeHook(context: Context, body: unknown): readonly NetworkItem[] {
  const id = str(body, 'message_id');
  if (id === undefined) return happened(context, body);
  const whole = at(body, 'message');
  const edited = flag(body, 'isEdited') ? (when(body, 'timestamp') ?? 0) : undefined;
  const bot = at(body, 'bot');
  const message: Fields = {
    ...(isFields(whole) ? whole : {}), ...Object.fromEntries(CARRIED.filter((key) => isFields(body) && Object.hasOwn(body, key)).map((key) => [key, at(body, key)])),
    _id: id, rid: str(body, 'channel_id') ?? '', msg: str(body, 'text') ?? '', ts: at(body, 'timestamp'), u: writer(body),
    ...(str(body, 'alias') === undefined ? {} : { alias: str(body, 'alias') }), ...(str(body, 'tmid') === undefined ? {} : { tmid: str(body, 'tmid') }),
    ...(bot === true || isFields(bot) ? { bot: {} } : {}), ...(edited === undefined ? {} : { editedAt: edited }),
  };
  const room = roomIn(context, body);
  return decodeMessage({ ...context, room: () => room }, message).map(({ key, event }) => {
    if (event.type !== 'message' && event.type !== 'edit') return item(keyOf('hook', key), event);
    const parts = event.parts.map((part) => (part.kind === 'unsupported' && part.what === 'empty' ? { ...part, what: 'outgoing webhook', reason: LACKS } : part));
    return item(keyOf('hook', id, edited ?? 0), { ...event, parts });
  });
}

function writer(body: unknown): Fields {
  const user = at(body, 'user');
  const name = str(user, '_id') === str(body, 'user_id') ? str(user, 'name') : undefined;
  return { _id: str(body, 'user_id'), username: str(body, 'user_name'), ...(name === undefined ? {} : { name }) };
}

function roomIn(context: Context, body: unknown): RoomFacts {
  const rid = str(body, 'channel_id') ?? '';
  const title = str(body, 'channel_name');
  return context.room(rid) ?? roomFacts(at(body, 'room')) ?? { rid, type: undefined, ...(title === undefined ? {} : { title, name: title }) };
}

/** Which of the events it was stands nowhere in the body: what it holds tells some of them apart. */
function happened(context: Context, body: unknown): readonly NetworkItem[] {
  const time = when(body, 'timestamp') ?? 0;
  const who = person(writer(body), context.scope, context.self);
  const name = who?.name ?? 'Somebody';
  const key = digest(body);
  if (str(body, 'channel_id') === undefined) return [unsupported('outgoing webhook', `A user was made in Rocket.Chat: ${name}.`, { time, key })];
  const room = roomIn(context, body);
  const conversation = conversationOf(context, room);
  if (isFields(at(body, 'owner'))) return [item(keyOf('hook', room.rid, key), { type: 'conversation.changed', conversation, time, ...(who && { by: who }) })];
  if (flag(body, 'room', 'archived')) return decodeRoom(context, at(body, 'room'));
  const reason = isFields(at(body, 'room')) ? `${name} came into the room or left it: an outgoing webhook does not say which.` : `${name} did something in the room that the outgoing webhook does not name.`;
  return [unsupported('outgoing webhook', reason, { time, key, conversation, sender: who })];
}

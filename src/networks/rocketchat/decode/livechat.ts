import type { NetworkItem } from '../../../model/events.ts';
import { plain } from '../../../model/richtext.ts';
import { cleanText } from '../../../text/clean.ts';
import { at, isFields, list, str, type Fields } from '../../shared/json.ts';
import type { RemoteId } from '../../../model/ids.ts';
import { person, type RoomFacts } from '../ids.ts';
import { type Context, conversationOf, digest, item, keyOf, unsupported, when } from './context.ts';
import { decodeMessage } from './message.ts';

/** docs.rocket.chat, "Omnichannel webhooks": the room with its visitor and agent, and what was said there. */
export function isLivechat(body: Fields): boolean {
  return /^(?:Livechat\w+|Message|LeadCapture)$/.test(str(body, 'type') ?? '') && isFields(at(body, 'visitor'));
}

/** What happened to the chat as a whole, said of its visitor or agent. */
const NEWS: Readonly<Record<string, (visitor: string, agent: string, body: unknown) => string>> = {
  LivechatSessionStart: (visitor) => `${visitor} began a chat.`,
  LivechatSessionQueued: (visitor) => `${visitor} waits for somebody to take the chat.`,
  LivechatSessionTaken: (_, agent, body) => `${agentIn(body, 'servedBy') ?? agent} took the chat.`,
  LivechatSessionForwarded: (_, agent, body) => {
    const before = str(body, 'oldServedBy', 'username');
    return `The chat was handed on${before === undefined ? '' : ` from ${before}`} to ${agentIn(body, 'servedBy') ?? agent}.`;
  },
  LivechatEdit: () => 'What is known of the chat or its visitor was changed.',
  LeadCapture: (visitor) => `${visitor} left an address or a number in the chat.`,
};

export function decodeLivechat(context: Context, body: unknown): readonly NetworkItem[] {
  const type = str(body, 'type') ?? '';
  const rid = str(body, '_id');
  if (rid === undefined) return [leftBehind(context, body)];
  const room: RoomFacts = { rid, type: 'l', title: str(body, 'label') ?? str(body, 'visitor', 'name'), topic: str(body, 'topic') };
  const conversation = conversationOf(context, room);
  const said = list(body, 'messages').flatMap((message) => decodeMessage({ ...context, room: () => room }, messageOf(body, rid, message)));
  const time = when(body, 'closedAt') ?? when(body, 'lastMessageAt') ?? when(body, 'createdAt') ?? 0;
  const key = digest([type, rid, at(body, 'servedBy'), at(body, 'lastMessageAt'), at(body, 'closedAt')]);
  const [visitor, agent] = [nameIn(body, 'visitor') ?? 'The visitor', nameIn(body, 'agent') ?? 'an agent'];
  if (type === 'Message' && said.length > 0) return said;
  if (type === 'LivechatSession') {
    const by = str(body, 'closer') === 'visitor' ? visitor : (agentIn(body, 'closedBy') ?? 'Somebody');
    return [...said, item(keyOf('gone', rid, key), { type: 'conversation.gone', conversation, time, reason: `${by} closed the conversation.` })];
  }
  const news = Object.hasOwn(NEWS, type) ? NEWS[type] : undefined;
  const reason = news === undefined ? `Omnichannel says "${type}" of the chat, which the bridge does not know.` : news(visitor, agent, body);
  return [...said, unsupported(type, reason, { time, key, conversation })];
}

/** Named there by username alone; of the agent of the chat more is known. */
function agentIn(body: unknown, key: 'servedBy' | 'closedBy'): string | undefined {
  const username = str(body, key, 'username');
  return username !== undefined && username === str(body, 'agent', 'username') ? nameIn(body, 'agent') : username;
}

function nameIn(body: unknown, who: 'visitor' | 'agent'): string | undefined {
  return str(body, who, 'name') ?? str(body, who, 'username');
}

/** Older servers name only the user, and give no ids; where there is nothing but blocks, their JSON stands as the text. */
function messageOf(body: unknown, rid: string, message: unknown): Fields {
  const fields = isFields(message) ? message : {};
  const username = str(message, 'username');
  const found = [at(body, 'visitor'), at(body, 'agent')].find((each) => username !== undefined && str(each, 'username') === username);
  const id = str(message, '_id') ?? digest([rid, at(message, 'ts'), at(message, 'msg'), username]);
  const u = isFields(at(message, 'u')) ? at(message, 'u') : { _id: str(found, '_id') ?? str(message, 'agentId'), username, name: str(found, 'name') };
  const blocksAlone = list(message, 'blocks').length > 0 && str(message, 'msg')?.startsWith('[{') === true;
  // When it was edited is told only beside a message that was known before.
  return { ...fields, _id: id, rid: str(message, 'rid') ?? rid, u, ...(blocksAlone ? { msg: '' } : {}) };
}

/** Written in a form while nobody was there: it is in no room. */
function leftBehind(context: Context, body: unknown): NetworkItem {
  const text = str(body, 'message');
  const email = str(body, 'visitor', 'email');
  const sender = person({ _id: email, name: nameIn(body, 'visitor'), username: undefined }, context.scope);
  const time = when(body, 'sentAt') ?? when(body, 'createdAt') ?? 0;
  if (text === undefined || sender === undefined) return unsupported(str(body, 'type') ?? 'Livechat', 'Omnichannel told of a chat without saying which.', { time, key: digest(body) });
  const id = digest([email, text, time]);
  return item(keyOf('message', id), {
    type: 'message', id: id as RemoteId, conversation: { id: sender.id, scope: context.scope, kind: 'direct', perAccount: true }, time, sender, parts: [{ kind: 'text', text: plain(cleanText(text)) }],
  });
}

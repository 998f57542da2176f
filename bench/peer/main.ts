/**
 * The peer: a bridge of the same job as people write it on matrix-appservice-bridge. A text of WhatsApp is sent by a ghost with
 * `Intent.sendText`; an event of Matrix is posted to the Cloud API from `onEvent`. Both keep the order of a conversation. It
 * answers before it has done anything, keeps nothing on disk, converts no markup and reads no delivery event.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AppServiceOutput } from 'matrix-appservice-bridge';
import { Pool } from 'undici';

interface Settings {
  readonly registration: AppServiceOutput;
  readonly homeserver: string;
  readonly domain: string;
  readonly asPort: number;
  readonly publicPort: number;
  readonly graph: string;
  readonly appSecret: string;
  readonly accessToken: string;
  readonly phoneNumberId: string;
  /** Who is invited. */
  readonly owner: string;
}

interface Chat {
  readonly number: string;
  readonly ghost: string;
  room: string;
  /** The end of what waits, each way. */
  toMatrix: Promise<unknown>;
  toNetwork: Promise<unknown>;
}

interface Incoming {
  readonly entry: readonly { readonly changes: readonly { readonly value: {
    readonly contacts?: readonly { readonly profile: { readonly name: string } }[];
    readonly messages?: readonly { readonly from: string; readonly text?: { readonly body: string } }[];
  } }[] }[];
}

// The library calls an old function of Node's while it loads.
process.noDeprecation = true;
const { AppServiceRegistration, Bridge, Logger } = await import('matrix-appservice-bridge');
Logger.configure({ console: 'off' });
const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Settings;
const graph = new Pool(settings.graph, { connections: 64 });
const chats = new Map<string, Chat>();
const byRoom = new Map<string, Chat>();

const bridge = new Bridge({
  homeserverUrl: settings.homeserver, domain: settings.domain, registration: AppServiceRegistration.fromObject(settings.registration), disableStores: true,
  controller: {
    onUserQuery: () => ({}),
    onEvent(request) {
      const { type, room_id, content } = request.getData();
      const chat = byRoom.get(room_id);
      if (type !== 'm.room.message' || chat === undefined) return;
      chat.toNetwork = chat.toNetwork.then(() => post(chat.number, String(content['body']))).catch(complain);
    },
  },
});

async function post(to: string, body: string): Promise<void> {
  const answer = await graph.request({
    path: `/v23.0/${settings.phoneNumberId}/messages`, method: 'POST',
    headers: { authorization: `Bearer ${settings.accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ messaging_product: 'whatsapp', recipient_type: 'individual', to, type: 'text', text: { body } }),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(text);
}

function take(incoming: Incoming): void {
  for (const { changes } of incoming.entry) {
    for (const { value } of changes) {
      for (const { from, text } of value.messages ?? []) {
        if (text === undefined) continue;
        const chat = chatWith(from, value.contacts?.[0]?.profile.name ?? from);
        chat.toMatrix = chat.toMatrix.then(() => bridge.getIntent(chat.ghost).sendText(chat.room, text.body)).catch(complain);
      }
    }
  }
}

function chatWith(number: string, name: string): Chat {
  const known = chats.get(number);
  if (known !== undefined) return known;
  const chat: Chat = { number, ghost: `@_drawbridge_${number}:${settings.domain}`, room: '', toMatrix: Promise.resolve(), toNetwork: Promise.resolve() };
  chats.set(number, chat);
  chat.toMatrix = makeRoom(chat, name).catch(complain);
  return chat;
}

async function makeRoom(chat: Chat, name: string): Promise<void> {
  const ghost = bridge.getIntent(chat.ghost);
  await ghost.setDisplayName(`${name} (WhatsApp)`);
  const { room_id } = await bridge.getIntent().createRoom({
    createAsClient: false, options: { name, preset: 'private_chat', is_direct: true, invite: [settings.owner, chat.ghost] },
  });
  await ghost.join(room_id);
  chat.room = room_id;
  byRoom.set(room_id, chat);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function signed(raw: Buffer, header: unknown): boolean {
  const expected = Buffer.from(`sha256=${createHmac('sha256', settings.appSecret).update(raw).digest('hex')}`);
  const given = Buffer.from(String(header));
  return expected.length === given.length && timingSafeEqual(expected, given);
}

function complain(error: unknown): void {
  console.error(error);
}

const webhooks = createServer((request, response) => {
  bodyOf(request).then((raw) => {
    if (!signed(raw, request.headers['x-hub-signature-256'])) return response.writeHead(403).end();
    response.writeHead(200).end();
    return take(JSON.parse(raw.toString()) as Incoming);
  }).catch(complain);
});

await bridge.run(settings.asPort, undefined, '127.0.0.1');
await new Promise<void>((resolve) => webhooks.listen(settings.publicPort, '127.0.0.1', resolve));
process.once('SIGTERM', () => process.exit(0));
console.log('The peer runs.');

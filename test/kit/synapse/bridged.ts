import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../../../src/daemon.ts';
import { MatrixClient } from '../../../src/demo/matrix/client.ts';
import type { ClientEvent } from '../../../src/demo/matrix/timelines.ts';
import type { MatrixUser } from '../../../src/demo/matrix/user.ts';
import { freePorts } from '../../../src/demo/synapse/ports.ts';
import {
  type Message, type PersonHandle, type PersonOptions, startWhatsAppSandbox, type WhatsAppSandbox, type WhatsAppSandboxOptions,
} from '../../../src/sandbox/whatsapp/index.ts';
import { app, configOf } from '../whatsapp/app.ts';
import type { BridgeSlot } from './registrations.ts';

export interface BridgedOptions {
  /** Of the one WhatsApp account. */
  readonly owners: readonly { readonly id: string }[];
  /** Laid over `user` for everybody of the homeserver. */
  readonly permissions?: Readonly<Record<string, string>>;
  readonly bridge?: Readonly<Record<string, unknown>>;
  readonly delivery?: Readonly<Record<string, unknown>>;
  readonly media?: Readonly<Record<string, unknown>>;
  /** Laid over the settings of the account. */
  readonly account?: Readonly<Record<string, unknown>>;
  /** What stands under `networks` beside WhatsApp. */
  readonly networks?: Readonly<Record<string, unknown>>;
  /** Templates of the business account. */
  readonly templates?: WhatsAppSandboxOptions['templates'];
  /** The default hurries what only costs time, and leaves the window, typing, edits and media as documented. */
  readonly clockScale?: WhatsAppSandboxOptions['clockScale'];
  /** Where the daemon listens for the homeserver, when something stands between the two. */
  readonly listenOn?: number;
}

/** The daemon between a real homeserver and the WhatsApp sandbox. */
export interface Bridged {
  readonly sandbox: WhatsAppSandbox;
  readonly bot: string;
  readonly publicUrl: string;
  readonly dir: string;
  /** The client-server API as the bot: what a homeserver's administrator could do to its rooms. */
  readonly asBot: MatrixClient;
  isGhost(user: string): boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Somebody's first message, and the room that it makes, which `user` has joined then. */
  meet(user: MatrixUser, number: string, given?: PersonOptions): Promise<{ readonly person: PersonHandle; readonly room: string }>;
  /** A room with the bot alone, where it has said its greeting. */
  botRoom(user: MatrixUser): Promise<string>;
  close(): Promise<void>;
}

/** A wait that a loaded machine may need; what is there is found at once. Milliseconds. */
export const patience = 40_000;

/** Starts nothing of the daemon yet: see `start`. */
export async function bridged(server: { readonly url: string; readonly serverName: string }, slot: BridgeSlot, options: BridgedOptions): Promise<Bridged> {
  const dir = await mkdtemp(join(tmpdir(), 'drawbridge-e2e-'));
  const configPath = join(dir, 'config.yaml');
  const [publicPort = 0, adminPort = 0] = await freePorts(2);
  const publicUrl = `http://127.0.0.1:${publicPort}`;
  const bot = `@${slot.senderLocalpart}:${server.serverName}`;
  const sandbox = await startWhatsAppSandbox({
    ...app, webhookUrl: `${publicUrl}/webhooks/whatsapp/main`, clockScale: options.clockScale ?? { pair: 10_000, throughput: 100, retry: 100 },
    ...(options.templates === undefined ? {} : { templates: options.templates }),
  });
  await writeFile(configPath, JSON.stringify({
    homeserver: { url: server.url, domain: server.serverName }, registration: slot.registrationFile,
    database: 'drawbridge.db', data: 'data', seal_key: Buffer.alloc(32, 7).toString('base64'), public_url: publicUrl,
    listen: { homeserver: `127.0.0.1:${options.listenOn ?? slot.port}`, public: `127.0.0.1:${publicPort}`, admin: `127.0.0.1:${adminPort}` },
    permissions: { [server.serverName]: 'user', ...options.permissions },
    // Here people are asked into their rooms, and answer.
    bridge: { bot: slot.senderLocalpart, ghost_prefix: slot.prefix, privacy_notice: '', double_puppet: 'off', ...options.bridge },
    delivery: { ...options.delivery }, media: { ...options.media }, logging: { level: process.env['TEST_LOG'] ?? 'error', format: 'json' },
    networks: { whatsapp: configOf(sandbox.url, { owners: options.owners.map(({ id }) => id), rate_scale: 1000, ...options.account }), ...options.networks },
  }), { mode: 0o600 });
  let daemon: Daemon | null = null;
  const stop = async (): Promise<void> => {
    const running = daemon;
    daemon = null;
    await running?.stop();
  };
  return {
    sandbox, bot, publicUrl, dir, asBot: new MatrixClient(server.url, slot.asToken), stop,
    isGhost: (user) => user.startsWith(`@${slot.prefix}`),
    async start() {
      daemon = await startDaemon({ configPath });
    },
    async meet(user, number, given = {}) {
      const person = sandbox.person(number, given);
      person.sendText('Hello');
      const room = await user.waitForInvite((state) => state.some(({ type, content }) => type === 'm.room.name' && content['name'] === person.person.name));
      await user.join(room);
      await user.waitForText(room, 'Hello');
      return { person, room };
    },
    async botRoom(user) {
      const room = await user.createRoom({ is_direct: true, invite: [bot] });
      await user.waitForEvent(room, ({ sender, content }) => sender === bot && String(content['body']).includes('help'));
      return room;
    },
    async close() {
      await stop();
      await sandbox.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The text of an event, or of what a phone shows. */
export function bodyOf(from: ClientEvent | Readonly<Message>): string {
  const { body } = ('content' in from ? from.content : from.body ?? {}) as { body?: unknown };
  return typeof body === 'string' ? body : '';
}

/** A message of the business on this phone, by its text; waits for it. */
export function onPhone(person: PersonHandle, fits: string | ((message: Readonly<Message>) => boolean)): Promise<Readonly<Message>> {
  return person.waitFor(typeof fits === 'string' ? (message) => bodyOf(message) === fits : fits, patience);
}

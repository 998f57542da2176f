import { createHmac, randomBytes } from 'node:crypto';
import { createConnection } from 'node:net';
import { eventually, type Stack, type StackOptions, startStack } from '../stack/stack.ts';
import type { FakeEvent } from '../fake-homeserver/world.ts';
import type { FakeUser } from '../fake-homeserver/server.ts';
import type { PersonHandle } from '../../../src/sandbox/whatsapp/index.ts';

export const BOT = '@drawbridge:fake.test';

/** A chat that works, to be attacked. */
export interface Chat {
  readonly room: string;
  readonly person: PersonHandle;
  readonly owner: FakeUser;
  readonly ghost: string;
}

/** The whole daemon with somebody who means it no good on every side. */
export class Siege {
  readonly stack: Stack;
  #txn = 1_000_000;
  #count = 0;

  private constructor(stack: Stack) {
    this.stack = stack;
  }

  /** Mallory's homeserver may be relayed, nothing more. */
  static async lay(options: StackOptions = {}): Promise<Siege> {
    const permissions = { 'fake.test': 'user', '@admin:fake.test': 'admin', 'evil.test': 'relay', ...options.permissions };
    return new Siege(await startStack({ ...options, permissions }));
  }

  /** Somebody on WhatsApp wrote, and the account's owner came. */
  async chat(name: string, number: string): Promise<Chat> {
    const { homeserver, sandbox } = this.stack;
    const owner = homeserver.user('alice');
    const person = sandbox.person(number, { name });
    person.sendText(`It is ${name}`);
    const room = await eventually(`a room with ${name}`, () => this.roomNamed(name));
    await eventually('the invitation', () => homeserver.membership(room, owner.id) === 'invite');
    owner.join(room);
    const first = await eventually('the message', () => homeserver.eventsOf(room, 'm.room.message')[0]);
    return { room, person, owner, ghost: first.sender };
  }

  roomNamed(name: string): string | undefined {
    return [...this.stack.homeserver.rooms.values()].find(({ timeline }) => timeline.some(({ type, content }) => type === 'm.room.name' && content['name'] === name))?.id;
  }

  /** Another homeserver's user in a chat's room. The bot lets them in, as it would for its owner. */
  guest(room: string, id = '@mallory:evil.test'): FakeUser {
    const guest = this.stack.homeserver.user(id);
    this.stack.homeserver.user(BOT).invite(room, guest.id);
    guest.join(room);
    return guest;
  }

  said(room: string, words: RegExp, sender = BOT): FakeEvent | undefined {
    return this.stack.homeserver.eventsOf(room, 'm.room.message').find((event) => event.sender === sender && words.test(String(event.content['body'])));
  }

  /** Texts on the phone, in order. */
  phone(person: PersonHandle): readonly string[] {
    return person.inbox.map(({ body }) => (body as { body?: string }).body ?? '');
  }

  /** Proves that a chat goes on both ways, and that everything before has been dealt with. */
  async alive({ room, person, owner }: Chat): Promise<void> {
    const [there, back] = [`still there ${++this.#count}`, `still here ${this.#count}`];
    owner.send(room, there);
    await eventually(`"${there}" on the phone`, () => this.phone(person).some((text) => text.endsWith(there)), 15_000);
    person.sendText(back);
    await eventually(`"${back}" in the room`, () => this.stack.homeserver.eventsOf(room, 'm.room.message').some(({ content }) => content['body'] === back), 15_000);
  }

  /** Events as a homeserver would hand them over, whatever they hold. True: it was answered 2xx. */
  push(...events: readonly unknown[]): Promise<boolean> {
    return this.stack.homeserver.push(++this.#txn, events);
  }

  event(room: string, sender: string, type: string, content: unknown, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return { event_id: `$${randomBytes(20).toString('base64url')}`, room_id: room, sender, type, content, origin_server_ts: Date.now(), ...more };
  }

  /** A post to the webhook, signed as Meta signs unless `headers` say otherwise. */
  async post(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number; readonly text: string }> {
    const raw = typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
    const answer = await fetch(this.stack.webhookUrl, {
      method: 'POST', body: raw, headers: { 'content-type': 'application/json', 'x-hub-signature-256': sign(this.stack.app.appSecret, raw), ...headers },
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** One change of a webhook with this account's metadata. */
  change(value: object, field = 'messages'): object {
    const { phoneNumberId, wabaId } = this.stack.app;
    const metadata = { display_phone_number: '3197010203040', phone_number_id: phoneNumberId };
    return { object: 'whatsapp_business_account', entry: [{ id: wabaId, changes: [{ field, value: { messaging_product: 'whatsapp', metadata, ...value } }] }] };
  }

  close(): Promise<void> {
    return this.stack.close();
  }
}

export function sign(secret: string, raw: Uint8Array | string): string {
  return `sha256=${createHmac('sha256', secret).update(raw).digest('hex')}`;
}

/** Bytes on a socket, and all that comes back until it is closed or quiet, or has said `until`. */
export function talk(port: number, bytes: string | Uint8Array, quietMs = 300, until?: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = createConnection(port, '127.0.0.1', () => socket.write(bytes));
    const done = (): void => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(quietMs, done);
    socket.on('data', (data) => {
      text += String(data);
      if (until?.test(text) === true) done();
    }).on('error', done).on('close', done);
  });
}

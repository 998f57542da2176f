import { createHash } from 'node:crypto';
import type { MediaKind } from '../../../../src/model/content.ts';
import { rocketchat } from '../../../../src/networks/rocketchat/index.ts';
import { type Message, type PersonHandle, type RocketChatSandbox, type Room, startRocketChatSandbox } from '../../../../src/sandbox/rocketchat/index.ts';
import { joypixelsNames } from '../../../../src/text/emoji-names.ts';
import { configOf, TOKEN } from '../../rocketchat/account.ts';
import type { Around } from '../../stack/between.ts';
import type { Conversation, Driver, Peer, Remote, Shown } from '../driver.ts';

const CALLS = ['chat.sendMessage', 'chat.update', 'chat.delete', 'chat.react', 'rooms.media', 'rooms.mediaConfirm'];

/** One user that speaks for everybody. */
export const rocketchatDriver = driver('bot');
/** The login of one person, with no more rights than anybody. */
export const rocketchatUserDriver = driver('user');

function driver(kind: 'bot' | 'user'): Driver {
  return { network: rocketchat, places: ['direct', 'group'], start: (around) => start(around, kind) };
}

async function start({ owners }: Around, kind: 'bot' | 'user'): Promise<Peer> {
  const sandbox = await startRocketChatSandbox({ token: TOKEN, ...(kind === 'user' ? { roles: ['user'] } : {}) });
  let met = 0;
  const failing = (status: number) => (on: boolean): void => {
    sandbox.faults.failures.splice(0);
    if (on) sandbox.faults.failures.push(...CALLS.map((path) => ({ path, status, times: Number.POSITIVE_INFINITY })));
  };
  return {
    config: configOf(sandbox, { kind, owners, rate_scale: 1_000 }),
    meet(place) {
      met += 1;
      const ada = sandbox.person(`ada${met}`, `Ada ${met}`);
      if (place === 'direct') {
        const chat = ada.direct(sandbox.account);
        ada.sendText(chat, `Ada ${met} says hello`);
        return Promise.resolve(conversation(sandbox, ada, ada, `Ada ${met}`, chat));
      }
      const ben = sandbox.person(`ben${met}`, `Ben ${met}`);
      const room = ada.createRoom(`garden-${met}`, [ben.user, sandbox.account]);
      ada.sendText(room, `Ada ${met} says hello`);
      ben.sendText(room, `Ben ${met} says hello`);
      return Promise.resolve(conversation(sandbox, ada, ben, `garden-${met}`, room));
    },
    faults: {
      duplicate: (on) => { sandbox.faults.duplicate = on ? 1 : 0; },
      rateLimit: failing(429),
      expireToken: (on) => { sandbox.faults.expired = on; },
      fail: failing(500),
    },
    idle: () => sandbox.idle(),
    close: () => sandbox.close(),
  };
}

function conversation(sandbox: RocketChatSandbox, ada: PersonHandle, ben: PersonHandle, title: string, room: Room): Conversation {
  return {
    ada: remote(ada, room), ben: remote(ben, room), title,
    shown: () => sandbox.in(room).filter(({ u, t }) => u._id === sandbox.account._id && t === undefined).map((message) => shown(message, sandbox)),
    reactionsOn: (id) => Object.entries((sandbox.messages.get(id)?.['reactions'] ?? {}) as Readonly<Record<string, { readonly usernames: readonly string[] }>>)
      .flatMap(([name, { usernames }]) => (usernames.includes(sandbox.account.username) ? [joypixelsNames.emoji(name.replaceAll(':', '')) ?? name] : [])),
  };
}

function remote(person: PersonHandle, room: Room): Remote {
  const say = (work: () => Message): Promise<string> => Promise.resolve().then(() => work()._id);
  const now = (work: () => void): Promise<void> => Promise.resolve().then(work);
  const named = (emoji: string): string => joypixelsNames.name(emoji) ?? emoji;
  return {
    name: person.user.name,
    text: (text) => say(() => person.sendText(room, text)),
    bold: (text) => say(() => person.sendText(room, `*${text}*`)),
    reply: (to, text) => say(() => person.sendText(room, text, { reply: to })),
    thread: (root, text) => say(() => person.sendText(room, text, { thread: root })),
    file: (kind, bytes, { mime, name, caption }) => say(() => person.sendFile(room, { name: kind === 'voice' ? `Audio record.${name.split('.').at(-1) ?? 'ogg'}` : name, mime, bytes, ...(caption !== undefined && { caption }) })),
    location: (latitude, longitude) => say(() => person.sendLocation(room, latitude, longitude)),
    edit: (message, text) => now(() => person.edit(message, text)),
    remove: (message) => now(() => person.remove(message)),
    react: (message, emoji) => now(() => person.react(message, named(emoji))),
    unreact: (message, emoji) => now(() => person.unreact(message, named(emoji))),
    pin: (message) => now(() => person.pin(message)),
    rename: (name) => now(() => {
      person.changeName(name);
      person.sendText(room, 'under another name');
    }),
    unknown: () => now(() => void person.happen(room, 'hologram-shown', 'a cat')),
    ...(room.t !== 'd' && {
      leave: () => now(() => person.leave(room)),
      retitle: (title) => now(() => person.rename(room, title)),
    } satisfies Partial<Remote>),
  };
}

const kinds: readonly (readonly [prefix: string, kind: MediaKind])[] = [['image/', 'image'], ['video/', 'video'], ['audio/', 'audio']];

/** What a quote puts before a text is no part of it. */
const QUOTE = /^\[ \]\([^)]*[?&]msg=([^)&]+)[^)]*\) ?/;

function shown(message: Message, sandbox: RocketChatSandbox): Shown {
  const { _id: id, msg } = message;
  const file = message['file'] as { readonly _id: string; readonly type: string } | undefined;
  const bytes = file === undefined ? null : sandbox.file(file._id);
  const marked = msg.replace(QUOTE, '');
  const [, quoted] = QUOTE.exec(msg) ?? [];
  return {
    id, marked, text: marked.replace(/[*_~`]/g, ''), deleted: false,
    kind: file !== undefined ? (kinds.find(([prefix]) => file.type.startsWith(prefix))?.[1] ?? 'file') : message['location'] === undefined ? 'text' : 'location',
    ...(bytes === null ? {} : { sha256: createHash('sha256').update(bytes).digest('hex') }),
    ...(quoted === undefined ? {} : { replyTo: decodeURIComponent(quoted) }),
    ...(typeof message['tmid'] === 'string' ? { thread: message['tmid'] } : {}),
  };
}

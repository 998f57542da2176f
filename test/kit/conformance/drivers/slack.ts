import { createHash } from 'node:crypto';
import type { MediaKind } from '../../../../src/model/content.ts';
import { slack } from '../../../../src/networks/slack/index.ts';
import type { Message, PersonHandle, SlackSandbox } from '../../../../src/sandbox/slack/index.ts';
import { iamcalNames } from '../../../../src/text/emoji-names.ts';
import { configOf, type Receive, secrets, startReceiving } from '../../slack/account.ts';
import type { Around } from '../../stack/between.ts';
import type { Conversation, Driver, Peer, Remote, Shown } from '../driver.ts';

/** Over Socket Mode, as an installation is by default. */
export const slackDriver = driver('socket', 'bot');
/** Over the Events API. */
export const slackHttpDriver = driver('http', 'bot');
/** The login of one person. */
export const slackUserDriver = driver('socket', 'user');

function driver(receive: Receive, kind: 'bot' | 'user'): Driver {
  return { network: slack, places: ['direct', 'group'], start: (around) => start(around, receive, kind) };
}

/** Who speaks for Matrix there. */
interface Account {
  readonly id: string;
  readonly token: string;
  says(message: Message): boolean;
}

function accountOf(sandbox: SlackSandbox, kind: 'bot' | 'user'): Account {
  if (kind === 'bot') return { id: sandbox.botUserId, token: secrets.botToken, says: ({ botId }) => botId === sandbox.botId };
  const olga = sandbox.person('olga', { realName: 'Olga' });
  olga.login('xoxp-token-of-olga');
  return { id: olga.id, token: 'xoxp-token-of-olga', says: ({ user }) => user === olga.id };
}

async function start({ webhooks, owners }: Around, receive: Receive, kind: 'bot' | 'user'): Promise<Peer> {
  const sandbox = await startReceiving(receive, webhooks);
  const account = accountOf(sandbox, kind);
  let met = 0;
  return {
    config: configOf(sandbox, { owners, kind, user_id: account.id, token: account.token }, receive),
    meet(place) {
      met += 1;
      const ada = sandbox.person(`ada${met}`, { realName: `Ada ${met}` });
      if (place === 'direct') {
        const chat = ada.direct(account.id).id;
        ada.sendText(chat, `Ada ${met} says hello`);
        return Promise.resolve(conversation(sandbox, account, ada, ada, `Ada ${met}`, chat));
      }
      const ben = sandbox.person(`ben${met}`, { realName: `Ben ${met}` });
      const channel = sandbox.channel(`garden-${met}`, { members: [ada.id, ben.id, ...(kind === 'user' ? [account.id] : [])], ...(kind === 'user' ? { withoutBot: true } : {}) });
      ada.sendText(channel, `Ada ${met} says hello`);
      ben.sendText(channel, `Ben ${met} says hello`);
      return Promise.resolve(conversation(sandbox, account, ada, ben, `garden-${met}`, channel, true));
    },
    faults: {
      duplicate: (on) => { sandbox.faults.duplicate = on ? 1 : 0; },
      rateLimit: (on) => { sandbox.faults.rateLimit = on ? 1 : 0; },
      expireToken: (on) => { sandbox.faults.expireToken = on; },
      fail: (on) => { sandbox.faults.http500 = on ? 1 : 0; },
    },
    idle: () => sandbox.idle(),
    close: () => sandbox.close(),
  };
}

function conversation(sandbox: SlackSandbox, account: Account, ada: PersonHandle, ben: PersonHandle, title: string, channel: string, shared = false): Conversation {
  return {
    ada: remote(ada, channel, shared), ben: remote(ben, channel, shared), title,
    shown: () => sandbox.messages.filter((message) => message.channel === channel && account.says(message)).map((message) => shown(message, sandbox)),
    reactionsOn: (id) => [...sandbox.messages.find((message) => message.channel === channel && message.ts === id)?.reactions ?? []]
      .flatMap(([name, users]) => (users.includes(account.id) ? [iamcalNames.emoji(name) ?? name] : [])),
  };
}

/** Messages are named by their `ts`; what is typed goes out as Slack's own composer sends it, escaped and with its blocks. */
function remote(person: PersonHandle, channel: string, shared: boolean): Remote {
  const say = (text: string, more: object = {}, style: object = {}): Promise<string> => Promise.resolve().then(() => person.sendText(channel, escaped(text), { blocks: composed(text, style), ...more }));
  const now = (work: () => void): Promise<void> => Promise.resolve().then(work);
  const named = (emoji: string): string => iamcalNames.name(emoji) ?? emoji;
  return {
    name: person.user.displayName,
    text: (text) => say(text),
    bold: (text) => Promise.resolve().then(() => person.sendText(channel, `*${escaped(text)}*`, { blocks: composed(text, { style: { bold: true } }) })),
    reply: (to, text) => say(text, { thread: to }),
    thread: (root, text) => say(text, { thread: root }),
    file: (kind, bytes, { name, caption }) => Promise.resolve().then(() => person.sendFile(channel, bytes, name, { ...(caption === undefined ? {} : { text: escaped(caption) }), ...(kind === 'voice' ? { voice: true } : {}) })),
    edit: (message, text) => now(() => person.edit(channel, message, escaped(text), composed(text))),
    remove: (message) => now(() => person.delete(channel, message)),
    react: (message, emoji) => now(() => person.react(channel, message, named(emoji))),
    unreact: (message, emoji) => now(() => person.unreact(channel, message, named(emoji))),
    pin: (message) => now(() => person.pin(channel, message)),
    rename: (name) => now(() => {
      person.become(name);
      person.sendText(channel, 'under another name');
    }),
    unknown: () => now(() => void person.sendText(channel, '', { blocks: [{ type: 'hologram', of: 'a cat' }] })),
    ...(shared && {
      leave: () => now(() => person.leave(channel)),
      retitle: (title) => now(() => person.rename(channel, title)),
    } satisfies Partial<Remote>),
  };
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A text as the composer lays it out: emoji are elements of their own there. */
function composed(text: string, style: object = {}): readonly unknown[] {
  const elements = text.split(/(\p{Extended_Pictographic}\ufe0f?)/u).filter((piece) => piece !== '').map((piece) => {
    const name = /^\p{Extended_Pictographic}/u.test(piece) ? iamcalNames.name(piece) : null;
    return name === null ? { type: 'text', text: piece, ...style } : { type: 'emoji', name };
  });
  return [{ type: 'rich_text', elements: [{ type: 'rich_text_section', elements }] }];
}

const kinds: readonly (readonly [prefix: string, kind: MediaKind])[] = [['image/', 'image'], ['video/', 'video'], ['audio/', 'audio']];

function shown(message: Readonly<Message>, sandbox: SlackSandbox): Shown {
  const { ts, text, blocks, files, threadTs, deleted } = message;
  const file = files?.[0] === undefined ? null : sandbox.file(files[0]);
  const marked = blocks === undefined ? text : JSON.stringify(blocks);
  return {
    id: ts, marked, text: text.replace(/[*_~`]/g, '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'), deleted: deleted === true,
    kind: file === null ? 'text' : (kinds.find(([prefix]) => file.mime.startsWith(prefix))?.[1] ?? 'file'),
    ...(file === null ? {} : { sha256: createHash('sha256').update(file.bytes).digest('hex') }),
    ...(threadTs === undefined ? {} : { thread: threadTs }),
  };
}

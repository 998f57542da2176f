import { createHash } from 'node:crypto';
import { whatsapp } from '../../../../src/networks/whatsapp/index.ts';
import { type GroupHandle, type Message, type PersonHandle, startWhatsAppSandbox, type WhatsAppSandbox } from '../../../../src/sandbox/whatsapp/index.ts';
import type { MediaKind } from '../../../../src/model/content.ts';
import { app, configOf } from '../../whatsapp/app.ts';
import type { Conversation, Driver, Remote, Shown } from '../driver.ts';

export const whatsappDriver: Driver = {
  network: whatsapp,
  places: ['direct', 'group'],
  async start({ webhooks, owners }) {
    const sandbox = await startWhatsAppSandbox({ ...app, webhookUrl: `${webhooks}/whatsapp/main`, clockScale: { pair: 10_000, throughput: 1000, retry: 100 } });
    let met = 0;
    return {
      config: configOf(sandbox.url, { owners, rate_scale: 10_000 }),
      meet(place) {
        met += 1;
        const ada = sandbox.person(`3161${String(met).padStart(7, '0')}`, { name: `Ada ${met}` });
        if (place === 'direct') {
          ada.sendText(`Ada ${met} says hello`);
          return Promise.resolve(conversation(sandbox, ada, ada, `Ada ${met}`));
        }
        const ben = sandbox.person(`3162${String(met).padStart(7, '0')}`, { name: `Ben ${met}`, username: `ben${met}`, phoneless: true });
        const group = sandbox.group(`Garden ${met}`, { members: [ada, ben], description: 'Who waters what' });
        ada.sendText(`Ada ${met} says hello`, { in: group.id });
        ben.sendText(`Ben ${met} says hello`, { in: group.id });
        return Promise.resolve(conversation(sandbox, ada, ben, `Garden ${met}`, group));
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
  },
};

function conversation(sandbox: WhatsAppSandbox, ada: PersonHandle, ben: PersonHandle, title: string, group?: GroupHandle): Conversation {
  return {
    ada: remote(ada, group), ben: remote(ben, group), title,
    shown: () => (group ?? ada).inbox.filter(({ type }) => type !== 'reaction' && type !== 'pin').map(shown),
    reactionsOn: (id) => sandbox.messages.filter((message) => message.id === id).flatMap(({ reactions }) => reactions.business ?? []),
  };
}

function remote(person: PersonHandle, group?: GroupHandle): Remote {
  const now = <T>(work: () => T): Promise<T> => Promise.resolve().then(work);
  const place = group === undefined ? {} : { in: group.id };
  const both: Remote = {
    name: person.person.name,
    text: (text) => now(() => person.sendText(text, place)),
    bold: (text) => now(() => person.sendText(`*${text}*`, place)),
    reply: (to, text) => now(() => person.sendText(text, { replyTo: to, ...place })),
    file: (kind, bytes, { mime, name, caption }) => person.sendMedia(sent(kind), bytes, {
      mime, ...place, ...(kind === 'voice' ? { voice: true } : {}), ...(kind === 'file' ? { filename: name } : {}), ...(caption === undefined ? {} : { caption }),
    }),
    rename: (name) => now(() => {
      person.rename(name);
      person.sendText('under another name', place);
    }),
    unknown: () => now(() => void person.sendRaw('hologram', { of: 'a cat' }, {}, place)),
  };
  if (group !== undefined) {
    return {
      ...both,
      leave: () => now(() => group.leave(person.person)),
      retitle: (title) => now(() => group.change({ subject: title })),
      pin: (message) => now(() => void person.sendRaw('pin', { type: 'pin', message_id: message }, {}, place)),
    };
  }
  return {
    ...both,
    location: (latitude, longitude) => now(() => person.sendLocation({ latitude, longitude })),
    edit: (message, text) => now(() => void person.edit(message, text)),
    remove: (message) => now(() => void person.revoke(message)),
    react: (message, emoji) => now(() => void person.react(message, emoji)),
    unreact: (message) => now(() => void person.react(message, null)),
  };
}

function sent(kind: MediaKind): 'image' | 'video' | 'audio' | 'document' | 'sticker' {
  return kind === 'voice' ? 'audio' : kind === 'file' ? 'document' : kind;
}

function shown({ id, type, body, media, replyTo, revoked }: Readonly<Message>): Shown {
  const { body: text, caption, voice } = (typeof body === 'object' && body !== null ? body : {}) as { body?: string; caption?: string; voice?: boolean };
  const kind = type === 'document' ? 'file' : type === 'audio' && voice === true ? 'voice' : (type as Shown['kind']);
  const marked = text ?? caption ?? '';
  return {
    id, marked, text: marked.replaceAll(/[*_~`]/g, ''), kind, deleted: revoked,
    ...(media === null ? {} : { sha256: createHash('sha256').update(media.bytes).digest('hex') }), ...(replyTo === null ? {} : { replyTo }),
  };
}

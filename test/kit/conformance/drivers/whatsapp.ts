import { createHash } from 'node:crypto';
import { whatsapp } from '../../../../src/networks/whatsapp/index.ts';
import { type Message, type PersonHandle, startWhatsAppSandbox } from '../../../../src/sandbox/whatsapp/index.ts';
import type { MediaKind } from '../../../../src/model/content.ts';
import type { Driver, Remote, Shown } from '../driver.ts';

const app = { appSecret: 'app-secret-of-the-test', verifyToken: 'verify-token-of-the-test', accessToken: 'access-token-of-the-test', phoneNumberId: '106540352242922', wabaId: '102290129340398' };

export const whatsappDriver: Driver = {
  network: whatsapp,
  places: ['direct'],
  async start({ webhooks, owners }) {
    const sandbox = await startWhatsAppSandbox({ ...app, displayPhoneNumber: '+31 970 1020 3040', webhookUrl: `${webhooks}/whatsapp/main`, clockScale: { pair: 10_000, throughput: 1000, retry: 100 } });
    let met = 0;
    return {
      config: { main: { app_secret: app.appSecret, verify_token: app.verifyToken, graph_url: sandbox.url, accounts: { support: {
        phone_number_id: app.phoneNumberId, waba_id: app.wabaId, access_token: app.accessToken, owners, rate_scale: 10_000,
      } } } },
      meet() {
        met += 1;
        const name = `Ada ${met}`;
        const person = sandbox.person(`3161${String(met).padStart(7, '0')}`, { name });
        person.sendText(`${name} says hello`);
        const ada = remote(person);
        return Promise.resolve({
          ada, ben: ada, title: name,
          shown: () => person.inbox.filter(({ type }) => type !== 'reaction').map(shown),
          reactionsOn: (id) => sandbox.messages.filter((message) => message.id === id).flatMap(({ reactions }) => reactions.business ?? []),
        });
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

function remote(person: PersonHandle): Remote {
  const now = <T>(work: () => T): Promise<T> => Promise.resolve().then(work);
  return {
    name: person.person.name,
    text: (text) => now(() => person.sendText(text)),
    bold: (text) => now(() => person.sendText(`*${text}*`)),
    reply: (to, text) => now(() => person.reply(to, text)),
    file: (kind, bytes, { mime, name, caption }) => person.sendMedia(sent(kind), bytes, {
      mime, ...(kind === 'voice' ? { voice: true } : {}), ...(kind === 'file' ? { filename: name } : {}), ...(caption === undefined ? {} : { caption }),
    }),
    location: (latitude, longitude) => now(() => person.sendLocation({ latitude, longitude })),
    edit: (message, text) => now(() => void person.edit(message, text)),
    remove: (message) => now(() => void person.revoke(message)),
    react: (message, emoji) => now(() => void person.react(message, emoji)),
    unreact: (message) => now(() => void person.react(message, null)),
    rename: (name) => now(() => {
      person.rename(name);
      person.sendText('under another name');
    }),
    unknown: () => now(() => void person.sendRaw('hologram', { of: 'a cat' })),
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

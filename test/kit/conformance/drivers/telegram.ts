import { createHash } from 'node:crypto';
import { telegram } from '../../../../src/networks/telegram/index.ts';
import { type Group, type Message, type PersonHandle, startTelegramSandbox, type TelegramSandbox } from '../../../../src/sandbox/telegram/index.ts';
import type { MediaKind } from '../../../../src/model/content.ts';
import { configOf, TOKEN } from '../../telegram/account.ts';
import type { Conversation, Driver, Remote, Shown } from '../driver.ts';

const KINDS: Readonly<Record<MediaKind, 'photo' | 'video' | 'audio' | 'voice' | 'document' | 'sticker'>> = { image: 'photo', video: 'video', audio: 'audio', voice: 'voice', file: 'document', sticker: 'sticker' };

export const telegramDriver: Driver = {
  network: telegram,
  places: ['direct', 'group'],
  async start({ owners }) {
    const sandbox = await startTelegramSandbox({ token: TOKEN });
    let met = 0;
    return {
      config: configOf(sandbox, { owners, rate_scale: 10_000 }),
      meet(place) {
        met += 1;
        const ada = sandbox.person(1000 + 2 * met, { firstName: `Ada ${met}` });
        if (place === 'direct') {
          ada.sendText(`Ada ${met} says hello`);
          return Promise.resolve(conversation(sandbox, ada, ada, `Ada ${met}`));
        }
        const ben = sandbox.person(1001 + 2 * met, { firstName: `Ben ${met}` });
        const group = sandbox.group(`Garden ${met}`, { members: [ada, ben], forum: true });
        ada.sendText(`Ada ${met} says hello`, { in: group });
        ben.sendText(`Ben ${met} says hello`, { in: group });
        return Promise.resolve(conversation(sandbox, ada, ben, `Garden ${met}`, group));
      },
      faults: {
        duplicate: (on) => { sandbox.faults.duplicate = on ? 1 : 0; },
        rateLimit: (on) => { sandbox.faults.rateLimit = on ? 1 : 0; },
        expireToken: (on) => { sandbox.faults.revoked = on; },
        fail: (on) => { sandbox.faults.http500 = on ? 1 : 0; },
      },
      async idle() {
        while (sandbox.pending > 0) await new Promise((resolve) => setTimeout(resolve, 10));
      },
      close: () => sandbox.close(),
    };
  },
};

function conversation(sandbox: TelegramSandbox, ada: PersonHandle, ben: PersonHandle, title: string, group?: Group): Conversation {
  const chat = group?.id ?? ada.id;
  return {
    ada: remote(ada, group), ben: remote(ben, group), title,
    shown: () => sandbox.messages.filter((message) => message.chat === chat && message.from === sandbox.bot.id && message.body['pinned_message'] === undefined).map(shown),
    reactionsOn: (id) => (sandbox.message(chat, Number(id))?.reactions.get(sandbox.bot.id) ?? []).map((reaction) => (reaction.type === 'emoji' ? reaction.emoji : reaction.type)),
  };
}

function remote(person: PersonHandle, group?: Group): Remote {
  const place = group === undefined ? {} : { in: group };
  const say = (work: () => number): Promise<string> => Promise.resolve().then(() => String(work()));
  const now = (work: () => void): Promise<void> => Promise.resolve().then(work);
  return {
    name: person.user.firstName,
    text: (text) => say(() => person.sendText(text, place)),
    bold: (text) => say(() => person.sendText(text, place, [{ type: 'bold', offset: 0, length: text.length }])),
    reply: (to, text) => say(() => person.sendText(text, { ...place, replyTo: Number(to) })),
    file: (kind, bytes, { mime, name, caption }) => say(() => person.sendMedia(KINDS[kind], bytes, { ...place, mime, name, ...(caption !== undefined && { caption }) })),
    location: (latitude, longitude) => say(() => person.sendLocation(latitude, longitude, place)),
    poll: (question, options) => say(() => person.sendPoll(question, options, place)),
    edit: (message, text) => now(() => person.edit(Number(message), text, place)),
    react: (message, emoji) => now(() => person.react(Number(message), [emoji], place)),
    unreact: (message) => now(() => person.react(Number(message), [], place)),
    rename: (name) => now(() => {
      person.rename(name);
      person.sendText('under another name', place);
    }),
    unknown: () => now(() => void person.sendRaw({ hologram: { of: 'a cat' } }, place)),
    ...(group !== undefined && {
      root: (text) => say(() => group.createTopic(text, person)),
      thread: (root, text) => say(() => person.sendText(text, { ...place, topic: Number(root) })),
      pin: (message) => now(() => group.pin(Number(message), person)),
      leave: () => now(() => group.leave(person)),
      retitle: (title) => now(() => group.setTitle(title, person)),
    } satisfies Partial<Remote>),
  };
}

function shown({ id, body, file, replyTo, topic, deleted }: Readonly<Message>): Shown {
  const text = typeof body['text'] === 'string' ? body['text'] : typeof body['caption'] === 'string' ? body['caption'] : '';
  const entities = body['entities'] ?? body['caption_entities'];
  const kind = (Object.entries(KINDS).find(([, field]) => body[field] !== undefined)?.[0] ?? (body['location'] !== undefined ? 'location' : body['poll'] !== undefined ? 'poll' : 'text')) as Shown['kind'];
  const question = body['poll'] as { readonly question?: string } | undefined;
  return {
    id: String(id), text: question?.question ?? text, marked: entities === undefined ? text : `${text}${JSON.stringify(entities)}`, kind, deleted,
    ...(file === null ? {} : { sha256: createHash('sha256').update(file.bytes).digest('hex') }),
    ...(replyTo === null ? {} : { replyTo: String(replyTo) }), ...(topic === null ? {} : { thread: String(topic) }),
  };
}

import type { Message } from '../../sandbox/whatsapp/index.ts';
import { expect, files, sameOnPhone, type Scene, type Step, textOf } from './scene.ts';

const step = (what: string, run: Step['run']): Step => ({ what: `Matrix → WhatsApp: ${what}`, run });
const voice = { 'org.matrix.msc3245.voice': {}, 'org.matrix.msc1767.audio': { duration: 1_000 } };

/** Sends a file that WhatsApp takes as it is, and compares what arrives. */
async function file(scene: Scene, kind: string, upload: { readonly name: string; readonly type: string; readonly bytes: Buffer; readonly extra?: Readonly<Record<string, unknown>> }): Promise<Readonly<Message>> {
  const { message } = await scene.toPhone(() => scene.alice.file(scene.room, upload), ({ type }) => type === kind);
  sameOnPhone(message, upload.bytes);
  return message;
}

/** What the other steps answer and react to. */
export const greeting: Step = step('text with formatting', async (scene) => {
  const { event, message } = await scene.toPhone(() => scene.alice.html(scene.room, 'Hi Bob', '<strong>Hi</strong> Bob'), (one) => textOf(one) === '*Hi* Bob');
  scene.name('hi', event, message.id);
});

/** Every kind of message that a Matrix client sends. */
export const fromMatrix: readonly Step[] = [
  step('a reply', async (scene) => {
    const { message } = await scene.toPhone(() => scene.alice.reply(scene.room, scene.named('reply').event, 'And one back'), (one) => textOf(one) === 'And one back');
    expect(message.replyTo === scene.named('reply').message, 'it answers nothing');
  }),
  step('a reaction', async (scene) => {
    const target = scene.named('reply');
    await scene.changesPhone(
      async () => scene.name('reacted', await scene.alice.react(scene.room, target.event, '🎉'), ''), () => scene.message(target.message)?.reactions.business === '🎉');
  }),
  step('the reaction is taken away', async (scene) => {
    const target = scene.named('reply').message;
    await scene.changesPhone(() => scene.alice.redact(scene.room, scene.named('reacted').event), () => scene.message(target)?.reactions.business === undefined);
  }),
  step('a picture', async (scene) => void await file(scene, 'image', { name: 'green.jpg', type: 'image/jpeg', bytes: await files.picture('#0dbd8b') })),
  step('a film', async (scene) => void await file(scene, 'video', { name: 'film.mp4', type: 'video/mp4', bytes: await files.film() })),
  step('a piece of music', async (scene) => void await file(scene, 'audio', { name: 'music.mp3', type: 'audio/mpeg', bytes: await files.music() })),
  step('a voice message', async (scene) => {
    const message = await file(scene, 'audio', { name: 'voice.ogg', type: 'audio/ogg', bytes: await files.voice(), extra: voice });
    expect((message.body as { voice?: boolean }).voice === true, 'it is no voice message');
  }),
  step('a document', async (scene) => {
    const message = await file(scene, 'document', { name: 'plan.txt', type: 'text/plain', bytes: files.list });
    expect((message.body as { filename?: string }).filename === 'plan.txt', 'its name is missing');
  }),
  step('a sticker', async (scene) => {
    const bytes = await files.sticker('#0dbd8b');
    const url = await scene.alice.client.upload('sticker.webp', 'image/webp', bytes);
    const content = { body: 'a sticker', url, info: { mimetype: 'image/webp', w: 512, h: 512 } };
    sameOnPhone((await scene.toPhone(() => scene.alice.send(scene.room, 'm.sticker', content), ({ type }) => type === 'sticker')).message, bytes);
  }),
  step('a file that WhatsApp does not take goes as a link', async (scene) => {
    const bytes = Buffer.concat([Buffer.from('PK\u0003\u0004'), files.list]);
    const { message } = await scene.toPhone(() => scene.alice.file(scene.room, { name: 'list.zip', type: 'application/zip', bytes }), (one) => textOf(one).includes('list.zip'));
    const answer = await fetch(/https?:\/\/\S+/.exec(textOf(message))?.[0] ?? '');
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes), 'the link leads elsewhere');
  }),
  step('a location', async (scene) => {
    await scene.toPhone(() => scene.alice.send(scene.room, 'm.room.message', { msgtype: 'm.location', body: 'Berlin', geo_uri: 'geo:52.52,13.40' }), ({ type }) => type === 'location');
  }),
  step('a long text goes as several messages, in order', async (scene) => {
    const before = scene.bob.inbox.length;
    await scene.toPhone(() => scene.alice.text(scene.room, `start ${'a long story '.repeat(500)}end`), (one) => textOf(one).endsWith('end'));
    const parts = scene.bob.inbox.slice(before).map(textOf);
    expect(parts.length > 1 && (parts[0] ?? '').startsWith('start') && parts.join('').split('story').length === 501, 'it came in one piece, or not whole');
  }),
  step('an edit becomes a correction', async (scene) => {
    const { message } = await scene.toPhone(() => scene.alice.edit(scene.room, scene.named('hi').event, 'Hi dear Bob'), (one) => textOf(one).includes('Hi dear Bob'));
    expect(message.replyTo === scene.named('hi').message, 'it does not say of what');
  }),
  step('a deletion, which WhatsApp does not know, is answered', async (scene) => {
    const { event } = await scene.toPhone(() => scene.alice.text(scene.room, 'Never mind'), (one) => textOf(one) === 'Never mind');
    const known = scene.alice.timeline(scene.room).length;
    await scene.alice.redact(scene.room, event);
    await scene.alice.waitForEvent(scene.room, (one) => one.sender === scene.stage.bot && scene.alice.timeline(scene.room).indexOf(one) >= known);
  }),
  step('typing', async (scene) => {
    await scene.changesPhone(() => scene.alice.typing(scene.room, true), () => scene.bob.person.typingUntil > Date.now());
    await scene.alice.typing(scene.room, false);
  }),
  step('a read mark', async (scene) => {
    const { event, message } = await scene.toMatrix(() => scene.bob.sendText('Do you read this?'), ({ content }) => content['body'] === 'Do you read this?');
    await scene.changesPhone(() => scene.alice.markRead(scene.room, event.event_id), () => scene.message(message)?.status === 'read');
  }),
  step('a message that fails is told with its reason', async (scene) => {
    const { faults } = scene.stage.sandbox;
    faults.failCode = 131026;
    try {
      const told = await scene.told(await scene.alice.text(scene.room, 'This will not arrive'));
      expect(told.includes('Not delivered to WhatsApp'), `it is told otherwise: ${told}`);
    } finally {
      faults.failCode = 0;
    }
  }),
];

import type { Message, PersonHandle, WhatsAppSandbox } from '../../sandbox/whatsapp/index.ts';
import type { ClientEvent } from '../matrix/timelines.ts';
import type { Stage } from '../stage.ts';
import { list, picture, sticker, video, voice } from './samples.ts';

/** What the steps have made so far. */
export interface Scene {
  readonly stage: Stage;
  readonly sandbox: WhatsAppSandbox;
  readonly bob: PersonHandle;
  room: string;
  /** Event ids and message ids by a name, for replies and reactions. */
  readonly seen: Map<string, string>;
}

export interface Step {
  readonly what: string;
  run(scene: Scene): Promise<void>;
}

const onMatrix = (scene: Scene, fits: (event: ClientEvent) => boolean): Promise<ClientEvent> => scene.stage.alice.waitForEvent(scene.room, fits);
const onPhone = (scene: Scene, fits: (message: Readonly<Message>) => boolean): Promise<Readonly<Message>> => scene.bob.waitFor(fits);
const bodyOf = (message: Readonly<Message>): string => (message.body as { body?: string } | null)?.body ?? '';
const related = (event: ClientEvent): Record<string, unknown> => (event.content['m.relates_to'] ?? {}) as Record<string, unknown>;

/** Looks until it is so, for ten seconds. */
async function soon(look: () => boolean): Promise<void> {
  for (let n = 0; !look(); n++) {
    if (n === 400) throw new Error('it did not arrive');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const reacted = (scene: Scene, emoji: string | undefined): Promise<void> =>
  soon(() => scene.sandbox.messages.find((message) => bodyOf(message) === 'A reply')?.reactions.business === emoji);

/** A conversation of every kind of message, both ways. Each step acts on one side and waits for it on the other. */
export const steps: readonly Step[] = [
  { what: 'WhatsApp → Matrix: a first message makes the room', async run(scene) {
    scene.bob.sendText('Hello from *WhatsApp* 👋');
    scene.room = await scene.stage.alice.waitForInvite();
    await scene.stage.alice.join(scene.room);
    await onMatrix(scene, ({ content }) => String(content.formatted_body).includes('<strong>WhatsApp</strong>'));
  } },
  { what: 'Matrix → WhatsApp: text with formatting', async run(scene) {
    scene.seen.set('hi', await scene.stage.alice.html(scene.room, 'Hi Bob', '<strong>Hi</strong> Bob'));
    scene.seen.set('hi on the phone', (await onPhone(scene, (message) => bodyOf(message) === '*Hi* Bob')).id);
  } },
  { what: 'WhatsApp → Matrix: a reply', async run(scene) {
    scene.bob.reply(scene.seen.get('hi on the phone') ?? '', 'A reply');
    const event = await onMatrix(scene, ({ content }) => content.body === 'A reply');
    if ((related(event)['m.in_reply_to'] as { event_id?: string } | undefined)?.event_id !== scene.seen.get('hi')) throw new Error('it answers nothing');
    scene.seen.set('reply', event.event_id);
  } },
  { what: 'Matrix → WhatsApp: a reply', async run(scene) {
    await scene.stage.alice.reply(scene.room, scene.seen.get('reply') ?? '', 'And one back');
    if ((await onPhone(scene, (message) => bodyOf(message) === 'And one back')).replyTo === null) throw new Error('it answers nothing');
  } },
  { what: 'WhatsApp → Matrix: a reaction', async run(scene) {
    scene.bob.react(scene.seen.get('hi on the phone') ?? '', '👍');
    await onMatrix(scene, (event) => event.type === 'm.reaction' && related(event).key === '👍');
  } },
  { what: 'WhatsApp → Matrix: a reaction is taken away', async run(scene) {
    scene.bob.react(scene.seen.get('hi on the phone') ?? '', null);
    await onMatrix(scene, ({ type }) => type === 'm.room.redaction');
  } },
  { what: 'Matrix → WhatsApp: a reaction', async run(scene) {
    scene.seen.set('reaction', await scene.stage.alice.react(scene.room, scene.seen.get('reply') ?? '', '🎉'));
    await reacted(scene, '🎉');
  } },
  { what: 'Matrix → WhatsApp: a reaction is taken away', async run(scene) {
    await scene.stage.alice.redact(scene.room, scene.seen.get('reaction') ?? '');
    await reacted(scene, undefined);
  } },
  { what: 'WhatsApp → Matrix: an image with a caption', async run(scene) {
    await scene.bob.sendMedia('image', await picture('#25d366'), { mime: 'image/jpeg', caption: 'A picture' });
    await onMatrix(scene, ({ content }) => content.msgtype === 'm.image' && content.body === 'A picture');
  } },
  { what: 'Matrix → WhatsApp: an image', async run(scene) {
    await scene.stage.alice.file(scene.room, { bytes: await picture('#0dbd8b'), type: 'image/jpeg', name: 'green.jpg' });
    await onPhone(scene, ({ type, from }) => type === 'image' && from === 'business');
  } },
  { what: 'WhatsApp → Matrix: a voice message', async run(scene) {
    await scene.bob.sendMedia('audio', voice, { mime: 'audio/ogg; codecs=opus', voice: true });
    await onMatrix(scene, ({ content }) => content.msgtype === 'm.audio' && content['org.matrix.msc3245.voice'] !== undefined);
  } },
  { what: 'Matrix → WhatsApp: a voice message', async run(scene) {
    await scene.stage.alice.file(scene.room, { bytes: voice, type: 'audio/ogg', name: 'voice.ogg', extra: { 'org.matrix.msc3245.voice': {} } });
    await onPhone(scene, ({ type, body }) => type === 'audio' && (body as { voice?: unknown }).voice === true);
  } },
  { what: 'WhatsApp → Matrix: a sound', async run(scene) {
    await scene.bob.sendMedia('audio', voice, { mime: 'audio/ogg; codecs=opus' });
    await onMatrix(scene, ({ content }) => content.msgtype === 'm.audio' && content['org.matrix.msc3245.voice'] === undefined);
  } },
  { what: 'Matrix → WhatsApp: a sound', async run(scene) {
    await scene.stage.alice.file(scene.room, { bytes: voice, type: 'audio/ogg', name: 'sound.ogg' });
    await onPhone(scene, ({ type, from, body }) => type === 'audio' && from === 'business' && (body as { voice?: unknown }).voice !== true);
  } },
  { what: 'WhatsApp → Matrix: a video', async run(scene) {
    await scene.bob.sendMedia('video', video, { mime: 'video/mp4', caption: 'A film' });
    await onMatrix(scene, ({ content }) => content.msgtype === 'm.video' && content.body === 'A film');
  } },
  { what: 'Matrix → WhatsApp: a video', async run(scene) {
    await scene.stage.alice.file(scene.room, { bytes: video, type: 'video/mp4', name: 'film.mp4' });
    await onPhone(scene, ({ type }) => type === 'video');
  } },
  { what: 'WhatsApp → Matrix: a location', async run(scene) {
    scene.bob.sendLocation({ latitude: 52.37, longitude: 4.89, name: 'Amsterdam' });
    await onMatrix(scene, ({ content }) => content.msgtype === 'm.location');
  } },
  { what: 'Matrix → WhatsApp: a location', async run(scene) {
    await scene.stage.alice.send(scene.room, 'm.room.message', { msgtype: 'm.location', body: 'Berlin', geo_uri: 'geo:52.52,13.40' });
    await onPhone(scene, ({ type, from }) => type === 'location' && from === 'business');
  } },
  { what: 'WhatsApp → Matrix: a contact card', async run(scene) {
    scene.bob.sendContacts([{ name: { formatted_name: 'Dora Example', first_name: 'Dora' }, phones: [{ phone: '+31 6 1234 5678', type: 'CELL' }] }]);
    await onMatrix(scene, ({ content }) => String(content.body).includes('Dora Example'));
  } },
  { what: 'Matrix → WhatsApp: an edit becomes a correction', async run(scene) {
    await scene.stage.alice.edit(scene.room, scene.seen.get('hi') ?? '', 'Hi dear Bob');
    await onPhone(scene, (message) => bodyOf(message).includes('Hi dear Bob'));
  } },
  { what: 'WhatsApp → Matrix: an edit', async run(scene) {
    const id = scene.bob.sendText('Befor');
    scene.seen.set('edited on Matrix', (await onMatrix(scene, ({ content }) => content.body === 'Befor')).event_id);
    scene.bob.edit(id, 'Before');
    await onMatrix(scene, (event) => related(event).rel_type === 'm.replace');
    scene.seen.set('edited', id);
  } },
  { what: 'WhatsApp → Matrix: a message is deleted', async run(scene) {
    scene.bob.revoke(scene.seen.get('edited') ?? '');
    const target = scene.seen.get('edited on Matrix');
    await onMatrix(scene, ({ type, redacts, content }) => type === 'm.room.redaction' && (redacts ?? content.redacts) === target);
  } },
  { what: 'WhatsApp → Matrix: a document', async run(scene) {
    await scene.bob.sendMedia('document', list, { mime: 'text/plain', filename: 'list.txt', caption: 'The list' });
    await onMatrix(scene, ({ content }) => content.msgtype === 'm.file' && content.filename === 'list.txt');
  } },
  { what: 'Matrix → WhatsApp: a document', async run(scene) {
    await scene.stage.alice.file(scene.room, { bytes: list, type: 'text/plain', name: 'plan.txt' });
    await onPhone(scene, ({ type, body }) => type === 'document' && (body as { filename?: unknown }).filename === 'plan.txt');
  } },
  { what: 'WhatsApp → Matrix: a sticker', async run(scene) {
    await scene.bob.sendMedia('sticker', await sticker(), { mime: 'image/webp' });
    await onMatrix(scene, ({ type }) => type === 'm.sticker');
  } },
  { what: 'Matrix → WhatsApp: a sticker', async run(scene) {
    const bytes = await sticker();
    const url = await scene.stage.alice.client.upload('sun.webp', 'image/webp', bytes);
    await scene.stage.alice.send(scene.room, 'm.sticker', { body: 'A sun', url, info: { mimetype: 'image/webp', size: bytes.byteLength, w: 512, h: 512 } });
    await onPhone(scene, ({ type, from }) => type === 'sticker' && from === 'business');
  } },
  { what: 'Matrix → WhatsApp: a file that WhatsApp does not take goes as a link', async run(scene) {
    await scene.stage.alice.file(scene.room, { bytes: Buffer.from([0x50, 0x4b, 5, 6, ...Array<number>(18).fill(0)]), type: 'application/zip', name: 'all.zip' });
    const link = /https?:\/\/\S+all\.zip/.exec(bodyOf(await onPhone(scene, (message) => bodyOf(message).includes('all.zip'))))?.[0] ?? '';
    if (!(await fetch(link)).ok) throw new Error('the link leads nowhere');
  } },
  { what: 'WhatsApp → Matrix: a choice from a list', async run(scene) {
    scene.bob.sendInteractive({ type: 'list_reply', list_reply: { id: 'soup', title: 'Soup of the day', description: 'With bread' } });
    await onMatrix(scene, ({ content }) => String(content.body).includes('Soup of the day'));
  } },
  { what: 'WhatsApp → Matrix: an order', async run(scene) {
    scene.bob.order({ catalog_id: '194836987003835', text: 'Two please', product_items: [{ product_retailer_id: 'di9ozbzfi4', quantity: 2, item_price: 30, currency: 'EUR' }] });
    await onMatrix(scene, ({ content }) => String(content.body).includes('Two please'));
  } },
  { what: 'WhatsApp → Matrix: a message from an advertisement', async run(scene) {
    scene.bob.referral('I saw your boat', { source_url: 'https://example.org/ad', source_id: '1', source_type: 'ad', headline: 'A boat', body: 'For sale' });
    await onMatrix(scene, ({ content }) => String(content.body).includes('I saw your boat'));
  } },
  { what: 'WhatsApp → Matrix: a forwarded message says so', async run(scene) {
    scene.bob.sendText('Have you heard?', { forwarded: true });
    await onMatrix(scene, ({ content }) => String(content.body).includes('Have you heard?') && content.body !== 'Have you heard?');
  } },
  { what: 'Matrix → WhatsApp: a long text goes as several messages, in order', async run(scene) {
    await scene.stage.alice.text(scene.room, `start ${'a long story '.repeat(500)}end`);
    const last = await onPhone(scene, (message) => bodyOf(message).endsWith('end'));
    const first = await onPhone(scene, (message) => bodyOf(message).startsWith('start'));
    if (first.seq >= last.seq) throw new Error('it came in one piece or out of order');
  } },
  { what: 'Matrix → WhatsApp: typing is shown', async run(scene) {
    await scene.stage.alice.typing(scene.room, true);
    await soon(() => scene.bob.person.typingUntil > Date.now());
    await scene.stage.alice.typing(scene.room, false);
  } },
  { what: 'WhatsApp → Matrix: the chat is read', async run(scene) {
    const ours = await scene.stage.alice.text(scene.room, 'Read me');
    const { id } = await onPhone(scene, (message) => bodyOf(message) === 'Read me');
    await soon(() => scene.sandbox.messages.find((message) => message.id === id)?.status === 'delivered');
    scene.bob.readAll();
    await scene.stage.alice.waitForEphemeral(scene.room, 'm.receipt', (content) => content[ours] !== undefined);
  } },
  { what: 'Matrix → WhatsApp: the chat is read', async run(scene) {
    const id = scene.bob.sendText('Have you read it?');
    await scene.stage.alice.markRead(scene.room, (await onMatrix(scene, ({ content }) => content.body === 'Have you read it?')).event_id);
    await soon(() => scene.sandbox.messages.find((message) => message.id === id)?.status === 'read');
  } },
  { what: 'Matrix → WhatsApp: what cannot be deleted there is told', async run(scene) {
    const ours = await scene.stage.alice.text(scene.room, 'I take it back');
    await onPhone(scene, (message) => bodyOf(message) === 'I take it back');
    await scene.stage.alice.redact(scene.room, ours);
    await onMatrix(scene, ({ content, sender }) => sender === scene.stage.bot && String(content.body).includes('delete'));
  } },
  { what: 'Matrix → WhatsApp: what is not delivered is told', async run(scene) {
    scene.sandbox.faults.failCode = 131026;
    const ours = await scene.stage.alice.text(scene.room, 'Lost');
    await onMatrix(scene, (event) => event.sender === scene.stage.bot && (related(event)['m.in_reply_to'] as { event_id?: string } | undefined)?.event_id === ours);
    scene.sandbox.faults.failCode = 0;
  } },
  { what: 'WhatsApp → Matrix: something that cannot be shown is a notice', async run(scene) {
    scene.bob.sendUnsupported();
    await onMatrix(scene, ({ content, sender }) => sender !== scene.stage.bot && content.msgtype === 'm.notice' && String(content.body).includes('⚠️'));
  } },
];

import { expect, files, redacts, relation, repliesTo, sameInRoom, type Step } from './scene.ts';

const step = (what: string, run: Step['run']): Step => ({ what: `WhatsApp → Matrix: ${what}`, run });

/** Begins the conversation: everything else needs its room. */
export const first: Step = step('a first message makes the room', async (scene) => {
  await scene.toMatrix(() => scene.bob.sendText('Hello from *WhatsApp* 👋'), ({ content }) => String(content['formatted_body']).includes('<strong>WhatsApp</strong>'));
});

/** Every kind of message that comes from the phone. */
export const fromPhone: readonly Step[] = [
  step('a reply', async (scene) => {
    const { event, message } = await scene.toMatrix(() => scene.bob.reply(scene.named('hi').message, 'A reply'), ({ content }) => content['body'] === 'A reply');
    expect(repliesTo(event) === scene.named('hi').event, 'it answers nothing');
    scene.name('reply', event.event_id, message);
  }),
  step('a reaction', async (scene) => {
    const { event } = await scene.toMatrix(() => scene.bob.react(scene.named('hi').message, '👍'), ({ type }) => type === 'm.reaction');
    expect(relation(event).key === '👍' && relation(event).event_id === scene.named('hi').event, 'it is another one');
    scene.name('reaction', event.event_id, '');
  }),
  step('the reaction is changed', async (scene) => {
    const { event } = await scene.toMatrix(() => scene.bob.react(scene.named('hi').message, '❤️'), (one) => one.type === 'm.reaction' && relation(one).key === '❤️');
    const old = scene.named('reaction').event;
    await scene.alice.waitForEvent(scene.room, (one) => redacts(one) === old);
    scene.name('reaction', event.event_id, '');
  }),
  step('the reaction is taken away', async (scene) => {
    await scene.toMatrix(() => scene.bob.react(scene.named('hi').message, null), (one) => redacts(one) === scene.named('reaction').event);
  }),
  step('a picture with a caption', async (scene) => {
    const bytes = await files.picture('#25d366');
    const { event } = await scene.toMatrix(() => scene.bob.sendMedia('image', bytes, { mime: 'image/jpeg', caption: 'A picture' }), ({ content }) => content['msgtype'] === 'm.image');
    expect(event.content['body'] === 'A picture', 'its caption is missing');
    await sameInRoom(scene, event, bytes);
  }),
  step('a film', async (scene) => {
    const bytes = await files.film();
    const { event } = await scene.toMatrix(() => scene.bob.sendMedia('video', bytes, { mime: 'video/mp4' }), ({ content }) => content['msgtype'] === 'm.video');
    await sameInRoom(scene, event, bytes);
  }),
  step('a piece of music', async (scene) => {
    const bytes = await files.music();
    const { event } = await scene.toMatrix(() => scene.bob.sendMedia('audio', bytes, { mime: 'audio/mpeg' }), ({ content }) => content['msgtype'] === 'm.audio');
    await sameInRoom(scene, event, bytes);
  }),
  step('a voice message', async (scene) => {
    const bytes = await files.voice();
    const { event } = await scene.toMatrix(() => scene.bob.sendMedia('audio', bytes, { mime: 'audio/ogg; codecs=opus', voice: true }), ({ content }) => 'org.matrix.msc3245.voice' in content);
    await sameInRoom(scene, event, bytes);
  }),
  step('a document', async (scene) => {
    const { event } = await scene.toMatrix(
      () => scene.bob.sendMedia('document', files.list, { mime: 'text/plain', filename: 'list.txt', caption: 'The list' }), ({ content }) => content['msgtype'] === 'm.file');
    expect(event.content['filename'] === 'list.txt', 'its name is missing');
    await sameInRoom(scene, event, files.list);
  }),
  step('a sticker', async (scene) => {
    const bytes = await files.sticker('#ffcc00');
    const { event } = await scene.toMatrix(() => scene.bob.sendMedia('sticker', bytes, { mime: 'image/webp' }), ({ type }) => type === 'm.sticker');
    await sameInRoom(scene, event, bytes);
  }),
  step('a location', async (scene) => {
    await scene.toMatrix(() => scene.bob.sendLocation({ latitude: 52.37, longitude: 4.89, name: 'Amsterdam' }), ({ content }) => content['msgtype'] === 'm.location');
  }),
  step('a contact card', async (scene) => {
    const card = { name: { formatted_name: 'Dora Example', first_name: 'Dora' }, phones: [{ phone: '+31 6 1234 5678', type: 'CELL' }] };
    await scene.toMatrix(() => scene.bob.sendContacts([card]), ({ content }) => /Dora Example[^]*\+31 6 1234 5678/.test(String(content['body'])));
  }),
  step('a forwarded message', async (scene) => {
    await scene.toMatrix(() => scene.bob.sendText('Passed on', { forwarded: true }), ({ content }) => /Forwarded[^]*Passed on/.test(String(content['body'])));
  }),
  step('an answer by button', async (scene) => {
    await scene.toMatrix(() => scene.bob.sendInteractive({ type: 'button_reply', button_reply: { id: 'yes', title: 'Yes, please' } }), ({ content }) => content['body'] === 'Yes, please');
  }),
  step('an answer from a list', async (scene) => {
    await scene.toMatrix(() => scene.bob.sendInteractive({ type: 'list_reply', list_reply: { id: '2', title: 'Tuesday', description: 'from ten on' } }), ({ content }) => String(content['body']).includes('Tuesday'));
  }),
  step('an order', async (scene) => {
    const order = { catalog_id: '194836987003835', text: 'Two please', product_items: [{ product_retailer_id: 'di9ozbzfi4', quantity: 2, item_price: 30, currency: 'EUR' }] };
    await scene.toMatrix(() => scene.bob.order(order), ({ content }) => String(content['body']).includes('Two please'));
  }),
  step('a message from an advertisement', async (scene) => {
    const ad = { source_url: 'https://example.org/ad', source_id: '1', source_type: 'ad', headline: 'A boat', body: 'For sale' };
    await scene.toMatrix(() => scene.bob.referral('I saw your boat', ad), ({ content }) => content['body'] === 'I saw your boat');
  }),
  step('an edit', async (scene) => {
    const { event, message } = await scene.toMatrix(() => scene.bob.sendText('Befor'), ({ content }) => content['body'] === 'Befor');
    await scene.toMatrix(() => scene.bob.edit(message, 'Before'), (one) => relation(one).rel_type === 'm.replace' && relation(one).event_id === event.event_id);
    scene.name('edited', event.event_id, message);
  }),
  step('a message is deleted', async (scene) => {
    await scene.toMatrix(() => scene.bob.revoke(scene.named('edited').message), (one) => redacts(one) === scene.named('edited').event);
  }),
  step('the chat is read', async (scene) => {
    const { event, message } = await scene.toPhone(() => scene.alice.text(scene.room, 'Read me'), ({ type }) => type === 'text');
    await scene.until(() => scene.message(message.id)?.status === 'delivered');
    await scene.readsUpTo(event);
  }),
  step('a new number is the same person', async (scene) => {
    await scene.toMatrix(() => (scene.bob.changeNumber('31687654321'), '31687654321'), ({ content }) => String(content['body']).includes('+31687654321'));
    await scene.toMatrix(() => scene.bob.sendText('Still me'), ({ content }) => content['body'] === 'Still me');
  }),
  step('something that cannot be shown is a notice', async (scene) => {
    await scene.toMatrix(() => scene.bob.sendUnsupported(), ({ content }) => content['msgtype'] === 'm.notice' && String(content['body']).includes('⚠️'));
  }),
];

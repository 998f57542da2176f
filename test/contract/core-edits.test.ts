import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { EditEvent } from '../../src/model/events.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import { BOT } from '../kit/model/homeserver.ts';
import { BOB, CHAT, Stage } from '../kit/scripted/stage.ts';

let stage: Stage;

beforeEach(async () => {
  stage = new Stage();
  await stage.take(stage.message('m1', 'hello'));
});

afterEach(async () => {
  const { log } = stage;
  await stage.close();
  expect(log).toEqual([]);
});

const SELF = { id: 'me', scope: '', isSelf: true };
const SENT = Date.UTC(2026, 0, 1);
const edit = (text: string, time: number, more: Partial<EditEvent> = {}): EditEvent =>
  ({ type: 'edit', id: 'e' as RemoteId, target: stage.network.of('send')[0]?.id as RemoteId, conversation: CHAT, sender: SELF, time, parts: [{ kind: 'text', text: plain(text) }], ...more });
const told = () => stage.events('m.room.message').filter(({ content }) => String(content.body).includes('Edited in Fake')).map(({ sender, content }) => ({
  sender, body: content.body, answers: (content['m.relates_to'] as { 'm.in_reply_to'?: { event_id: string } } | undefined)?.['m.in_reply_to']?.event_id,
}));

describe('an edit on the network of what was written on Matrix', () => {
  test('is the echo of ours where it is not newer than what we did last', async () => {
    const event = await stage.says('mine');
    stage.network.time = SENT + 5_000;
    await stage.alice({ msgtype: 'm.text', body: '* again', 'm.new_content': { msgtype: 'm.text', body: 'again' }, 'm.relates_to': { rel_type: 'm.replace', event_id: event } });
    await stage.take(edit('again', SENT + 5_000), edit('mine', SENT + 1_000));
    expect(stage.network.of('edit')).toHaveLength(1);
    expect(told()).toEqual([]);
  });

  test('waits for the answer that tells whether it is ours', async () => {
    const event = await stage.says('mine');
    const { promise, resolve } = Promise.withResolvers<void>();
    stage.network.gate = promise;
    stage.network.time = SENT + 5_000;
    await stage.alice({ msgtype: 'm.text', body: '* again', 'm.new_content': { msgtype: 'm.text', body: 'again' }, 'm.relates_to': { rel_type: 'm.replace', event_id: event } });
    await stage.take(edit('again', SENT + 5_000));
    resolve();
    await stage.pass(8_000);
    expect(told()).toEqual([]);
  });

  test('is told in an answer to it where somebody did it in the app; each once', async () => {
    const event = await stage.says('mine');
    await stage.take(edit('from the app', SENT + 60_000));
    await stage.take(edit('from the app', SENT + 60_000));
    await stage.take(edit('by a moderator', SENT + 70_000, { sender: BOB }));
    expect(told()).toEqual([
      { sender: BOT, body: expect.stringContaining('from the app'), answers: event }, { sender: expect.stringContaining('bob'), body: expect.stringContaining('by a moderator'), answers: event },
    ]);
  });

  test('of a file only its words are told', async () => {
    const event = await stage.says('mine');
    await stage.take(edit('', SENT + 60_000, { parts: [{ kind: 'image', media: { source: { network: 'photo' } }, caption: plain('other words') }] }));
    expect(told()).toEqual([{ sender: BOT, body: expect.stringContaining('other words'), answers: event }]);
    expect(stage.events('m.room.message').filter(({ content }) => content.msgtype === 'm.image')).toEqual([]);
  });
});

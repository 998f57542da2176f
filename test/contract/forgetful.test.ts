import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { EventId, RemoteId } from '../../src/model/ids.ts';
import { BOB, CHAT, Stage } from '../kit/scripted/stage.ts';

/** What is about a message that the bridge remembers no more. */
let stage: Stage;
let theirs: EventId;
let mine: EventId;

beforeEach(async () => {
  stage = new Stage({}, { forgetful: true });
  await stage.take(stage.message('m1', 'from there'));
  theirs = stage.saying('from there').event_id as EventId;
  mine = await stage.says('from here');
  expect(await stage.store.forgetMappings(Number.MAX_SAFE_INTEGER, null, 100)).toBeNull();
  // As after the time that settled rows are kept for.
  await stage.store.prune(stage.clock.now() + 1e9, { deadContent: 1, settled: 1, accepted: 1, seen: null });
});
afterEach(async () => {
  await stage.close();
});

const about = { conversation: CHAT, sender: BOB, time: Date.UTC(2026, 0, 1), target: 'm1' as RemoteId };

test('from the network: an edit is shown as a message, a reaction and a deletion are told of, a reply says that it is one', async () => {
  await stage.take({ ...about, type: 'edit', id: 'e' as RemoteId, parts: stage.message('x', 'changed').parts }, { ...about, type: 'reaction', emoji: '👍', exclusive: true, target: 'm0' as RemoteId }, { ...about, type: 'deletion', target: 'm0' as RemoteId });
  await stage.take(stage.message('m2', 'an answer', { replyTo: { id: 'm0' as RemoteId } }));
  await stage.pass(20_000);
  const bodies = stage.events('m.room.message').map(({ content }) => String(content.body));
  expect(bodies).toEqual(expect.arrayContaining([expect.stringMatching(/Edited; the original is not here[^]*changed/), expect.stringMatching(/in reply to a message that is not here[^]*an answer/)]));
  expect(stage.notices()).toEqual(expect.arrayContaining([expect.stringMatching(/reacted with 👍 on a message that is not here/), expect.stringMatching(/A message that is not here was deleted/)]));
});

test('from Matrix: whoever edits, reacts or deletes hears that it went nowhere, and a reply says that it is one', async () => {
  await stage.says('* changed', { 'm.new_content': { msgtype: 'm.text', body: 'changed' }, 'm.relates_to': { rel_type: 'm.replace', event_id: mine } });
  await stage.alice({ 'm.relates_to': { rel_type: 'm.annotation', event_id: theirs, key: '👍' } }, 'm.reaction');
  stage.homeserver.redact(stage.room, '@alice:test', mine);
  await stage.pass(2_000);
  await stage.says('an answer', { 'm.relates_to': { 'm.in_reply_to': { event_id: theirs } } });
  expect(stage.notices()).toEqual([
    expect.stringMatching(/The edit was not sent to Fake: .*older than what the bridge remembers/),
    expect.stringMatching(/The reaction was not sent: .*older than what the bridge remembers/),
    expect.stringMatching(/Nothing was deleted elsewhere: .*stays visible there/),
  ]);
  expect([stage.network.of('edit'), stage.network.of('react'), stage.network.of('delete')]).toEqual([[], [], []]);
  expect(stage.network.of('send').at(-1)?.text).toMatch(/in reply to a message that is not here[^]*an answer/);
});

test('what is remembered is as ever, and no notice says otherwise', async () => {
  await stage.take(stage.message('m5', 'new'));
  await stage.alice({ 'm.relates_to': { rel_type: 'm.annotation', event_id: stage.saying('new').event_id, key: '👍' } }, 'm.reaction');
  const said = await stage.says('also new');
  stage.homeserver.redact(stage.room, '@alice:test', said);
  await stage.pass(2_000);
  expect([stage.network.of('react').length, stage.network.of('delete').length, stage.notices()]).toEqual([1, 1, []]);
});

test('the bridge forgets by itself', async () => {
  await stage.take(stage.message('m6', 'long ago'));
  const row = stage.store.portalsOf(stage.store.roomById(stage.room.id)?.row as never)[0]?.row;
  expect(stage.store.mapOfRemote(row as never, 'm6' as RemoteId)).toHaveLength(1);
  await stage.pass(65_000);
  expect(stage.store.mapOfRemote(row as never, 'm6' as RemoteId)).toEqual([]);
});

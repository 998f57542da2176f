import { expect, test } from '@jest/globals';
import { contentOf, relationsOf } from '../../src/bridge/outbound/parse.ts';
import { pinnedIn } from '../../src/bridge/outbound/pins.ts';
import type { MatrixEvent } from '../../src/model/events.ts';

const event = (content: Record<string, unknown>): MatrixEvent => ({ type: 'm.room.message', event_id: '$a', room_id: '!a:x', sender: '@a:x', origin_server_ts: 1, content }) as unknown as MatrixEvent;

test.each<[string, unknown]>([['nothing', undefined], ['a number', 5], ['a list', []], ['an object that cannot be made a text', { toString: 1, valueOf: 1 }], ['its own', 'org.example.thing']])(
  'a message whose kind is %s is refused, never thrown at', (_, msgtype) => {
    expect(contentOf(event({ msgtype }))).toEqual({ refused: expect.stringMatching(/^This kind of message \(.+\) cannot be bridged\.$/) });
  });

test('what a message relates to is told apart: an answer, a thread, and the answer that only stands for a thread', () => {
  const thread = { rel_type: 'm.thread', event_id: '$root', 'm.in_reply_to': { event_id: '$last' } };
  const none = { replyTo: null, thread: null, edits: null, annotates: null, refersTo: null };
  expect(relationsOf({ 'm.relates_to': { ...thread, is_falling_back: true } })).toEqual({ ...none, thread: '$root' });
  expect(relationsOf({ 'm.relates_to': thread })).toEqual({ ...none, thread: '$root', replyTo: '$last' });
  expect(relationsOf({ 'm.relates_to': { 'm.in_reply_to': { event_id: '$last' } } })).toEqual({ ...none, replyTo: '$last' });
  expect(relationsOf({ 'm.relates_to': { rel_type: 'm.reference', event_id: '$poll' } })).toEqual({ ...none, refersTo: '$poll' });
  expect(relationsOf({ 'm.relates_to': { rel_type: 'm.thread', event_id: 5, is_falling_back: true, 'm.in_reply_to': [] } })).toEqual(none);
});

test('what is too long to be an id or an emoji is none', () => {
  const none = { replyTo: null, thread: null, edits: null, refersTo: null, annotates: null };
  const of = (event: string, key: string) => relationsOf({ 'm.relates_to': { rel_type: 'm.annotation', event_id: event, key, 'm.in_reply_to': { event_id: event } } });
  expect(of('$'.padEnd(255, 'x'), '👩‍👩‍👧'.repeat(50))).toMatchObject({ annotates: { emoji: '👩‍👩‍👧'.repeat(50) }, replyTo: expect.any(String) });
  expect(of('$'.padEnd(256, 'x'), '👍')).toEqual(none);
  expect(of('$e', '👍'.repeat(251)).annotates).toBeNull();
});

test('what a film or a picture is besides is read again', () => {
  const film = { msgtype: 'm.video', body: 'x.mp4', url: 'mxc://x/y', info: { 'fi.mau.gif': true, 'fi.mau.telegram.round_message': true }, 'page.codeberg.everypizza.msc4193.spoiler': true };
  expect(contentOf(event(film))).toMatchObject({ kind: 'video', animated: true, round: true, spoiler: true });
  expect(contentOf(event({ ...film, info: {}, 'page.codeberg.everypizza.msc4193.spoiler': 'yes' }))).toEqual({ kind: 'video', media: { source: { mxc: 'mxc://x/y' }, name: 'x.mp4' } });
});

test('pinned events are ids, each once', () => {
  expect(pinnedIn({ pinned: ['$a', '$b', '$a', 5, null, 'x'] })).toEqual(['$a', '$b']);
  expect(pinnedIn({ pinned: { length: 2 } })).toEqual([]);
  expect(pinnedIn(null)).toEqual([]);
  expect(pinnedIn({ pinned: Array.from({ length: 600 }, (_, n) => `$${n}`) }).slice(-1)).toEqual(['$599']);
});

test.each<[string, unknown]>([['null', null], ['a list', []], ['one without answers', { question: { 'm.text': 'x' } }], ['texts that are none', { question: { 'm.text': [{ body: 5 }] }, answers: [{ id: 'a', 'm.text': { body: 'x' } }] }]])(
  'a poll that is %s is refused, never thrown at', (_, start) => {
    expect(contentOf({ ...event({ 'org.matrix.msc3381.poll.start': start }), type: 'org.matrix.msc3381.poll.start' })).toEqual({ refused: expect.stringContaining('no question') });
  });

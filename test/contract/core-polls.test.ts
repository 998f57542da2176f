import { afterEach, describe, expect, test } from '@jest/globals';
import type { PollContent } from '../../src/model/content.ts';
import type { NetworkEvent } from '../../src/model/events.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import { MALLORY } from '../kit/model/core.ts';
import { BOT } from '../kit/model/homeserver.ts';
import type { Abilities } from '../kit/scripted/network.ts';
import { BOB, CAROL, CHAT, Stage } from '../kit/scripted/stage.ts';

const [START, RESPONSE, END, TEXT] = ['org.matrix.msc3381.poll.start', 'org.matrix.msc3381.poll.response', 'org.matrix.msc3381.poll.end', 'org.matrix.msc1767.text'];
let stage: Stage;

function open(abilities?: Abilities): Stage {
  stage = new Stage(abilities);
  return stage;
}

afterEach(async () => {
  const { log } = stage;
  await stage.close();
  expect(log).toEqual([]);
});

const poll: PollContent = { kind: 'poll', question: 'Lunch?', options: [{ id: 'x', text: 'Pizza' }, { id: 'y', text: 'Soup' }], maxChoices: 1 };
const time = Date.UTC(2026, 0, 1);
const vote = (target: string, options: readonly string[], sender = CAROL): NetworkEvent => ({ type: 'poll.vote', target: target as RemoteId, options, sender, conversation: CHAT, time });
const end = (target: string): NetworkEvent => ({ type: 'poll.end', target: target as RemoteId, results: [{ text: 'Pizza', votes: 2 }, { text: 'Soup', votes: 0 }], conversation: CHAT, time });
const refersTo = (event: string): object => ({ rel_type: 'm.reference', event_id: event });

describe('a poll of a network', () => {
  test('is one that clients show, with its words for those that do not; its votes and its end follow', async () => {
    open();
    await stage.take(stage.message('p1', '', { parts: [poll] }));
    const [start] = stage.events(START ?? '');
    expect(start).toMatchObject({ sender: expect.stringContaining('bob'), content: {
      [TEXT ?? '']: 'Lunch?\n1. Pizza\n2. Soup',
      [START ?? '']: {
        question: { [TEXT ?? '']: 'Lunch?' }, kind: 'org.matrix.msc3381.poll.disclosed', max_selections: 1, answers: [{ id: 'x', [TEXT ?? '']: 'Pizza' }, { id: 'y', [TEXT ?? '']: 'Soup' }],
      },
    } });
    await stage.take(vote('p1', ['x']), vote('p1', []), vote('p1', ['y'], BOB));
    expect(stage.events(RESPONSE ?? '').map(({ sender, content }) => [sender.includes('bob'), content[RESPONSE ?? ''], content['m.relates_to']])).toEqual([
      [false, { answers: ['x'] }, refersTo(start?.event_id ?? '')], [false, { answers: [] }, refersTo(start?.event_id ?? '')], [true, { answers: ['y'] }, refersTo(start?.event_id ?? '')],
    ]);
    await stage.take(end('p1'), end('p1'));
    expect(stage.events(END ?? '')).toEqual([expect.objectContaining({ sender: start?.sender, content: expect.objectContaining({
      'm.relates_to': refersTo(start?.event_id ?? ''), [END ?? '']: {}, [TEXT ?? '']: 'The poll has ended.\nPizza: 2\nSoup: 0',
    }) })]);
  });

  test('that is closed already ends at once; one that an edit closes ends then', async () => {
    open();
    await stage.take(stage.message('p1', '', { parts: [{ ...poll, closed: true }] }), stage.message('p2', '', { parts: [poll] }));
    expect(stage.events(END ?? '')).toHaveLength(1);
    await stage.take({ type: 'edit', id: 'p2' as RemoteId, target: 'p2' as RemoteId, conversation: CHAT, sender: BOB, time: time + 5, parts: [{ ...poll, closed: true }] });
    expect(stage.events(END ?? '').map(({ content }) => (content['m.relates_to'] as { event_id: string }).event_id)).toEqual(stage.events(START ?? '').slice(0, 2).map(({ event_id: event }) => event));
  });

  test('that clients could not show is told in words', async () => {
    open();
    await stage.take(stage.message('p1', '', { parts: [{ ...poll, options: Array.from({ length: 21 }, (_, n) => ({ id: `${n}`, text: `Choice ${n}` })) }] }));
    expect(stage.events(START ?? '')).toEqual([]);
    expect(String(stage.events('m.room.message')[0]?.content.body)).toContain('Choice 20');
  });

  test('whose votes come before it waits for no one but it; one that never comes is told of', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'), vote('p1', ['x']));
    expect(stage.events(RESPONSE ?? '')).toEqual([]);
    await stage.take(stage.message('p1', '', { parts: [poll] }), vote('p2', ['x']));
    expect(stage.events(RESPONSE ?? '')).toHaveLength(1);
    await stage.pass(10_000);
    expect(stage.notices()).toEqual([expect.stringContaining('Name of carol voted in a poll that is not here')]);
  });
});

describe('a poll of Matrix', () => {
  const unstable = { [TEXT ?? '']: 'Where?\n1. Here\n2. There', [START ?? '']: {
    question: { [TEXT ?? '']: 'Where?' }, kind: 'org.matrix.msc3381.poll.undisclosed', max_selections: 2, answers: [{ id: 'a', [TEXT ?? '']: 'Here' }, { id: 'b', [TEXT ?? '']: 'There' }],
  } };
  const stable = { 'm.text': [{ body: 'Where?' }], 'm.poll': {
    question: { 'm.text': [{ mimetype: 'text/html', body: '<b>Where?</b>' }, { body: 'Where?' }] }, kind: 'm.disclosed', max_selections: 9, answers: [{ 'm.id': 'a', 'm.text': [{ body: 'Here' }] }, { 'm.id': 'b', 'm.text': [{ body: 'There' }] }],
  } };

  test.each([['as clients write it now', 'org.matrix.msc3381.poll.start', unstable], ['by the names it will have', 'm.poll.start', stable]])('%s is one there', async (_, type, content) => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    await stage.alice(content, type);
    expect(stage.network.of('send')).toMatchObject([{ content: { kind: 'poll', question: 'Where?', options: [{ id: 'a', text: 'Here' }, { id: 'b', text: 'There' }], maxChoices: 2 } }]);
  });

  test('takes votes from there, by our names or by the place of an option, and is ended there', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    const start = await stage.alice(unstable, START);
    await stage.take(vote('sent1', ['1']), vote('sent1', ['a', '7']));
    expect(stage.events(RESPONSE ?? '').map(({ content }) => [content[RESPONSE ?? ''], content['m.relates_to']])).toEqual([[{ answers: ['b'] }, refersTo(start)], [{ answers: ['a'] }, refersTo(start)]]);
    await stage.take(end('sent1'));
    expect(stage.events(END ?? '')).toMatchObject([{ sender: BOT }]);
  });

  test('is ended there by whoever began it, and by nobody else', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    const start = await stage.alice(unstable, START);
    stage.homeserver.setMember(stage.room, MALLORY, MALLORY, 'join');
    stage.homeserver.say(stage.room, MALLORY, END ?? '', { 'm.relates_to': refersTo(start), [END ?? '']: {} });
    await stage.pass(2_000);
    expect(stage.network.of('edit')).toEqual([]);
    await stage.alice({ 'm.relates_to': refersTo(start), [END ?? '']: {}, [TEXT ?? '']: 'over' }, END);
    expect(stage.network.of('edit')).toMatchObject([{ target: 'sent1', content: { kind: 'poll', closed: true } }]);
    expect(stage.notices()).toEqual([]);
  });

  test('is told in words where there are none', async () => {
    open({ lacks: ['poll'] });
    await stage.take(stage.message('m1', 'hello'));
    await stage.alice(unstable, START);
    expect(stage.network.of('send')).toMatchObject([{ text: expect.stringMatching(/Where\?[^]*1\. Here\n2\. There/) }]);
  });

  test('whoever votes or ends it here hears once that this is not passed on; of a poll that is not bridged nothing is said', async () => {
    open();
    await stage.take(stage.message('p1', '', { parts: [poll] }));
    const theirs = stage.events(START ?? '')[0]?.event_id ?? '';
    for (const answers of [['x'], ['y']]) await stage.alice({ 'm.relates_to': refersTo(theirs), [RESPONSE ?? '']: { answers } }, RESPONSE);
    await stage.alice({ 'm.relates_to': refersTo('$elsewhere'), 'm.selections': ['x'] }, 'm.poll.response');
    expect(stage.notices()).toEqual([expect.stringMatching(/Votes from Matrix are seen here only/)]);
    await stage.alice({ 'm.relates_to': refersTo(theirs), [END ?? '']: {}, [TEXT ?? '']: 'over' }, END);
    expect(stage.notices().slice(1)).toEqual([expect.stringMatching(/ended here only; on Fake it goes on/)]);
    expect(stage.network.calls).toEqual([]);
  });

  test('with nothing to choose is refused', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    await stage.alice({ [START ?? '']: { question: { [TEXT ?? '']: 'Where?' }, answers: [{ id: 5 }, null, 'x'] } }, START);
    expect(stage.notices()).toEqual([expect.stringContaining('no question, or no answers')]);
    expect(stage.network.calls).toEqual([]);
  });
});

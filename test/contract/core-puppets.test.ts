import { afterEach, describe, expect, test } from '@jest/globals';
import { MARKER } from '../../src/bridge/keys.ts';
import type { MatrixEvent } from '../../src/model/events.ts';
import type { EventId, RemoteId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import { ALICE, MALLORY } from '../kit/model/core.ts';
import { BOT } from '../kit/model/homeserver.ts';
import type { Abilities } from '../kit/scripted/network.ts';
import { BOB, CHAT, Stage } from '../kit/scripted/stage.ts';

let stage: Stage;
/** What the bridge complains of, where a test has it refused. */
let complaints: RegExp | null = null;

const SELF = { id: 'one', scope: '', isSelf: true } as const;

async function open(abilities: Abilities = {}): Promise<void> {
  complaints = null;
  stage = new Stage(abilities, {}, [], { puppets: true });
  await stage.take(stage.message('m1', 'hello'));
}

afterEach(async () => {
  const { log } = stage;
  await stage.close();
  expect(log.filter((line) => complaints?.test(line) !== true)).toEqual([]);
});

const own = (id: string, text: string): Promise<void> => stage.take(stage.message(id, text, { sender: SELF }));
const edited = (id: string, text: string): Promise<void> => stage.take({
  type: 'edit', id: `${id}e${text}` as RemoteId, target: id as RemoteId, conversation: CHAT, sender: SELF, time: Date.UTC(2026, 5, 1), parts: [{ kind: 'text', text: plain(text) }],
});
const reacted = (target: string, emoji: string | null): Promise<void> =>
  stage.take({ type: 'reaction', target: target as RemoteId, conversation: CHAT, sender: SELF, time: Date.UTC(2026, 5, 1), emoji, exclusive: true });
const deleted = (id: string, sender?: typeof SELF): Promise<void> =>
  stage.take({ type: 'deletion', target: id as RemoteId, conversation: CHAT, time: Date.UTC(2026, 5, 2), ...(sender === undefined ? {} : { sender }) });
const said = (): readonly (readonly [string, unknown])[] => stage.events('m.room.message').filter(({ content }) => content.msgtype === 'm.text').map(({ sender, content }) => [sender, content.body]);
/** What went to the network. */
const calls = (): readonly unknown[] => stage.network.calls.filter(({ what }) => what !== 'findSent').map(({ what, text, target, emoji, gone }) => [what, text ?? emoji ?? gone ?? target]);
async function redacts(event: string): Promise<void> {
  stage.homeserver.redact(stage.room, ALICE, event);
  await stage.pass(2_000);
}

describe('what somebody does in the network’s own app', () => {
  test('is said by their own account, and goes back to no network', async () => {
    await open();
    await own('m2', 'from my phone');
    expect(said().at(-1)).toEqual([ALICE, 'from my phone']);
    expect(stage.saying('from my phone').content[MARKER]).toMatchObject({ id: 'm2', mac: expect.any(String) });
    expect(calls()).toEqual([]);
  });

  test('edits, takes back and reacts as themselves', async () => {
    await open();
    await own('m2', 'teh');
    const event = stage.saying('teh').event_id;
    await edited('m2', 'the');
    const edit = stage.events('m.room.message').at(-1);
    expect(edit).toMatchObject({ sender: ALICE, content: { 'm.relates_to': { rel_type: 'm.replace', event_id: event }, 'm.new_content': { body: 'the' } } });
    await reacted('m1', '👍');
    await reacted('m1', '🎉');
    const [first, second] = stage.events('m.reaction');
    expect([first?.sender, second?.sender]).toEqual([ALICE, ALICE]);
    expect(stage.events('m.room.redaction').map(({ sender, redacts: gone }) => [sender, gone])).toEqual([[ALICE, first?.event_id]]);
    await deleted('m2');
    expect([...stage.room.redacted]).toEqual(expect.arrayContaining([event, edit?.event_id]));
    expect(stage.events('m.room.redaction').every(({ sender }) => sender === ALICE)).toBe(true);
    await stage.pass(10_000);
    expect(calls()).toEqual([]);
    expect(stage.notices()).toEqual([]);
  });

  test('changes where it stands what they wrote on Matrix', async () => {
    await open();
    const event = await stage.says('teh');
    await edited('sent1', 'the');
    expect(stage.events('m.room.message').at(-1)).toMatchObject({ sender: ALICE, content: { 'm.relates_to': { rel_type: 'm.replace', event_id: event }, 'm.new_content': { body: 'the' } } });
    expect(calls()).toEqual([['send', 'teh']]);
  });

  test('can be edited, answered and deleted by them here', async () => {
    await open();
    await own('m2', 'teh');
    const event = stage.saying('teh').event_id;
    await stage.says('* the', { 'm.new_content': { msgtype: 'm.text', body: 'the' }, 'm.relates_to': { rel_type: 'm.replace', event_id: event } });
    expect(calls()).toEqual([['edit', 'the']]);
    // It comes back.
    await stage.take({ type: 'edit', id: 'back' as RemoteId, target: 'm2' as RemoteId, conversation: CHAT, sender: SELF, time: stage.network.time, parts: [{ kind: 'text', text: plain('the') }] });
    expect(stage.events('m.room.message').filter(({ content }) => 'm.new_content' in content)).toHaveLength(1);
    await redacts(event);
    expect(calls().slice(1)).toEqual([['delete', 'm2']]);
    await deleted('m2');
    await stage.pass(10_000);
    expect(stage.notices()).toEqual([]);
    expect(calls()).toHaveLength(2);
  });

  test('a reaction of theirs can be taken back here', async () => {
    await open();
    await reacted('m1', '👍');
    await redacts(stage.events('m.reaction')[0]?.event_id ?? '');
    expect(stage.network.of('react').map(({ target, emoji, gone }) => [target, emoji, gone])).toEqual([['m1', null, '👍']]);
  });

  test('is no command', async () => {
    await open();
    await own('m2', '!bridge status');
    expect(said().at(-1)).toEqual([ALICE, '!bridge status']);
    expect(stage.notices()).toEqual([]);
  });
});

describe('what is read and typed', () => {
  const read = (upTo: number | string, reader: typeof SELF | typeof BOB = SELF): Promise<void> => stage.take({
    type: 'receipt', conversation: CHAT, time: Date.UTC(2026, 5, 1), reader, upTo: typeof upTo === 'string' ? { id: upTo as RemoteId } : { time: upTo },
  });
  const types = (active: boolean, sender: typeof SELF | typeof BOB): Promise<void> => stage.take({ type: 'typing', conversation: CHAT, time: Date.UTC(2026, 5, 1), sender, active });
  const marks = (): readonly unknown[] => stage.network.calls.filter(({ what }) => what === 'read' || what === 'typing').map(({ what, target }) => [what, target]);
  const hasRead = (event: string): Promise<void> => stage.tells('m.receipt', { [event]: { 'm.read': { [ALICE]: { ts: 1 } } } });

  test('in the network’s own app is read and typed by their own account, and marked there no second time', async () => {
    await open();
    await stage.take(stage.message('m2', 'again'));
    await read('m1');
    const [first, second] = [stage.saying('hello').event_id, stage.saying('again').event_id];
    expect(stage.homeserver.reads).toEqual([{ as: ALICE, event: first }]);
    // The homeserver tells us what we have told it.
    await hasRead(first);
    expect(marks()).toEqual([]);
    await read(Date.UTC(2026, 5, 1));
    await read(Date.UTC(2026, 5, 1));
    expect(stage.homeserver.reads.slice(1)).toEqual([{ as: ALICE, event: second }]);
    await types(true, SELF);
    await stage.tells('m.typing', { user_ids: [ALICE] });
    await types(false, SELF);
    expect(stage.homeserver.typings).toEqual([[ALICE, true], [ALICE, false]]);
    expect(marks()).toEqual([]);
  });

  test('by others is read and typed by their ghosts', async () => {
    await open();
    const ghost = stage.saying('hello').sender;
    await read('m1', BOB);
    await types(true, BOB);
    expect(stage.homeserver.receipts).toEqual([{ as: ghost, event: stage.saying('hello').event_id }]);
    expect(stage.homeserver.typings).toEqual([[ghost, true]]);
  });

  test('here is told there, and comes back to nobody', async () => {
    await open();
    await hasRead(stage.saying('hello').event_id);
    await stage.tells('m.typing', { user_ids: [ALICE] });
    expect(marks()).toEqual([['read', 'm1'], ['typing', undefined]]);
    await read('m1');
    await types(true, SELF);
    expect(stage.homeserver.reads).toEqual([]);
    expect(stage.homeserver.typings).toEqual([]);
  });

  test('whoever says something has read what stood there; who has left reads nothing', async () => {
    await open();
    await own('m2', 'mine');
    expect(stage.homeserver.reads).toEqual([{ as: ALICE, event: stage.saying('mine').event_id }]);
    stage.homeserver.setMember(stage.room, ALICE, MALLORY, 'join');
    stage.homeserver.setMember(stage.room, ALICE, ALICE, 'leave');
    await stage.pass(2_000);
    await read('m1');
    await types(true, SELF);
    expect(stage.homeserver.reads).toHaveLength(1);
    expect(stage.homeserver.typings).toEqual([]);
  });
});

describe('markers', () => {
  const forged = async (sender: string, content: Record<string, unknown>): Promise<void> => {
    stage.homeserver.say(stage.room, sender, 'm.room.message', content);
    await stage.pass(2_000);
  };
  const genuine = async (): Promise<MatrixEvent> => {
    await open();
    await own('m2', 'mine');
    return stage.saying('mine');
  };

  test('one that somebody copies, or makes up, does nothing', async () => {
    const { content } = await genuine();
    stage.homeserver.setMember(stage.room, ALICE, MALLORY, 'join');
    await forged(MALLORY, content);
    expect(stage.notices().at(-1)).toContain('not open to you');
    await forged(ALICE, { ...content, body: 'made up', [MARKER]: { key: 'x'.repeat(32) } });
    await forged(ALICE, { ...content, body: 'changed', [MARKER]: { ...(content[MARKER] as object), id: 'm1' } });
    await forged(ALICE, { ...content, body: 'unsealed', [MARKER]: { ...(content[MARKER] as object), mac: '' } });
    expect(calls()).toEqual([['send', 'made up'], ['send', 'changed'], ['send', 'unsealed']]);
    // The message map was taught nothing.
    expect(stage.store.mapOfRemote(1 as never, 'm1' as RemoteId).map(({ eventId }) => eventId)).toEqual([stage.saying('hello').event_id]);
  });

  test('one that somebody of the same name on another server copies is nobody’s', async () => {
    const { content } = await genuine();
    const namesake = '@alice:elsewhere.test';
    stage.homeserver.setMember(stage.room, ALICE, namesake, 'join');
    await forged(namesake, content);
    expect(stage.notices().at(-1)).toContain('not open to you');
    expect(stage.store.mapOfRemote(1 as never, 'm2' as RemoteId).map(({ author }) => author)).toEqual([ALICE]);
  });

  test('what is forwarded with its marker is something new', async () => {
    const { content } = await genuine();
    await forged(ALICE, { ...content });
    expect(calls()).toEqual([['send', 'mine']]);
    expect(stage.store.mapOfRemote(1 as never, 'm2' as RemoteId)).toHaveLength(1);
  });

  test('one from another room is nobody’s there', async () => {
    const { content } = await genuine();
    await stage.take(stage.message('x1', 'elsewhere', { conversation: { ...CHAT, id: 'c2', title: 'Chat c2' } }));
    const other = [...stage.homeserver.rooms.values()].find(({ timeline }) => timeline.some((event) => event.content.body === 'elsewhere'));
    if (other === undefined) throw new Error('no other room');
    stage.homeserver.say(other, ALICE, 'm.room.message', { ...content, body: 'moved' });
    await stage.pass(2_000);
    expect(calls()).toEqual([['send', 'moved']]);
  });
});

describe('people stay their own masters', () => {
  test('who wants none has none, and nobody else is asked', async () => {
    await open();
    await stage.says('!bridge puppet off');
    expect(stage.notices().at(-1)).toContain('shown by me');
    await own('m2', 'one');
    await stage.says('!bridge puppet perhaps');
    expect(stage.notices().at(-1)).toBe('Say puppet on, or puppet off.');
    await stage.says('!bridge puppet ON');
    await own('m3', 'two');
    expect(said().slice(-4)).toEqual([[BOT, expect.stringMatching(/^Sent from Fake\s+one$/)], [ALICE, '!bridge puppet perhaps'], [ALICE, '!bridge puppet ON'], [ALICE, 'two']]);
  });

  test('whoever has left stays out, and the bot says for whom it speaks', async () => {
    await open();
    stage.homeserver.setMember(stage.room, ALICE, MALLORY, 'join');
    stage.homeserver.setMember(stage.room, ALICE, ALICE, 'leave');
    await stage.pass(2_000);
    await own('m2', 'from my phone');
    expect(said().at(-1)).toEqual([BOT, 'Sent from Fake\nfrom my phone']);
    await edited('m2', 'changed');
    await deleted('m2');
    expect(stage.room.members.get(ALICE)).toBe('leave');
    expect(stage.events('m.room.member').filter(({ state_key: who, content }) => who === ALICE && content.membership === 'join')).toHaveLength(1);
  });

  test('what they said by their own account and have left since, the bot corrects in an answer', async () => {
    await open();
    await own('m2', 'teh');
    stage.homeserver.setMember(stage.room, ALICE, MALLORY, 'join');
    stage.homeserver.setMember(stage.room, ALICE, ALICE, 'leave');
    await stage.pass(2_000);
    await edited('m2', 'the');
    const answer = stage.events('m.room.message').at(-1);
    expect(answer).toMatchObject({ sender: BOT, content: { body: 'Sent from Fake\nthe', 'm.relates_to': { 'm.in_reply_to': { event_id: stage.saying('teh').event_id } } } });
    expect(answer?.content).not.toHaveProperty(['m.new_content']);
  });

  test.each(['M_USER_DEACTIVATED', 'M_FORBIDDEN', 'M_UNKNOWN_TOKEN'])('refused with %s, the bot says it, and it is told once', async (code) => {
    await open();
    complaints = /own account could not be used/;
    stage.homeserver.barred.set(ALICE, code);
    await own('m2', 'one');
    await own('m3', 'two');
    expect(said().slice(-2)).toEqual([[BOT, 'Sent from Fake\none'], [BOT, 'Sent from Fake\ntwo']]);
    const told = (): number => [...stage.homeserver.rooms.values()].flatMap(({ timeline }) => timeline).filter(({ content }) => /shown by me/.test(String(content.body))).length;
    expect(told()).toBe(1);
    await stage.pass(11 * 60_000);
    await own('m4', 'three');
    expect(told()).toBe(1);
    stage.homeserver.barred.clear();
    await stage.pass(11 * 60_000);
    await own('m5', 'four');
    expect(said().at(-1)).toEqual([ALICE, 'four']);
  });
});

test('a send whose answer is lost is looked for by its seal, while the homeserver has not handed it over', async () => {
  await open();
  complaints = /did not reach Matrix/;
  Object.assign(stage.homeserver, { holds: true, losesAnswers: 1 });
  await own('m2', 'mine');
  await stage.pass(10_000);
  expect(said().filter(([, body]) => body === 'mine')).toEqual([[ALICE, 'mine']]);
  expect(stage.store.mapOfRemote(1 as never, 'm2' as RemoteId).map(({ author }) => author)).toEqual([ALICE]);
  stage.homeserver.holds = false;
  await stage.says('go on');
  expect(calls()).toEqual([['send', 'go on']]);
});

test.each([['', false], [', also where the homeserver has forgotten what it was sent', true]] as const)('a stop at any step leaves one event, one row of the map, and sends nothing to the network%s', async (_, forgetful) => {
  let edge = 0;
  for (let died = true; died; edge += 1) {
    await open();
    complaints = /./;
    stage.forgetful = forgetful;
    stage.dieAfter(edge);
    const event = stage.message('m2', 'mine', { sender: SELF });
    // Whoever hears no answer says it again.
    void stage.network.take(event).catch(() => {});
    await stage.pass(1_500);
    died = stage.deaths > 0;
    if (died) await stage.take(event);
    await stage.pass(4_000);
    expect([edge, said().filter(([, body]) => body === 'mine')]).toEqual([edge, [[ALICE, 'mine']]]);
    expect(stage.store.mapOfRemote(1 as never, 'm2' as RemoteId).map(({ author, eventId }) => [author, eventId])).toEqual([[ALICE, stage.saying('mine').event_id as EventId]]);
    expect(calls()).toEqual([]);
    if (died) await stage.close();
  }
  expect(edge).toBeGreaterThan(8);
});

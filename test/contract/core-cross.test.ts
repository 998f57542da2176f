import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { MessageEvent, NetworkEvent } from '../../src/model/events.ts';
import type { AccountId, RemoteId } from '../../src/model/ids.ts';
import { plain } from '../../src/model/richtext.ts';
import { ALICE, MALLORY } from '../kit/model/core.ts';
import { BOT, type FakeRoom } from '../kit/model/homeserver.ts';
import { chat, person, type ScriptedNetwork } from '../kit/scripted/network.ts';
import { BOB, CAROL, Stage } from '../kit/scripted/stage.ts';

// One room linked to conversations on three networks, two of them on one: what is said in one goes to all the others.

const id = (value: string): RemoteId => value as RemoteId;
const TIME = Date.UTC(2026, 0, 1);
/** Each portal: which network, and which chat there. */
const PORTALS = [['fake', 'c1'], ['beta', 'c1'], ['gamma', 'c1'], ['gamma', 'c2']] as const;

let stage: Stage;
let room: FakeRoom;

const network = (name: string): ScriptedNetwork => stage.networks.find((each) => each.name.toLowerCase() === name) as ScriptedNetwork;
const words = async (text: string, where: FakeRoom = room): Promise<string> => {
  const event = stage.homeserver.say(where, ALICE, 'm.room.message', { msgtype: 'm.text', body: text });
  await stage.pass(2_000);
  return where.timeline.filter(({ sender, content }) => sender === BOT && (content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: string } } | undefined)?.['m.in_reply_to']?.event_id === event)
    .map(({ content }) => String(content.body)).join('\n');
};
const take = async (name: string, ...events: readonly NetworkEvent[]): Promise<void> => {
  await network(name).take(...events);
  await stage.pass(2_000);
};
const said = (in_: string, what: string, text: string, more: Partial<MessageEvent> = {}): MessageEvent => ({ ...stage.message(what, text), conversation: chat(in_), ...more });
/** What was sent to each portal, as `name: text`. */
const sent = (): Record<string, readonly string[]> => Object.fromEntries(PORTALS.map(([name, to]) => [`${name} ${to}`,
  network(name).of('send').filter((call) => call.to === to).map(({ relay, text, content }) => `${relay ?? ''}: ${text ?? content?.kind}`)]));
const of = { conversation: chat('c1'), sender: BOB, time: TIME };

async function open(abilities: ConstructorParameters<typeof Stage>[2] = [{ name: 'Beta' }, { name: 'Gamma' }], first = {}, settings: ConstructorParameters<typeof Stage>[1] = {}, wishes = {}): Promise<void> {
  stage = new Stage(first, settings, abilities, wishes);
  await stage.pass(100);
  room = stage.homeserver.createRoom(ALICE);
  stage.homeserver.setMember(room, ALICE, BOT, 'invite');
  await stage.pass(1_000);
  for (const [n, [name, to]] of PORTALS.entries()) {
    expect(await words(n === 0 ? `link ${name} ${to} here` : `!bridge link ${name} ${to}`)).toContain('This room is linked to');
  }
}

beforeEach(() => open());
afterEach(async () => {
  expect(stage.log).toEqual([]);
  await stage.close();
});

describe('what is said on one network', () => {
  test('goes to all the others under its name and network, and never back', async () => {
    await take('beta', said('c1', 'm1', 'hello'));
    expect(sent()).toEqual({ 'fake c1': ['Name of bob (Beta): hello'], 'beta c1': [], 'gamma c1': ['Name of bob (Beta): hello'], 'gamma c2': ['Name of bob (Beta): hello'] });
    await take('gamma', said('c2', 'm1', 'from the second'));
    expect(sent()).toMatchObject({ 'fake c1': [expect.anything(), 'Name of bob (Gamma): from the second'], 'gamma c1': [expect.anything(), 'Name of bob (Gamma): from the second'], 'gamma c2': ['Name of bob (Beta): hello'] });
    expect(sent()['beta c1']).toEqual(['Name of bob (Gamma): from the second']);
  });

  test('is answered, edited, reacted to and deleted from anywhere, each by the ids of each network', async () => {
    await take('beta', said('c1', 'm1', 'hello'));
    const [fake, c1, c2] = [network('fake').calls[0]?.id ?? '', network('gamma').calls.find(({ to }) => to === 'c1')?.id ?? '', network('gamma').calls.find(({ to }) => to === 'c2')?.id ?? ''];
    await take('gamma', said('c1', 'm2', 'an answer', { replyTo: { id: id(c1) }, sender: CAROL }));
    expect(network('fake').of('send').at(-1)).toMatchObject({ replyTo: fake, text: 'an answer' });
    expect(network('beta').of('send').at(-1)).toMatchObject({ replyTo: 'm1', text: 'an answer' });
    expect(network('gamma').of('send').at(-1)).toMatchObject({ replyTo: c2, to: 'c2' });
    await take('fake', { type: 'reaction', target: id(fake), emoji: '👍', exclusive: true, ...of });
    expect(network('beta').of('react')).toMatchObject([{ target: 'm1', emoji: '👍' }]);
    expect(network('gamma').of('react').map(({ target }) => String(target))).toEqual(expect.arrayContaining([c1, c2]));
    expect(network('fake').of('react')).toEqual([]);
    await take('fake', { type: 'reaction', target: id(fake), emoji: null, exclusive: true, ...of, time: TIME + 1 });
    expect(network('beta').of('react').at(-1)).toMatchObject({ target: 'm1', emoji: null });
    expect(network('fake').of('react')).toEqual([]);
    await take('beta', { type: 'edit', id: id('e1'), target: id('m1'), parts: [{ kind: 'text', text: plain('hello there') }], ...of });
    expect(network('fake').of('edit')).toMatchObject([{ target: fake, text: 'hello there', relay: 'Name of bob (Beta)' }]);
    expect(network('gamma').of('edit').map(({ target }) => String(target))).toEqual(expect.arrayContaining([c1, c2]));
    expect(network('beta').of('edit')).toEqual([]);
    await take('beta', { type: 'deletion', target: id('m1'), ...of });
    expect(network('fake').of('delete')).toMatchObject([{ target: fake }]);
    expect(network('gamma').of('delete').map(({ target }) => String(target))).toEqual(expect.arrayContaining([c1, c2]));
    expect(network('beta').of('delete')).toEqual([]);
  });

  test('of every kind of content arrives', async () => {
    const media = { source: { network: 'h' }, name: 'f' } as const;
    const kinds = ['image', 'video', 'audio', 'voice', 'file', 'sticker'] as const;
    await take('beta', ...kinds.map((kind) => said('c1', kind, '', { parts: [{ kind, media }] })));
    await take('beta', said('c1', 'place', '', { parts: [{ kind: 'location', latitude: 1, longitude: 2 }] }));
    await take('beta', said('c1', 'poll', '', { parts: [{ kind: 'poll', question: 'Lunch?', options: [{ id: 'x', text: 'Pizza' }], maxChoices: 1 }] }));
    await take('beta', said('c1', 'card', '', { parts: [{ kind: 'contacts', contacts: [{ name: 'Eve', phones: [{ value: '+31' }], emails: [], urls: [], addresses: [] }] }] }));
    await stage.pass(10_000);
    // Bytes decide what a file is: these are a picture's.
    expect(network('gamma').of('send').filter(({ to }) => to === 'c2').map(({ content }) => content?.kind)).toEqual(['image', 'file', 'file', 'file', 'file', 'sticker', 'location', 'poll', 'text']);
    expect(network('fake').of('send')).toHaveLength(9);
    expect(network('beta').of('send')).toEqual([]);
  });

  test('in a thread stands in the thread of its root everywhere', async () => {
    await take('beta', said('c1', 'm1', 'root'));
    const root = network('fake').calls[0]?.id;
    await take('beta', said('c1', 'm2', 'below', { thread: { root: id('m1') } }));
    expect(network('fake').of('send').at(-1)).toMatchObject({ text: 'below', thread: root });
  });

  test('and pinned is pinned everywhere else, once', async () => {
    await take('beta', said('c1', 'm1', 'root'));
    await take('beta', { type: 'pin', target: id('m1'), pinned: true, ...of });
    expect(network('fake').of('pin')).toMatchObject([{ target: network('fake').calls[0]?.id, pinned: true }]);
    expect(network('gamma').of('pin')).toHaveLength(2);
    expect(network('beta').of('pin')).toEqual([]);
  });

  test('by the account itself is shown in the room alone: for all that is known it may be an echo', async () => {
    await take('beta', said('c1', 'm1', 'from the phone', { sender: { id: 'me', scope: '', isSelf: true } }));
    expect(stage.events('m.room.message').at(-1)?.content.body).toMatch(/Sent from Beta\s+from the phone$/);
    expect(sent()).toEqual({ 'fake c1': [], 'beta c1': [], 'gamma c1': [], 'gamma c2': [] });
  });

  test('which changes what came of elsewhere is told everywhere else, and changes nothing', async () => {
    await take('beta', said('c1', 'm1', 'hello'));
    const target = network('fake').calls[0]?.id ?? id('');
    await take('fake', { type: 'deletion', target, ...of });
    expect(network('beta').of('delete')).toEqual([]);
    expect(stage.notices().filter((text) => text.includes('deleted this message in Fake'))).toHaveLength(1);
    expect(stage.room.redacted.size).toBe(0);
  });

  test('an edit of what was said before they were linked is said anew', async () => {
    await words('!bridge unlink fake c1');
    await take('beta', said('c1', 'm1', 'early'));
    await words('!bridge link fake c1');
    await take('beta', { type: 'edit', id: id('e1'), target: id('m1'), parts: [{ kind: 'text', text: plain('earlier') }], ...of });
    expect(network('fake').of('send').map(({ text }) => text)).toEqual(['✏️ earlier']);
    expect(network('gamma').of('edit')).toHaveLength(2);
  });

  test('of the bot goes nowhere', async () => {
    await take('beta', said('c1', 'm1', 'hello'));
    await words('!bridge help');
    await take('beta', { type: 'unsupported', what: 'A call', reason: 'it is not bridged', conversation: chat('c1'), time: TIME });
    expect(network('fake').of('send')).toHaveLength(1);
  });
});

test('what the homeserver does not hand back is found in the room, and goes on', async () => {
  await take('beta', said('c1', 'm1', 'one'));
  stage.homeserver.forgetful = true;
  await take('beta', said('c1', 'm2', 'two'));
  stage.homeserver.forgetful = false;
  await take('beta', said('c1', 'm3', 'three'));
  await stage.pass(20_000);
  expect((sent()['fake c1'] ?? []).toSorted()).toEqual(['Name of bob (Beta): one', 'Name of bob (Beta): three', 'Name of bob (Beta): two']);
});

test('what may be the echo of something that nobody knows of says so, and is passed on by nobody', async () => {
  const self = { id: 'me', scope: '', isSelf: true } as const;
  const unsure = (text: string): unknown => (stage.events('m.room.message').find(({ content }) => String(content.body).endsWith(text))?.content['io.drawbridge.origin'] as { unsure?: true } | undefined)?.unsure;
  await take('fake', said('c1', 's1', 'surely mine', { sender: self }));
  network('fake').silent = true;
  await stage.says('perhaps lost');
  await take('fake', said('c1', 's2', 'perhaps lost', { sender: self }));
  await stage.pass(15_000);
  expect(stage.notices().at(-1)).toContain('It is not known whether this reached Fake');
  await take('fake', said('c1', 's3', 'soon after', { sender: self }));
  await stage.pass(700_000);
  await take('fake', said('c1', 's4', 'long after', { sender: self }));
  expect(['surely mine', 'perhaps lost', 'soon after', 'long after'].map((text) => [text, text === 'perhaps lost' ? unsure(`Sent from Fake\n\n${text}`) : unsure(text)]))
    .toEqual([['surely mine', undefined], ['perhaps lost', true], ['soon after', true], ['long after', undefined]]);
  stage.log.length = 0;
});

describe('a file that comes late', () => {
  const photo = (what: string, more: Partial<MessageEvent> = {}): MessageEvent => said('c1', what, '', { parts: [{ kind: 'image', media: { source: { network: 'h' }, name: 'photo.png' } }], ...more });
  let come = (): void => {};
  beforeEach(() => {
    network('beta').files = new Promise((resolve) => {
      come = resolve;
    });
  });

  test('goes to the others as the file, and nobody there sees that it was late', async () => {
    await take('beta', photo('m1'), said('c1', 'm2', 'after it'));
    await stage.pass(6_000);
    expect(stage.events('m.room.message').some(({ content }) => String(content.body).includes('still on its way'))).toBe(true);
    expect(sent()['fake c1']).toEqual(['Name of bob (Beta): after it']);
    await take('beta', { type: 'reaction', target: id('m1'), emoji: '👍', exclusive: true, ...of });
    expect(network('fake').of('react')).toEqual([]);
    come();
    await stage.pass(6_000);
    expect(sent()['fake c1']).toEqual(['Name of bob (Beta): after it', 'Name of bob (Beta): image']);
    const file = network('fake').of('send').at(-1)?.id;
    expect(network('fake').of('react')).toMatchObject([{ target: file, emoji: '👍' }]);
    await take('beta', { type: 'deletion', target: id('m1'), ...of });
    expect(network('fake').of('delete')).toMatchObject([{ target: file }]);
  });

  test('and was deleted meanwhile never gets there', async () => {
    await take('beta', photo('m1'));
    await stage.pass(6_000);
    await take('beta', { type: 'deletion', target: id('m1'), ...of });
    come();
    await stage.pass(6_000);
    expect(sent()).toEqual({ 'fake c1': [], 'beta c1': [], 'gamma c1': [], 'gamma c2': [] });
  });
});

describe('names', () => {
  const join = async (user: string, displayname: string): Promise<void> => {
    stage.homeserver.say(room, user, 'm.room.member', { membership: 'join', displayname }, user);
    await stage.pass(1_000);
  };

  test('of two who look alike are told apart, and stay so', async () => {
    const bob2 = { ...person('bob2'), name: 'Name of b0b' };
    await take('beta', said('c1', 'm1', 'one'), said('c1', 'm2', 'two', { sender: bob2 }), said('c1', 'm3', 'three'), said('c1', 'm4', 'four', { sender: bob2 }));
    const [, , three, four] = (sent()['fake c1'] ?? []).map((line) => line.split(': ')[0]);
    expect(three).toMatch(/^Name of bob \(Beta ·[\w-]{4}\)$/);
    expect(four).toMatch(/^Name of b0b \(Beta ·[\w-]{4}\)$/);
    expect(three?.slice(-5)).not.toBe(four?.slice(-5));
  });

  test('claim no other network, and nobody of Matrix claims one', async () => {
    await take('beta', said('c1', 'm1', 'trust me', { sender: { ...person('eve'), name: `Alice (@alice:test)${' x'.repeat(60)}` } }));
    expect(sent()['fake c1']?.[0]).toMatch(/^.{32} \(Beta\): trust me$/u);
    for (const name of ['Name of bob (Beta)', 'Bob | Gamma', 'Name of bob (Bеta)']) {
      stage.homeserver.setMember(room, ALICE, ALICE, 'join');
      await join(ALICE, name);
      await words('I am theirs');
      // Alone with the ghosts she speaks for the account, by no name at all; so somebody else is there.
      expect(network('fake').of('send').at(-1)?.relay ?? '(@alice:test)').toContain('(@alice:test)');
    }
  });

  test('hold no command, and ring for nobody', async () => {
    await take('beta', said('c1', 'm1', '!bridge unlink fake c1'), said('c1', 'm2', '@room @channel @all hello'));
    expect(sent()['fake c1']).toEqual(['Name of bob (Beta): !bridge unlink fake c1', 'Name of bob (Beta): @room @channel @all hello']);
    expect(JSON.stringify(network('fake').of('send').at(-1)?.content)).not.toContain('"mention"');
    expect(stage.store.portalsOf(stage.store.roomById(room.id)?.row as never)).toHaveLength(4);
  });
});

describe('what a network refuses', () => {
  test('of a ghost is told in the room, and by name of the network; the others have it', async () => {
    network('gamma').refuses = 'The window is over.';
    await take('beta', said('c1', 'm1', 'hello'));
    expect(stage.notices().filter((text) => text.includes('Not delivered'))).toEqual(['⚠️ Not delivered to Gamma (Chat c1): The window is over.', '⚠️ Not delivered to Gamma (Chat c2): The window is over.']);
    expect(sent()['fake c1']).toHaveLength(1);
    expect(network('beta').of('send')).toEqual([]);
    stage.log.length = 0;
  });

  test('is sent again when that is asked for, as what it is and by whom it is', async () => {
    const again = async (): Promise<void> => {
      for (const { seq } of stage.store.undelivered(10).toReversed()) expect(await words(`!bridge retry ${seq}`)).toContain('is sent again');
    };
    network('gamma').refuses = 'The window is over.';
    await take('beta', said('c1', 'm1', 'hello'));
    let come = (): void => {};
    network('beta').files = new Promise((resolve) => {
      come = resolve;
    });
    await take('beta', said('c1', 'm2', '', { parts: [{ kind: 'image', media: { source: { network: 'h' }, name: 'photo.png' } }] }));
    await stage.pass(6_000);
    come();
    await stage.pass(6_000);
    expect(sent()['gamma c1']).toEqual([]);
    network('gamma').refuses = null;
    await again();
    expect(sent()['gamma c1']).toEqual(['Name of bob (Beta): hello', 'Name of bob (Beta): image']);
    stage.log.length = 0;
  });

  test('is told to the owner of its account too, who is not there', async () => {
    stage.homeserver.setMember(room, ALICE, ALICE, 'leave');
    await stage.pass(1_000);
    const own = stage.homeserver.createRoom(ALICE);
    stage.homeserver.setMember(own, ALICE, BOT, 'invite');
    await stage.pass(1_000);
    network('gamma').refuses = 'The window is over.';
    await take('beta', said('c1', 'm1', 'hello'));
    expect(own.timeline.filter(({ content }) => String(content.body).includes('Not delivered to Gamma'))).toHaveLength(2);
    stage.log.length = 0;
  });
});

test('what became of it is told for each of them, for those who want to know', async () => {
  await stage.close();
  await open(undefined, {}, { statusEvents: true });
  network('beta').refuses = 'It is not wanted.';
  const event = await stage.says('hello');
  const told = stage.events('com.beeper.message_send_status').map(({ content }) => [content.network, content.status, content.message, (content['m.relates_to'] as { event_id?: string }).event_id]);
  expect(told).toEqual(expect.arrayContaining([
    ['Fake', 'SUCCESS', undefined, event], ['Beta', 'FAIL_PERMANENT', 'It is not wanted.', event], ['Gamma (Chat c1)', 'SUCCESS', undefined, event], ['Gamma (Chat c2)', 'SUCCESS', undefined, event],
  ]));
  expect(told).toHaveLength(4);
  stage.log.length = 0;
});

describe('another account in the same group', () => {
  test('takes in what we say there as an echo, also before the network has answered us', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    network('fake').gate = promise;
    stage.homeserver.say(room, ALICE, 'm.room.message', { msgtype: 'm.text', body: 'ours' });
    await stage.pass(500);
    const [call] = network('fake').of('send');
    await stage.takeBy('fake/app/two' as AccountId, said('c1', call?.id ?? '', 'ours', { sender: person('account one') }), said('c1', 'm2', 'theirs'));
    resolve();
    await stage.pass(4_000);
    expect(room.timeline.map(({ content }) => content.body).filter((body) => body === 'ours' || body === 'theirs')).toEqual(['ours', 'theirs']);
    expect(sent()['beta c1']?.map((line) => line.replace(/^.*: /, ''))).toEqual(['ours', 'theirs']);
  });
});

describe('link and unlink', () => {
  test('each portal is told of in the room; its name and power stay', async () => {
    await take('beta', said('c1', 'm1', 'hello'), { type: 'conversation.changed', conversation: { ...chat('c1'), title: 'Another' }, time: TIME });
    expect(new Set(stage.events('m.bridge').map(({ state_key: key }) => key)).size).toBe(4);
    for (const type of ['m.room.name', 'm.room.topic', 'm.room.avatar', 'm.room.power_levels']) expect(stage.events(type)).toEqual([]);
  });

  test('unlink leaves a clean room, and the next message opens one of its own', async () => {
    await take('beta', said('c1', 'm1', 'hello'));
    await take('gamma', said('c1', 'm1', 'hello'), said('c2', 'm2', 'me too'));
    await words('!bridge unlink beta');
    await stage.pass(2_000);
    const ghosts = [...room.members].filter(([user]) => stage.homeserver.isGhost(user));
    expect(ghosts.filter(([, membership]) => membership === 'leave')).toHaveLength(1);
    expect(stage.events('m.bridge').filter(({ state_key: key }) => key?.includes('/beta/') === true).at(-1)?.content).toEqual({});
    // He is in the other of the two as well.
    await words('!bridge unlink gamma c1');
    expect(ghosts.filter(([user]) => room.members.get(user) === 'leave')).toHaveLength(1);
    await words('!bridge unlink gamma c2');
    expect(ghosts.filter(([user]) => room.members.get(user) === 'leave')).toHaveLength(2);
    const rooms = stage.homeserver.rooms.size;
    await take('beta', said('c1', 'm3', 'and now'));
    expect(stage.homeserver.rooms.size).toBe(rooms + 1);
    expect(sent()['fake c1']).toHaveLength(3);
    await words('!bridge unlink');
    const before = room.timeline.length;
    await words('among ourselves');
    expect(room.timeline).toHaveLength(before + 1);
  });

  test('a ghost that is thrown out ends nothing, and comes back with its next word', async () => {
    await take('beta', said('c1', 'm1', 'hello'));
    const ghost = [...room.members.keys()].find((user) => stage.homeserver.isGhost(user)) ?? '';
    stage.homeserver.setMember(room, ALICE, ghost, 'leave');
    await take('beta', said('c1', 'm2', 'again'));
    expect(room.members.get(ghost)).toBe('join');
    expect(sent()['fake c1']).toHaveLength(2);
  });

  test('ends where the account is in the group no more: what others of it take in is shown elsewhere', async () => {
    await take('beta', said('c1', 'm1', 'while I was there'));
    await take('beta', { type: 'conversation.gone', conversation: chat('c1'), time: TIME, reason: 'It was removed.' }, said('c1', 'm2', 'now that I am not'));
    const shown = room.timeline.map(({ content }) => content.body);
    expect(shown).toContainEqual(expect.stringMatching(/It was removed\..*no longer linked to this room/));
    expect(shown).toContain('while I was there');
    expect(shown).not.toContain('now that I am not');
    expect(sent()['fake c1']).toEqual(['Name of bob (Beta): while I was there']);
  });

  test('what cannot be linked says what to do', async () => {
    expect(await words('!bridge link fake c1')).toContain('linked to this room already');
    expect(await words('!bridge link nowhere c1')).toContain('Networks: fake, beta, gamma');
    expect(await words('!bridge link')).toContain('link <network> <conversation>');
    await take('fake', said('c9', 'm1', 'hello'));
    const answer = await words('!bridge link fake c9');
    expect(answer).toContain('has a room already');
    expect(answer).toContain('unlink fake c9');
    expect(await words('!bridge unlink fake c9')).toContain('no longer linked');
    expect(await words('!bridge link fake Chat c9')).toContain('This room is linked to Chat c9 (c9) on Fake');
    expect(await words('!bridge unlink fake c77')).toContain('has no room');
    expect(await words('!bridge unlink gamma')).toContain('unlink gamma c1');
  });

  test('needs power in the room, of whoever asks and of the bot', async () => {
    const levels = async (content: object): Promise<void> => {
      stage.homeserver.say(room, ALICE, 'm.room.power_levels', content as Record<string, unknown>, '');
      await stage.pass(500);
    };
    await levels({ users: { [ALICE]: 49 }, state_default: 50 });
    expect(await words('!bridge link fake c2')).toContain('You may not change what this room is bridged to');
    expect(await words('!bridge unlink fake c1')).toContain('You may not');
    expect(await words('!bridge relay off')).toContain('You may not');
    await levels({ users: { [ALICE]: 49 }, state_default: 50, events: { 'm.bridge': 40 }, invite: 10 });
    expect(await words('!bridge link fake c2')).toContain('I may not invite');
    await levels({ users: { [ALICE]: 49, [BOT]: 10 }, state_default: 50, events: { 'm.bridge': 40 }, invite: 10, events_default: 1 });
    expect(await words('!bridge link fake c2')).toContain('have none. Lower the level');
    await levels({ users: { [ALICE]: 49, [BOT]: 10 }, state_default: 50, events: { 'm.bridge': 40 }, invite: 10 });
    expect(await words('!bridge link fake c2')).toContain('This room is linked to');
  });

  test('is not for encrypted rooms, nor for those who are not in the room', async () => {
    const other = stage.homeserver.createRoom(MALLORY);
    stage.homeserver.setMember(other, MALLORY, BOT, 'invite');
    await stage.pass(1_000);
    const own = stage.homeserver.createRoom(ALICE);
    stage.homeserver.setMember(own, ALICE, BOT, 'invite');
    await stage.pass(1_000);
    expect(await words(`link fake c5 ${other.id}`, own)).toContain('I am not in that room');
    expect(await words('link fake c5', own)).toContain('Say which room');
    const secret = stage.homeserver.createRoom(ALICE);
    stage.homeserver.setMember(secret, ALICE, BOT, 'invite');
    stage.homeserver.say(secret, ALICE, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }, '');
    await stage.pass(1_000);
    expect(await words(`link fake c5 ${secret.id}`, own)).toContain('is encrypted');
  });
});

describe('relay', () => {
  test('off: only the owners of the account are heard, and others are told so once', async () => {
    expect(await words('!bridge relay off')).toContain('Relay is off');
    await take('beta', said('c1', 'm1', 'hello'), said('c1', 'm2', 'again'));
    expect(sent()).toEqual({ 'fake c1': [], 'beta c1': [], 'gamma c1': [], 'gamma c2': [] });
    expect(stage.notices().filter((text) => text.includes('does not go to'))).toHaveLength(3);
    await words('mine');
    expect(Object.values(sent()).map((lines) => lines.length)).toEqual([1, 1, 1, 1]);
    expect(await words('!bridge relay on')).toContain('Relay is on');
    await take('beta', said('c1', 'm3', 'and now'));
    expect(sent()['fake c1']).toHaveLength(2);
  });
});

test('a stop at any step: each of them everywhere, once, and in order', async () => {
  const script = (on: Stage): readonly { readonly name: string; readonly key: string; readonly event: NetworkEvent }[] => [
    { name: 'beta', key: 'a', event: { ...on.message('m1', 'one'), conversation: chat('c1') } },
    { name: 'gamma', key: 'b', event: { ...on.message('m1', 'two'), conversation: chat('c2') } },
    { name: 'beta', key: 'c', event: { type: 'reaction', target: id('m1'), emoji: '👍', exclusive: true, ...of } },
    { name: 'beta', key: 'd', event: { type: 'edit', id: id('e1'), target: id('m1'), parts: [{ kind: 'text', text: plain('one!') }], ...of } },
  ];
  let edge = 0;
  for (let died = true; died; edge += 3) {
    await stage.close();
    await open([{ name: 'Beta', finds: true }, { name: 'Gamma', finds: true }], { finds: true });
    const items = script(stage);
    const hand = async (): Promise<void> => {
      for (const { name, key, event } of items) void network(name).hand([{ key, event }]).catch(() => {});
      await stage.pass(15_000);
    };
    stage.dieAfter(edge);
    await hand();
    died = stage.deaths > 0;
    if (died) await hand();
    const calls = [network('fake').calls, network('gamma').calls.filter(({ to }) => to === 'c1')];
    for (const list of calls) {
      // What waits still when its edit comes is sent as edited.
      const texts = list.flatMap(({ what, text }) => (what === 'send' ? [text ?? ''] : []));
      expect([edge, texts.map((text) => text.replace('!', '')).toSorted()]).toEqual([edge, ['one', 'two']]);
      expect([edge, list.filter(({ what, text }) => what === 'edit' && text === 'one!').length]).toEqual([edge, texts.includes('one!') ? 0 : 1]);
    }
    expect([edge, network('beta').of('send').map(({ text }) => text)]).toEqual([edge, ['two']]);
    expect([edge, network('fake').of('react').length]).toEqual([edge, 1]);
    expect([edge, network('beta').of('react'), network('beta').of('edit')]).toEqual([edge, [], []]);
    stage.log.length = 0;
  }
  expect(edge).toBeGreaterThan(100);
}, 240_000);

test('somebody who asked not to be bridged hears nothing from any network, and the room is told once', async () => {
  const direct = { id: 'bob', scope: '', kind: 'direct', perAccount: true } as const;
  await take('fake', stage.message('d1', 'hello', { conversation: direct }));
  const home = [...stage.homeserver.rooms.values()].findLast((each) => each.timeline.some(({ content }) => content.body === 'hello')) as FakeRoom;
  await words('!bridge unlink fake bob', home);
  expect(await words('!bridge link fake bob')).toContain('This room is linked to');
  await take('fake', stage.message('d2', 'STOP', { conversation: direct }));
  const before = network('fake').of('send').filter(({ to }) => to === 'bob').length;
  const told = (): number => room.timeline.filter(({ sender, content }) => sender === BOT && String(content.body).includes('Not delivered to')).length;
  await take('beta', said('c1', 'm1', 'one'));
  await take('beta', said('c1', 'm2', 'two'));
  expect(network('fake').of('send').filter(({ to }) => to === 'bob')).toHaveLength(before);
  expect(network('fake').of('send').filter(({ to }) => to === 'c1').map(({ text }) => text)).toEqual(expect.arrayContaining(['one', 'two']));
  expect(told()).toBe(1);
  await take('fake', stage.message('d3', 'START', { conversation: direct }));
  await take('beta', said('c1', 'm3', 'three'));
  expect(network('fake').of('send').filter(({ to }) => to === 'bob').at(-1)?.text).toBe('three');
});

test('a file that comes late of what somebody did in the app of one network goes to the others as the file, too', async () => {
  await stage.close();
  await open(undefined, {}, {}, { puppets: true });
  const { promise: files, resolve: come } = Promise.withResolvers<void>();
  network('beta').files = files;
  await take('beta', said('c1', 's1', '', { sender: { id: 'one', scope: '', isSelf: true }, parts: [{ kind: 'image', media: { source: { network: 'h' }, name: 'photo.png' } }] }));
  await stage.pass(6_000);
  expect([sent()['fake c1'], sent()['beta c1']]).toEqual([[], []]);
  come();
  await stage.pass(6_000);
  expect([sent()['fake c1'], sent()['beta c1']]).toEqual([[expect.stringMatching(/image$/)], []]);
});

test('what somebody does in the app of one network goes to the others as theirs, shown by their own account, and not back', async () => {
  await stage.close();
  await open(undefined, {}, {}, { puppets: true });
  const self = { id: 'one', scope: '', isSelf: true } as const;
  await take('fake', said('c1', 's1', 'from my phone', { sender: self }));
  expect(room.timeline.filter(({ content }) => content.body === 'from my phone').map(({ sender }) => sender)).toEqual([ALICE]);
  expect(sent()).toEqual({ 'fake c1': [], 'beta c1': [expect.stringMatching(/from my phone$/)], 'gamma c1': [expect.stringMatching(/from my phone$/)], 'gamma c2': [expect.stringMatching(/from my phone$/)] });
  await take('beta', { type: 'reaction', target: id(network('beta').of('send')[0]?.id ?? ''), emoji: '👍', exclusive: true, ...of });
  expect(network('fake').of('react')).toMatchObject([{ target: 's1', emoji: '👍' }]);
  await take('fake', { type: 'edit', id: id('e1'), target: id('s1'), parts: [{ kind: 'text', text: plain('from my laptop') }], ...of, sender: self });
  expect(network('beta').of('edit')).toMatchObject([{ text: 'from my laptop' }]);
  await take('fake', { type: 'deletion', target: id('s1'), ...of, sender: self });
  expect(network('beta').of('delete')).toHaveLength(1);
  expect([...network('fake').of('edit'), ...network('fake').of('delete')]).toEqual([]);
});

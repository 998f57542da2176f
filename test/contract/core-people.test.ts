import { afterEach, describe, expect, test } from '@jest/globals';
import { Retry } from '../../src/model/errors.ts';
import type { PersonRef } from '../../src/model/events.ts';
import type { RemoteId } from '../../src/model/ids.ts';
import type { Inline } from '../../src/model/richtext.ts';
import type { Abilities } from '../kit/scripted/network.ts';
import { BOB, CAROL, CHAT, Stage } from '../kit/scripted/stage.ts';

let stage: Stage;

function open(abilities?: Abilities): Stage {
  stage = new Stage(abilities);
  return stage;
}

afterEach(async () => {
  await stage.close();
});

const at = Date.UTC(2026, 0, 1);
const text = (...children: Inline[]) => [{ kind: 'text' as const, text: [{ t: 'paragraph' as const, children }] }];
const mention = (id: string, name = ''): Inline => ({ t: 'mention', target: 'user', id, name });
const ghostOf = (words: string): string => stage.saying(words).sender;
const state = (type: string): unknown => stage.events(type).at(-1)?.content;

describe('people', () => {
  test('look as the network says: a picture, another one, and none any more', async () => {
    const { homeserver } = open();
    const withPicture = (picture: PersonRef['avatar']): PersonRef => ({ ...BOB, ...(picture === undefined ? {} : { avatar: picture }) });
    await stage.take(stage.message('m1', 'one', { sender: withPicture({ id: 'p1', handle: 'photo 1' }) }));
    const first = homeserver.profiles.get(ghostOf('one'))?.picture;
    expect(first).toMatch(/^mxc:/);
    await stage.take(stage.message('m2', 'two', { sender: BOB }));
    expect(homeserver.profiles.get(ghostOf('one'))?.picture).toBe(first);
    await stage.take(stage.message('m3', 'three', { sender: withPicture({ id: 'p2', handle: 'photo 2' }) }));
    const second = homeserver.profiles.get(ghostOf('one'))?.picture;
    expect(second).toMatch(/^mxc:/);
    expect(second).not.toBe(first);
    await stage.take(stage.message('m4', 'four', { sender: withPicture(null) }));
    expect(homeserver.profiles.get(ghostOf('one'))?.picture).toBe('');
  });

  test('of whom messages tell only an id are asked for, once, before they are shown', async () => {
    const asked: string[] = [];
    const { homeserver } = open({ profile: (id) => {
      asked.push(id);
      return { id, scope: '', name: 'Bob Real' };
    } });
    await stage.take(stage.message('m1', 'hello', { sender: { id: 'bob', scope: '' } }), stage.message('m2', 'again', { sender: { id: 'bob', scope: '' } }));
    expect(homeserver.profiles.get(ghostOf('hello'))?.name).toBe('Bob Real (Fake)');
    expect(asked).toEqual(['bob']);
  });

  test('whom the network will not name are shown all the same', async () => {
    open({ profile: () => {
      throw new Retry('busy', 'busy');
    } });
    await stage.take(stage.message('m1', 'hello', { sender: { id: 'bob', scope: '' } }));
    await stage.pass(5_000);
    expect(ghostOf('hello')).toMatch(/bob/);
  });
});

describe('a mention', () => {
  test('is of the ghost of whom it names, also of one who has said nothing yet', async () => {
    open();
    await stage.take(stage.message('m1', 'hi', { sender: CAROL }), stage.message('m2', '', { parts: text({ t: 'text', text: 'ask ' }, mention('carol'), { t: 'text', text: ' or ' }, mention('dan', '@dan')) }));
    const event = stage.events('m.room.message').find(({ content }) => String(content.body).startsWith('ask '));
    expect(event?.content).toMatchObject({ body: 'ask Name of carol or dan', 'm.mentions': { user_ids: [ghostOf('hi'), expect.stringMatching(/^@_bridge_.*dan/)] } });
  });

  test('of a ghost is of its person there; of anybody else it is a name', async () => {
    const { network } = open();
    await stage.take(stage.message('m1', 'hi', { sender: CAROL }));
    await stage.alice({
      msgtype: 'm.text', body: 'Carol and Eve', format: 'org.matrix.custom.html', 'm.mentions': {},
      formatted_body: `<a href="https://matrix.to/#/${ghostOf('hi')}">Carol</a> and <a href="https://matrix.to/#/@eve:test">Eve</a>`,
    });
    expect(network.of('send')[0]?.content).toEqual({ kind: 'text', text: [{ t: 'paragraph', children: [
      { t: 'mention', target: 'user', id: 'carol', name: 'Name of carol' }, { t: 'text', text: ' and ' }, { t: 'text', text: '@Eve' },
    ] }] });
  });
});

describe('a group', () => {
  const facts = { conversation: { ...CHAT, title: 'The real title', topic: 'All of it', avatar: { id: 'g1', handle: 'group photo' } }, members: [BOB, CAROL] };

  test('has the title, topic, picture and members that the network tells when its room is made', async () => {
    open({ describe: () => facts });
    await stage.take(stage.message('m1', 'hello'));
    expect(state('m.room.name')).toEqual({ name: 'The real title' });
    expect(state('m.room.topic')).toEqual({ topic: expect.stringMatching(/^All of it · Fake · read there by .*not end-to-end encrypted$/) });
    expect(state('m.room.avatar')).toEqual({ url: expect.stringMatching(/^mxc:/) });
    expect([...stage.room.members].filter(([user, membership]) => /bob|carol/.test(user) && membership === 'join')).toHaveLength(2);
  });

  test('of which the network tells nothing now has what the message says', async () => {
    open({ describe: () => {
      throw new Retry('busy', 'busy');
    } });
    await stage.take(stage.message('m1', 'hello'));
    expect(state('m.room.name')).toEqual({ name: 'Chat c1' });
  });

  test('changes its title, topic and picture', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    await stage.take({ type: 'conversation.changed', time: at, conversation: { ...CHAT, title: 'Another', topic: 'New', avatar: { id: 'g2', handle: 'x' } } });
    expect(state('m.room.name')).toEqual({ name: 'Another' });
    expect(state('m.room.topic')).toEqual({ topic: expect.stringMatching(/^New · /) });
    expect(state('m.room.avatar')).toEqual({ url: expect.stringMatching(/^mxc:/) });
    const { title: _unsaid, ...rest } = CHAT;
    await stage.take({ type: 'conversation.changed', time: at + 1, conversation: { ...rest, avatar: null, topic: '' } });
    expect(state('m.room.name')).toEqual({ name: 'Another' });
    expect(state('m.room.topic')).toEqual({ topic: expect.stringMatching(/^Fake · /) });
    expect(state('m.room.avatar')).toEqual({});
  });

  test('people come and go in it as they do there', async () => {
    open();
    await stage.take(stage.message('m1', 'hello'));
    await stage.take({ type: 'member', time: at, conversation: CHAT, person: CAROL, change: 'join' });
    const [ghost = ''] = [...stage.room.members.keys()].filter((user) => user.includes('carol'));
    expect(stage.room.members.get(ghost)).toBe('join');
    await stage.take({ type: 'member', time: at + 1, conversation: CHAT, person: CAROL, change: 'kick', by: BOB });
    expect(stage.room.members.get(ghost)).toBe('leave');
    await stage.take(stage.message('m2', 'back again', { sender: CAROL }));
    expect(ghostOf('back again')).toBe(ghost);
    expect(stage.room.members.get(ghost)).toBe('join');
  });

  test('that the account was brought into has a room before anybody says anything', async () => {
    open();
    await stage.take({ type: 'member', time: at, conversation: CHAT, person: { id: 'me', scope: '', isSelf: true }, change: 'join' });
    expect(state('m.room.name')).toEqual({ name: 'Chat c1' });
  });

  test('that goes on under another id stays in its room, both ways', async () => {
    const { network } = open();
    await stage.take(stage.message('m1', 'before'));
    const into = { ...CHAT, id: 'c2', title: 'Chat c2' };
    await stage.take({ type: 'conversation.replaced', time: at, conversation: CHAT, into });
    await stage.take(stage.message('m2', 'after', { conversation: into }));
    expect(stage.saying('after').room_id).toBe(stage.saying('before').room_id);
    expect(state('m.room.name')).toEqual({ name: 'Chat c2' });
    await stage.says('from here');
    expect(network.of('send')).toMatchObject([{ text: 'from here', to: 'c2' }]);
  });

  test('that is gone says so', async () => {
    open();
    await stage.take(stage.message('m1' as RemoteId, 'before'));
    await stage.take({ type: 'conversation.gone', time: at, conversation: CHAT, reason: 'The group was deleted.' });
    expect(stage.notices()).toEqual([expect.stringContaining('The group was deleted.')]);
  });
});

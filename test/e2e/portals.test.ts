import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { MatrixError } from '../../src/demo/matrix/client.ts';
import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import type { PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// The rooms that the bridge makes: what is in them, who may change it, and what becomes of them when somebody leaves.

jest.setTimeout(90_000);

let synapse: SharedSynapse;
beforeAll(async () => {
  synapse = await sharedSynapse();
}, 300_000);
afterAll(() => synapse.close());

const asBot = async (bridge: Bridged, room: string, what: string, body: object): Promise<unknown> => bridge.asBot.post(`/rooms/${encodeURIComponent(room)}/${what}`, body);
const ghostIn = async (user: MatrixUser, bridge: Bridged, room: string): Promise<string> => {
  const ghost = (await user.members(room)).find((member) => bridge.isGhost(member));
  if (ghost === undefined) throw new Error('there is no ghost in the room');
  return ghost;
};

describe.each(['11', '12'])('a portal of room version %s', (version) => {
  let alice: MatrixUser;
  let bridge: Bridged;
  let carla: PersonHandle;
  let room: string;
  let ghost: string;

  beforeAll(async () => {
    alice = await synapse.user('alice');
    bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice], bridge: { room_version: version, privacy_notice: undefined } });
    await bridge.start();
    ({ person: carla, room } = await bridge.meet(alice, '31612345678', { name: 'Carla' }));
    ghost = await ghostIn(alice, bridge, room);
  }, 90_000);

  afterAll(() => bridge.close());

  test('is of that version, private, named after the person, and says what it is bridged to', async () => {
    expect(await alice.state(room, 'm.room.create')).toMatchObject({ room_version: version });
    expect(await alice.state(room, 'm.room.join_rules')).toEqual({ join_rule: 'invite' });
    expect(await alice.state(room, 'm.room.guest_access')).toEqual({ guest_access: 'forbidden' });
    expect(await alice.state(room, 'm.room.name')).toEqual({ name: 'Carla' });
    expect(await alice.state(room, 'm.room.topic')).toMatchObject({ topic: expect.stringContaining('not end-to-end encrypted') });
    expect(await alice.state(room, 'm.room.encryption')).toBeNull();
    const state = await alice.client.get<{ type: string; state_key: string; content: Record<string, unknown> }[]>(`/rooms/${encodeURIComponent(room)}/state`);
    for (const type of ['m.bridge', 'uk.half-shot.bridge']) {
      const info = state.filter((event) => event.type === type);
      expect(info).toHaveLength(1);
      expect(info[0]?.content).toMatchObject({ bridgebot: bridge.bot, protocol: { id: 'whatsapp', displayname: 'WhatsApp' }, channel: { id: expect.any(String) } });
      expect(info[0]?.state_key).toContain('whatsapp');
    }
  });

  test('holds the bot, the ghost under its name, and the owner, whom the ghost invited to what is a direct chat', async () => {
    expect(new Set(await alice.members(room))).toEqual(new Set([alice.id, bridge.bot, ghost]));
    expect(await alice.state(room, 'm.room.member', ghost)).toMatchObject({ displayname: 'Carla (WhatsApp)' });
    const invite = (await alice.history(room)).find((event) => event.type === 'm.room.member' && event.state_key === alice.id && event.content['membership'] === 'invite');
    // By these two clients file it under people, and under that person.
    expect(invite?.sender).toBe(ghost);
    expect(invite?.content['is_direct']).toBe(true);
    expect(await alice.state(room, 'io.element.functional_members')).toEqual({ service_members: [bridge.bot] });
    const offered = bridge.sandbox.person('31600000099', { name: `Direct ${version}` });
    offered.sendText('Hello');
    const named = (state: readonly ClientEvent[]): boolean => state.some(({ content }) => content['name'] === `Direct ${version}`);
    await alice.waitForInvite((state) => named(state) && state.some(({ type, state_key, content }) => type === 'm.room.member' && state_key === alice.id && content['is_direct'] === true));
  });

  const owned: readonly (readonly [string, object])[] = [
    ['m.room.name', { name: 'Mine now' }], ['m.room.topic', { topic: 'Mine' }], ['m.room.avatar', { url: 'mxc://localhost/x' }],
    ['m.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }], ['m.room.power_levels', { users_default: 100 }], ['m.room.join_rules', { join_rule: 'public' }],
    ['m.room.history_visibility', { history_visibility: 'world_readable' }], ['m.room.guest_access', { guest_access: 'can_join' }],
    ['m.room.canonical_alias', {}], ['m.room.server_acl', { allow: ['*'] }], ['m.room.tombstone', { body: 'x', replacement_room: '!x:localhost' }],
    ['m.bridge', {}], ['uk.half-shot.bridge', {}],
  ];
  const refusals = async (): Promise<string[]> => {
    const tries = owned.map(async ([type, content]) => {
      const refused = await alice.setState(room, type, content, type.includes('bridge') ? 'key' : '').catch((error: unknown) => error);
      return refused instanceof MatrixError && refused.errcode === 'M_FORBIDDEN' ? [] : [type];
    });
    return (await Promise.all(tries)).flat();
  };

  test('lets its owner, a plain member, change nothing of it, and bring nobody in', async () => {
    expect(await refusals()).toEqual([]);
    const ben = await synapse.user('ben');
    await expect(alice.invite(room, ben.id)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    await expect(alice.kick(room, ghost)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  });

  test('lets a moderator change none of what the bridge owns', async () => {
    const levels = await alice.state(room, 'm.room.power_levels') as { users: Record<string, number> };
    await bridge.asBot.put(`/rooms/${encodeURIComponent(room)}/state/m.room.power_levels/`, { ...levels, users: { ...levels.users, [alice.id]: 50 } });
    expect(await refusals()).toEqual([]);
  });

  test('begins with who can read it, said once by the bot', async () => {
    const said = (await alice.history(room)).filter((event) => event.type === 'm.room.message');
    expect(said[0]).toMatchObject({ sender: bridge.bot, content: { msgtype: 'm.notice', body: expect.stringMatching(/^ℹ️ This room is bridged to WhatsApp, through the account whatsapp\/main\/\S+\..*not end-to-end encrypted/) } });
    expect(said.filter(({ content }) => String(content['body']).includes('This room is bridged to'))).toHaveLength(1);
  });

  test('takes replies, edits, reactions and removals as any other', async () => {
    const id = carla.sendText('in this version');
    const event = await alice.waitForText(room, 'in this version');
    await alice.reply(room, event.event_id, 'and back');
    expect(await onPhone(carla, 'and back')).toMatchObject({ replyTo: id });
    const reaction = await alice.react(room, event.event_id, '👍');
    await eventually('the reaction', () => carla.sent.find((message) => message.id === id)?.reactions.business === '👍', patience);
    await alice.redact(room, reaction);
    await eventually('its removal', () => carla.sent.find((message) => message.id === id)?.reactions.business === undefined, patience);
    carla.revoke(id);
    await alice.waitForEvent(room, (one) => one.type === 'm.room.redaction' && JSON.stringify(one).includes(event.event_id));
  });
});

describe('somebody leaves', () => {
  let alice: MatrixUser;
  let bridge: Bridged;
  let number = 31_611_000_000;

  beforeAll(async () => {
    alice = await synapse.user('alice');
    bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice], bridge: { room_version: '11' } });
    await bridge.start();
  }, 90_000);

  afterAll(() => bridge.close());

  const meet = (name: string): ReturnType<Bridged['meet']> => bridge.meet(alice, String(++number), { name });
  /** Gives alice the levels of an administrator, and the bot those of a member, as a homeserver's administrator can. */
  const promote = async (room: string): Promise<void> => {
    const levels = await alice.state(room, 'm.room.power_levels') ?? {};
    await bridge.asBot.put(`/rooms/${encodeURIComponent(room)}/state/m.room.power_levels/`, { ...levels, users: { [alice.id]: 100, [bridge.bot]: 50 } });
  };
  /** They write until the owner is asked in: the bridge hears of a leave a moment after the homeserver has answered it. */
  const calls = async (person: PersonHandle, text: string): Promise<{ readonly room: string; readonly texts: readonly string[] }> => {
    const invited = (state: readonly ClientEvent[]): boolean => state.some(({ content }) => content['name'] === person.person.name);
    for (let n = 0; n < 40; n++) {
      person.sendText(`${text} ${n}`);
      if (await alice.waitForInvite(invited, { timeout: 1_000 }).then(() => true, () => false)) break;
    }
    const room = await alice.waitForInvite(invited);
    await alice.join(room);
    return { room, texts: person.sent.map(bodyOf).filter((sent) => sent.startsWith(text)) };
  };
  const again = async (person: PersonHandle, text: string, old: string): Promise<string> => {
    const { room, texts } = await calls(person, text);
    expect(room).not.toBe(old);
    await alice.waitForText(room, texts.at(-1) ?? '');
    return room;
  };

  test('the owner, or who turns an invitation down: they are told once, and come back by asking for it', async () => {
    const talk = await bridge.botRoom(alice);
    const { person, room } = await meet('Dora');
    await alice.leave(room);
    const told = (event: ClientEvent): boolean => event.sender === bridge.bot && bodyOf(event).includes('Dora (WhatsApp) wrote in a chat that you have left');
    const writesUntil = async (times: number): Promise<void> => {
      for (let n = 0; n < 80 && alice.events(talk).filter(told).length < times; n++) {
        person.sendText(`are you there? ${times}.${n}`);
        await new Promise((resolve) => { setTimeout(resolve, 300); });
      }
      expect(alice.events(talk).filter(told)).toHaveLength(times);
    };
    await writesUntil(1);
    const number = /open (#\d+)/.exec(bodyOf(await alice.waitForEvent(talk, told)))?.[1] ?? '';
    // Told, and not asked in: also by what comes after that.
    person.sendText('hm');
    expect(alice.invitations()).not.toContain(room);
    await alice.text(talk, `open ${number}`);
    await eventually('the invitation', () => alice.invitations().includes(room), patience);
    await alice.leave(room);
    await writesUntil(2);
    person.sendText('and now?');
    expect(alice.invitations()).not.toContain(room);
    await alice.text(talk, `open ${number}`);
    await eventually('the invitation', () => alice.invitations().includes(room), patience);
    await alice.join(room);
    await alice.waitForText(room, 'and now?');
    const texts = person.sent.map(bodyOf).filter((text) => text !== 'Hello');
    await eventually('every text', async () => (await alice.history(room)).filter(({ sender }) => bridge.isGhost(sender)).map(bodyOf).filter((text) => texts.includes(text)).join() === texts.join(), patience);
    await alice.text(room, 'here again');
    await onPhone(person, 'here again');
  });

  test('nobody, but somebody is ignored: no room is made, until they are allowed again', async () => {
    const talk = await bridge.botRoom(alice);
    const ask = async (line: string, answer: RegExp): Promise<void> => {
      await alice.text(talk, line);
      await alice.waitForEvent(talk, (event) => event.sender === bridge.bot && answer.test(bodyOf(event)));
    };
    await ask('filter ignore whatsapp +31699000001', /is ignored/);
    const person = bridge.sandbox.person('31699000001', { name: 'Ivo' });
    person.sendText('let me in');
    await eventually('that it is counted', async () => {
      await alice.text(talk, 'filter list');
      return alice.events(talk).some((event) => /^ignore: .*, 1 left out/m.test(bodyOf(event)));
    }, patience);
    await ask('filter allow whatsapp +31699000001', /as of everybody/);
    person.sendText('thank you');
    const room = await alice.waitForInvite((state) => state.some(({ content }) => content['name'] === 'Ivo'));
    await alice.join(room);
    await alice.waitForText(room, 'thank you');
    expect((await alice.history(room)).map(bodyOf)).not.toContain('let me in');
  });

  test.each(['kick', 'ban'])('the ghost, by a %s: the room is told, and the next message opens a new one', async (what) => {
    const { person, room } = await meet(`Finn ${what}`);
    const ghost = await ghostIn(alice, bridge, room);
    await promote(room);
    await alice.client.post(`/rooms/${encodeURIComponent(room)}/${what}`, { user_id: ghost });
    await alice.waitForEvent(room, (event) => event.sender === bridge.bot && /no longer bridged/.test(bodyOf(event)));
    const next = await again(person, 'thrown out', room);
    expect(await alice.members(next)).toContain(ghost);
    await alice.text(next, 'welcome back');
    await onPhone(person, 'welcome back');
    // What is said in the old room reaches nobody, and its sender is not left to believe that it did.
    const before = person.inbox.length;
    await alice.text(room, 'said in the old room');
    await alice.text(next, 'said in the new room');
    await onPhone(person, 'said in the new room');
    expect(person.inbox.slice(before).map(bodyOf)).toEqual(['said in the new room']);
  });

  test.each(['kick', 'ban'])('the bot, by a %s: the next message opens a new room', async (what) => {
    const { person, room } = await meet(`Gina ${what}`);
    await promote(room);
    await alice.client.post(`/rooms/${encodeURIComponent(room)}/${what}`, { user_id: bridge.bot });
    await alice.waitForEvent(room, (event) => event.type === 'm.room.member' && event.state_key === bridge.bot && event.content['membership'] !== 'join');
    const next = await again(person, 'nobody there?', room);
    await alice.text(next, 'somebody is');
    await onPhone(person, 'somebody is');
  });

  test('the bot, with messages under way: each arrives in the old room or in the next, once', async () => {
    const { person, room } = await meet('Hugo');
    await promote(room);
    for (let n = 0; n < 5; n++) person.sendText(`under way ${n}`);
    await alice.kick(room, bridge.bot);
    for (let n = 5; n < 10; n++) person.sendText(`under way ${n}`);
    const next = await alice.waitForInvite((state) => state.some(({ content }) => content['name'] === 'Hugo'));
    await alice.join(next);
    await alice.waitForText(next, 'under way 9');
    const all = [...await alice.history(room), ...await alice.history(next)].map(bodyOf).filter((text) => text.startsWith('under way'));
    expect(all).toEqual(Array.from({ length: 10 }, (_, n) => `under way ${n}`));
  });

  test('the bridge itself, told to by whoever rules the room: nobody of ours stays, and the next message opens a new room', async () => {
    const { person, room } = await meet('Jop');
    const said = (fits: RegExp): Promise<ClientEvent> => alice.waitForEvent(room, (event) => event.sender === bridge.bot && fits.test(bodyOf(event)));
    await alice.text(room, '!db delete-portal yes');
    await said(/have to be an administrator/);
    await promote(room);
    await alice.text(room, '!db delete-portal');
    const number = /(#\d+) yes/.exec(bodyOf(await said(/If you mean it/)))?.[1] ?? '';
    await alice.text(room, `!db delete-portal ${number} yes`);
    await eventually('that it is left', async () => (await alice.members(room)).join() === alice.id, patience);
    await again(person, 'anew', room);
  });

  test('a stranger whom somebody brings in can be talked with, under the rules of the config', async () => {
    const { person, room } = await meet('Ida');
    const ben = await synapse.user('ben');
    await asBot(bridge, room, 'invite', { user_id: ben.id });
    await ben.join(room);
    await ben.text(room, 'I am new here');
    expect(bodyOf(await onPhone(person, (message) => bodyOf(message).includes('I am new here')))).toMatch(/^\*ben-[0-9a-f]+\*: I am new here$/);
  });
});

describe('a space for the account', () => {
  test('gathers its rooms: the owner is asked in, and each says that it is of the other', async () => {
    const alice = await synapse.user('alice');
    const bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice], bridge: { spaces: true } });
    try {
      await bridge.start();
      const { room } = await bridge.meet(alice, '31655000001', { name: 'Kees' });
      const space = await alice.waitForInvite((state) => state.some(({ type, content }) => type === 'm.room.name' && String(content['name']).startsWith('WhatsApp (main/')));
      await alice.join(space);
      const { room: other } = await bridge.meet(alice, '31655000002', { name: 'Lies' });
      await eventually('both rooms', async () => (await alice.state(space, 'm.space.child', room)) !== null && (await alice.state(space, 'm.space.child', other)) !== null, patience);
      expect(await alice.state(space, 'm.room.create')).toMatchObject({ type: 'm.space' });
      expect(await alice.state(space, 'm.space.child', room)).toEqual({ via: ['localhost'] });
      await eventually('that it says so', async () => (await alice.state(room, 'm.space.parent', space)) !== null, patience);
      await expect(alice.setState(space, 'm.space.child', { via: ['localhost'] }, '!mine:localhost')).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
      await expect(alice.text(space, 'hello')).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    } finally {
      await bridge.close();
    }
  });
});

describe('clients that look people and rooms of a network up', () => {
  test('find whom the bridge knows, by exactly their number, and nobody else', async () => {
    const alice = await synapse.user('alice');
    const bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice] });
    try {
      await bridge.start();
      const { room } = await bridge.meet(alice, '31655000011', { name: 'Mia' });
      const ghost = await ghostIn(alice, bridge, room);
      const find = (path: string): Promise<unknown> => alice.client.get(`/thirdparty/${path}`);
      expect(await find('protocol/whatsapp')).toMatchObject({ user_fields: ['id'], instances: expect.arrayContaining([expect.objectContaining({ desc: expect.stringContaining('WhatsApp') })]) });
      const found = [{ userid: ghost, protocol: 'whatsapp', fields: expect.objectContaining({ id: expect.any(String) }) }];
      expect(await find('user/whatsapp?id=%2B31655000011')).toEqual(expect.arrayContaining(found));
      for (const nobody of ['%2B31655000012', '%2B3165500001', '%25', '*', '']) expect(await find(`user/whatsapp?id=${nobody}`)).not.toEqual(expect.arrayContaining(found));
      // A direct chat is no place that others could find.
      expect(await find('location/whatsapp?id=31655000011')).toEqual([]);
    } finally {
      await bridge.close();
    }
  });
});

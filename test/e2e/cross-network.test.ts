import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type { Conversation, Driver, Peer, Place, Shown } from '../kit/conformance/driver.ts';
import { rocketchatDriver } from '../kit/conformance/drivers/rocketchat.ts';
import { slackDriver } from '../kit/conformance/drivers/slack.ts';
import { telegramDriver } from '../kit/conformance/drivers/telegram.ts';
import { whatsappDriver } from '../kit/conformance/drivers/whatsapp.ts';
import type { ClientEvent } from '../../src/demo/matrix/timelines.ts';
import { onSynapse } from '../kit/matrix/synapse.ts';
import { patience, stateOf } from '../kit/matrix/side.ts';
import { type Between, daemonBetween } from '../kit/stack/between.ts';
import { eventually } from '../kit/stack/stack.ts';

// WhatsApp, Telegram, two conversations of Slack and Rocket.Chat in one room: what anybody does on one is seen on all others.

jest.setTimeout(240_000);

const drivers: readonly Driver[] = [whatsappDriver, telegramDriver, slackDriver, rocketchatDriver];
/** A direct chat of WhatsApp, for there one can do most. */
const places: readonly (readonly [Driver, Place])[] = [[whatsappDriver, 'direct'], [telegramDriver, 'group'], [slackDriver, 'group'], [slackDriver, 'direct'], [rocketchatDriver, 'group']];

interface Linked {
  readonly name: string;
  readonly network: string;
  readonly chat: Conversation;
  /** The network's id of the conversation. */
  readonly id: string;
}

let between: Between;
let room: string;
const linked: Linked[] = [];

const body = ({ content }: ClientEvent): string => (typeof content['body'] === 'string' ? content['body'] : '');
const seen = (what: string, fits: (event: ClientEvent) => boolean): Promise<ClientEvent> => eventually(what, () => between.matrix.events(room).find(fits), patience);

/** What the bot answers in this room. */
async function answered(where: string, command: string): Promise<string> {
  const event = await between.matrix.send(where, command);
  const answer = await eventually(`an answer to ${command}`, () => between.matrix.events(where, 'm.room.message').find(({ sender, content }) => sender === between.matrix.bot
    && (content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: string } } | undefined)?.['m.in_reply_to']?.event_id === event), patience);
  return body(answer);
}

beforeAll(async () => {
  const peers = new Map<Driver, Peer>();
  between = await daemonBetween(onSynapse, async (around, started) => {
    for (const driver of drivers) peers.set(driver, started.adopt(await driver.start(around), (one) => one.close()));
    return Object.fromEntries([...peers].map(([driver, { config }]) => [driver.network.id, config]));
  });
  await between.start();
  const own: string[] = [];
  for (const [driver, place] of places) {
    const chat = await (peers.get(driver) as Peer).meet(place);
    const its = await eventually(`the room of ${driver.network.name}, ${place}`, async () => (await between.matrix.rooms()).find((one) =>
      !own.includes(one) && between.matrix.events(one, 'm.room.name').at(-1)?.content['name'] === chat.title), 60_000);
    own.push(its);
    // What still waits when a room is let go of opens another.
    await eventually(`what was said on ${driver.network.name}`, () => between.matrix.events(its, 'm.room.message').find(({ sender }) => sender !== between.matrix.bot), patience);
    const gone = await answered(its, '!db unlink');
    const [, id = ''] = /no longer linked to (?:.* \()?([^\s()]+)\)? on /.exec(gone) ?? [];
    linked.push({ name: `${driver.network.name}, ${place}`, network: driver.network.id, chat, id });
  }
  room = await between.matrix.make();
  // The bot may say what the room is bridged to, and delete nothing of anybody else's.
  const { matrix } = between;
  const levels = stateOf(matrix, room, 'm.room.power_levels').get('') as { readonly users: object };
  await matrix.setState(room, 'm.room.power_levels', { ...levels, users: { ...levels.users, [matrix.bot]: 50 }, redact: 75 });
  for (const [n, { network, id }] of linked.entries()) {
    const link = n === 0 ? `link ${network} ${id} here` : `!db link ${network} ${id}`;
    const first = await answered(room, link);
    // What came in between has opened a room again; the answer says what to do then.
    const [, again] = /End that first: (unlink .*)\. Then/.exec(first) ?? [];
    if (again !== undefined) expect(await answered(room, n === 0 ? again : `!db ${again}`)).toContain('is no longer linked to');
    expect(again === undefined ? first : await answered(room, link)).toContain('This room is linked to');
  }
}, 300_000);

afterAll(async () => {
  await between[Symbol.asyncDispose]();
}, 60_000);

const others = (one: Linked): readonly Linked[] => linked.filter((each) => each !== one);
/** Messages of the account in a conversation that have this in them. */
const copies = ({ chat }: Linked, text: string): readonly Shown[] => chat.shown().filter((message) => !message.deleted && (message.text.includes(text) || message.marked.includes(text)));
const copy = (there: Linked, text: string): Promise<Shown> => eventually(`"${text}" on ${there.name}`, () => copies(there, text)[0], patience);
const everywhere = (one: Linked, text: string): Promise<readonly Shown[]> => Promise.all(others(one).map((there) => copy(there, text)));

test('the room says what it is linked to, and nothing of it has been changed', () => {
  expect(stateOf(between.matrix, room, 'm.bridge').size).toBe(linked.length);
  expect(between.matrix.events(room, 'm.room.name')).toEqual([]);
});

describe.each(places.map(([driver, place], n) => [`${driver.network.name}, ${place}`, n] as const))('%s:', (_name, n) => {
  test('what is said is seen on all others, once and under its name, and comes back to nobody', async () => {
    const one = linked[n] as Linked;
    const text = `said ${n};`;
    await one.chat.ada.text(text);
    const shown = await everywhere(one, text);
    const event = await seen(text, (each) => body(each) === text);
    expect(between.matrix.isGhost(event.sender)).toBe(true);
    await one.chat.ada.text(`after ${n};`);
    await everywhere(one, `after ${n};`);
    for (const [at, there] of others(one).entries()) {
      expect([there.name, copies(there, text).length]).toEqual([there.name, 1]);
      // Where names are shown beside a message they are not in it.
      if (!['slack', 'rocketchat'].includes(there.network)) expect(shown[at]?.text).toMatch(new RegExp(`^${one.chat.ada.name} \\(\\w+(?:\\.\\w+)?(?: ·.{4})?\\): said`));
    }
    expect(copies(one, text)).toEqual([]);
    expect(between.matrix.events(room, 'm.room.message').filter((each) => body(each) === text)).toHaveLength(1);
  });

  test('is answered from another, and the answer stands below it on each', async () => {
    const [one, two] = [linked[n] as Linked, linked[(n + 1) % linked.length] as Linked];
    const [text, answer] = [`asked ${n};`, `answered ${n};`];
    const id = await one.chat.ada.text(text);
    const shown = new Map((await everywhere(one, text)).map((message, at) => [others(one)[at], message.id] as const));
    await two.chat.ada.reply?.(shown.get(two) ?? '', answer);
    for (const there of others(two)) {
      const { replyTo, thread } = await copy(there, answer);
      expect([there.name, [replyTo, thread].includes(there === one ? id : (shown.get(there) ?? ''))]).toEqual([there.name, true]);
    }
  });

  test('a reaction from another is seen on it, and on each of its copies, and goes again', async () => {
    const [one, two] = [linked[n] as Linked, linked[(n + 1) % linked.length] as Linked];
    const text = `liked ${n};`;
    const id = await one.chat.ada.text(text);
    const shown = new Map((await everywhere(one, text)).map((message, at) => [others(one)[at], message.id] as const));
    await two.chat.ada.react?.(shown.get(two) ?? '', '👍');
    const on = (there: Linked): readonly string[] => there.chat.reactionsOn(there === one ? id : (shown.get(there) ?? ''));
    for (const there of others(two)) await eventually(`the reaction on ${there.name}`, () => on(there).some((emoji) => emoji.startsWith('👍')), patience);
    expect(on(two)).toEqual([]);
    await two.chat.ada.unreact?.(shown.get(two) ?? '', '👍');
    for (const there of others(two)) await eventually(`no reaction on ${there.name}`, () => on(there).length === 0, patience);
  });

  test('an edit and a deletion of it go everywhere, as well as each network can', async () => {
    const one = linked[n] as Linked;
    const text = `written ${n};`;
    const id = await one.chat.ada.text(text);
    const shown = await everywhere(one, text);
    if (one.chat.ada.edit !== undefined) {
      await one.chat.ada.edit(id, `rewritten ${n};`);
      await everywhere(one, `rewritten ${n};`);
    }
    if (one.chat.ada.remove === undefined) return;
    await one.chat.ada.remove(id);
    await Promise.all(others(one).map(async (there, at) => {
      const stays = there.network === 'whatsapp';
      await eventually(`its end on ${there.name}`, () => (stays ? between.matrix.events(room, 'm.room.message').some((event) => body(event).includes('lets nobody delete'))
        : !copies(there, 'ritten').some((message) => message.id === shown[at]?.id)), patience);
    }));
  });

  test('a picture arrives as it is', async () => {
    const one = linked[n] as Linked;
    const bytes = await sharp({ create: { width: 16, height: 16, channels: 3, background: { r: 10 * n, g: 20, b: 30 } } }).png().toBuffer();
    await one.chat.ada.file?.('image', bytes, { mime: 'image/png', name: `p${n}.png`, caption: `picture ${n};` });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await Promise.all(others(one).map((there) => eventually(`the picture on ${there.name}`, () => there.chat.shown().find((message) => message.sha256 === sha256), patience)));
  });
});

test('all of them at once, and Matrix too: the order of the room is the order everywhere', async () => {
  const count = 10;
  await Promise.all([...linked, null].map(async (one, who) => {
    for (let n = 0; n < count; n++) await (one === null ? between.matrix.send(room, `round ${who} ${n};`) : one.chat.ada.text(`round ${who} ${n};`));
  }));
  const rounds = (texts: readonly string[]): string[] => texts.flatMap((text) => /round \d+ \d+;/.exec(text)?.[0] ?? []);
  const inRoom = (): string[] => rounds(between.matrix.events(room, 'm.room.message').map(body));
  await eventually('all in the room', () => inRoom().length === count * (linked.length + 1), 60_000);
  for (const [who, there] of linked.entries()) {
    const wanted = inRoom().filter((text) => !text.startsWith(`round ${who} `));
    const has = (): string[] => rounds(there.chat.shown().map(({ text }) => text));
    await eventually(`all on ${there.name}`, () => has().length >= wanted.length, 60_000).catch(() => {});
    expect([there.name, has()]).toEqual([there.name, wanted]);
  }
});

test('unlinked, a network hears nothing more, and its next message has a room of its own', async () => {
  const [one, ...rest] = linked as [Linked, ...Linked[]];
  expect(await answered(room, `!db unlink ${one.network}`)).toContain('no longer linked');
  await eventually('its ghost has left', () => {
    const ghosts = [...stateOf(between.matrix, room, 'm.room.member')].filter(([user]) => between.matrix.isGhost(user));
    return ghosts.some(([, { membership }]) => membership === 'leave');
  }, patience);
  await between.matrix.send(room, 'among the others;');
  await Promise.all(rest.map((there) => copy(there, 'among the others;')));
  const before = await between.matrix.rooms();
  await one.chat.ada.text('by myself;');
  const own = await eventually('a room of its own', async () => (await between.matrix.rooms()).find((each) => !before.includes(each)), 60_000);
  await eventually('its message there', () => between.matrix.events(own, 'm.room.message').some((event) => body(event) === 'by myself;'), patience);
  expect(copies(one, 'among the others;')).toEqual([]);
  for (const there of rest) expect(copies(there, 'by myself;')).toEqual([]);
});

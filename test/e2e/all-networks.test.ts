import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type Between, daemonBetween } from '../kit/stack/between.ts';
import type { Conversation, Driver, Peer, Place } from '../kit/conformance/driver.ts';
import { rocketchatDriver } from '../kit/conformance/drivers/rocketchat.ts';
import { slackDriver } from '../kit/conformance/drivers/slack.ts';
import { telegramDriver } from '../kit/conformance/drivers/telegram.ts';
import { whatsappDriver } from '../kit/conformance/drivers/whatsapp.ts';
import { onSynapse } from '../kit/matrix/synapse.ts';
import { eventually } from '../kit/stack/stack.ts';

// One daemon, one config, all networks at once: everything arrives once and in order, whatever the others do.

jest.setTimeout(240_000);

const drivers: readonly Driver[] = [whatsappDriver, telegramDriver, slackDriver, rocketchatDriver];
const places: readonly Place[] = ['direct', 'group'];
const count = 20;
const numbered = (prefix: string): string[] => Array.from({ length: count }, (_, n) => `${prefix} ${n};`);

interface Talk {
  readonly name: string;
  readonly chat: Conversation;
  readonly room: string;
}

let between: Between;
const peers = new Map<Driver, Peer>();

beforeAll(async () => {
  between = await daemonBetween(onSynapse, async (around, started) => {
    for (const driver of drivers) peers.set(driver, started.adopt(await driver.start(around), (one) => one.close()));
    return Object.fromEntries([...peers].map(([driver, { config }]) => [driver.network.id, config]));
  });
  await between.start();
}, 300_000);

afterAll(async () => {
  await between[Symbol.asyncDispose]();
}, 60_000);

/** People of two networks may have the same name: their rooms are made one after the other, so that each is known by being new. */
async function talks(): Promise<readonly Talk[]> {
  const found: Talk[] = [];
  for (const [driver, peer] of peers) {
    for (const place of places) {
      const chat = await peer.meet(place);
      const room = await eventually(`the room of ${driver.network.name}, ${place}`, async () => (await between.matrix.rooms()).find((one) =>
        found.every(({ room: known }) => known !== one) && between.matrix.events(one, 'm.room.name').at(-1)?.content['name'] === chat.title), 60_000);
      found.push({ name: `${driver.network.name}, ${place}`, chat, room });
    }
  }
  return found;
}

const inRoom = ({ room }: Talk, prefix: string): string[] => between.matrix.events(room, 'm.room.message')
  .flatMap(({ sender, content }) => (between.matrix.isGhost(sender) && String(content['body']).startsWith(prefix) ? [String(content['body'])] : []));
const there = ({ chat }: Talk, prefix: string): string[] => chat.shown().flatMap(({ text }) => (text.includes(prefix) ? [text.slice(text.indexOf(prefix))] : []));

let all: readonly Talk[];

/** Both sides of every room speak at once; `meanwhile` happens in the middle of it. */
async function speak(what: string, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  let begun = 0;
  await Promise.all(all.map(async (talk) => {
    for (let n = 0; n < count; n++) {
      await Promise.all([between.matrix.send(talk.room, `${what} from Matrix ${n};`), (n % 2 === 0 ? talk.chat.ada : talk.chat.ben).text(`${what} from there ${n};`)]);
      begun += 1;
      if (begun === (all.length * count) / 2) await meanwhile();
    }
  }));
  // What lacks then, the test tells room by room.
  await eventually('everything, everywhere', () => all.every((talk) =>
    there(talk, `${what} from Matrix`).length >= count && inRoom(talk, `${what} from there`).length >= count), 60_000).catch(() => {});
}

const everywhere = `${count} messages each way in ${drivers.length * places.length} rooms of ${drivers.length} networks at once`;

test(`${everywhere}: once and in order`, async () => {
  all = await talks();
  await speak('first');
  for (const talk of all) {
    expect([talk.name, there(talk, 'first from Matrix')]).toEqual([talk.name, numbered('first from Matrix')]);
    expect([talk.name, inRoom(talk, 'first from there')]).toEqual([talk.name, numbered('first from there')]);
  }
});

test(`${everywhere}, while the daemon stops and starts: all of it once`, async () => {
  await speak('then', async () => {
    await between.stop();
    await between.start();
  });
  const once = (texts: readonly string[]): string[] => texts.toSorted();
  for (const talk of all) {
    expect([talk.name, once(inRoom(talk, 'then from there'))]).toEqual([talk.name, once(numbered('then from there'))]);
    expect([talk.name, once(there(talk, 'then from Matrix'))]).toEqual([talk.name, once(numbered('then from Matrix'))]);
  }
  // A webhook that found nobody comes again when it likes, after what was said later.
  const muddled = all.filter((talk) => inRoom(talk, 'then from there').join() !== numbered('then from there').join()).map(({ name }) => name);
  expect(muddled.filter((name) => !name.startsWith('WhatsApp'))).toEqual([]);
  // Synapse keeps back what comes in the very moment in which it finds the daemon again: one transaction, which is found in the rooms then.
  const late = all.flatMap((talk) => there(talk, 'then from Matrix').map(numberIn).filter((n, at, ns) => ns.slice(0, at).some((before) => before > n)));
  expect(late.length).toBeLessThanOrEqual(all.length);
});

function numberIn(text: string): number {
  return Number(/\d+/.exec(text));
}

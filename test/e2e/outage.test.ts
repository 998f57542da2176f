import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { MatrixUser } from '../../src/demo/matrix/user.ts';
import { freePort } from '../../src/demo/synapse/ports.ts';
import type { PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Bridged, bodyOf, bridged, onPhone } from '../kit/synapse/bridged.ts';
import { ownSynapse, type OwnSynapse } from '../kit/synapse/shared.ts';

// The homeserver down, killed and forgetful, with traffic both ways: everything arrives once and in order.

jest.setTimeout(240_000);
/** Back-offs of both sides grow to half a minute. */
const long = 150_000;

let dir: string;
let own: OwnSynapse;
let alice: MatrixUser;
let bridge: Bridged;
let between: Between;
let carla: PersonHandle;
let room: string;

/** Stands where the homeserver sends its transactions, and can lose them (answered, and never handed over) or leave them without an answer. */
interface Between {
  losing: boolean;
  readonly lost: string[];
  /** From now on no transaction is answered; whether the daemon gets them. Resolves once one is under way. */
  hold(handOver: boolean): Promise<void>;
  letGo(): void;
  close(): Promise<void>;
}

async function standBetween(port: number, daemonPort: number): Promise<Between> {
  const handOver = (incoming: IncomingMessage, body: Buffer): Promise<{ status: number; body: Buffer }> => new Promise((resolve) => {
    const broken = (): void => resolve({ status: 502, body: Buffer.from('{}') });
    const onward = request({ host: '127.0.0.1', port: daemonPort, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve({ status: answer.statusCode ?? 502, body: Buffer.concat(chunks) })).on('error', broken);
    });
    onward.on('error', broken).end(body);
  });
  const state = { losing: false, lost: [] as string[] };
  let holding: { readonly handOver: boolean; readonly under: () => void } | null = null;
  const server: Server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const body = Buffer.concat(chunks);
      outgoing.setHeader('content-type', 'application/json');
      if (state.losing && incoming.url?.includes('/transactions/') === true) {
        state.lost.push(body.toString());
        outgoing.end('{}');
        return;
      }
      if (holding !== null && incoming.url?.includes('/transactions/') === true) {
        holding.under();
        if (holding.handOver) void handOver(incoming, body);
        return;
      }
      void handOver(incoming, body).then((answer) => outgoing.writeHead(answer.status).end(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return Object.assign(state, {
    hold: (hand: boolean) => new Promise<void>((under) => {
      holding = { handOver: hand, under };
    }),
    letGo: () => {
      holding = null;
      server.closeAllConnections();
    },
    close: () => new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  });
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-outage-'));
  own = await ownSynapse(dir, 1);
  alice = await own.user('alice');
  const [slot] = own.slots;
  if (slot === undefined) throw new Error('no registration');
  const daemonPort = await freePort();
  between = await standBetween(slot.port, daemonPort);
  bridge = await bridged(own.synapse, slot, { owners: [alice], listenOn: daemonPort });
}, 300_000);

afterAll(async () => {
  await alice.close();
  await bridge.close();
  await between.close();
  await own.synapse.stop();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

/** Says it as a client does: again, under the same transaction id, until the homeserver has answered. */
async function insist(text: string): Promise<void> {
  const path = `/rooms/${encodeURIComponent(room)}/send/m.room.message/${randomUUID()}`;
  await eventually(`the homeserver takes "${text}"`, () => alice.client.put(path, { msgtype: 'm.text', body: text }).then(() => true, () => false), long);
}
const atPhone = (prefix: string): string[] => carla.inbox.map(bodyOf).filter((text) => text.startsWith(prefix));
const shown = async (prefix: string): Promise<string[]> => (await alice.history(room)).filter(({ sender }) => bridge.isGhost(sender)).map(bodyOf).filter((text) => text.startsWith(prefix));
const numbered = (prefix: string, from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => `${prefix} ${from + n}`);
const allShown = (prefix: string, count: number): Promise<unknown> =>
  eventually(`${count} of "${prefix}" in the room`, async () => (await shown(prefix).catch(() => [])).length >= count, long);
const allAtPhone = (prefix: string, count: number): Promise<unknown> =>
  eventually(`${count} of "${prefix}" on the phone`, () => atPhone(prefix).length >= count, long);

test('the bridge starts before the homeserver: what comes meanwhile waits, and is there once that is up', async () => {
  await own.synapse.stop();
  await bridge.start();
  carla = bridge.sandbox.person('31612345678', { name: 'Carla' });
  for (const text of numbered('early', 0, 3)) carla.sendText(text);
  await bridge.sandbox.idle();
  expect(bridge.sandbox.posts.map(({ status }) => status)).toEqual([200, 200, 200]);
  await own.synapse.restart();
  room = await alice.waitForInvite(undefined, { timeout: long });
  await alice.join(room);
  await allShown('early', 3);
  expect(await shown('early')).toEqual(numbered('early', 0, 3));
  await insist('late riser');
  await onPhone(carla, 'late riser');
});

test('the bridge stops and starts again: nothing is lost and nothing repeated', async () => {
  await bridge.stop();
  for (const text of numbered('bridge down', 0, 5)) carla.sendText(text);
  for (const text of numbered('said to nobody', 0, 5)) await insist(text);
  await bridge.start();
  await Promise.all([allShown('bridge down', 5), allAtPhone('said to nobody', 5)]);
  expect(await shown('bridge down')).toEqual(numbered('bridge down', 0, 5));
  expect(atPhone('said to nobody')).toEqual(numbered('said to nobody', 0, 5));
});

describe('the homeserver is killed', () => {
  test('five times in the middle of a transaction, with traffic both ways: all of it arrives once and in order', async () => {
    const [there, here] = ['from the phone', 'from the room'];
    const rounds = 5;
    const each = 12;
    let sent = 0;
    for (let round = 0; round < rounds; round++) {
      const half = sent + each / 2;
      for (const text of numbered(there, sent, half)) carla.sendText(text);
      // Every other time the daemon has it, and only the answer is lost.
      const underWay = between.hold(round % 2 === 0);
      for (const text of numbered(here, sent, half)) await insist(text);
      for (const text of numbered(there, half, sent + each)) carla.sendText(text);
      await underWay;
      await own.synapse.kill9();
      between.letGo();
      const rest = (async () => {
        for (const text of numbered(here, half, sent + each)) await insist(text);
      })();
      await own.synapse.restart();
      await rest;
      sent += each;
    }
    await Promise.all([allShown(there, sent), allAtPhone(here, sent)]);
    expect(await shown(there)).toEqual(numbered(there, 0, sent));
    expect(atPhone(here)).toEqual(numbered(here, 0, sent));
  });

  test('and the bridge says so, and that it is back', async () => {
    const bot = await bridge.botRoom(alice);
    await own.synapse.kill9();
    carla.sendText('into the dark');
    await own.synapse.restart();
    await allShown('into the dark', 1);
    await alice.text(bot, 'status');
    await alice.waitForEvent(bot, ({ sender, content }) => sender === bridge.bot && String(content['body']).includes('✅ homeserver'), { timeout: long });
  });
});

describe('the homeserver loses what it had for the bridge', () => {
  test('which is found in the room once it is back, in its order', async () => {
    between.losing = true;
    for (const text of numbered('lost', 0, 4)) await insist(text);
    await eventually('the loss', () => between.lost.join().includes('lost 3'), long);
    await own.synapse.kill9();
    between.losing = false;
    carla.sendText('makes the bridge notice');
    await own.synapse.restart();
    await insist('lost no more');
    await allAtPhone('lost', 5);
    expect(atPhone('lost')).toEqual([...numbered('lost', 0, 4), 'lost no more']);
  });

  test('while the bridge itself was down and died', async () => {
    between.losing = true;
    for (const text of numbered('unheard', 0, 4)) await insist(text);
    await eventually('the loss', () => between.lost.join().includes('unheard 3'), long);
    await bridge.stop();
    between.losing = false;
    await own.synapse.kill9();
    await bridge.start();
    await own.synapse.restart();
    await insist('unheard no more');
    await allAtPhone('unheard', 5);
    expect(atPhone('unheard')).toEqual([...numbered('unheard', 0, 4), 'unheard no more']);
  });
});

test('after all of it nothing stands twice, on either side', async () => {
  const texts = [...(await alice.history(room)).filter(({ sender, type }) => bridge.isGhost(sender) && type === 'm.room.message').map(bodyOf), '|', ...carla.inbox.map(bodyOf)];
  expect(new Set(texts).size).toBe(texts.length);
});

import { afterEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually, type Stack, startStack } from '../kit/stack/stack.ts';

/** Where a kill can strike: every commit and every call, in both directions. */
const steps = [
  'transaction.accepted', 'webhook.accepted', 'in.decided', 'in.settled', 'matrix.begun', 'matrix.created', 'matrix.sent', 'matrix.settled',
  'network.begun', 'network.sent', 'network.settled', 'status.settled',
];

let stack: Stack | null = null;
let child: ChildProcess | null = null;

afterEach(async () => {
  child?.kill('SIGKILL');
  await stack?.close();
  stack = null;
});

/** Starts the daemon in a process of its own; resolves when it is up or gone. */
async function start(configPath: string, crashAt = ':0'): Promise<ChildProcess> {
  const main = new URL('../kit/stack/daemon-main.ts', import.meta.url).pathname;
  child = spawn(process.execPath, [main, configPath], { env: { ...process.env, CRASH_AT: crashAt }, stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
  return child;
}

const outOf = (stack: Stack): string[] => stack.sandbox.messages.filter(({ from, type }) => from === 'business' && type === 'text')
  .map(({ body }) => (body as { body: string }).body);
const intoMatrix = (stack: Stack, sender: (id: string) => boolean): string[] => [...stack.homeserver.rooms.keys()]
  .flatMap((room) => stack.homeserver.eventsOf(room, 'm.room.message')).filter((event) => sender(event.sender) && event.content.msgtype === 'm.text')
  .map(({ content }) => String(content.body));

const numbers = (word: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${word} ${n}`);

describe('the daemon killed with -9', () => {
  test.each(steps)('at %s: every message arrives once and in order', async (step) => {
    stack = await startStack({ withoutDaemon: true, delivery: { settle_wait: '3s' } });
    const current = stack;
    // The second time: by then there is a room, and work in hand. A room is made only once.
    const crashed = await start(current.configPath, `${step}:${step === 'matrix.created' ? 1 : 2}`);
    const exit = once(crashed, 'exit');
    const bob = current.sandbox.person('31611111111', { name: 'Bob' });
    const alice = current.homeserver.user('alice');
    bob.sendText('in 0');
    if (step !== 'matrix.created') {
      const room = await eventually('the invite', () => [...current.homeserver.rooms.keys()].find((id) => current.homeserver.membership(id, alice.id) === 'invite'), 8_000).catch(() => null);
      if (room !== null) {
        alice.join(room);
        for (const text of numbers('out', 5)) alice.send(room, text);
      }
    }
    for (const text of numbers('in', 5).slice(1)) bob.sendText(text);
    const [, signal] = await exit as [unknown, string];
    expect(signal).toBe('SIGKILL');
    await start(current.configPath);
    const room = await eventually('the room', () => [...current.homeserver.rooms.keys()].find((id) => current.homeserver.membership(id, alice.id) !== 'leave'));
    if (current.homeserver.membership(room, alice.id) === 'invite') {
      alice.join(room);
      for (const text of numbers('out', 5)) alice.send(room, text);
    }
    await eventually('everything', () => outOf(current).length >= 5 && intoMatrix(current, (id) => id !== alice.id).length >= 5, 25_000);
    await current.sandbox.idle();
    expect(outOf(current)).toEqual(numbers('out', 5));
    expect(intoMatrix(current, (id) => id !== alice.id)).toEqual(numbers('in', 5));
    expect([...current.homeserver.rooms.keys()]).toHaveLength(1);
  }, 60_000);
});

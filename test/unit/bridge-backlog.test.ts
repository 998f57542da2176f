import { expect, test } from '@jest/globals';
import { Backlog } from '../../src/bridge/reconcile/backlog.ts';
import type { MatrixEvent } from '../../src/model/events.ts';
import type { UserId } from '../../src/model/ids.ts';

const bot = '@drawbridge:here.test' as UserId;

/** A clock that stands still until somebody who sleeps is let go on. */
function setup(): { readonly backlog: Backlog; readonly compared: number[]; pass(ms: number): Promise<void>; event(age: number, sender?: string): MatrixEvent } {
  let now = 1_000_000;
  let sleeping: { readonly until: number; readonly wake: () => void }[] = [];
  const compared: number[] = [];
  const clock = { now: () => now, sleep: (ms: number) => new Promise<void>((wake) => void sleeping.push({ until: now + ms, wake })) };
  const backlog = new Backlog({ clock, bot, isOwn: ({ sender }) => sender.startsWith('@_'), compare: () => void compared.push(now - 1_000_000), signal: new AbortController().signal });
  return {
    backlog, compared,
    async pass(ms) {
      for (const end = now + ms; now < end;) {
        now = Math.min(end, ...sleeping.map(({ until }) => until));
        const due = sleeping.filter(({ until }) => until <= now);
        sleeping = sleeping.filter(({ until }) => until > now);
        for (const { wake } of due) wake();
        await new Promise((resolve) => void setImmediate(resolve));
      }
    },
    event: (age, sender = '@alice:here.test') => ({ event_id: '$e', room_id: '!r', sender, type: 'm.room.message', origin_server_ts: now - age, content: {}, unsigned: { age } }) as unknown as MatrixEvent,
  };
}

test('what waited in the homeserver makes the rooms be compared, once, after the last of it', async () => {
  const { backlog, compared, pass, event } = setup();
  await pass(60_000);
  backlog.look([event(50)]);
  await pass(10_000);
  expect(compared).toEqual([]);
  backlog.look([event(50), event(9_000)]);
  await pass(2_000);
  backlog.look([event(4_000)]);
  await pass(10_000);
  expect(compared).toEqual([75_000]);
});

test('what is older than this start waited, however short that was', async () => {
  const { backlog, compared, pass, event } = setup();
  await pass(100);
  backlog.look([event(300)]);
  await pass(5_000);
  expect(compared).toEqual([3_100]);
});

test('a homeserver that is always slow is compared once a minute, and one that never ends all the same', async () => {
  const { backlog, compared, pass, event } = setup();
  for (let second = 0; second < 150; second++) {
    await pass(1_000);
    backlog.look([event(5_000)]);
  }
  expect(compared.length).toBeGreaterThanOrEqual(2);
  expect(compared.length).toBeLessThanOrEqual(3);
});

test('the past that ghosts write, other homeservers’ events and ages that are no numbers say nothing', async () => {
  const { backlog, compared, pass, event } = setup();
  await pass(1_000);
  backlog.look([event(90_000, '@_drawbridge_x:here.test'), event(90_000, '@bob:there.test'), { ...event(0), unsigned: { age: 'old' } }, { ...event(0), unsigned: {} }]);
  await pass(10_000);
  expect(compared).toEqual([]);
});

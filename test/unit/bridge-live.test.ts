import { expect, test } from '@jest/globals';
import type { Live } from '../../src/bridge/deciding.ts';
import { Lively, type LiveDeps } from '../../src/bridge/inbound/live.ts';
import { silentLogger } from '../../src/model/log.ts';

test('of what a person has read the newest is shown, in whatever order the network tells', async () => {
  const shown: string[] = [];
  let slept = (): void => {};
  const lively = new Lively({
    store: { portal: () => ({ room: 1 }), room: () => ({ roomId: '!r:x' }) },
    homeserver: { receipt: (user: string, _room: string, event: string) => Promise.resolve(void shown.push(`${user} ${event}`)) },
    rooms: { userIdOf: ({ localpart }: { localpart: string }) => localpart },
    readReceipts: true, clock: { now: () => 0, sleep: () => new Promise<void>((resolve) => { slept = resolve; }) }, log: silentLogger,
  } as unknown as LiveDeps);
  const read = (event: string, seq: number): Live => ({ do: 'read', portal: 1, person: { row: 7, localpart: 'bo' }, event, seq }) as unknown as Live;
  lively.fromNetwork([read('$second', 2), read('$third', 3)]);
  lively.fromNetwork([read('$first', 1)]);
  slept();
  await new Promise((resolve) => { setImmediate(resolve); });
  expect(shown).toEqual(['bo $third']);
});

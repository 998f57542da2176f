import { expect, test } from '@jest/globals';
import type { Deciding } from '../../src/bridge/deciding.ts';
import { unlessStopped } from '../../src/bridge/kinds/consent.ts';
import type { Effect, Portal, RoomContext } from '../../src/store/store.ts';
import { done } from '../../src/bridge/deciding.ts';
import { ALICE, matrixEvent } from '../kit/model/store/setup.ts';

// A room with chats of several networks, some of them with people who asked not to be bridged.

const deciding = { isOurs: (user: string) => user.startsWith('@_') } as unknown as Deciding;
const portal = (row: number, stopped?: number): Portal => ({ row, room: 1, account: 'a', state: 'live', conversation: { row, title: `Chat ${row}`, ...(stopped === undefined ? {} : { stopped }) } }) as unknown as Portal;
const room = (...portals: readonly Portal[]): RoomContext => ({ room: { row: 1 }, portals }) as unknown as RoomContext;
const said = (event: string, sender: string = ALICE, type = 'm.room.message') => ({ ...matrixEvent(event, '!a:test'), sender, type });

/** Which portals it goes to, and what the room is told. */
function decided(event: ReturnType<typeof said>, context: RoomContext): { to: readonly number[]; told: readonly string[]; keys: readonly string[] } {
  const to: number[] = [];
  const { effects } = unlessStopped(event, context, deciding, ({ portals }) => {
    to.push(...portals.map(({ row }) => row));
    return done();
  });
  const sent = effects.flatMap((effect: Effect) => (effect.do === 'send' && effect.row.task.to === 'matrix' && effect.row.task.kind === 'message' ? [effect.row] : []));
  return { to, told: sent.map(({ task }) => String((task as { content?: { body?: unknown } }).content?.body)), keys: sent.map(({ key }) => key) };
}

test('where nobody asked for it all goes as ever', () => {
  expect(decided(said('e'), room(portal(1), portal(2)))).toEqual({ to: [1, 2], told: [], keys: [] });
});

test('a chat with somebody who did gets nothing, and each who writes is told once', () => {
  const context = room(portal(1), portal(2, 7));
  const [first, second, other] = [decided(said('e1'), context), decided(said('e2'), context), decided(said('e3', '@bob:test'), context)];
  expect(first).toMatchObject({ to: [1], told: ['⚠️ Not delivered to Chat 2: this person asked not to be bridged. This is not said again.'] });
  // What has the same key is written once.
  expect(second.keys).toEqual(first.keys);
  expect(other.keys).not.toEqual(first.keys);
  // They took it back, and asked again.
  expect(decided(said('e4'), room(portal(1), portal(2, 8))).keys).not.toEqual(first.keys);
});

test('where it arrives nowhere each message is refused', () => {
  const context = room(portal(2, 7));
  const [first, second] = [decided(said('e1'), context), decided(said('e2'), context)];
  expect(first).toMatchObject({ to: [], told: ['⚠️ Not delivered: this person asked not to be bridged.'] });
  expect(second.keys).not.toEqual(first.keys);
});

test('of what people on other networks say the room is told once in all', () => {
  const [first, second] = [decided(said('e1', '@_ghost:test'), room(portal(2, 7))), decided(said('e2', '@_other:test'), room(portal(2, 7)))];
  expect(first).toMatchObject({ to: [], told: [expect.stringContaining('Not delivered to Chat 2')] });
  expect(second.keys).toEqual(first.keys);
});

test('reactions and the like are left out without a word', () => {
  expect(decided(said('e', ALICE, 'm.reaction'), room(portal(1), portal(2, 7)))).toEqual({ to: [1], told: [], keys: [] });
});

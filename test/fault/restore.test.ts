import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Daemon, startDaemon } from '../../src/daemon.ts';
import { eventually, type Stack, startStack } from '../kit/stack/stack.ts';

let stack: Stack;
let daemon: Daemon;

beforeAll(async () => {
  stack = await startStack({ withoutDaemon: true, delivery: { settle_wait: '200ms' } });
  daemon = await startDaemon({ configPath: stack.configPath });
});

afterAll(async () => {
  await daemon.stop();
  await stack.close();
});

const sent = (): string[] => stack.sandbox.messages.filter(({ from }) => from === 'business').map(({ body }) => (body as { body: string }).body);

test('a database put back from a backup sends nothing again, asks where it cannot know, and knows the rooms', async () => {
  const alice = stack.homeserver.user('alice');
  const bob = stack.sandbox.person('31611111111', { name: 'Bob' });
  bob.sendText('first');
  const room = await eventually('the room', () => [...stack.homeserver.rooms.values()].find(({ timeline }) => timeline.some(({ content }) => content.body === 'first'))?.id);
  await eventually('the invite', () => stack.homeserver.membership(room, alice.id) === 'invite');
  alice.join(room);
  alice.send(room, 'before');
  await eventually('it', () => sent().includes('before'));

  await daemon.stop();
  const database = join(stack.dir, 'drawbridge.db');
  await copyFile(database, `${database}.saved`);
  daemon = await startDaemon({ configPath: stack.configPath });

  alice.send(room, 'after');
  const seen = bob.sendText('second');
  await eventually('both', () => sent().includes('after') && stack.homeserver.eventsOf(room, 'm.room.message').some(({ content }) => content.body === 'second'));
  await daemon.stop();
  for (const end of ['', '-wal', '-shm']) await rm(`${database}${end}`, { force: true });
  await copyFile(`${database}.saved`, database);
  alice.send(room, 'while it was down');
  daemon = await startDaemon({ configPath: stack.configPath });

  await eventually('the question', () => stack.homeserver.eventsOf(room, 'm.room.message').some(({ content }) => /not known whether this reached/.test(String(content.body))));
  await stack.homeserver.idle();
  await stack.sandbox.idle();
  for (const each of ['before', 'after']) expect(sent().filter((body) => body === each)).toHaveLength(1);
  expect(stack.homeserver.eventsOf(room, 'm.room.message').filter(({ content }) => content.body === 'second')).toHaveLength(1);

  bob.reply(seen, 'to my own');
  const reply = await eventually('a reply', () => stack.homeserver.eventsOf(room, 'm.room.message').find(({ content }) => content.body === 'to my own'));
  const second = stack.homeserver.eventsOf(room, 'm.room.message').find(({ content }) => content.body === 'second');
  expect(reply.content['m.relates_to']).toMatchObject({ 'm.in_reply_to': { event_id: second?.event_id } });
});

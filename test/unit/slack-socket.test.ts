import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SlackSandbox } from '../../src/sandbox/slack/index.ts';
import { appSettings, MemorySink, part, running, secrets, startSandbox, target, type Running } from '../kit/slack/account.ts';
import { eventually } from '../kit/stack/stack.ts';

let sandbox: SlackSandbox;
let app: ReturnType<typeof appSettings>;
let general: string;
let open: Running[] = [];

beforeEach(async () => {
  sandbox = await startSandbox();
  general = sandbox.channel('general', { members: [sandbox.person('bob').id] });
  await sandbox.idle();
  app = appSettings(sandbox);
  open = [];
});

afterEach(async () => {
  for (const each of open) await each.stop();
  expect(sandbox.oddities).toEqual([]);
  await sandbox.close();
});

async function start(sink?: MemorySink): Promise<Running> {
  const started = await running(app, 'bot', sink === undefined ? {} : { sink });
  open.push(started);
  return started;
}

const say = (text: string): string => sandbox.person('bob').sendText(general, text);

describe('Socket Mode', () => {
  test('a socket that Slack is about to close has a follower before, and nothing is missed', async () => {
    const { sink } = await start();
    for (let round = 0; round < 3; round += 1) {
      sandbox.refresh('warning', 300);
      for (let each = 0; each < 5; each += 1) {
        say(`round ${round} word ${each}`);
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      await eventually('the follower', () => sandbox.sockets === 1);
    }
    await sandbox.idle();
    await eventually('all words', () => sink.texts().length === 15);
    expect(sink.texts()).toEqual(Array.from({ length: 15 }, (_each, index) => `round ${Math.floor(index / 5)} word ${index % 5}`));
  });

  test('after a cut it comes back by itself, and fetches what was said meanwhile, in order and once', async () => {
    const { sink } = await start();
    say('before');
    await eventually('the first word', () => sink.texts().includes('before'));
    sandbox.faults.noSockets = true;
    sandbox.faults.drop = 1;
    sandbox.cut();
    const root = say('missed one');
    sandbox.person('bob').sendText(general, 'missed in a thread', { thread: root });
    const edited = say('missed and chnaged');
    sandbox.person('bob').edit(general, edited, 'missed and changed');
    sandbox.person('bob').react(general, root, 'eyes');
    sandbox.faults.drop = 0;
    sandbox.faults.noSockets = false;
    await eventually('the socket', () => sandbox.sockets === 1);
    await eventually('what was missed', () => sink.texts().length === 4);
    say('after');
    await eventually('the last word', () => sink.texts().includes('after'));
    expect(sink.texts()).toEqual(['before', 'missed one', 'missed in a thread', 'missed and changed', 'after']);
    expect(sink.of('reactions.set')[0]).toMatchObject({ target: `${general}:${root}`, reactions: [{ emoji: '👀' }] });
  });

  test('one that greets and sends away at once is not asked without end, and works again when it stays', async () => {
    const { sink } = await start();
    sandbox.faults.sendAway = true;
    const before = sandbox.opened;
    sandbox.cut();
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(sandbox.opened - before).toBeGreaterThan(3);
    expect(sandbox.opened - before).toBeLessThan(10);
    sandbox.faults.sendAway = false;
    await eventually('the socket', () => sandbox.sockets === 1);
    say('after all');
    await eventually('the word', () => sink.texts().includes('after all'));
  });

  test('after a stop it goes on where it was', async () => {
    const first = await start();
    await eventually('the first mark', () => first.sink.last);
    say('one');
    await eventually('the first word', () => first.sink.texts().includes('one'));
    await first.stop();
    sandbox.faults.drop = 1;
    say('while nobody listened');
    sandbox.faults.drop = 0;
    const again = await start(first.sink);
    await eventually('what was said', () => again.sink.texts().includes('while nobody listened'));
    expect(again.sink.texts()).toEqual(['one', 'while nobody listened']);
  });

  test('who came and who left while nobody listened is found in the history', async () => {
    const first = await start();
    await eventually('the first mark', () => first.sink.last);
    await first.stop();
    sandbox.faults.drop = 1;
    sandbox.person('eve').join(general);
    sandbox.person('bob').leave(general);
    sandbox.faults.drop = 0;
    const again = await start(first.sink);
    await eventually('the departure', () => again.sink.of('member').some(({ change }) => change === 'leave'));
    expect(again.sink.of('member').map(({ person, change }) => [person.id, change])).toEqual([[sandbox.person('eve').id, 'join'], [sandbox.person('bob').id, 'leave']]);
  });

  test('of what is older than the bridge only an edit is news', async () => {
    const old = say('from before');
    await sandbox.idle();
    const { sink } = await start();
    await eventually('the first mark', () => sink.last);
    await new Promise((resolve) => setTimeout(resolve, 20));
    sandbox.faults.drop = 1;
    sandbox.person('bob').edit(general, old, 'from before, changed');
    sandbox.faults.drop = 0;
    sandbox.cut();
    await eventually('the edit', () => sink.of('edit')[0]);
    expect(sink.texts()).toEqual([]);
  });

  test('at the very first start nothing of the past is taken in', async () => {
    say('long ago');
    await sandbox.idle();
    const { sink } = await start();
    say('now');
    await eventually('the word', () => sink.texts().includes('now'));
    expect(sink.texts()).toEqual(['now']);
  });

  test('bad frames and unknown events spoil nothing', async () => {
    const { sink } = await start();
    sandbox.frame('{"not json');
    sandbox.frame('[1,2]');
    sandbox.frame('{"type":"something","envelope_id":"x1","payload":null}');
    sandbox.frame('{"type":"events_api","envelope_id":"x2","payload":{"event":"none"}}');
    sandbox.frame(JSON.stringify({ type: 'events_api', envelope_id: 'x3', payload: { team_id: sandbox.teamId, type: 'event_callback', event: { type: 'message', channel: { deep: 1 }, ts: {}, user: 5, blocks: 'x', files: [null, 3], attachments: [[]] } } }));
    say('still here');
    await eventually('the word', () => sink.texts().includes('still here'));
    expect(sandbox.sockets).toBe(1);
  });

  test('events of several conversations do not wait for each other, those of one stay in order', async () => {
    const other = sandbox.channel('other', { members: [sandbox.person('bob').id] });
    const { sink } = await start();
    let held: (() => void) | undefined;
    sink.fail = async () => {
      if (held !== undefined) return;
      await new Promise<void>((resolve) => {
        held = resolve;
      });
    };
    say('a1');
    await eventually('the first', () => held);
    say('a2');
    sandbox.person('bob').sendText(other, 'b1');
    await eventually('the other conversation', () => sink.texts().includes('b1'));
    expect(sink.texts()).not.toContain('a2');
    held?.();
    await eventually('the rest', () => sink.texts().includes('a2'));
    expect(sink.texts().filter((text) => text.startsWith('a'))).toEqual(['a1', 'a2']);
  });

  test('a token that is withdrawn is told, and told again when it works', async () => {
    const { sink, connection } = await start();
    sandbox.revoke(secrets.botToken);
    await eventually('the word of it', () => sink.states[0]);
    expect(sink.states[0]).toMatchObject({ ok: false, reason: expect.stringContaining('withdrawn') });
    sandbox.restore(secrets.botToken);
    await connection.check();
    expect(sink.states.at(-1)).toEqual({ ok: true });
    await connection.send(part(target(general), 'works again'));
  });
});

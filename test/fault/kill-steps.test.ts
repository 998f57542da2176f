import { globSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { seededRandom } from '../../src/sandbox/random.ts';
import { check } from '../kit/invariants/check.ts';
import { quiet } from '../kit/invariants/quiet.ts';
import { Keeper } from '../kit/stack/keeper.ts';
import { eventually, type Stack, startStack } from '../kit/stack/stack.ts';
import type { Act, Kind } from '../kit/talk/acts.ts';
import { Samples } from '../kit/talk/samples.ts';
import { Talk } from '../kit/talk/talk.ts';

/** Every named edge between a commit and a call, as the source has them: a new one is covered without a word here. */
/** What nobody here does: rooms are replaced in contract/core-upgrades, with a stop at every edge. */
const elsewhere = new Set(['matrix.followed']);
const root = new URL('../../', import.meta.url).pathname;
const steps = [...new Set(globSync('src/**/*.ts', { cwd: root }).flatMap((path) =>
  [...readFileSync(`${root}${path}`, 'utf8').matchAll(/\bstep\('([a-z.]+)'\)/g)].map(([, name = '']) => name)))].filter((name) => !elsewhere.has(name)).sort();

/** Said in every conversation, at once; then everybody looks, and goes on. */
const rounds: readonly (readonly (readonly [Act['way'], Kind])[])[] = [
  [['in', 'text'], ['in', 'image']],
  [['out', 'text'], ['in', 'reply'], ['out', 'image'], ['out', 'command'], ['in', 'react'], ['out', 'react'], ['in', 'edit']],
  [['in', 'react'], ['out', 'long'], ['in', 'unreact'], ['out', 'unreact'], ['out', 'edit'], ['out', 'reply'], ['out', 'delete']],
  [['in', 'delete']],
];

let samples: Samples;
beforeAll(async () => {
  samples = await Samples.make();
}, 60_000);

async function killedAt(step: string, nth: number): Promise<void> {
  const stack = await startStack({
    withoutDaemon: true, clockScale: { pair: 1000, throughput: 1000, retry: 100 }, seed: nth,
    delivery: { settle_wait: '1500ms', target_wait: '5s', media_wait: '2m' },
  });
  const keeper = new Keeper(stack.configPath);
  try {
    await keeper.start(`${step}:${nth}`);
    const talk = new Talk(stack, samples, seededRandom(nth));
    const everybody = ['Ada', 'Bob', 'Cleo', 'Dan'].map((name) => talk.meet(name));
    for (const round of rounds) {
      for (const [way, kind] of round) for (const conversation of everybody) await talk.do(conversation, way, kind);
      await quiet(stack);
      talk.look();
    }
    await moderated(stack, talk);
    await eventually(`a kill at ${step}`, () => keeper.ends.length > 0, 5_000);
    // Every status came: who is still asked was right to be, and says to send it.
    const asked = talk.acts.filter((act) => talk.look().toldAbout(act.id).some(({ text }) => /^(❓|⚠️ Not delivered)/.test(text)));
    expect(asked.filter((act) => act.lines === undefined && talk.look().onPhone(act).length > 0).map((act) => [act.kind, act.token, talk.look().toldAbout(act.id).map(({ text }) => text)])).toEqual([]);
    if (asked.length > 0) {
      const [first] = everybody;
      if (first !== undefined) talk.alice.send(talk.roomOf(first) ?? '', '!db retry all');
      await quiet(stack);
    }
    const { problems } = check(stack, talk, { retried: new Set(asked), mayAsk: true });
    expect(problems).toEqual([]);
    const still = asked.filter((act) => talk.marksOf(act).deleted === undefined && talk.look().onPhone(act).length === 0);
    expect(still.map(({ token }) => token)).toEqual([]);
    expect(keeper.ends).toEqual(['SIGKILL']);
  } finally {
    await keeper.stop();
    await stack.close();
  }
}

/** Somebody with the power to do so removes what Alice has said: whether it is gone is asked of the homeserver. */
async function moderated(stack: Stack, talk: Talk): Promise<void> {
  const { homeserver } = stack;
  const [bot, carol] = [homeserver.user(homeserver.bot), homeserver.user('carol')];
  for (const conversation of talk.conversations) {
    const said = talk.acts.find((act) => act.conversation === conversation && act.way === 'out' && ['image', 'reply'].includes(act.kind) && talk.marksOf(act).deleted === undefined);
    if (said === undefined) throw new Error(`nothing stands that ${conversation.name} could be told of`);
    const room = talk.roomOf(said.conversation) ?? '';
    const levels = homeserver.rooms.get(room)?.state.get('m.room.power_levels\0')?.content ?? {};
    bot.setState(room, 'm.room.power_levels', '', { ...levels, users: { ...(levels['users'] as object), [carol.id]: 50 } });
    bot.invite(room, carol.id);
    carol.join(room);
    carol.redact(room, said.id);
  }
  await quiet(stack);
  talk.look();
}

describe('killed with -9 at every step, everything arrives once and in order', () => {
  test.each(steps)('%s', async (step) => {
    const runs = await Promise.allSettled([1, 2, 4].map(async (nth) => killedAt(step, nth)));
    for (const run of runs) if (run.status === 'rejected') throw run.reason;
  }, 180_000);
});

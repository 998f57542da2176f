import { problemsOf } from './check.ts';
import { Play } from './play.ts';
import type { Op } from './script.ts';
import { type Conditions, World } from './world.ts';

/** Plays a script under these conditions. @throws Error with what is wrong in the end, and the log */
export async function act(conditions: Conditions, script: readonly Op[]): Promise<void> {
  const random = Math.random;
  // The waits between tries are drawn: the same each time a run is repeated.
  let state = 1;
  Math.random = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  const world = new World(conditions);
  try {
    const play = new Play(world);
    await play.prelude();
    await play.run(script);
    await world.settle();
    const problems = problemsOf(play);
    if (problems.length > 0) throw new Error([...problems, '--- the log:', ...world.log.slice(-60)].join('\n'));
  } finally {
    Math.random = random;
    await world.close();
  }
}

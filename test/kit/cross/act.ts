import { type Conditions, World } from '../model/world.ts';
import { crossProblemsOf } from './check.ts';
import { CrossPlay } from './play.ts';
import type { CrossOp } from './script.ts';

/** Plays a script under these conditions. @throws Error with what is wrong in the end, and the log */
export async function actCross(conditions: Conditions, script: readonly CrossOp[]): Promise<void> {
  const random = Math.random;
  // The waits between tries are drawn: the same each time a run is repeated.
  let state = 1;
  Math.random = () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  const world = new World(conditions);
  try {
    const play = new CrossPlay(world);
    await play.prelude();
    await play.run(script);
    await world.settle();
    const problems = crossProblemsOf(play);
    if (problems.length > 0) throw new Error([...problems, '--- the log:', ...world.log.slice(-60)].join('\n'));
  } finally {
    Math.random = random;
    await world.close();
  }
}

import type { ClientEvent } from '../../../src/demo/matrix/timelines.ts';
import { eventually } from '../stack/stack.ts';
import { daemonBetween } from '../stack/between.ts';
import type { Driver, Peer } from './driver.ts';
import { type MatrixMaker, type MatrixSide, patience } from '../matrix/side.ts';

/** The daemon with one network's account, between a Matrix side and that network's sandbox. */
export interface ConformanceStage {
  readonly matrix: MatrixSide;
  readonly peer: Peer;
  /** Waits for an event in a room. */
  seen(room: string, what: string, fits: (event: ClientEvent) => boolean): Promise<ClientEvent>;
  /** Stops the daemon and starts it again. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function conformanceStage(driver: Driver, maker: MatrixMaker): Promise<ConformanceStage> {
  let made: Peer | undefined;
  const between = await daemonBetween(maker, async (around, started) => {
    made = started.adopt(await driver.start(around), (one) => one.close());
    return { [driver.network.id]: made.config };
  }, { delivery: { target_wait: '3s', settle_wait: '2s', echo_wait: '2s' } });
  if (made === undefined) throw new Error('no sandbox');
  const { matrix } = between;
  await between.start();
  return {
    matrix, peer: made,
    seen: (room, what, fits) => eventually(what, () => matrix.events(room).find(fits), patience),
    async restart() {
      await between.stop();
      await between.start();
    },
    close: async () => between[Symbol.asyncDispose](),
  };
}

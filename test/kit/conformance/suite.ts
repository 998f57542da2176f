import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Case, cases, type Scene } from './cases.ts';
import { capabilitiesIn, type Driver, type Place } from './driver.ts';
import { isLeftOut } from './floor.ts';
import { onFake } from '../matrix/fake.ts';
import type { MatrixMaker } from '../matrix/side.ts';
import { type ConformanceStage, conformanceStage } from './stage.ts';
import { Samples } from '../talk/samples.ts';

export interface Conformance {
  readonly matrix: MatrixMaker;
  /** All cases of a place are played in one conversation, where a room of its own for each would take too long. */
  readonly oneRoom: boolean;
}

/** Every case in every place of one network. What its descriptor denies, with a reason, is not played; what it claims is. */
export function conforms(driver: Driver, { matrix, oneRoom }: Conformance = { matrix: onFake, oneRoom: false }): void {
  describe.each([...driver.places])(`${driver.network.name}, %s`, (place) => {
    let stage: ConformanceStage;
    let samples: Samples;
    let met: Scene | undefined;
    const scene = async (): Promise<Scene> => {
      if (oneRoom && met !== undefined) return met;
      const chat = await stage.peer.meet(place);
      met = { stage, chat, samples, room: await stage.matrix.room(chat.title) };
      return met;
    };
    beforeAll(async () => {
      [stage, samples] = await Promise.all([conformanceStage(driver, matrix), Samples.make()]);
    }, 300_000);
    afterAll(async () => {
      await stage.close();
    }, 60_000);

    const played = cases.filter((each) => claims(driver, place, each));
    test.each(played.map((each) => [`${each.way}: ${each.what}`, each] as const))('%s', async (_name, each) => {
      await each.run(await scene());
    }, 90_000);

    test('its people can do whatever its descriptor says comes in', async () => {
      const { chat } = await scene();
      const missing = cases.filter((each) => each.act !== undefined && each.needs !== undefined && claims(driver, place, each) && chat.ada[each.act] === undefined);
      expect(missing.map(({ what }) => what)).toEqual([]);
    });
  });
}

function claims({ network }: Driver, place: Place, each: Case): boolean {
  return (each.place ?? place) === place && !isLeftOut(capabilitiesIn(network, place), each);
}

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Feature } from '../../../src/model/capabilities.ts';
import { type Case, cases, type Scene } from '../../kit/conformance/cases.ts';
import type { Driver, Place } from '../../kit/conformance/driver.ts';
import { onFake } from '../../kit/conformance/matrix/fake.ts';
import type { MatrixMaker } from '../../kit/conformance/matrix/side.ts';
import { type ConformanceStage, conformanceStage } from '../../kit/conformance/stage.ts';
import { Samples } from '../../kit/talk/samples.ts';

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

function claims(driver: Driver, place: Place, each: Case): boolean {
  return (each.place ?? place) === place && denied(driver, place, each) === null;
}

/** Why the network does not do it, where its descriptor says so. */
function denied(driver: Driver, place: Place, { needs, way }: Case): string | null {
  const capabilities = driver.capabilities?.(place) ?? driver.network.capabilities;
  if (needs === undefined) return null;
  const found = Object.hasOwn(capabilities.media, needs) ? capabilities.media[needs as keyof typeof capabilities.media] : capabilities[way][needs as Feature];
  return found.level === 'none' ? (found.reason ?? 'no reason') : null;
}

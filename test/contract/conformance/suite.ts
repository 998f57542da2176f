import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Feature } from '../../../src/model/capabilities.ts';
import { type Case, cases } from '../../kit/conformance/cases.ts';
import type { Driver, Place } from '../../kit/conformance/driver.ts';
import { type ConformanceStage, conformanceStage } from '../../kit/conformance/stage.ts';
import { Samples } from '../../kit/talk/samples.ts';

/** Every case in every place of one network. What its descriptor denies, with a reason, is not played; what it claims is. */
export function conforms(driver: Driver): void {
  describe.each([...driver.places])(`${driver.network.name}, %s`, (place) => {
    let stage: ConformanceStage;
    let samples: Samples;
    beforeAll(async () => {
      [stage, samples] = await Promise.all([conformanceStage(driver), Samples.make()]);
    }, 120_000);
    afterAll(async () => {
      await stage.close();
    }, 60_000);

    const played = cases.filter((each) => claims(driver, place, each));
    test.each(played.map((each) => [`${each.way}: ${each.what}`, each] as const))('%s', async (_name, each) => {
      const chat = await stage.peer.meet(place);
      const room = await stage.room(chat.title);
      await each.run({ stage, chat, room, samples });
    }, 90_000);

    test('its people can do whatever its descriptor says comes in', async () => {
      const chat = await stage.peer.meet(place);
      const missing = cases.filter((each) => each.act !== undefined && each.needs !== undefined && denied(driver, place, each) === null && chat.ada[each.act] === undefined);
      expect(missing.map(({ what }) => what)).toEqual([]);
    });
  });
}

function claims(driver: Driver, place: Place, each: Case): boolean {
  return denied(driver, place, each) === null;
}

/** Why the network does not do it, where its descriptor says so. */
function denied(driver: Driver, place: Place, { needs, way }: Case): string | null {
  const capabilities = driver.capabilities?.(place) ?? driver.network.capabilities;
  if (needs === undefined) return null;
  const found = Object.hasOwn(capabilities.media, needs) ? capabilities.media[needs as keyof typeof capabilities.media] : capabilities[way][needs as Feature];
  return found.level === 'none' ? (found.reason ?? 'no reason') : null;
}

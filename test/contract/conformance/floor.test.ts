import { describe, expect, test } from '@jest/globals';
import { type Capabilities, FEATURES } from '../../../src/model/capabilities.ts';
import { networks } from '../../../src/networks/registry.ts';
import { cases } from '../../kit/conformance/cases.ts';
import { capabilitiesIn, type Driver } from '../../kit/conformance/driver.ts';
import { rocketchatDriver } from '../../kit/conformance/drivers/rocketchat.ts';
import { slackDriver } from '../../kit/conformance/drivers/slack.ts';
import { telegramDriver } from '../../kit/conformance/drivers/telegram.ts';
import { whatsappDriver } from '../../kit/conformance/drivers/whatsapp.ts';
import { belowFloor, floors, isLeftOut, mayBeLeftOut } from '../../kit/conformance/floor.ts';

const drivers: readonly Driver[] = [whatsappDriver, telegramDriver, slackDriver, rocketchatDriver];
const none = { level: 'none', reason: 'a whim' } as const;

test('every network that there is has a floor, and is played in every place of it', () => {
  const ids = networks.map(({ id }) => String(id)).sort();
  expect(Object.keys(floors).sort()).toEqual(ids);
  expect(drivers.map(({ network }) => String(network.id)).sort()).toEqual(ids);
  for (const { network, places } of drivers) expect([...places].sort()).toEqual(Object.keys(floors[network.id] ?? {}).sort());
});

describe.each(drivers.flatMap(({ network, places }) => places.map((place) => [String(network.id), place, network] as const)))('%s, %s', (id, place, network) => {
  const capabilities = capabilitiesIn(network, place);

  test('no case is left out that the floor asks for', () => {
    const missing = (able: Capabilities): readonly string[] => cases.filter((each) => isLeftOut(able, each) && !mayBeLeftOut(id, place, each)).map(({ way, what }) => `${way}: ${what}`);
    expect(missing(capabilities)).toEqual([]);
    // A descriptor that denies replies, to be rid of their cases, is found out.
    expect(missing({ ...capabilities, in: { ...capabilities.in, reply: none } })).toEqual(['in: a reply']);
  });

  test('whatever the floor asks for, a descriptor that denies it fails', () => {
    expect(belowFloor(id, place, capabilities)).toEqual([]);
    const floor = floors[id]?.[place];
    for (const way of ['in', 'out'] as const) {
      for (const feature of floor?.[way] ?? []) {
        const poorer: Capabilities = { ...capabilities, [way]: { ...capabilities[way], [feature]: none } };
        expect(belowFloor(id, place, poorer)).toEqual([`${feature} ${way === 'in' ? 'from' : 'to'} it`]);
        expect(mayBeLeftOut(id, place, { way, needs: feature })).toBe(false);
      }
    }
    for (const kind of floor?.media ?? []) {
      expect(belowFloor(id, place, { ...capabilities, media: { ...capabilities.media, [kind]: { ...capabilities.media[kind], ...none } } })).toEqual([`files: ${kind}`]);
    }
  });

  test('what the floor does not ask for may be denied, with a reason that people can be told', () => {
    const free = FEATURES.find((feature) => floors[id]?.[place].out.includes(feature) === false) ?? 'members';
    expect(belowFloor(id, place, { ...capabilities, out: { ...capabilities.out, [free]: none } })).toEqual([]);
    expect(belowFloor(id, place, { ...capabilities, out: { ...capabilities.out, [free]: { level: 'none' } } })).toEqual([`${free} without a reason`]);
    expect(mayBeLeftOut(id, place, { way: 'out', needs: free })).toBe(true);
  });
});

test('a network without a floor passes nothing', () => {
  expect(belowFloor('elsewhere', 'direct', slackDriver.network.capabilities)).toEqual(['there is no floor for it']);
  expect(mayBeLeftOut('elsewhere', 'direct', { way: 'out', needs: 'poll' })).toBe(false);
});

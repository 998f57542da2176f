import { expect, test } from '@jest/globals';
import { plain } from '../../src/model/richtext.ts';
import { encode } from '../../src/networks/rocketchat/markup.ts';
import { writeMrkdwn } from '../../src/networks/slack/encode/mrkdwn.ts';

function cpuOf(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user;
}

/** As long as an event may be: ten times the text may cost forty times the work before it counts; a disturbed run is tried again. */
test.each([['Slack', writeMrkdwn], ['Rocket.Chat', encode]] as const)('a text that is full of signs keeps nobody waiting: %s', (_name, write) => {
  const slow = ['*', '`', '|', '*_~', '**a', ':a'].filter((unit) => [1, 2, 3].every(() => {
    const [small = 0, large = 0] = [6_000, 60_000].map((length) => cpuOf(() => write(plain(unit.repeat(Math.ceil(length / unit.length))))));
    return large > 200_000 && large > 40 * small;
  }));
  expect(slow).toEqual([]);
}, 60_000);

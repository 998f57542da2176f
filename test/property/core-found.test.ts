import { test } from '@jest/globals';
import { act } from '../kit/model/act.ts';
import type { Abilities } from '../kit/model/network.ts';
import type { Op } from '../kit/model/script.ts';
import type { Weather } from '../kit/model/weather.ts';

const FAIR: Weather = { homeserver: [], network: [], pushes: [], webhooks: [], statuses: [] };
const PLAIN: Abilities = { edit: false, delete: false, findSent: false, statuses: 'none', echoes: 'none', reactions: 1 };

/** What the core's properties have found, with draws other than those they begin with. */
const found: readonly { readonly what: string; readonly able?: Partial<Abilities>; readonly weather?: Partial<Weather>; readonly uncertain?: 'ask' | 'retry'; readonly script: readonly Op[] }[] = [
  {
    what: 'reconciliation finds the homeserver down before the start does: what is sent goes out once it is there',
    script: [
      { do: 'homeserver restarts', gap: 900, after: 500 }, { do: 'process dies', gap: 0, after: 0 },
      { do: 'matrix says', gap: 900, room: 0, parts: 1, reply: null, media: false }, { do: 'network reacts', gap: 0, who: 0, which: 0, emoji: '👍' },
    ],
  },
  {
    what: 'an account breaks while it is still coming up: it comes up all the same',
    weather: { network: [{ kind: 'retry', before: 1, after: 1, arrives: false }, { kind: 'retry', before: 3000, after: 1, arrives: false }, { kind: 'broken', before: 1, after: 1, arrives: false }] },
    script: [
      { do: 'process dies', gap: 0, after: 13 }, { do: 'matrix says', gap: 0, room: 0, parts: 1, reply: null, media: false },
      { do: 'network says', gap: 40, who: 0, group: false, parts: 1, reply: null, media: false }, { do: 'matrix edits', gap: 8000, which: 0, parts: 1 },
    ],
  },
  {
    what: 'two events show one message: a reaction taken back from one stands for the other',
    script: [
      { do: 'network says', gap: 0, who: 0, group: false, parts: 2, reply: null, media: false }, { do: 'matrix says', gap: 8000, room: 1, parts: 1, reply: null, media: false },
      { do: 'matrix reacts', gap: 0, room: 0, which: 2, emoji: '👍' }, { do: 'matrix says', gap: 0, room: 0, parts: 1, reply: null, media: false },
      { do: 'matrix reacts', gap: 0, room: 0, which: 5, emoji: '👍' }, { do: 'matrix takes a reaction back', gap: 0, which: 0 },
      { do: 'network says', gap: 0, who: 0, group: false, parts: 1, reply: null, media: false },
    ],
  },
  {
    what: 'a report that failed and was sent again counts as said',
    able: { statuses: 'id', echoes: 'key' },
    weather: {
      homeserver: [{ kind: 'none', before: 1, after: 1, arrives: false }, { kind: 'none', before: 1, after: 1, arrives: false }, { kind: 'bug', before: 1, after: 1, arrives: false }],
      webhooks: [{ delay: 1, again: null, batch: 1 }, { delay: 2000, again: null, batch: 1 }], statuses: [{ outcome: 'fails', delay: 0 }],
    },
    script: [
      { do: 'matrix says', gap: 0, room: 0, parts: 1, reply: null, media: false }, { do: 'matrix redacts', gap: 0, which: 0 },
      { do: 'matrix says', gap: 8000, room: 0, parts: 1, reply: null, media: false }, { do: 'command', gap: 0, text: 'retry all' }, { do: 'network edits', gap: 0, which: 0, parts: 1 },
    ],
  },
  {
    what: 'a reaction comes long before what it is put to, which the homeserver had lost: its sender hears that it went nowhere',
    weather: { pushes: [{ delay: 50, again: null, batch: 1 }] },
    script: [
      { do: 'matrix says', gap: 8000, room: 1, parts: 1, reply: null, media: false }, { do: 'homeserver restarts', gap: 5, after: 500 },
      { do: 'matrix reacts', gap: 0, room: 1, which: 1, emoji: '👍' }, { do: 'number changes', gap: 8000, who: 0 },
    ],
  },
  {
    what: 'what was lost is put in order before what came after it: the read position ends at the last of all',
    script: [
      { do: 'homeserver restarts', gap: 0, after: 500 }, { do: 'matrix says', gap: 0, room: 0, parts: 1, reply: null, media: false },
      { do: 'network reacts', gap: 0, who: 0, which: 0, emoji: '👍' },
    ],
  },
  {
    what: 'a chat turned out to be an older one: what was said in its room meanwhile is edited where it stands',
    weather: { webhooks: [{ delay: 2000, again: null, batch: 1 }] },
    script: [
      { do: 'number changes', gap: 0, who: 0 }, { do: 'network says', gap: 0, who: 0, group: false, parts: 1, reply: null, media: false },
      { do: 'network edits', gap: 8000, which: 0, parts: 1 }, { do: 'network says', gap: 0, who: 0, group: false, parts: 1, reply: null, media: false },
    ],
  },
  {
    what: 'and deleted where it stands',
    weather: { webhooks: [{ delay: 9000, again: null, batch: 1 }, { delay: 1, again: null, batch: 1 }, { delay: 9000, again: null, batch: 1 }] },
    script: [
      { do: 'number changes', gap: 0, who: 0 }, { do: 'network says', gap: 0, who: 0, group: false, parts: 1, reply: null, media: false },
      { do: 'network deletes', gap: 0, which: 0 }, { do: 'matrix reacts', gap: 0, room: 0, which: 0, emoji: '👍' },
    ],
  },
  {
    what: 'an answer of the network that cannot be written down at once is not forgotten: nothing is sent twice for it',
    uncertain: 'retry',
    script: [
      { do: 'matrix says', gap: 0, room: 0, parts: 1, reply: null, media: false }, { do: 'network reacts', gap: 1, who: 0, which: 0, emoji: '👍' },
      { do: 'disk full', gap: 0, commands: 1 }, { do: 'homeserver restarts', gap: 8000, after: 500 },
    ],
  },
];

test.each(found)('$what', ({ able, weather, uncertain = 'ask', script }) => act({ abilities: { ...PLAIN, ...able }, uncertain, pageSize: 100, weather: { ...FAIR, ...weather } }, script), 60_000);

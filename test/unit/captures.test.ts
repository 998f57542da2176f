import { describe, expect, test } from '@jest/globals';
import { understood } from '../kit/inspected.ts';

const SENT = 1_700_000_000;
const BODIES: Readonly<Record<string, (text: string) => unknown>> = {
  telegram: (text) => ({ update_id: 1, message: { message_id: 7, date: SENT, chat: { id: 5, type: 'private', first_name: 'Ada' }, from: { id: 5, is_bot: false, first_name: 'Ada' }, text } }),
  slack: (text) => ({ token: 't', team_id: 'T1', api_app_id: 'A1', type: 'event_callback', event_id: 'Ev1', event_time: SENT, event: { type: 'message', channel: 'C1', channel_type: 'channel', user: 'U1', ts: `${SENT}.000100`, text } }),
  rocketchat: (text) => ({ _id: 'm1', rid: 'GENERAL', msg: text, ts: '2026-01-01T00:00:00.000Z', _updatedAt: '2026-01-01T00:00:00.000Z', u: { _id: 'u1', username: 'ada', name: 'Ada' } }),
};

/** What programs make of a body, or of two, when they write it down. */
const KEPT: readonly (readonly [name: string, keep: (one: string, two: string) => string, several?: boolean])[] = [
  ['with the lines of a request', (one) => `POST /hook HTTP/1.1\r\nHost: matrix.example\r\nContent-Type: application/json\r\n\r\n${one}`],
  ['with the lines of an answer', (one) => `HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n${one}`],
  ['with headers alone', (one) => `Host: matrix.example\nContent-Type: application/json\n\n${one}`],
  ['beside its headers', (one) => JSON.stringify({ headers: {}, body: one })],
  ['one a line', (one, two) => `${one}\r\n\r\n${two}\r\n`, true],
  ['of a list that lost its brackets', (one, two) => `${one},\n${two}`, true],
  ['one after another', (one, two) => `${one}${two}`, true],
  ['one after another, indented', (one, two) => [one, two].map((each) => JSON.stringify(JSON.parse(each), null, 2)).join('\n'), true],
];

describe.each(Object.entries(BODIES))('%s: bodies as they are kept', (network, make) => {
  test.each(KEPT)('%s', async (_name, keep, several = false) => {
    const [one, two] = ['a "{quoted}" \\ text', 'and another'].map((text) => JSON.stringify(make(text))) as [string, string];
    const alone = (await Promise.all((several ? [one, two] : [one]).map((each) => understood(network, each)))).flatMap(({ events }) => events);
    expect(await understood(network, keep(one, two))).toEqual({ events: alone, unsupported: [] });
  });
});

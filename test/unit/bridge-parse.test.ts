import { expect, test } from '@jest/globals';
import { contentOf } from '../../src/bridge/outbound/parse.ts';
import type { MatrixEvent } from '../../src/model/events.ts';

const event = (content: Record<string, unknown>): MatrixEvent => ({ type: 'm.room.message', event_id: '$a', room_id: '!a:x', sender: '@a:x', origin_server_ts: 1, content }) as unknown as MatrixEvent;

test.each<[string, unknown]>([['nothing', undefined], ['a number', 5], ['a list', []], ['an object that cannot be made a text', { toString: 1, valueOf: 1 }], ['its own', 'org.example.thing']])(
  'a message whose kind is %s is refused, never thrown at', (_, msgtype) => {
    expect(contentOf(event({ msgtype }))).toEqual({ refused: expect.stringMatching(/^This kind of message \(.+\) cannot be bridged\.$/) });
  });

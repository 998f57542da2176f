import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inspection } from '../../src/actions/model-schema.ts';
import { NotThisNetwork } from '../../src/networks/network.ts';
import { decode, split } from '../../src/networks/slack/decode/envelope.ts';
import { toMatrix } from '../../src/text/to-matrix.ts';
import { mutated, mutations } from '../kit/hostile/mutate.ts';
import { UNDERSTOOD } from '../kit/slack/payloads.ts';

const TS = '1700000000.000100';
const element = { type: 'rich_text_section', elements: [{ type: 'text', text: 'a', style: { bold: true } }, { type: 'user', user_id: 'U1' }, { type: 'emoji', name: 'tada', unicode: '1f389', skin_tone: 2 }, { type: 'link', url: 'https://x.org', text: 'x' }, { type: 'date', timestamp: 1, format: '{date}', fallback: 'f' }, { type: 'broadcast', range: 'here' }] };
const blocks = [
  { type: 'rich_text', elements: [element, { type: 'rich_text_list', style: 'ordered', indent: 1, offset: 3, border: 1, elements: [element] }, { type: 'rich_text_quote', elements: element.elements }, { type: 'rich_text_preformatted', elements: [{ type: 'text', text: 'c' }] }] },
  { type: 'section', text: { type: 'mrkdwn', text: '*x*' }, fields: [{ type: 'plain_text', text: 'y' }], accessory: { type: 'image', image_url: 'https://i', alt_text: 'i' } }, { type: 'context', elements: [{ type: 'mrkdwn', text: 'z' }] }, { type: 'header', text: { type: 'plain_text', text: 'h' } }, { type: 'divider' },
  { type: 'actions', elements: [{ type: 'button', text: { type: 'plain_text', text: 'b' }, url: 'https://b' }] }, { type: 'table', rows: [[{ type: 'raw_text', text: 'c' }]] }, { type: 'image', slack_file: { id: 'F1' }, alt_text: 'a' }, { type: 'card', title: { type: 'plain_text', text: 'k' }, elements: [] },
];
const message = {
  type: 'message', channel: 'C1', channel_type: 'channel', user: 'U1', text: '*hi* <@U2> &lt;', ts: TS, event_ts: TS, thread_ts: '1600000000.000100', blocks, metadata: { event_type: 'drawbridge', event_payload: { key: 'k' } },
  files: [{ id: 'F1', name: 'a', mimetype: 'image/png', url_private: 'https://files.slack.com/x', size: 3, original_w: 1, original_h: 1 }],
  attachments: [{ is_share: true, author_name: 'E', text: 't', message_blocks: [{ message: { blocks } }] }, { title: 'T', title_link: 'https://t', fields: [{ title: 'k', value: 'v' }], actions: [{ text: 'go' }] }, { from_url: 'https://p', title: 'P' }],
};
const all: object[] = [
  message, { ...message, subtype: 'bot_message', bot_id: 'B1', username: 'n', icons: { image_48: 'https://a.slack-edge.com/x' } }, { ...message, subtype: 'message_changed', message: { ...message, edited: { user: 'U1', ts: '1700000001.000000' } }, previous_message: message },
  { type: 'message', subtype: 'message_deleted', channel: 'D1', channel_type: 'im', deleted_ts: TS, ts: TS, previous_message: message }, { type: 'message', subtype: 'channel_join', channel: 'C1', user: 'U1', inviter: 'U2', ts: TS },
  { type: 'reaction_added', user: 'U1', reaction: 'heart', item: { type: 'message', channel: 'C1', ts: TS }, event_ts: TS }, { type: 'pin_added', user: 'U1', channel_id: 'C1', item: { type: 'message', message: { ts: TS } }, event_ts: TS },
  { type: 'member_joined_channel', user: 'U1', channel: 'C1', channel_type: 'C', event_ts: TS }, { type: 'channel_rename', channel: { id: 'C1', name: 'n' }, event_ts: TS }, { type: 'user_change', user: { id: 'U1', name: 'n', profile: { display_name: 'd', image_72: 'https://a.slack-edge.com/x' } }, event_ts: TS },
  { type: 'tokens_revoked', tokens: { oauth: ['U1'], bot: [] }, event_ts: TS }, { type: 'bot_changed', bot: { id: 'B1', name: 'n', icons: {} }, event_ts: TS }, { type: 'user_typing', channel: 'C1', user: 'U1', event_ts: TS },
];
const envelope = (event: object): object => ({ token: 'x', team_id: 'T1', api_app_id: 'A1', type: 'event_callback', event_id: 'Ev1', event_time: 1_700_000_000, event, authorizations: [{ team_id: 'T1', user_id: 'UBOT', is_bot: true }] });
/** What is a form or lines is told by its text alone, and has nothing to be changed. */
const known = Object.values(UNDERSTOOD).filter((each) => typeof each !== 'string');
const payloads = fc.record({ base: fc.oneof(fc.constantFrom<unknown>(...all.map(envelope), ...all), fc.constantFrom(...known)), changes: mutations }).map(({ base, changes }) => mutated(base, changes));

describe('whatever Slack, or somebody else, sends', () => {
  test('each piece of it says something that the model knows, or it is another network’s', () => {
    fc.assert(fc.property(fc.oneof({ weight: 5, arbitrary: payloads }, fc.jsonValue()), (payload) => {
      let pieces: readonly unknown[];
      try {
        pieces = split(new TextEncoder().encode(JSON.stringify(payload)));
      } catch (error) {
        expect(error).toBeInstanceOf(NotThisNetwork);
        return;
      }
      expect(pieces.length).toBeGreaterThan(0);
      for (const piece of pieces) {
        for (const { items } of decode(piece)) {
          expect(items.length).toBeGreaterThan(0);
          for (const { key, event } of items) {
            expect(key).not.toBe('');
            if (event.type === 'message' || event.type === 'edit') {
              expect(event.parts.length).toBeGreaterThan(0);
              for (const part of event.parts) if (part.kind === 'text') toMatrix(part.text);
            }
            expect(Number.isFinite(event.time)).toBe(true);
            expect(JSON.parse(JSON.stringify(event))).toEqual(event);
            inspection.parse({ events: [event], unsupported: [] });
          }
        }
      }
    }), { numRuns: 3000 });
  });

  test('the same body has the same keys', () => {
    fc.assert(fc.property(payloads, (payload) => {
      const keys = (): string[] | null => {
        try {
          return split(new TextEncoder().encode(JSON.stringify(payload))).flatMap((piece) => decode(piece).flatMap(({ items }) => items.map(({ key }) => key)));
        } catch {
          return null;
        }
      };
      expect(keys()).toEqual(keys());
    }), { numRuns: 300 });
  });
});

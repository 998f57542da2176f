import { expect, test } from '@jest/globals';
import { unsupportedFromNetwork } from '../../src/bridge/kinds/notices.ts';
import type { Deciding } from '../../src/bridge/deciding.ts';
import type { UnsupportedEvent } from '../../src/model/events.ts';
import type { InboxItem, RemoteContext } from '../../src/store/store.ts';

const item = { key: 'k', source: 'whatsapp/main/support' } as InboxItem;
const anna = { id: '31612345678', scope: '' };
const told = (event: Partial<UnsupportedEvent>, name?: string): string => {
  const context = { portal: { row: 1, room: 1 }, person: name === undefined ? null : { name } } as unknown as RemoteContext;
  return JSON.stringify(unsupportedFromNetwork({ type: 'unsupported', what: 'payment', reason: 'It was paid.', time: 1, ...event }, item, context, {} as Deciding));
};

test('what cannot be shown is said of whom it is from, and of nobody where it is nobody’s doing', () => {
  expect(told({ sender: anna }, 'Anna')).toContain('⚠️ Anna: payment: It was paid.');
  expect(told({ sender: anna })).toContain('⚠️ Somebody: payment: It was paid.');
  expect(told({})).toContain('"⚠️ payment: It was paid."');
});

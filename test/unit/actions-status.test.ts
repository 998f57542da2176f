import { describe, expect, test } from '@jest/globals';
import type { ActionContext } from '../../src/actions/action.ts';
import { status } from '../../src/actions/status.ts';

const outages = new Map([['matrix', { since: 1, reason: 'connect 10.0.0.5:8008' }], ['whatsapp/main/shop', { since: 1, reason: 'the token of @boss was withdrawn' }]]);
const account = (id: string, owner: string): unknown => ({ id, inConfig: true, settings: { owners: [owner] } });

function asked(sender: string, permission: 'user' | 'admin'): string {
  return status({
    sender, permission, outages: () => outages, room: 1, isOurs: () => false,
    store: { counts: () => ({ outbox: {}, portals: 2, people: 3 }), portalsOf: () => [], room: () => ({ kind: 'management', encrypted: false }), everMembers: () => [{ user: sender }] },
    accounts: [account('whatsapp/main/shop', '@boss:a.test'), account('whatsapp/main/desk', '@clerk:a.test')],
  } as unknown as ActionContext);
}

describe('why something does not work', () => {
  test('is for administrators', () => {
    expect(asked('@admin:a.test', 'admin')).toMatch(/⚠️ homeserver: connect 10[^]*⚠️ whatsapp\/main\/shop: the token[^]*✅ whatsapp\/main\/desk/);
  });

  test('of an account is for its owners too', () => {
    expect(asked('@boss:a.test', 'user')).toMatch(/⚠️ whatsapp\/main\/shop: the token/);
    expect(asked('@boss:a.test', 'user')).not.toContain('10.0.0.5');
  });

  test('is nobody else’s business: they see that it does not', () => {
    const seen = asked('@clerk:a.test', 'user');
    expect(seen).toMatch(/⚠️ homeserver does not work now[^]*⚠️ whatsapp\/main\/shop does not work now[^]*✅ whatsapp\/main\/desk/);
    expect(seen).not.toMatch(/token|10\.0/);
  });
});

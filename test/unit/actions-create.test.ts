import { describe, expect, test } from '@jest/globals';
import { type ActionContext, Unable } from '../../src/actions/action.ts';
import { contacts } from '../../src/actions/contacts.ts';
import { create } from '../../src/actions/create.ts';
import { invite } from '../../src/actions/invite.ts';
import { Retry, Uncertain } from '../../src/model/errors.ts';
import type { Found, Reach } from '../../src/networks/network.ts';

const person = (id: string): Found => ({ person: { id, scope: '' }, conversation: { id, scope: '', kind: 'direct', perAccount: true } });

/** Somebody in a room with the bot, who owns the one account of a network that can do this. */
function asking(reach: Reach, more: Record<string, unknown> = {}): ActionContext {
  const meta = new Map<string, string>();
  const none = { level: 'none', reason: 'The network has no such thing.' };
  return {
    sender: '@anna:a.test', permission: 'user', room: 1, event: '$one', isOurs: () => false, clock: { now: () => 1 }, wake: () => {}, adapter: () => null,
    accounts: [{ id: 'net/main/one', network: { id: 'net', name: 'Net' }, settings: { owners: ['@anna:a.test'] }, connection: { reach, capabilities: () => ({ reach: new Proxy({}, { get: () => none }) }) } }],
    store: {
      getMeta: (key: string) => meta.get(key) ?? null, setMeta: async (key: string, value: string) => void meta.set(key, value), audit: async () => {}, room: () => ({ row: 1, kind: 'management' }), portalsOf: () => [],
      openConversation: async () => ({ conversation: 1, wake: [] }), remoteContext: () => ({ portal: null, room: null }),
    },
    ...more,
  } as unknown as ActionContext;
}

describe('a group', () => {
  test('is made once: what a stop cut off is not made again by itself, and what is asked anew is', async () => {
    let made = 0;
    const context = asking({ create: async () => {
      made += 1;
      return { conversation: { id: `g${made}`, scope: '', kind: 'group', perAccount: false }, refused: [] };
    } });
    expect(await create(context, 'net', 'Garden', [])).toMatch(/"Garden" is made on Net/);
    await expect(create(context, 'net', 'Garden', [])).rejects.toThrow(/was stopped while this was being made/);
    expect(made).toBe(1);
    await create({ ...context, event: '$two' } as ActionContext, 'net', 'Garden', []);
    expect(made).toBe(2);
  });

  test('whose answer was lost is told, and not tried again: to whom a command is answered, nothing is thrown', async () => {
    const failing = (error: Error): ActionContext => asking({ create: () => Promise.reject(error) });
    await expect(create(failing(new Uncertain('The answer was lost.', 'lost')), 'net', 'Garden', [])).rejects.toMatchObject({ name: 'NoAnswer', message: expect.stringMatching(/may have been done/) });
    await expect(create(failing(new Retry('Too often.', '429', { rateLimited: true })), 'net', 'Garden', [])).rejects.toThrow('Too often. Try again later.');
    await expect(create(failing(new TypeError('a bug')), 'net', 'Garden', [])).rejects.toThrow(TypeError);
  });

  test('is not made at all where one of its people is nobody', async () => {
    let made = 0;
    const context = asking({ resolve: async (input) => (input === 'ben' ? person('b') : null), create: async () => (made += 1, { conversation: null, refused: [] }) });
    await expect(create(context, 'net', 'Garden', ['ben', 'nobody'])).rejects.toThrow('Net knows nobody like nobody.');
    expect(made).toBe(0);
  });

  test('comes by itself where the network tells of it later, and says who is not in it', async () => {
    const context = asking({ create: async () => ({ conversation: null, refused: [{ id: 'b', reason: 'By the link only.' }], link: 'https://net.test/x' }) });
    expect(await create(context, 'net', 'Garden', [])).toBe('Net makes it now; its room comes in a moment.\nb is not in it: By the link only.\nPeople come in by this link: https://net.test/x');
  });

  test('is not to be had where the network cannot, and the reason is told', async () => {
    await expect(create(asking({}), 'net', 'Garden', [])).rejects.toThrow('Net cannot do that: The network has no such thing.');
    await expect(create(asking({}), 'other', 'Garden', [])).rejects.toThrow(/no account on "other"/);
    await expect(create(asking({}, { sender: '@eve:a.test' }), 'net', 'Garden', [])).rejects.toThrow(/You own no account/);
    await expect(contacts(asking({}).accounts[0]!)).rejects.toThrow(Unable);
  });
});

test('a list that does not end is cut off', async () => {
  let pages = 0;
  const context = asking({ contacts: async () => ({ items: Array.from({ length: 500 }, (_, n) => person(`p${pages}-${n}`)), next: `${(pages += 1)}` }) });
  const { found, truncated } = await contacts(context.accounts[0]!);
  expect([found.length, truncated, pages]).toEqual([2_000, true, 4]);
});

describe('invite', () => {
  const portal = (kind: string, account = 'net/main/one') => ({ row: 1, room: 1, state: 'live', account, conversation: { row: 1, network: 'net', kind, remoteId: 'g', scope: '', aliases: [], lastInbound: null } });
  const inside = (portals: readonly object[], reach: Reach = { resolve: async () => person('b'), invite: async () => ({ refused: [] }) }): ActionContext => {
    const context = asking(reach);
    return { ...context, store: { ...context.store, portalsOf: () => portals } } as unknown as ActionContext;
  };

  test('is for bridged rooms of several, by an account of one’s own', async () => {
    expect(await invite(inside([portal('group')]), ['ben'])).toBe('ben is in it on Net now.');
    await expect(invite(inside([]), ['ben'])).rejects.toThrow(/no bridged one/);
    await expect(invite(inside([portal('direct')]), ['ben'])).rejects.toThrow(/chat of two/);
    await expect(invite(inside([portal('group', 'net/main/other')]), ['ben'])).rejects.toThrow(/no account of yours/);
    await expect(invite(inside([portal('group'), portal('group')]), ['ben'])).rejects.toThrow(/say which/);
    await expect(invite(inside([portal('group')]), [])).rejects.toThrow(/Say whom/);
  });

  test('tells the link, or why somebody was not let in', async () => {
    expect(await invite(inside([portal('group')], { resolve: async () => person('b'), invite: async () => ({ refused: [], link: 'https://net.test/x' }) }), ['net', 'ben'])).toMatch(/send ben this link\. https:\/\/net\.test\/x/);
    await expect(invite(inside([portal('group')], { resolve: async () => person('b'), invite: async () => ({ refused: [{ id: 'b', reason: 'They said no.' }] }) }), ['ben'])).rejects.toThrow('Net did not let ben in: They said no.');
  });
});

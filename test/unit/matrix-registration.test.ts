import { beforeAll, describe, expect, test } from '@jest/globals';
import { buildRegistration, compareRegistration, generateToken } from '../../src/matrix/appservice/registration.ts';
import type { Registration } from '../../src/matrix/appservice/registration.ts';

let made: Registration;
beforeAll(async () => {
  made = await buildRegistration({
    id: 'drawbridge', url: 'http://localhost:29300', asToken: 'AAA-as', hsToken: 'BBB-hs', botLocalpart: 'bridgebot',
    ghostPrefix: '_draw.bridge_', aliasPrefix: '_drawbridge_', domain: 'ex.ample.org', protocols: ['whatsapp', 'slack'],
  });
});

describe('registration', () => {
  test('holds every modern key', () => {
    expect(made).toMatchObject({
      id: 'drawbridge', url: 'http://localhost:29300', as_token: 'AAA-as', hs_token: 'BBB-hs', sender_localpart: 'bridgebot', rate_limited: false,
      receive_ephemeral: true, 'de.sorunome.msc2409.push_ephemeral': true, protocols: ['whatsapp', 'slack'],
    });
  });

  test.each([
    ['@_draw.bridge_whatsapp_1:ex.ample.org', true], ['@_draw.bridge_:ex.ample.org', true], ['@_drawxbridge_1:ex.ample.org', false],
    ['@_draw.bridge_1:exxample.org', false], ['@_draw.bridge_1:ex.ample.org.evil', false], ['x@_draw.bridge_1:ex.ample.org', false],
  ])('%s in the namespace: %s', (user, inside) => {
    expect(new RegExp(made.namespaces.users[0]!.regex).test(user)).toBe(inside);
  });

  test('tokens are long, url-safe and never the same', () => {
    const tokens = new Set(Array.from({ length: 100 }, generateToken));
    expect(tokens.size).toBe(100);
    for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{64}$/);
  });
});

describe('comparing with the config', () => {
  test('nothing to say of what fits, order and further keys aside', () => {
    expect(compareRegistration(made, made)).toEqual([]);
    const file = { ...made, url: 'http://localhost:29300/', protocols: ['slack', 'whatsapp'], 'io.element.msc4190': true, namespaces: { ...made.namespaces, rooms: [{ exclusive: false, regex: '!x' }] } };
    expect(compareRegistration(file, made)).toEqual([]);
  });

  test('names key, found and expected, and shows no token', () => {
    const { receive_ephemeral: _gone, ...rest } = made;
    const differences = compareRegistration({ ...rest, url: 'http://other', as_token: 'CCC-secret', namespaces: { users: [{ exclusive: false, regex: '.*' }] } }, made);
    expect(differences.map((one) => one.key).toSorted()).toEqual(['as_token', 'namespaces.aliases', 'namespaces.users', 'receive_ephemeral', 'url']);
    expect(differences.find((one) => one.key === 'url')).toEqual({ key: 'url', found: '"http://other"', expected: '"http://localhost:29300"' });
    expect(differences.find((one) => one.key === 'receive_ephemeral')!.found).toBe('(absent)');
    expect(JSON.stringify(differences)).not.toMatch(/CCC|AAA|BBB/);
  });

  test.each([null, 'text', [], 3])('%j is no registration', (file) => {
    expect(compareRegistration(file, made)).toHaveLength(1);
  });
});

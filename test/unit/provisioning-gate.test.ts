import { describe, expect, test } from '@jest/globals';
import { Refusal } from '../../src/http/provisioning/errors.ts';
import { Gate, type GateOptions } from '../../src/http/provisioning/gate.ts';
import { Limiter, networkOf } from '../../src/http/provisioning/limiter.ts';
import { ManualClock } from '../kit/model/clock.ts';

/** Time goes on. */
const later = (clock: ManualClock, ms: number): void => {
  void clock.sleep(ms);
  clock.next();
};

const SECRET = 'a-shared-secret-of-the-test';

function gate(more: Partial<GateOptions> = {}): { readonly clock: ManualClock; readonly asked: string[]; who(token: string | null, user?: string, address?: string): Promise<string> } {
  const clock = new ManualClock();
  const asked: string[] = [];
  const owners: Readonly<Record<string, string>> = { annas: '@anna:here.test', bens: '@ben:here.test', strangers: '@eve:elsewhere.test' };
  const openid = async (token: string): Promise<string | null> => {
    asked.push(token);
    return owners[token] ?? null;
  };
  const made = new Gate({ serverName: 'here.test', clock, openid, sharedSecret: SECRET, ...more });
  return {
    clock, asked,
    async who(token, user = '@anna:here.test', address = '192.0.2.1') {
      try {
        return await made.who({ headers: token === null ? {} : { authorization: token }, query: { user_id: user }, address });
      } catch (error) {
        if (error instanceof Refusal) return error.errcode;
        throw error;
      }
    },
  };
}

describe('an OpenID token', () => {
  test('lets its own user in, and nobody else', async () => {
    const { who } = gate();
    expect(await who('Bearer openid:annas')).toBe('@anna:here.test');
    expect(await who('bearer  openid:annas')).toBe('@anna:here.test');
    expect(await who('Bearer openid:bens')).toBe('M_UNKNOWN_TOKEN');
    expect(await who('Bearer openid:nobodys')).toBe('M_UNKNOWN_TOKEN');
    expect(await who('Bearer openid:annas', '@Anna:here.test')).toBe('M_UNKNOWN_TOKEN');
    expect(await who('Bearer openid:annas', '')).toBe('M_UNKNOWN_TOKEN');
  });

  test('of another server is not even asked about', async () => {
    const { who, asked } = gate();
    expect(await who('Bearer openid:strangers', '@eve:elsewhere.test')).toBe('M_UNKNOWN_TOKEN');
    for (const user of ['@eve:elsewhere.test:8448', '@eve:here.test.evil.test', '@eve:here.test@elsewhere.test', 'eve:here.test', '@eve', '@:here.test', '@eve:here.test/../x']) {
      expect([user, await who('Bearer openid:strangers', user)]).toEqual([user, 'M_UNKNOWN_TOKEN']);
    }
    expect(asked).toEqual([]);
  });

  test('with signs that no token has is not asked about', async () => {
    const { who, asked } = gate();
    for (const token of ['', 'ä', `${'x'.repeat(1_025)}`]) expect(await who(`Bearer openid:${token}`)).toMatch(/TOKEN/);
    expect(asked).toEqual([]);
  });

  test('is believed for a minute, and asked about once', async () => {
    const { who, asked, clock } = gate();
    await Promise.all([who('Bearer openid:annas'), who('Bearer openid:annas'), who('Bearer openid:annas')]);
    expect(asked).toHaveLength(1);
    later(clock, 59_000);
    await who('Bearer openid:annas');
    expect(asked).toHaveLength(1);
    later(clock, 2_000);
    await who('Bearer openid:annas');
    expect(asked).toHaveLength(2);
  });

  test('that was taken back is refused once the minute is over', async () => {
    let owner: string | null = '@anna:here.test';
    const { who, clock } = gate({ openid: async () => owner });
    expect(await who('Bearer openid:annas')).toBe('@anna:here.test');
    owner = null;
    later(clock, 61_000);
    expect(await who('Bearer openid:annas')).toBe('M_UNKNOWN_TOKEN');
  });

  test('is none where the config takes none', async () => {
    const { who } = gate({ openid: undefined as never });
    expect(await who('Bearer openid:annas')).toBe('M_UNKNOWN_TOKEN');
  });

  test('many at once do not all reach the homeserver', async () => {
    let waiting = 0;
    const { who } = gate({ openid: async () => new Promise((resolve) => void (waiting += 1, setTimeout(() => resolve(null), 50))) });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => who(`Bearer openid:t${n}`, '@anna:here.test', `192.0.2.${n}`)));
    expect(waiting).toBe(8);
    expect(answers.filter((each) => each === 'M_LIMIT_EXCEEDED')).toHaveLength(12);
  });
});

describe('the shared secret', () => {
  test('speaks for every user, and only whole', async () => {
    const { who } = gate();
    expect(await who(`Bearer ${SECRET}`, '@eve:elsewhere.test')).toBe('@eve:elsewhere.test');
    for (const token of [SECRET.slice(0, -1), `${SECRET}x`, SECRET.toUpperCase(), `openid:${SECRET}`, '']) expect(await who(`Bearer ${token}`)).toMatch(/TOKEN/);
    expect(await who(`Bearer ${SECRET}`, 'nobody')).toBe('M_UNKNOWN_TOKEN');
    expect(await who(`Basic ${SECRET}`)).toBe('M_MISSING_TOKEN');
    expect(await who(null)).toBe('M_MISSING_TOKEN');
  });

  test('is none where the config has none: an empty one opens nothing', async () => {
    const made = new Gate({ serverName: 'here.test', clock: new ManualClock() });
    for (const token of ['undefined', 'null', 'x']) {
      await expect(made.who({ headers: { authorization: `Bearer ${token}` }, query: { user_id: '@anna:here.test' }, address: '192.0.2.1' })).rejects.toMatchObject({ errcode: 'M_UNKNOWN_TOKEN' });
    }
  });
});

describe('limits', () => {
  test('who fails often waits, also with the right token then, and others do not', async () => {
    const { who, clock } = gate();
    const tries = [];
    for (let n = 0; n < 30; n += 1) tries.push(await who('Bearer wrong'));
    expect(tries.slice(0, 20)).toEqual(Array(20).fill('M_UNKNOWN_TOKEN'));
    expect(tries.at(-1)).toBe('M_LIMIT_EXCEEDED');
    expect(await who(`Bearer ${SECRET}`)).toBe('M_LIMIT_EXCEEDED');
    expect(await who(`Bearer ${SECRET}`, '@anna:here.test', '192.0.2.2')).toBe('@anna:here.test');
    later(clock, 11_000);
    expect(await who(`Bearer ${SECRET}`)).toBe('@anna:here.test');
  });

  test('one user from many addresses is one user', async () => {
    const { who } = gate();
    const answers = [];
    for (let n = 0; n < 120; n += 1) answers.push(await who('Bearer openid:annas', '@anna:here.test', `198.51.100.${n}`));
    expect(answers.filter((each) => each === 'M_LIMIT_EXCEEDED')).toHaveLength(20);
    expect(await who('Bearer openid:bens', '@ben:here.test', '198.51.100.199')).toBe('@ben:here.test');
  });

  test('remember a bounded number of names', () => {
    const limiter = new Limiter({ perSecond: 1, burst: 1 }, new ManualClock());
    expect(limiter.take('first')).toBeNull();
    expect(limiter.take('first')).toBe(1_000);
    for (let n = 0; n < 10_000; n += 1) limiter.take(`n${n}`);
    expect(limiter.take('first')).toBeNull();
  });

  test.each([
    ['192.0.2.7', '192.0.2.7'], ['::ffff:192.0.2.7', '192.0.2.7'], ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'], ['2001:DB8::1', '2001:db8:0:0::/64'], ['::1', '0:0:0:0::/64'], ['fe80::1:2:3:4', 'fe80:0:0:0::/64'],
  ])('%s counts as %s', (address, network) => expect(networkOf(address)).toBe(network));
});

import type { LookupAddress } from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Agent, request } from 'undici';
import { BLOCKED, connectorBeyond } from '../../src/media/egress.ts';

/** Where a homeserver that is out on the internet may send us for a file: nowhere but there. */
let server: Server;
let port: number;
let seen = 0;

beforeEach(async () => {
  seen = 0;
  server = createServer((_request, response) => {
    seen += 1;
    response.end('hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A resolver that says what it is told, one answer after the other; it knows `home.test`. */
function resolver(...answers: string[][]): { readonly lookup: LookupFunction; asked: number } {
  const state = {
    asked: 0,
    lookup: ((host, options, callback) => {
      if (host === 'home.test') return callback(null, [{ address: '93.184.216.34', family: 4 }]);
      const found = answers[Math.min(state.asked, answers.length - 1)] ?? [];
      state.asked += 1;
      const addresses: LookupAddress[] = found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      callback(null, options.all === true ? addresses : addresses[0]?.address ?? '');
    }) as LookupFunction,
  };
  return state;
}

async function refused(address: string, lookup?: LookupFunction, home = '93.184.216.34'): Promise<void> {
  const agent = new Agent({ connect: connectorBeyond(home, lookup) });
  await expect(request(address, { dispatcher: agent })).rejects.toMatchObject({ code: BLOCKED });
  await agent.destroy();
  expect(seen).toBe(0);
}

describe('addresses that are not of the open internet', () => {
  test.each([
    '127.0.0.1', '127.1', '0x7f.1', '0177.0.0.1', '2130706433', '0', '0.0.0.0', '[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]',
    '169.254.169.254', '[::ffff:169.254.169.254]', '100.64.0.1', '100.127.255.254', '10.0.0.1', '172.16.0.1', '192.168.1.1', '198.18.0.1', '192.0.2.1',
    '224.0.0.1', '255.255.255.255', '240.0.0.1', '[fd00::1]', '[fe80::1]', '[fec0::1]', '[ff02::1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[2001::1]',
    '127.0.0.1.', '①②⑦.0.0.1', '127。0。0。1', 'localhost',
  ])('%s is refused by http and https', async (host) => {
    for (const scheme of ['http', 'https']) await refused(`${scheme}://${host}:${port}/x`);
  });

  test.each([[['127.0.0.1']], [['93.184.216.34', '10.0.0.1']], [['2606:4700::1', '::1']], [['::ffff:10.0.0.1']], [[]]])('a name that resolves to %j is refused', async (addresses) => {
    const dns = resolver(addresses);
    await refused(`http://files.example.org:${port}/x`, dns.lookup, 'home.test');
    expect(dns.asked).toBe(1);
  });

  test('a name is resolved once for each connection, and what is checked is what is connected to', async () => {
    // The second answer would be let through by a check made apart from connecting.
    const dns = resolver(['127.0.0.1'], ['93.184.216.34']);
    await refused(`http://rebind.example.org:${port}/x`, dns.lookup, 'home.test');
    expect(dns.asked).toBe(1);
  });

  test('what is reached where the home is near does answer', async () => {
    const agent = new Agent({ connect: connectorBeyond('127.0.0.1') });
    expect((await request(`http://127.0.0.1:${port}/x`, { dispatcher: agent })).statusCode).toBe(200);
    await agent.destroy();
  });
});

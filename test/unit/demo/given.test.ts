import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demo } from '../../../src/demo/main.ts';
import { theirHomeserver } from '../../../src/demo/given.ts';
import { FakeHomeserver } from '../../kit/fake-homeserver/server.ts';

let dir: string;
let homeserver: FakeHomeserver;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'drawbridge-given-'));
  homeserver = await FakeHomeserver.start();
});

afterAll(async () => {
  await homeserver.close();
  await rm(dir, { recursive: true, force: true });
});

async function registration(content: object): Promise<string> {
  const path = join(dir, 'registration.yaml');
  await writeFile(path, JSON.stringify(content));
  return path;
}

const good = { url: 'http://127.0.0.1:29330', sender_localpart: 'gate', namespaces: { users: [{ exclusive: true, regex: '^@_gate\\._.*:fake\\.test$' }] } };

describe('a homeserver that runs already', () => {
  test('is asked whose the tokens are; the rest stands in its registration', async () => {
    const [alice, carol] = [homeserver.user('alice'), homeserver.user('carol')];
    const file = join(dir, 'token');
    await writeFile(file, `${carol.token}\n`);
    const path = await registration(good);
    expect(await theirHomeserver({ url: `${homeserver.url}/`, registration: path, tokens: [alice.token, `file:${file}`] })).toEqual({
      url: homeserver.url, domain: 'fake.test', registration: path, listen: '127.0.0.1:29330', bot: 'gate', ghostPrefix: '_gate._',
      users: [{ userId: '@alice:fake.test', accessToken: alice.token }, { userId: '@carol:fake.test', accessToken: carol.token }],
    });
  });

  test('reaches the bridge from outside where the registration says so', async () => {
    const path = await registration({ ...good, url: 'https://bridge.example' });
    expect(await theirHomeserver({ url: homeserver.url, registration: path, tokens: [homeserver.user('alice').token] })).toMatchObject({ listen: '0.0.0.0:443' });
  });

  test.each([
    ['no registration', { hello: 'there' }], ['no address', { ...good, url: 'nowhere' }], ['no ghosts', { ...good, namespaces: { users: [] } }], ['everybody as ghosts', { ...good, namespaces: { users: [{ regex: '@.*' }] } }],
  ])('is refused with %s', async (_what, content) => {
    await expect(theirHomeserver({ url: homeserver.url, registration: await registration(content), tokens: ['x'] })).rejects.toMatchObject({ code: 'DB-8105' });
  });

  test('is refused with a token that is not of it, which the error does not show', async () => {
    const refused = theirHomeserver({ url: homeserver.url, registration: await registration(good), tokens: ['a-token-of-nobody'] });
    await expect(refused).rejects.toMatchObject({ code: 'DB-8106', message: expect.not.stringContaining('a-token-of-nobody') });
  });

  test.each([['--homeserver', 'http://x'], ['--registration', 'y'], ['--token', 'z']])('needs the other two beside %s', async (...args) => {
    await expect(demo(args)).rejects.toMatchObject({ code: 'DB-1010' });
  });
});

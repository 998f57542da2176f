import { hkdfSync } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLinks } from '../../src/media/links.ts';
import { eventually, type Stack, startStack } from '../kit/stack/stack.ts';

/** Public links, as whoever was sent one may use it. */
let stack: Stack;
let mxc: string;
const CONTENT = Buffer.alloc(300_000, 'x');

beforeAll(async () => {
  stack = await startStack({ media: { max_bytes: '400kB' } });
  mxc = stack.homeserver.addMedia(CONTENT, 'text/html', 'page.html');
}, 60_000);

afterAll(async () => {
  await stack.close();
});

/** As the daemon signs: its key comes of the seal key. */
function link(target: string, name = 'a file.html', ttl = 60): string {
  const key = Buffer.from(hkdfSync('sha256', Buffer.alloc(32, 7), '', 'drawbridge links', 32));
  return createLinks({ key, publicUrl: new URL(stack.webhookUrl).origin, clock: { now: () => Date.now(), sleep: () => Promise.resolve() } }).make(target, name, ttl);
}

const spooled = async (): Promise<number> => (await readdir(join(stack.dir, 'data', 'spool'))).length;
const downloads = (): number => stack.homeserver.requests.filter(({ path }) => path.includes('/media/download/')).length;

describe('a link', () => {
  test('gives the file away to be saved, whatever the homeserver says it is', async () => {
    const answer = await fetch(link(mxc));
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(CONTENT)).toBe(true);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(answer.headers.get('content-type')).toBe('text/plain');
    expect(answer.headers.get('content-security-policy')).toMatch(/sandbox/);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('that was altered anywhere is none, and nothing is asked of the homeserver', async () => {
    const good = link(mxc);
    const other = Buffer.from('fake.test/other').toString('base64url');
    const [, , , , id = '', expiry = '', mac = '', name = ''] = good.split('/');
    const before = downloads();
    const forged = [
      [`m.${other}`, expiry, mac, name], [id, String(Number(expiry) + 1), mac, name], [id, expiry, `${mac.slice(0, -1)}${mac.endsWith('A') ? 'B' : 'A'}`, name], [id, expiry, mac, 'other.exe'], [id, expiry, mac.slice(1), name],
      [id, expiry, '', name], [id, `0${expiry}`, mac, name], [id, expiry, mac.toUpperCase(), name], ['..%2f..%2fetc', expiry, mac, name], ['0'.repeat(32), expiry, mac, name], [id, '1e99', mac, name], [`${id}=`, expiry, mac, name],
      ['__proto__', 'constructor', 'x', 'y'], [id, expiry, mac, '%00'], [id, expiry, mac, `${name}%0d%0aset-cookie:%20a`],
    ];
    for (const parts of forged) {
      const answer = await fetch(`${new URL(good).origin}/media/${parts.join('/')}`);
      expect([parts, answer.status]).toEqual([parts, 404]);
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
    expect(downloads()).toBe(before);
  });

  test('ends', async () => {
    expect((await fetch(link(mxc, 'x', -1))).status).toBe(410);
  });

  test('to what the homeserver does not have any more says so, and what it has but cannot give now, that too', async () => {
    expect((await fetch(link('mxc://fake.test/gone'))).status).toBe(410);
    const too = stack.homeserver.addMedia(Buffer.alloc(500_000), 'image/png');
    expect((await fetch(link(too))).status).toBe(410);
    const remove = stack.homeserver.faults.add({ match: 'media/download', status: 503 });
    const answer = await fetch(link(mxc));
    remove();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await fetch(link(mxc))).status).toBe(200);
  });
});

describe('what is fetched for a link', () => {
  test('is gone once nobody reads it, however they stopped', async () => {
    await fetch(link(mxc), { method: 'HEAD' });
    await fetch(link(mxc), { headers: { range: 'bytes=999999-' } });
    await (await fetch(link(mxc), { headers: { range: 'bytes=5-9' } })).text();
    const { port, pathname } = new URL(link(mxc));
    for (let n = 0; n < 5; n++) {
      const socket = createConnection(Number(port), '127.0.0.1');
      socket.on('error', () => {});
      await new Promise<void>((resolve) => socket.write(`GET ${pathname} HTTP/1.1\r\nhost: a\r\n\r\n`, () => resolve()));
      if (n > 2) await new Promise<void>((resolve) => socket.once('data', () => resolve()));
      socket.destroy();
    }
    await eventually('an empty spool', async () => (await spooled()) === 0);
  });

  test('is fetched once for all who read it at a time, and only so many files are held', async () => {
    const remove = stack.homeserver.faults.add({ match: 'media/download', latencyMs: 300 });
    const before = downloads();
    const same = await Promise.all(Array.from({ length: 10 }, () => fetch(link(mxc))));
    expect(downloads() - before).toBe(1);
    await Promise.all(same.map((answer) => answer.arrayBuffer()));
    const many = Array.from({ length: 30 }, (_, n) => stack.homeserver.addMedia(Buffer.from(`file ${n}`), 'text/plain'));
    const answers = await Promise.all(many.map((one) => fetch(link(one))));
    await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    remove();
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(16);
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(14);
    await eventually('an empty spool', async () => (await spooled()) === 0);
  });
});

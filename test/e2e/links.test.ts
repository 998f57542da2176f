import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { MatrixUser } from '../../src/demo/matrix/user.ts';
import type { PersonHandle } from '../../src/sandbox/whatsapp/index.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Bridged, bodyOf, bridged, onPhone, patience } from '../kit/synapse/bridged.ts';
import { make } from '../kit/synapse/files.ts';
import { sharedSynapse, type SharedSynapse } from '../kit/synapse/shared.ts';

// A file that WhatsApp does not take goes as a link, which the person opens with a browser: no account, no token.

jest.setTimeout(90_000);

let synapse: SharedSynapse;
let alice: MatrixUser;
let bridge: Bridged;
let carla: PersonHandle;
let room: string;

beforeAll(async () => {
  synapse = await sharedSynapse();
  alice = await synapse.user('alice');
  bridge = await bridged(synapse, await synapse.claimBridge(), { owners: [alice] });
  await bridge.start();
  ({ person: carla, room } = await bridge.meet(alice, '31612345678', { name: 'Carla' }));
}, 300_000);

afterAll(async () => {
  await synapse.close();
  await bridge.close();
});

/** Sends it, and returns the link that the phone shows. */
async function linkOf(by: Bridged, where: string, to: PersonHandle, name: string, type: string, bytes: Uint8Array): Promise<string> {
  await alice.file(where, { name, type, bytes });
  const text = bodyOf(await onPhone(to, (message) => message.type === 'text' && bodyOf(message).includes(name)));
  const link = /https?:\/\/\S+/.exec(text)?.[0] ?? '';
  expect(link.startsWith(`${by.publicUrl}/media/`)).toBe(true);
  return link;
}

describe('a link to a file of a type that WhatsApp does not take', () => {
  let bytes: Buffer;
  let link: string;

  beforeAll(async () => {
    bytes = await make.zip(150_000);
    link = await linkOf(bridge, room, carla, 'Pläne 1.zip', 'application/zip', bytes);
  });

  test('is fetched by anybody who has it, whole', async () => {
    const answer = await fetch(link);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe(String(bytes.length));
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test('says nothing of the homeserver, the file’s address there, or any token', () => {
    expect(decodeURIComponent(link)).not.toMatch(/mxc:|access_token|syt_/);
    expect(link).not.toContain(new URL(synapse.url).port);
  });

  test('can only be saved: nothing of it runs in a browser', async () => {
    const { headers } = await fetch(link, { method: 'HEAD' });
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="[\x20-\x7e]*"; filename\*=UTF-8''Pl%C3%A4ne%201\.zip$/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toMatch(/no-store/);
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });

  test.each([
    ['from the start', 'bytes=0-99', 0, 100], ['in the middle', 'bytes=1000-1999', 1_000, 2_000], ['to the end', 'bytes=149000-', 149_000, undefined],
    ['the end', 'bytes=-10', -10, undefined],
  ] as const)('is handed over in ranges: %s', async (_what, range, from, to) => {
    const answer = await fetch(link, { headers: { range } });
    expect(answer.status).toBe(206);
    const wanted = bytes.subarray(from, to);
    const start = from < 0 ? bytes.length + from : from;
    expect(answer.headers.get('content-range')).toBe(`bytes ${start}-${start + wanted.length - 1}/${bytes.length}`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(wanted)).toBe(true);
  });

  test('has nothing beyond its end', async () => {
    expect((await fetch(link, { headers: { range: `bytes=${bytes.length}-` } })).status).toBe(416);
  });

  test('is refused when anything in it is changed', async () => {
    const { pathname } = new URL(link);
    const [, media = '', id = '', expiry = '', mac = '', name = ''] = pathname.split('/');
    const flip = (text: string): string => `${text.slice(0, -2)}${text.at(-2) === 'A' ? 'B' : 'A'}${text.at(-1) ?? ''}`;
    const other = `m.${Buffer.from('localhost/another').toString('base64url')}`;
    for (const parts of [
      [flip(id), expiry, mac, name], [other, expiry, mac, name], [id, String(Number(expiry) + 60), mac, name], [id, expiry, flip(mac), name],
      [id, expiry, '', name], [id, expiry, mac, 'evil.html'], [id, expiry, mac.slice(0, 10), name], ['..%2f..%2fetc', expiry, mac, name],
    ]) {
      const answer = await fetch(`${bridge.publicUrl}/${[media, ...parts].join('/')}`);
      expect([404, 410, 400]).toContain(answer.status);
      expect(Buffer.from(await answer.arrayBuffer()).length).toBeLessThan(200);
    }
    expect((await fetch(link, { method: 'HEAD' })).status).toBe(200);
  });

  test('is not the homeserver’s media for everybody: what was never linked has no link', async () => {
    const mxc = await alice.client.upload('private.txt', 'text/plain', Buffer.from('private'));
    const id = `m.${Buffer.from(mxc.slice('mxc://'.length)).toString('base64url')}`;
    const [, , , expiry = '', mac = ''] = new URL(link).pathname.split('/');
    expect((await fetch(`${bridge.publicUrl}/media/${id}/${expiry}/${mac}/private.txt`)).status).toBe(404);
  });
});

describe('a link to a file that is too large', () => {
  test('for its kind there', async () => {
    const bytes = Buffer.concat([await make.zip(0), randomBytes(17_000_000)]);
    const link = await linkOf(bridge, room, carla, 'large.zip', 'application/zip', bytes);
    expect(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(bytes)).toBe(true);
  });
});

describe('when the message is deleted', () => {
  const status = async (link: string): Promise<number> => (await fetch(link, { method: 'HEAD' })).status;
  const ends = (link: string): Promise<unknown> => eventually('its end', async () => (await status(link)) === 410, patience);

  test('its link leads nowhere any more, and another link to the same file goes on', async () => {
    const bytes = await make.zip(1_000);
    const mxc = await alice.client.upload('taken back.zip', 'application/zip', bytes);
    const said = async (name: string): Promise<{ event: string; link: string }> => {
      const event = await alice.send(room, 'm.room.message', { msgtype: 'm.file', body: name, url: mxc, info: { mimetype: 'application/zip', size: bytes.length } });
      const text = bodyOf(await onPhone(carla, (message) => message.type === 'text' && bodyOf(message).includes(name)));
      return { event, link: /https?:\/\/\S+/.exec(text)?.[0] ?? '' };
    };
    const first = await said('taken back.zip');
    const second = await said('kept.zip');
    expect([await status(first.link), await status(second.link)]).toEqual([200, 200]);
    await alice.redact(room, first.event);
    await ends(first.link);
    expect(await (await fetch(first.link)).text()).toMatch(/expired/);
    expect(await status(second.link)).toBe(200);
  });

  test('by a moderator, whom the homeserver lets', async () => {
    const { person, room: there } = await bridge.meet(alice, '31600000078', { name: 'Ida' });
    const event = await alice.file(there, { name: 'moderated.zip', type: 'application/zip', bytes: await make.zip(500) });
    const text = bodyOf(await onPhone(person, (message) => message.type === 'text' && bodyOf(message).includes('moderated.zip')));
    const link = /https?:\/\/\S+/.exec(text)?.[0] ?? '';
    expect(await status(link)).toBe(200);
    const ben = await synapse.user('ben');
    const levels = await alice.state(there, 'm.room.power_levels') ?? {};
    await bridge.asBot.put(`/rooms/${encodeURIComponent(there)}/state/m.room.power_levels/`, { ...levels, users: { [ben.id]: 50, [bridge.bot]: 100 } });
    await bridge.asBot.post(`/rooms/${encodeURIComponent(there)}/invite`, { user_id: ben.id });
    await ben.join(there);
    await ben.redact(there, event);
    await ends(link);
  });

  test('also where the chat is bridged no more', async () => {
    const { person, room: there } = await bridge.meet(alice, '31600000077', { name: 'Hugo' });
    const event = await alice.file(there, { name: 'before.zip', type: 'application/zip', bytes: await make.zip(500) });
    const text = bodyOf(await onPhone(person, (message) => message.type === 'text' && bodyOf(message).includes('before.zip')));
    const link = /https?:\/\/\S+/.exec(text)?.[0] ?? '';
    const ghost = (await alice.members(there)).find((member) => bridge.isGhost(member)) ?? '';
    const levels = await alice.state(there, 'm.room.power_levels') ?? {};
    await bridge.asBot.put(`/rooms/${encodeURIComponent(there)}/state/m.room.power_levels/`, { ...levels, users: { [alice.id]: 100, [bridge.bot]: 100 } });
    await alice.kick(there, ghost);
    await alice.waitForEvent(there, (one) => one.sender === bridge.bot && /no longer bridged/.test(bodyOf(one)));
    expect(await status(link)).toBe(200);
    await alice.redact(there, event);
    await ends(link);
  });
});

test('a page of hypertext is text and not a page', async () => {
  const link = await linkOf(bridge, room, carla, 'page.svg', 'image/svg+xml', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'));
  const { headers } = await fetch(link);
  expect(headers.get('content-type')).toBe('application/octet-stream');
  expect(headers.get('content-disposition')).toMatch(/^attachment/);
});

describe('after its time', () => {
  let short: Bridged;
  let dora: PersonHandle;
  let there: string;

  beforeAll(async () => {
    short = await bridged(synapse, await synapse.claimBridge(), { owners: [alice], media: { link_ttl: '1s' } });
    await short.start();
    ({ person: dora, room: there } = await short.meet(alice, '31687654321', { name: 'Dora' }));
  });
  afterAll(() => short.close());

  test('a link is gone, and says so', async () => {
    const link = await linkOf(short, there, dora, 'soon gone.zip', 'application/zip', await make.zip(100));
    await eventually('its end', async () => (await fetch(link, { method: 'HEAD' })).status === 410, patience);
    expect(await (await fetch(link)).text()).toMatch(/expired/);
  });
});

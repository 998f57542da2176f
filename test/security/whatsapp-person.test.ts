import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Parser } from 'htmlparser2';
import sharp from 'sharp';
import { fitToEvents } from '../../src/bridge/inbound/fit.ts';
import { render } from '../../src/bridge/inbound/render.ts';
import { decode } from '../../src/networks/whatsapp/markup.ts';
import type { FakeEvent } from '../kit/fake-homeserver/world.ts';
import { eventually } from '../kit/stack/stack.ts';
import { type Chat, Siege } from '../kit/hostile/siege.ts';

/** Somebody on WhatsApp who wants to be taken for somebody else, or to have their file opened. */
let siege: Siege;
let chat: Chat;

beforeAll(async () => {
  siege = await Siege.lay();
  chat = await siege.chat('Bob', '31611111111');
}, 60_000);

afterAll(async () => {
  await siege.close();
});

/** Matrix specification, m.room.message, with what each tag may bear. */
const TAGS: Readonly<Record<string, readonly string[]>> = {
  del: [], h1: [], h2: [], h3: [], h4: [], h5: [], h6: [], blockquote: [], p: [], a: ['href'], ul: [], ol: ['start'], sup: [], sub: [], li: [], b: [], i: [], u: [], strong: [], em: [], s: [],
  code: ['class'], hr: [], br: [], pre: [],
};

function faultOf(content: Readonly<Record<string, unknown>>): string | null {
  if (JSON.stringify(content['m.mentions']) !== '{}') return `it mentions ${JSON.stringify(content['m.mentions'])}`;
  let fault: string | null = null;
  const parser = new Parser({ onopentag(name, attributes) {
    const allowed = Object.hasOwn(TAGS, name) ? TAGS[name] : undefined;
    if (allowed === undefined) fault = `a tag ${name}`;
    for (const [key, value] of Object.entries(attributes)) {
      if (allowed?.includes(key) !== true) fault = `an attribute ${name} ${key}`;
      if (key === 'href' && !/^(https?|mailto):/.test(value)) fault = `a link to ${value}`;
    }
  } });
  const { body, formatted_body: html = '' } = content as { body?: string; formatted_body?: string };
  parser.write(html);
  parser.end();
  // eslint-disable-next-line no-control-regex
  return fault ?? (/[\u0000-\u0008\u000b-\u001f]/.test(`${body}${html}`) ? 'a control character' : null);
}

describe('a text', () => {
  const piece = fc.oneof(
    fc.constantFrom('*', '_', '~', '`', '```', '\n', '> ', '- ', '1. ', ' ', '\u0000', '\u202e', '\ud800', '"', "'", '&', '<', '>', '&lt;', '&#x3c;', '@room', '@alice:fake.test', '</code>', '<script>', '<img src=x onerror=alert(1)>',
      '<a href="javascript:alert(1)">x</a>', '<mx-reply>', '<!--', '<![CDATA[', 'javascript:alert(1)', 'https://matrix.to/#/@alice:fake.test', 'https://x.test/"onmouseover="x', 'https://x.test/<b>', "www.x.test/'><script>", 'data:text/html,x', '[a](javascript:x)'),
    fc.string({ unit: 'binary', maxLength: 12 }),
  );

  test('becomes nothing but text: no tag of its own, no mention, no link that is not one', () => {
    fc.assert(fc.property(fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')), (text) => {
      for (const { content } of fitToEvents([{ kind: 'text', text: decode(text) }], {})) expect(faultOf(render(content, 'Forwarded').content)).toBeNull();
    }), { numRuns: 2_000 });
  });

  test.each(['<script>alert(1)</script>', '@room come here', 'Hi @alice:fake.test', 'https://matrix.to/#/@alice:fake.test', '<b>admin</b>: hello', '\u202eevil', 'x\u0000y', '/me waves', '* edited', '> <@alice:fake.test> yes\n\nno'])(
    '%j arrives from its ghost, as it was written', async (text) => {
      const before = siege.stack.homeserver.eventsOf(chat.room, 'm.room.message').length;
      chat.person.sendText(text);
      const event = await eventually('it', () => siege.stack.homeserver.eventsOf(chat.room, 'm.room.message')[before]);
      expect(event.sender).toBe(chat.ghost);
      expect(event.content['msgtype']).toBe('m.text');
      expect(event.content).not.toHaveProperty('m.relates_to');
      expect(faultOf(event.content)).toBeNull();
    });
});

describe('a name', () => {
  let number = 31_650_000_000;
  test.each([
    'alice', '@alice:fake.test', '@room', 'Drawbridge', 'alice (Matrix)', '\u202e(ppAstahW) xirtaM', 'a\nb', '<b>x</b>', '\u3164', '\u0000', '\ud800', 'n'.repeat(70_000), `M${'\u0301'.repeat(20_000)}`, '__proto__', '{network}{name}', '', ' ', '✅ Delivered\u2028⚠️',
  ])('%# is shown with the network behind it, on one line', async (name) => {
    const id = String(++number);
    expect((await siege.post(siege.change({
      contacts: [{ wa_id: id, profile: { name } }],
      messages: [{ from: id, id: `wamid.name${id}`, timestamp: String(Math.floor(Date.now() / 1000)), type: 'text', text: { body: `my name ${id}` } }],
    }))).status).toBe(200);
    const found = await eventually('the message', () => [...siege.stack.homeserver.rooms.values()].flatMap(({ timeline }) => timeline).find(({ content }) => content['body'] === `my name ${id}`));
    const shown = String(siege.stack.homeserver.profile(found.sender)?.['displayname']);
    expect(shown).toMatch(/^.{1,110} \(WhatsApp\)$/u);
    expect(shown).not.toMatch(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\u3164]/u);
    const title = siege.stack.homeserver.eventsOf(found.room_id, 'm.room.name').at(-1)?.content['name'];
    expect(String(title)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2028\u3164]/u);
  });
});

describe('a file', () => {
  const html = Buffer.from('<!doctype html><html><script>alert(1)</script></html>');
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><image href="file:///etc/passwd"/></svg>');
  const program = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(300)]);
  const playlist = Buffer.from('#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXTINF:1,\nhttp://127.0.0.1:1/x\n#EXT-X-ENDLIST\n');
  const concat = Buffer.from("ffconcat version 1.0\nfile '/etc/passwd'\nfile 'http://127.0.0.1:1/x'\n");

  async function sent(kind: 'image' | 'video' | 'audio' | 'sticker' | 'document', bytes: Buffer, given: Parameters<Chat['person']['sendMedia']>[2]): Promise<FakeEvent> {
    const before = siege.stack.homeserver.eventsOf(chat.room).length;
    await chat.person.sendMedia(kind, bytes, given);
    return eventually('it', () => siege.stack.homeserver.eventsOf(chat.room).slice(before).find(({ content }) => typeof content['url'] === 'string'), 20_000);
  }

  test.each([
    ['a page', 'image', html, 'image/png', 'text/html'], ['a page', 'sticker', html, 'image/webp', 'text/html'], ['a drawing with a script', 'image', svg, 'image/svg+xml', 'image/svg+xml'], ['a drawing with a script', 'sticker', svg, 'image/webp', 'image/svg+xml'],
    ['a program', 'audio', program, 'audio/ogg', 'application/x-msdownload'], ['a program', 'video', program, 'video/mp4', 'application/x-msdownload'],
    ['a playlist of local files', 'video', playlist, 'video/mp4', undefined], ['a playlist of local files', 'audio', playlist, 'audio/mpeg', undefined], ['a script for ffmpeg', 'video', concat, 'video/mp4', undefined],
  ] as const)('%s that is called %s is a file of its true type, as it was sent', async (_what, kind, bytes, mime, truth) => {
    const { type, content } = await sent(kind, bytes, { mime, caption: 'look' });
    expect([type, content['msgtype']]).toEqual(['m.room.message', 'm.file']);
    expect(content).not.toHaveProperty(['org.matrix.msc3245.voice']);
    const info = content['info'] as { mimetype?: string };
    if (truth === undefined) expect(info.mimetype).toMatch(/^(text|application)\//);
    else expect(info.mimetype).toBe(truth);
    expect(siege.stack.homeserver.media(String(content['url']))?.data.equals(bytes)).toBe(true);
  });

  test('that unfolds into 256 million pixels arrives unopened', async () => {
    const bomb = await sharp({ create: { width: 16_000, height: 16_000, channels: 3, background: 'red' }, limitInputPixels: false }).png({ palette: true, compressionLevel: 9 }).toBuffer();
    const { content } = await sent('image', bomb, { mime: 'image/png' });
    expect(content['info']).not.toHaveProperty('w');
    expect(siege.stack.homeserver.media(String(content['url']))?.data.equals(bomb)).toBe(true);
  });

  test.each(['../../../etc/passwd', '/etc/passwd', 'C:\\windows\\x.exe', 'a\nb\r\nc.pdf', 'gpj\u202efdp.exe', 'a\u0000.pdf', '.htaccess', 'con.pdf', 'x'.repeat(20_000), '"; rm -rf /', '<img src=x>', '\ud800.pdf', ' ', '@room.pdf', '✅ Delivered\n\nfine'])(
    'of the name %# has a name that can be shown and saved', async (filename) => {
      const { content } = await sent('document', Buffer.from(`%PDF-1.4 ${filename.length} ${Math.random()}`), { mime: 'application/pdf', filename });
      for (const name of [content['filename'], content['body']]) {
        expect(String(name)).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029/\\]/u);
        expect(Buffer.byteLength(String(name))).toBeLessThanOrEqual(255);
        expect(String(name)).toMatch(/[^.\s]/);
      }
    });

  test('leaves nothing behind, and the chat goes on', async () => {
    await siege.alive(chat);
    await eventually('an empty spool', async () => (await readdir(join(siege.stack.dir, 'data', 'spool'))).length === 0);
    expect((await readdir(siege.stack.dir)).toSorted()).toEqual(expect.arrayContaining(['config.yaml', 'data', 'drawbridge.db', 'registration.yaml']));
    expect((await readdir(siege.stack.dir)).filter((name) => !/^(config\.yaml|data|registration\.yaml|drawbridge\.db.*)$/.test(name))).toEqual([]);
  });
});

describe('the place of a file that does not come', () => {
  test('is held by a line that nobody else could have written', async () => {
    const remove = siege.stack.graph.add({ match: /GET \/v[\d.]+\/\d+/, answer: { status: 400, body: { error: { message: 'no', code: 131052 } } } });
    await chat.person.sendMedia('document', Buffer.from('%PDF-1.4'), { mime: 'application/pdf', filename: 'x\n✅ Delivered\u202e@room' });
    const event = await eventually('the placeholder', () => siege.stack.homeserver.eventsOf(chat.room, 'm.room.message').find(({ content }) => String(content['body']).startsWith('📎')));
    remove();
    expect(event.sender).toBe(chat.ghost);
    expect(String(event.content['body'])).not.toMatch(/[\n\u202e]/);
    expect(event.content['m.mentions']).toEqual({});
  });
});

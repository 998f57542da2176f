import { describe, expect, test } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';
import { normalise, sniff } from '../../src/media/sniff.ts';

const picture = (): Sharp => sharp({ create: { width: 20, height: 10, channels: 4, background: '#336699' } });
const frames = async (): Promise<Buffer[]> => Promise.all(['#f00', '#0f0', '#00f'].map((background) =>
  sharp({ create: { width: 20, height: 20, channels: 4, background } }).png().toBuffer()));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('pictures', () => {
  test('are known by their bytes, whatever was declared', async () => {
    expect(await sniff(await picture().png().toBuffer(), 'application/pdf')).toEqual({ mime: 'image/png', kind: 'image', animated: false });
    expect(await sniff(await picture().jpeg().toBuffer(), 'video/mp4')).toEqual({ mime: 'image/jpeg', kind: 'image', animated: false });
    expect(await sniff(await picture().avif().toBuffer())).toMatchObject({ mime: 'image/avif', kind: 'image' });
  });

  test('that move are told from those that do not', async () => {
    const moving = sharp(await frames(), { join: { animated: true } });
    expect(await sniff(await moving.clone().gif().toBuffer())).toMatchObject({ mime: 'image/gif', animated: true });
    expect(await sniff(await moving.clone().webp().toBuffer())).toMatchObject({ mime: 'image/webp', animated: true });
    expect(await sniff(await picture().gif().toBuffer())).toMatchObject({ mime: 'image/gif', animated: false });
    expect(await sniff(await picture().webp().toBuffer())).toMatchObject({ mime: 'image/webp', animated: false });
  });

  test('SVG is a document, however it begins and whatever was declared', async () => {
    for (const svg of ['<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>', '<?xml version="1.0"?><!-- x --><svg/>',
      '\ufeff  <!DOCTYPE svg PUBLIC "x">\n<SVG onload=alert(1)>', '<x:svg xmlns:x="http://www.w3.org/2000/svg"/>']) {
      for (const declared of [undefined, 'image/png', 'image/svg+xml', 'text/plain']) {
        expect(await sniff(text(svg), declared)).toEqual({ mime: 'image/svg+xml', kind: 'file', animated: false });
      }
    }
  });
});

describe('sound', () => {
  const ogg = (payload: Buffer): Buffer => {
    const head = Buffer.alloc(28);
    head.write('OggS');
    head[5] = 2;
    head[26] = 1;
    head[27] = payload.length;
    return Buffer.concat([head, payload]);
  };
  test('Ogg Opus is told from Ogg Vorbis, with its channels', async () => {
    const opus = ogg(Buffer.concat([Buffer.from('OpusHead'), Buffer.from([1, 2]), Buffer.alloc(9)]));
    expect(await sniff(opus)).toEqual({ mime: 'audio/ogg; codecs=opus', kind: 'audio', animated: false, channels: 2 });
    const vorbis = ogg(Buffer.concat([Buffer.from([1]), Buffer.from('vorbis'), Buffer.alloc(23)]));
    expect(await sniff(vorbis, 'audio/ogg; codecs=opus')).toMatchObject({ mime: 'audio/ogg', kind: 'audio' });
  });
});

describe('what bytes do not tell', () => {
  test('text is text; a text type of the sender is taken', async () => {
    expect(await sniff(text('hello'))).toMatchObject({ mime: 'text/plain', kind: 'file' });
    expect(await sniff(text('a,b\n1,2'), 'text/csv; charset=utf-8')).toMatchObject({ mime: 'text/csv', kind: 'file' });
    expect(await sniff(text('hello'), 'image/png')).toMatchObject({ mime: 'text/plain', kind: 'file' });
    expect(await sniff(text('<!doctype html><p>x'), 'text/plain')).toMatchObject({ mime: 'text/html', kind: 'file' });
  });

  test('a sample that ends inside a character is still text', async () => {
    expect(await sniff(text('é').subarray(0, 1))).toMatchObject({ mime: 'text/plain' });
  });

  test('unknown bytes take a type that has no signature, and no other', async () => {
    const noise = new Uint8Array([0, 1, 2, 3, 250, 251, 252, 0, 9]);
    expect(await sniff(noise)).toMatchObject({ mime: 'application/octet-stream', kind: 'file' });
    expect(await sniff(noise, 'application/x-own')).toMatchObject({ mime: 'application/x-own', kind: 'file' });
    for (const claim of ['image/png', 'video/mp4', 'text/html', 'image/svg+xml', 'application/pdf', 'nonsense', 'a/b\r\nx: y']) {
      expect(await sniff(noise, claim)).toMatchObject({ mime: 'application/octet-stream', kind: 'file' });
    }
  });

  test('nothing at all is text', async () => {
    expect(await sniff(new Uint8Array())).toMatchObject({ kind: 'file', animated: false });
  });

  test('a program is a program', async () => {
    const exe = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(100)]);
    expect(await sniff(exe, 'image/jpeg')).toMatchObject({ mime: 'application/x-msdownload', kind: 'file' });
  });
});

test('types have one name each', () => {
  expect(normalise('IMAGE/JPG')).toBe('image/jpeg');
  expect(normalise('audio/ogg;codecs="opus"')).toBe('audio/ogg; codecs=opus');
  expect(normalise('text/html; charset=x')).toBe('text/html');
  expect(normalise('x')).toBeUndefined();
  expect(normalise(undefined)).toBeUndefined();
});

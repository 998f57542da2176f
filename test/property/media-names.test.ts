import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cleanName } from '../../src/media/names.ts';
import { sniff } from '../../src/media/sniff.ts';

const mimes = fc.constantFrom('image/jpeg', 'image/png', 'video/mp4', 'audio/ogg; codecs=opus', 'application/pdf', 'text/plain',
  'application/octet-stream', 'application/x-msdownload', 'image/svg+xml', 'application/zip', 'application/x-own', '', 'constructor', undefined);
const nasty = fc.constantFrom('/', '\\', '..', '.', ' ', '\u202e', '\u0000', '\n', 'CON', 'nul', 'com1', '.exe', '.jpg', '😀', 'é', 'a', ':', '\ud800',
  '\u200f', '.tar.gz', '__proto__', 'x'.repeat(300), '漢'.repeat(100), `.${'y'.repeat(40)}`);
const names = fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.array(nasty, { maxLength: 12 }).map((parts) => parts.join('')));

test('a cleaned name is safe everywhere, whatever it was', () => {
  fc.assert(fc.property(fc.option(names, { nil: undefined }), mimes, names, (name, mime, fallback) => {
    const clean = cleanName(name, mime, fallback);
    expect(clean).not.toBe('');
    expect(Buffer.byteLength(clean)).toBeLessThanOrEqual(255);
    expect(clean).not.toMatch(/[/\\<>:"|?*]/);
    expect(clean).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(clean).not.toMatch(/^[.\s]|[.\s]$/);
    expect(clean).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
    expect(clean.isWellFormed()).toBe(true);
  }), { numRuns: 2000 });
});

test('cleaning twice is cleaning once', () => {
  fc.assert(fc.property(names, mimes, (name, mime) => {
    const once = cleanName(name, mime, 'file');
    expect(cleanName(once, mime, 'file')).toBe(once);
  }), { numRuns: 2000 });
});

test('no name makes a picture look like a program, or a program like a picture', () => {
  fc.assert(fc.property(names, (name) => {
    expect(cleanName(name, 'image/jpeg', 'x')).toMatch(/\.(jpg|jpeg|jpe|jfif)$/i);
    expect(cleanName(name, 'application/x-msdownload', 'x')).toMatch(/\.(exe|dll|scr|com|sys|msi)$/i);
  }), { numRuns: 1000 });
});

describe('examples', () => {
  test.each([
    ['photo.JPEG', 'image/jpeg', 'photo.JPEG'],
    ['holiday.heic', 'image/jpeg', 'holiday.jpg'],
    ['x.jpg', 'application/x-msdownload', 'x.jpg.exe'],
    ['x.exe', 'image/png', 'x.exe.png'],
    ['../../etc/passwd', 'text/plain', 'passwd.txt'],
    ['C:\\Users\\me\\notes.md', 'text/plain', 'notes.md'],
    ['report.docx', 'application/zip', 'report.docx'],
    ['gpj.\u202eexe.jpg', 'image/jpeg', 'gpj.exe.jpg'],
    ['con.png', 'image/png', '_con.png'],
    ['...', 'image/png', 'image.png'],
    ['a.exe. . .', 'application/octet-stream', 'a.exe'],
    ['v1.2 notes', 'application/pdf', 'v1.2 notes.pdf'],
    ['dir/', 'application/octet-stream', 'dir'],
    ['data.tar.gz', 'application/gzip', 'data.tar.gz'],
    ['fake.jpg', 'text/plain', 'fake.jpg.txt'],
  ])('%j of %s becomes %j', (name, mime, wanted) => {
    expect(cleanName(name, mime, 'image')).toBe(wanted);
  });

  test('a long name keeps its extension', () => {
    const clean = cleanName(`${'長'.repeat(200)}.png`, 'image/png', 'x');
    expect(clean).toMatch(/^長+\.png$/);
    expect(Buffer.byteLength(clean)).toBeGreaterThan(250);
  });
});

test('sniffing never throws and never calls a document of the web a picture', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.option(fc.string(), { nil: undefined }), async (bytes, declared) => {
    const { mime, kind } = await sniff(bytes, declared);
    expect(mime).toMatch(/^[a-z]+\/[a-z0-9][a-z0-9.+_-]*(; codecs=opus)?$/);
    if (/svg|html|xml/.test(mime)) expect(kind).toBe('file');
  }), { numRuns: 1000 });
});

test('sniffing survives headers of every known kind with noise behind them', async () => {
  const heads = ['GIF89a', 'RIFF\0\0\0\0WEBPVP8X', '\x89PNG\r\n\x1a\n', 'OggS', 'PK\x03\x04', '\xff\xd8\xff\xe1', '\x1a\x45\xdf\xa3', '\0\0\0\x18ftypisom',
    'ID3', 'II*\0', '%PDF-', 'RIFF\0\0\0\0AVI LIST', '\x30\x26\xb2\x75\x8e\x66\xcf\x11'];
  await fc.assert(fc.asyncProperty(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 600 }), async (head, noise) => {
    await expect(sniff(Buffer.concat([Buffer.from(head, 'latin1'), noise]))).resolves.toHaveProperty('mime');
  }), { numRuns: 1000 });
});

import { randomBytes } from 'node:crypto';
import type { MediaSource } from '../../model/media.ts';

/** A `multipart/form-data` body (RFC 7578) of known length whose file is streamed. */
export interface Multipart {
  readonly contentType: string;
  /** Bytes. */
  readonly length: number;
  bytes(): AsyncGenerator<Uint8Array>;
}

/** `values` that are no texts go as JSON. `field`: where the file is looked for; `mime`: what it is called here. */
export function multipart(values: Readonly<Record<string, unknown>>, file: MediaSource, { field = 'file', mime = file.mime } = {}): Multipart {
  const boundary = `drawbridge-${randomBytes(18).toString('hex')}`;
  const head: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    head.push(`--${boundary}\r\nContent-Disposition: form-data; name="${quotable(name)}"\r\n\r\n${typeof value === 'string' ? value : JSON.stringify(value)}\r\n`);
  }
  head.push(
    `--${boundary}\r\nContent-Disposition: form-data; name="${quotable(field)}"; filename="${quotable(file.name)}"\r\n` +
      `Content-Type: ${oneLine(mime)}\r\n\r\n`,
  );
  const before = Buffer.from(head.join(''));
  const after = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    length: before.length + file.size + after.length,
    async *bytes() {
      yield before;
      yield* file.open();
      yield after;
    },
  };
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\0]+/g, ' ');
}

/** As browsers do it (WHATWG HTML, multipart/form-data encoding). */
function quotable(text: string): string {
  return oneLine(text).replaceAll('"', '%22');
}

import { Rejected, Retry } from '../../model/errors.ts';
import type { Mxc, UserId } from '../../model/ids.ts';
import type { MediaStream } from '../../model/media.ts';
import { parseMxc } from './mxc.ts';
import type { Requester } from './request.ts';

/** What Synapse takes unless told otherwise; stands in where the homeserver does not say. Bytes. */
const USUAL_UPLOAD = 50 * 1024 * 1024;
/** How long the homeserver may take to fetch a file from another one before it answers. Milliseconds; below our own wait. */
const REMOTE_WAIT = 50_000;
const MIME = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}(?:; ?[a-z0-9-]+=[a-z0-9"_.+-]+)*$/i;

/**
 * POST /_matrix/media/v3/upload, streamed. Repeating it leaves at worst a file nobody points at, so it is never uncertain.
 * @throws Rejected `M_TOO_LARGE` past the homeserver's limit, and whatever the source throws
 */
export async function uploadMedia(http: Requester, as: UserId, media: MediaStream): Promise<Mxc> {
  const body = await http.json({
    what: 'upload',
    method: 'POST',
    path: '/_matrix/media/v3/upload',
    as,
    query: { filename: media.name?.slice(0, 200) },
    stream: {
      bytes: media.bytes,
      mime: media.mime !== undefined && MIME.test(media.mime) ? media.mime : 'application/octet-stream',
      ...(media.size === undefined ? {} : { size: media.size }),
    },
    repeat: 'same',
  });
  const mxc = parseMxc(body['content_uri']);
  if (mxc === null) throw new Retry("upload: the homeserver's answer has no mxc URI", 'BAD_ANSWER');
  return mxc.uri;
}

/**
 * GET /_matrix/client/v1/media/download (authenticated, spec v1.11), the older address where a homeserver does not know it.
 * @throws Rejected `BAD_MXC`; while reading, Retry when the stream breaks off
 */
export async function downloadMedia(http: Requester, uri: Mxc, signal: AbortSignal): Promise<MediaStream> {
  const mxc = parseMxc(uri);
  if (mxc === null) throw new Rejected('download: not an mxc URI', 'BAD_MXC');
  const get = (base: string): ReturnType<Requester['bytes']> =>
    http.bytes({
      what: 'download',
      method: 'GET',
      path: `${base}/download/${encodeURIComponent(mxc.server)}/${mxc.mediaId}`,
      query: { allow_redirect: 'true', timeout_ms: REMOTE_WAIT },
      repeat: 'same',
      signal,
    });
  const answer = await otherwise(get('/_matrix/client/v1/media'), () => get('/_matrix/media/v3'));
  const size = Number(answer.headers['content-length'] ?? Number.NaN);
  const mime = one(answer.headers['content-type']);
  const name = fileName(one(answer.headers['content-disposition']));
  return {
    bytes: whole(answer.body),
    ...(mime === undefined ? {} : { mime }),
    ...(name === undefined ? {} : { name }),
    ...(Number.isSafeInteger(size) ? { size } : {}),
  };
}

/** `m.upload.size` of GET /_matrix/client/v1/media/config. Bytes. */
export async function uploadLimit(http: Requester): Promise<number> {
  const get = (path: string): Promise<Record<string, unknown>> => http.json({ what: 'uploadLimit', method: 'GET', path, repeat: 'same' });
  const body = await otherwise(get('/_matrix/client/v1/media/config'), () => get('/_matrix/media/v3/config'));
  const size = body['m.upload.size'];
  return typeof size === 'number' && size > 0 ? size : USUAL_UPLOAD;
}

async function otherwise<T>(first: Promise<T>, second: () => Promise<T>): Promise<T> {
  try {
    return await first;
  } catch (error) {
    if (error instanceof Rejected && error.code === 'M_UNRECOGNIZED') return second();
    throw error;
  }
}

async function* whole(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch {
    throw new Retry('download: the file broke off', 'BROKEN_STREAM');
  }
}

function one(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** RFC 6266, the two forms homeservers write. The name is what a stranger called the file: not yet cleaned. */
function fileName(disposition: string | undefined): string | undefined {
  const encoded = /filename\*\s*=\s*utf-8''([^;\s]{1,1000})/i.exec(disposition ?? '')?.[1];
  if (encoded !== undefined) {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return undefined;
    }
  }
  const found = /filename\s*=\s*(?:"((?:[^"\\]|\\.){1,1000})"|([^;\s"]{1,1000}))/i.exec(disposition ?? '');
  return found?.[1]?.replace(/\\(.)/g, '$1') ?? found?.[2];
}

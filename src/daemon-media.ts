import type { MediaTools } from './bridge/media.ts';
import type { Homeserver } from './matrix/homeserver.ts';
import type { Fitter } from './media/fit.ts';
import { type LinkedFile, LinkedFiles } from './media/linked.ts';
import type { Links } from './media/links.ts';
import { cleanName } from './media/names.ts';
import { sniff, SNIFF_BYTES } from './media/sniff.ts';
import { spoolSource } from './media/source.ts';
import type { Clock } from './model/clock.ts';
import type { Mxc } from './model/ids.ts';
import type { SpoolStore } from './model/media.ts';

export interface MediaParts {
  readonly spool: SpoolStore;
  readonly fitter: Fitter;
  readonly links: Links | undefined;
  readonly maxBytes: number;
  readonly linkTtlSeconds: number;
  readonly clock: Clock;
}

const reasons: Readonly<Record<string, string>> = {
  not_taken: 'that network takes no such file', too_large: 'too large for that network', unreadable: 'it cannot be read',
  wrong_type: 'it is not what it says it is', animation_lost: 'it cannot move there',
};

/** The media room as the core sees it. */
export function mediaTools({ spool, fitter, links, maxBytes, linkTtlSeconds, clock }: MediaParts): MediaTools {
  return {
    spool,
    maxBytes,
    async take(stream) {
      const head: Uint8Array[] = [];
      let seen = 0;
      const entry = await spool.put(tee(stream.bytes, (chunk) => {
        if (seen < SNIFF_BYTES) head.push(chunk);
        seen += chunk.length;
      }), maxBytes);
      const { mime } = await sniff(Buffer.concat(head).subarray(0, SNIFF_BYTES), stream.mime);
      return { spool: entry.id, mime, name: cleanName(stream.name, mime, mime.split('/', 1)[0] ?? 'file'), size: entry.size };
    },
    async describe(file) {
      const { width, height, durationMs } = await fitter.inspect({ spoolId: file.spool, size: file.size, mime: file.mime, name: file.name, kind: 'file' });
      return { ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }), ...(durationMs === undefined ? {} : { durationMs }) };
    },
    async fit(file, wanted, takes) {
      const fitted = await fitter.fit({ spoolId: file.spool, size: file.size, mime: file.mime, name: file.name, kind: wanted }, takes);
      if (fitted.as === 'link') return { link: reasons[fitted.reason] ?? fitted.reason };
      const { as, spoolId, mime, name, size, width, height, durationMs } = fitted;
      return { fitted: {
        as, spool: spoolId, mime, name, size, ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }),
        ...(durationMs === undefined ? {} : { durationMs }),
      } };
    },
    source: ({ spool: spoolId, mime, name, size, width, height, durationMs }) => spoolSource(spool, {
      spoolId, mime, name, size, ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }), ...(durationMs === undefined ? {} : { durationMs }),
    }, links),
    portrait(mxc) {
      try {
        return links?.make(mxc, 'picture', linkTtlSeconds) ?? null;
      } catch (error) {
        // Anybody may call anything their picture.
        if (error instanceof RangeError) return null;
        throw error;
      }
    },
    link: (mxc, name, key) => (links === undefined ? null : { url: links.make(mxc, name, linkTtlSeconds, key), expiresAt: clock.now() + (linkTtlSeconds + 1) * 1000 }),
  };
}

const FETCH_MS = 120_000;

/** A linked file is fetched from the homeserver for as long as somebody reads it: nothing of it is kept here. */
export function linkedFiles(homeserver: Homeserver, tools: MediaTools): (target: string) => Promise<LinkedFile | undefined> {
  const files = new LinkedFiles(async (target) => {
    const file = await tools.take(await homeserver.download(target as Mxc, AbortSignal.timeout(FETCH_MS)));
    return { source: tools.source({ as: 'file', ...file }), remove: () => tools.spool.remove(file.spool) };
  });
  return (target) => (target.startsWith('mxc://') ? files.open(target) : Promise.resolve(undefined));
}

async function* tee(bytes: AsyncIterable<Uint8Array>, see: (chunk: Uint8Array) => void): AsyncIterable<Uint8Array> {
  for await (const chunk of bytes) {
    see(chunk);
    yield chunk;
  }
}

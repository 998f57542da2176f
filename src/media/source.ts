import { Rejected } from '../model/errors.ts';
import type { MediaSource, SpoolStore } from '../model/media.ts';
import type { Links } from './links.ts';
import { cleanName } from './names.ts';

/** A spooled file and what is known of it; what `Fitter.fit` gives fits. */
export interface SpooledMedia {
  readonly spoolId: string;
  readonly mime: string;
  readonly name: string;
  readonly size: number;
  readonly width?: number;
  readonly height?: number;
  readonly durationMs?: number;
}

/**
 * A spooled file as adapters see it. `open` throws what `SpoolStore.open` throws.
 * @param links absent where no public URL is configured: `publicUrl` then throws `Rejected` with code `no_public_url`
 */
export function spoolSource(spool: SpoolStore, media: SpooledMedia, links?: Links): MediaSource {
  const { spoolId, mime, size, width, height, durationMs } = media;
  const name = cleanName(media.name, mime, 'file');
  return {
    mime,
    name,
    size,
    ...(width === undefined ? {} : { width }),
    ...(height === undefined ? {} : { height }),
    ...(durationMs === undefined ? {} : { durationMs }),
    open: (range) => spool.open(spoolId, range),
    publicUrl(ttlSeconds) {
      if (links === undefined) throw new Rejected('This file can only be sent as a link, and no public address is configured.', 'no_public_url');
      return links.make(spoolId, name, ttlSeconds);
    },
  };
}

import type { MediaCapability } from '../model/capabilities.ts';
import type { MediaKind } from '../model/content.ts';
import type { Millis } from '../model/ids.ts';
import type { MediaSource, MediaStream, SpoolStore } from '../model/media.ts';
import type { FittedMedia } from '../store/tasks.ts';

/** What the core needs of the media room; `daemon.ts` hands it over. */
export interface MediaTools {
  readonly spool: SpoolStore;
  /** Bytes; a larger file is refused on both ways. */
  readonly maxBytes: number;
  /** Streams into the spool, sniffs what it truly is and cleans its name. Throws `Rejected` for what cannot be taken. */
  take(stream: MediaStream): Promise<{ readonly spool: string; readonly mime: string; readonly name: string; readonly size: number }>;
  /** Width, height and length, as far as they can be read safely. */
  describe(file: { readonly spool: string; readonly mime: string; readonly name: string; readonly size: number }): Promise<{ readonly width?: number; readonly height?: number; readonly durationMs?: number }>;
  /** Makes a file into what a conversation takes: as it is, converted, as a document; else it can only be linked to. */
  fit(
    file: { readonly spool: string; readonly mime: string; readonly name: string; readonly size: number },
    wanted: MediaKind,
    takes: Readonly<Record<MediaKind, MediaCapability>>,
  ): Promise<{ readonly fitted: FittedMedia } | { readonly link: string }>;
  source(file: FittedMedia): MediaSource;
  /** An expiring address of somebody's picture on Matrix; null where there is none to be had. */
  portrait(mxc: string): string | null;
  /** An expiring address of a file on Matrix, made for the row of this key; null where no public address is configured. */
  link(mxc: string, name: string, key: string): { readonly url: string; readonly expiresAt: Millis } | null;
}

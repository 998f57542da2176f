/** Bytes that can be opened more than once. */
export interface MediaSource {
  readonly mime: string;
  /** Cleaned: no path, no control or direction characters. */
  readonly name: string;
  readonly size: number;
  readonly width?: number;
  readonly height?: number;
  readonly durationMs?: number;
  /** `end` is exclusive. */
  open(range?: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>;
  /** An address without credentials that expires; for networks that fetch media themselves. */
  publicUrl(ttlSeconds: number): string;
}

/** Bytes on their way in, not stored yet. */
export interface MediaStream {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly mime?: string;
  readonly name?: string;
  readonly size?: number;
}

export interface SpoolEntry {
  /** Random, safe as a file name. */
  readonly id: string;
  readonly size: number;
  /** Hex. */
  readonly sha256: string;
}

/** Files that wait for delivery, encrypted on disk. */
export interface SpoolStore {
  /** Streams to disk. Throws `Rejected` with code `too_large` past `maxBytes`; leaves nothing behind when it fails. */
  put(bytes: AsyncIterable<Uint8Array>, maxBytes: number): Promise<SpoolEntry>;
  /** Throws `Rejected` with code `spool_gone` where the entry is not there, `spool_corrupt` where it was altered. */
  open(id: string, range?: { readonly start: number; readonly end: number }): AsyncIterable<Uint8Array>;
  remove(id: string): Promise<void>;
  /** Removes every entry that `keep` does not name; for start-up. */
  sweep(keep: ReadonlySet<string>): Promise<number>;
}

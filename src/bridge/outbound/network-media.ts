import { isMedia, type MediaContent } from '../../model/content.ts';
import { Retry, Unreachable } from '../../model/errors.ts';
import type { Mxc } from '../../model/ids.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import type { MediaSource, MediaStream } from '../../model/media.ts';
import { plain } from '../../model/richtext.ts';
import type { Capabilities } from '../../model/capabilities.ts';
import { type NetworkTask, type OutboxItem, StoreBusy, type Store } from '../../store/store.ts';
import type { MediaTools } from '../media.ts';

type MessageTask = Extract<NetworkTask, { kind: 'message' }>;

/** Files on their way to a network: fetched from the homeserver, fitted to what the conversation takes, kept until sent. */
export class NetworkMedia {
  readonly #store: Store;
  readonly #homeserver: Homeserver;
  readonly #tools: MediaTools;
  /** For a whole file: one that drips would hold its lane for ever. */
  readonly #deadlineMs: number;

  constructor(store: Store, homeserver: Homeserver, tools: MediaTools, deadlineMs = 300_000) {
    this.#store = store;
    this.#homeserver = homeserver;
    this.#tools = tools;
    this.#deadlineMs = deadlineMs;
  }

  /** The task as it is sent. The result of fetching and fitting is committed before the send. */
  async ready(row: OutboxItem, task: MessageTask, takes: Capabilities['media'], signal: AbortSignal): Promise<{ readonly task: MessageTask; readonly media?: MediaSource }> {
    if (!isMedia(task.content) || !('mxc' in task.content.media.source)) return { task };
    if (task.fitted !== undefined) return { task, media: this.#tools.source(task.fitted) };
    const { mxc } = task.content.media.source;
    const { name, mime } = task.content.media;
    const stream = await this.#download(mxc, AbortSignal.any([signal, AbortSignal.timeout(this.#deadlineMs)]));
    const file = await this.#tools.take({ ...stream, ...(name === undefined ? {} : { name }), ...(stream.mime ?? mime ? { mime: stream.mime ?? mime ?? '' } : {}) });
    const result = await this.#tools.fit(file, task.content.kind, takes);
    const link = 'link' in result ? this.#tools.link(mxc, file.name, row.key) : null;
    const next: MessageTask = 'fitted' in result
      ? { ...task, content: { ...task.content, kind: result.fitted.as }, fitted: result.fitted }
      : { ...task, content: linked(task.content, file.name, link?.url ?? null, result.link) };
    try {
      await this.#store.step(row, next, link === null ? [] : [{ do: 'link', row: row.seq, expiresAt: link.expiresAt }]);
    } catch (error) {
      // Nobody knows of the files, and they are made anew.
      if (error instanceof StoreBusy) for (const spool of new Set([file.spool, ...('fitted' in result ? [result.fitted.spool] : [])])) await this.#tools.spool.remove(spool);
      throw error;
    }
    if (!('fitted' in result) || result.fitted.spool !== file.spool) await this.#tools.spool.remove(file.spool);
    return 'fitted' in result ? { task: next, media: this.#tools.source(result.fitted) } : { task: next };
  }

  /** The homeserver being down is not the network's fault, nor the file's. */
  async #download(mxc: Mxc, signal: AbortSignal): Promise<MediaStream> {
    try {
      return await this.#homeserver.download(mxc, signal);
    } catch (error) {
      if (error instanceof Unreachable) throw new Retry(error.message, error.code, { afterMs: 2_000, rateLimited: true, cause: error });
      throw error;
    }
  }

  async over(task: MessageTask): Promise<void> {
    if (task.fitted !== undefined) await this.#tools.spool.remove(task.fitted.spool);
  }
}

function linked(content: MediaContent, name: string, url: string | null, why: string): MessageTask['content'] {
  const line = url === null ? `📎 ${name} (${why}; this bridge has no public address to link to)` : `📎 ${name}: ${url}`;
  return { kind: 'text', text: [...plain(line), ...(content.caption ?? [])] };
}

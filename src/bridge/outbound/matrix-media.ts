import type { Clock } from '../../model/clock.ts';
import { Rejected } from '../../model/errors.ts';
import type { UserId } from '../../model/ids.ts';
import type { Homeserver } from '../../matrix/homeserver.ts';
import type { Effect, MatrixTask, MediaJob, OutboxItem, Store } from '../../store/store.ts';
import type { MediaTools } from '../media.ts';
import type { DeliverySettings } from '../settings.ts';

type MessageTask = Extract<MatrixTask, { kind: 'message' }>;

/** Files on their way to Matrix: waits for the fetch, uploads, and shows a placeholder where a file is late or lost. */
export class MatrixMedia {
  readonly #store: Store;
  readonly #homeserver: Homeserver;
  readonly #tools: MediaTools;
  readonly #settings: DeliverySettings;
  readonly #clock: Clock;

  constructor(store: Store, homeserver: Homeserver, tools: MediaTools, settings: DeliverySettings, clock: Clock) {
    this.#store = store;
    this.#homeserver = homeserver;
    this.#tools = tools;
    this.#settings = settings;
    this.#clock = clock;
  }

  /** The task with its file in place; null where it has to wait, which is then settled already. */
  async ready(row: OutboxItem, task: MessageTask, as: UserId): Promise<MessageTask | null> {
    const { media } = task;
    if (media === undefined || media.uploaded !== undefined) return task;
    const job = this.#store.media(media.job);
    if (job?.state === 'ready' && job.spool !== null) return this.#upload(row, task, job, as);
    if (job?.state === 'wanted' && this.#clock.now() < media.waitUntil) {
      await this.#store.settleOut(row.seq, { to: 'ready', dueAt: media.waitUntil, tried: false, code: `media:${job.id}`, reason: 'Waits for its file.' }, []);
      return null;
    }
    const late = job?.state === 'wanted' && task.edits === undefined;
    const placeholder = {
      ...this.#placeholder(task, late ? 'still on its way' : `could not be fetched${job?.reason ? ` (${job.reason})` : ''}`), ...(late ? { late } as const : {}),
    };
    // The file replaces the placeholder by an edit once it is there; it waits beside the lane, not in it.
    const follow: readonly Effect[] = late ? [{ do: 'send', row: {
      lane: row.lane, key: `${row.key}.file`, ...(row.portal === null ? {} : { portal: row.portal }), ...(row.room === null ? {} : { room: row.room }),
      ...(row.account === null ? {} : { account: row.account }), ...(row.remoteRef === null ? {} : { remoteRef: row.remoteRef }), part: row.part, parts: row.parts,
      task: { ...task, edits: { row: row.seq }, media: { ...media, waitUntil: this.#clock.now() + this.#settings.maxAge } },
      park: { key: `media:${media.job}`, until: this.#clock.now() + this.#settings.maxAge },
    } }] : [{ do: 'dropMedia', media: media.job }];
    await this.#store.step(row, placeholder, follow);
    return placeholder;
  }

  async #upload(row: OutboxItem, task: MessageTask, job: MediaJob, as: UserId): Promise<MessageTask> {
    const file = { spool: job.spool ?? '', mime: job.mime ?? 'application/octet-stream', name: job.name ?? 'file', size: job.size ?? 0 };
    const seen = await this.#tools.describe(file);
    const before = (task.content.info ?? {}) as Record<string, unknown>;
    const info = {
      ...before, mimetype: file.mime, size: file.size, ...(seen.width ? { w: seen.width } : {}), ...(seen.height ? { h: seen.height } : {}),
      ...(seen.durationMs ? { duration: Math.round(seen.durationMs) } : {}),
    };
    let mxc: string;
    try {
      mxc = await this.#homeserver.upload(as, { bytes: this.#tools.spool.open(file.spool), mime: file.mime, name: file.name, size: file.size });
    } catch (error) {
      if (!(error instanceof Rejected) || error.code !== 'M_TOO_LARGE') throw error;
      const placeholder = this.#placeholder(task, 'larger than this homeserver takes');
      await this.#store.step(row, placeholder, [{ do: 'dropMedia', media: job.id }]);
      return placeholder;
    }
    const shown = asItIs(task, file.mime);
    const unnamed = task.type === 'm.sticker' || task.content.body === task.content.filename;
    const named = shown.type === 'm.sticker' ? {} : { filename: file.name, ...(unnamed ? { body: file.name } : {}) };
    const done: MessageTask = { ...shown, media: { job: job.id, waitUntil: task.media?.waitUntil ?? 0, uploaded: { mxc, content: { url: mxc, info, ...named } } } };
    await this.#store.step(row, done, []);
    return done;
  }

  #placeholder(task: MessageTask, why: string): MessageTask {
    const { media: _gone, ...rest } = task;
    const { body, filename } = task.content;
    const caption = typeof body === 'string' && body !== filename && task.type !== 'm.sticker' ? `\n${body}` : '';
    const name = [filename, body].find((one) => typeof one === 'string') ?? 'file';
    return { ...rest, type: 'm.room.message', content: { msgtype: 'm.notice', body: `📎 ${name}: ${why}.${caption}`, 'm.mentions': {} } };
  }

  /** What goes with the row when it is settled; the file itself once that is committed. */
  over(task: MessageTask): readonly Effect[] {
    return task.media?.uploaded === undefined ? [] : [{ do: 'dropMedia', media: task.media.job }];
  }

  async remove(task: MessageTask, spool: string | null): Promise<void> {
    if (task.media?.uploaded !== undefined && spool !== null) await this.#tools.spool.remove(spool);
  }

  spoolOf(task: MessageTask): string | null {
    return task.media === undefined ? null : (this.#store.media(task.media.job)?.spool ?? null);
  }
}

const SHOWN: Readonly<Record<string, RegExp>> = { 'm.image': /^image\/(?!svg)/, 'm.sticker': /^image\/(?!svg)/, 'm.video': /^(video|audio)\//, 'm.audio': /^(video|audio)\// };

/** Bytes that are no picture, film or sound are a file, whatever their sender called them: no client is to try to show them. */
function asItIs(task: MessageTask, mime: string): MessageTask {
  const kind = task.type === 'm.sticker' ? task.type : String(task.content.msgtype);
  if (!Object.hasOwn(SHOWN, kind) || SHOWN[kind]?.test(mime) === true) return task;
  const { 'org.matrix.msc3245.voice': _voice, 'org.matrix.msc1767.audio': _audio, ...content } = task.content;
  return { ...task, type: 'm.room.message', content: { 'm.mentions': {}, ...content, msgtype: 'm.file' } };
}

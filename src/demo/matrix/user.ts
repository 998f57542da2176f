import { randomUUID } from 'node:crypto';
import { MatrixClient } from './client.ts';
import { Timelines, type ClientEvent } from './timelines.ts';

export interface Waiting {
  /** Milliseconds; the default is 30 s. */
  readonly timeout?: number;
}

export interface Upload {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Laid over the content: `info`, `body`, `org.matrix.msc3245.voice`, … */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/**
 * A person with a Matrix client: speaks the client-server API only, and follows their rooms by a `/sync` long poll of
 * their own, so that a test sees what a person would see. `close` ends the poll.
 */
export class MatrixUser {
  readonly id: string;
  readonly client: MatrixClient;
  readonly #timelines = new Timelines();
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;

  constructor(url: string, userId: string, accessToken: string) {
    this.id = userId;
    this.client = new MatrixClient(url, accessToken);
    this.#loop = this.#follow();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  // --- rooms ---

  async createRoom(body: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { room_id } = await this.client.post<{ room_id: string }>('/createRoom', { preset: 'private_chat', ...body });
    return room_id;
  }

  async invite(room: string, user: string): Promise<void> {
    await this.client.post(`/rooms/${encodeURIComponent(room)}/invite`, { user_id: user });
  }

  async join(room: string): Promise<void> {
    await this.client.post(`/join/${encodeURIComponent(room)}`, {});
  }

  async leave(room: string): Promise<void> {
    await this.client.post(`/rooms/${encodeURIComponent(room)}/leave`, {});
  }

  async kick(room: string, user: string, reason?: string): Promise<void> {
    await this.client.post(`/rooms/${encodeURIComponent(room)}/kick`, { user_id: user, reason });
  }

  /** Current state, or null where there is none. */
  state(room: string, type: string, key = ''): Promise<Record<string, unknown> | null> {
    return this.client.getOrNull(`/rooms/${encodeURIComponent(room)}/state/${encodeURIComponent(type)}/${encodeURIComponent(key)}`);
  }

  async setState(room: string, type: string, content: object, key = ''): Promise<string> {
    const path = `/rooms/${encodeURIComponent(room)}/state/${encodeURIComponent(type)}/${encodeURIComponent(key)}`;
    return (await this.client.put<{ event_id: string }>(path, content)).event_id;
  }

  async members(room: string): Promise<readonly string[]> {
    const answer = await this.client.get<{ joined: Record<string, unknown> }>(`/rooms/${encodeURIComponent(room)}/joined_members`);
    return Object.keys(answer.joined);
  }

  // --- sending: each returns the event's id ---

  async send(room: string, type: string, content: object): Promise<string> {
    const path = `/rooms/${encodeURIComponent(room)}/send/${encodeURIComponent(type)}/${randomUUID()}`;
    return (await this.client.put<{ event_id: string }>(path, content)).event_id;
  }

  text(room: string, body: string): Promise<string> {
    return this.send(room, 'm.room.message', { msgtype: 'm.text', body });
  }

  html(room: string, body: string, formatted: string): Promise<string> {
    return this.send(room, 'm.room.message', { msgtype: 'm.text', body, format: 'org.matrix.custom.html', formatted_body: formatted });
  }

  reply(room: string, to: string, body: string): Promise<string> {
    return this.send(room, 'm.room.message', { msgtype: 'm.text', body, 'm.relates_to': { 'm.in_reply_to': { event_id: to } } });
  }

  edit(room: string, target: string, body: string): Promise<string> {
    return this.send(room, 'm.room.message', {
      msgtype: 'm.text', body: `* ${body}`,
      'm.new_content': { msgtype: 'm.text', body },
      'm.relates_to': { rel_type: 'm.replace', event_id: target },
    });
  }

  react(room: string, target: string, emoji: string): Promise<string> {
    return this.send(room, 'm.reaction', { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key: emoji } });
  }

  async redact(room: string, target: string, reason?: string): Promise<string> {
    const path = `/rooms/${encodeURIComponent(room)}/redact/${encodeURIComponent(target)}/${randomUUID()}`;
    return (await this.client.put<{ event_id: string }>(path, reason === undefined ? {} : { reason })).event_id;
  }

  /** Uploads and sends as `m.image`, `m.video`, `m.audio` or `m.file`, by the type. */
  async file(room: string, upload: Upload): Promise<string> {
    const url = await this.client.upload(upload.name, upload.type, upload.bytes);
    const kind = upload.type.split('/')[0] ?? '';
    return this.send(room, 'm.room.message', {
      msgtype: ['image', 'video', 'audio'].includes(kind) ? `m.${kind}` : 'm.file',
      body: upload.name, filename: upload.name, url,
      info: { mimetype: upload.type, size: upload.bytes.byteLength },
      ...upload.extra,
    });
  }

  async typing(room: string, active: boolean): Promise<void> {
    const path = `/rooms/${encodeURIComponent(room)}/typing/${encodeURIComponent(this.id)}`;
    await this.client.put(path, active ? { typing: true, timeout: 20_000 } : { typing: false });
  }

  async markRead(room: string, event: string): Promise<void> {
    await this.client.post(`/rooms/${encodeURIComponent(room)}/receipt/m.read/${encodeURIComponent(event)}`, {});
  }

  // --- seeing ---

  /** Every event of the room's timeline that came in since this user began to follow, oldest first. */
  timeline(room: string): readonly ClientEvent[] {
    return this.#timelines.of(room);
  }

  /** The same, with what had been set before they came in front of it. */
  events(room: string): readonly ClientEvent[] {
    return this.#timelines.all(room);
  }

  /** Rooms that this user has been in since. */
  rooms(): readonly string[] {
    return this.#timelines.rooms();
  }

  invitations(): readonly string[] {
    return [...this.#timelines.invites.keys()];
  }

  /** An event, past or to come, of the timeline or the state of the room; rejects after the time limit saying what did come. */
  waitForEvent(room: string, fits: (event: ClientEvent) => boolean, waiting: Waiting = {}): Promise<ClientEvent> {
    return this.#timelines.wait((events) => events(room).find(fits), waiting.timeout, () => this.#seen(room));
  }

  /** Waits for a message with this text. */
  waitForText(room: string, body: string, waiting?: Waiting): Promise<ClientEvent> {
    return this.waitForEvent(room, (event) => event.type === 'm.room.message' && event.content['body'] === body, waiting);
  }

  /** A room this user is invited to, which `fits` the stripped state shown with the invitation. */
  waitForInvite(fits: (state: readonly ClientEvent[]) => boolean = () => true, waiting: Waiting = {}): Promise<string> {
    const find = (): string | undefined => [...this.#timelines.invites].find(([, state]) => fits(state))?.[0];
    return this.#timelines.wait(find, waiting.timeout, () => `${this.#timelines.invites.size} other invitations`);
  }

  /** Typing and receipts: `m.typing`, `m.receipt`. Looks at the newest of each type in the room. */
  waitForEphemeral(room: string, type: string, fits: (content: ClientEvent['content']) => boolean, waiting: Waiting = {}): Promise<ClientEvent['content']> {
    const find = (): ClientEvent['content'] | undefined => {
      const content = this.#timelines.ephemeral(room, type);
      return content && fits(content) ? content : undefined;
    };
    return this.#timelines.wait(find, waiting.timeout, () => JSON.stringify(this.#timelines.ephemeral(room, type)));
  }

  /** The room's whole history from the homeserver, oldest first; unlike `timeline`, redactions have done their work in it. */
  async history(room: string): Promise<readonly ClientEvent[]> {
    const events: ClientEvent[] = [];
    for (let from: string | undefined = undefined, first = true; first || from !== undefined; first = false) {
      const at: string = from === undefined ? '' : `&from=${encodeURIComponent(from)}`;
      const page: { chunk: ClientEvent[]; end?: string } =
        await this.client.get(`/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=100${at}`);
      events.push(...page.chunk);
      from = page.chunk.length > 0 ? page.end : undefined;
    }
    return events.toReversed();
  }

  #seen(room: string): string {
    const lines = this.timeline(room).slice(-12).map((event) => `${event.sender} ${event.type} ${JSON.stringify(event.content)}`);
    return lines.length > 0 ? `\n${lines.join('\n')}` : 'nothing';
  }

  async #follow(): Promise<void> {
    let since: string | undefined;
    while (!this.#stop.signal.aborted) {
      try {
        const body = await this.client.sync(since, this.#stop.signal);
        this.#timelines.apply(body);
        since = body.next_batch;
      } catch {
        // The homeserver is down or restarting, which tests do on purpose: like any client, try again.
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }
}

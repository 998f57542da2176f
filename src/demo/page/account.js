import { said } from './dom.js';
import { Room } from './room.js';

/**
 * One Matrix account: the client-server API and a `/sync` long poll.
 * Fires `change` with the ids of the rooms that changed.
 */
export class Account extends EventTarget {
  /** Room id to Room. */
  rooms = new Map();
  /** Room id to `{ name, inviter, inviterName }`. */
  invites = new Map();
  #homeserver;
  #token;
  #media = new Map();
  /** False while the homeserver does not answer. */
  answers = true;

  constructor(homeserver, { userId, accessToken }) {
    super();
    this.userId = userId;
    this.#homeserver = homeserver;
    this.#token = accessToken;
  }

  /** Follows the account for as long as the page is open. */
  async follow() {
    const filter = encodeURIComponent(JSON.stringify({ presence: { types: [] }, room: { timeline: { limit: 200 } } }));
    for (let since = ''; ;) {
      try {
        const wait = since === '' ? 'timeout=0' : `timeout=30000&since=${encodeURIComponent(since)}`;
        const body = await this.api('GET', `/v3/sync?${wait}&filter=${filter}`);
        since = body.next_batch;
        this.answers = true;
        this.#apply(body.rooms ?? {});
      } catch {
        this.answers = false;
        this.dispatchEvent(new CustomEvent('change', { detail: [] }));
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  }

  #apply({ join = {}, invite = {}, leave = {} }) {
    for (const [id, body] of Object.entries(join)) {
      this.invites.delete(id);
      if (!this.rooms.has(id)) this.rooms.set(id, new Room(id, this.userId));
      this.rooms.get(id).apply(body);
    }
    for (const [id, body] of Object.entries(invite)) {
      const state = body.invite_state?.events ?? [];
      const mine = state.find((event) => event.type === 'm.room.member' && event.state_key === this.userId);
      const name = said(state.find((event) => event.type === 'm.room.name')?.content.name);
      const inviter = mine?.sender ?? '';
      const inviterName = said(state.find((event) => event.type === 'm.room.member' && event.state_key === inviter)?.content.displayname);
      this.invites.set(id, { name: name || inviter || id, inviter, inviterName: inviterName || inviter });
    }
    for (const id of Object.keys(leave)) {
      this.invites.delete(id);
      this.rooms.delete(id);
    }
    this.dispatchEvent(new CustomEvent('change', { detail: [join, invite, leave].flatMap(Object.keys) }));
  }

  /** @throws Error with the homeserver's own words */
  async api(method, path, body) {
    const answer = await fetch(`${this.#homeserver}/_matrix/client${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const json = await answer.json();
    if (!answer.ok) throw new Error(json.error ?? `${answer.status}`);
    return json;
  }

  #room = (id, rest) => `/v3/rooms/${encodeURIComponent(id)}/${rest}`;

  send(room, type, content) {
    return this.api('PUT', this.#room(room, `send/${type}/${crypto.randomUUID()}`), content);
  }

  redact(room, event) {
    return this.api('PUT', this.#room(room, `redact/${encodeURIComponent(event)}/${crypto.randomUUID()}`), {});
  }

  typing(room, active) {
    return this.api('PUT', this.#room(room, `typing/${encodeURIComponent(this.userId)}`), active ? { typing: true, timeout: 10_000 } : { typing: false });
  }

  markRead(room, event) {
    return this.api('POST', this.#room(room, 'read_markers'), { 'm.fully_read': event, 'm.read': event });
  }

  invite(room, user) {
    return this.api('POST', this.#room(room, 'invite'), { user_id: user });
  }

  join(room) {
    return this.api('POST', `/v3/join/${encodeURIComponent(room)}`, {});
  }

  leave(room) {
    return this.api('POST', this.#room(room, 'leave'), {});
  }

  /** Opens a room with one other person; returns its id. */
  async talkTo(user) {
    for (const room of this.rooms.values()) {
      const others = room.others();
      if (others.length === 1 && others[0] === user) return room.id;
    }
    const { room_id } = await this.api('POST', '/v3/createRoom', { preset: 'trusted_private_chat', is_direct: true, invite: [user] });
    return room_id;
  }

  /** Returns the mxc:// URI. */
  async upload(file) {
    const answer = await fetch(`${this.#homeserver}/_matrix/media/v3/upload?filename=${encodeURIComponent(file.name)}`, {
      method: 'POST', body: file,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': file.type || 'application/octet-stream' },
    });
    const json = await answer.json();
    if (!answer.ok) throw new Error(json.error ?? `${answer.status}`);
    return json.content_uri;
  }

  /** A blob: URL of authenticated media (spec v1.11), fetched once. */
  media(mxc) {
    const [, server, id] = /^mxc:\/\/([^/]+)\/([^/]+)$/.exec(mxc) ?? [];
    if (server === undefined) return Promise.reject(new Error('not a media address'));
    if (!this.#media.has(mxc)) {
      const path = `/_matrix/client/v1/media/download/${encodeURIComponent(server)}/${encodeURIComponent(id)}`;
      const fetched = fetch(`${this.#homeserver}${path}`, { headers: { authorization: `Bearer ${this.#token}` } }).then(async (answer) => {
        if (!answer.ok) throw new Error(`${answer.status}`);
        const blob = await answer.blob();
        // A page of somebody else's must not open as one of ours.
        const harmless = /^(image\/(?!svg)|audio\/|video\/)/.test(blob.type) ? blob.type : 'application/octet-stream';
        return URL.createObjectURL(blob.slice(0, blob.size, harmless));
      });
      fetched.catch(() => this.#media.delete(mxc));
      this.#media.set(mxc, fetched);
    }
    return this.#media.get(mxc);
  }
}

import type { PersonRow, UserId } from '../model/ids.ts';
import type { Seal } from './seal.ts';
import type { Value } from './sql/driver.ts';

/** Asks a database, whether it answers at once or later. */
export type Ask = <T>(text: string, ...values: readonly Value[]) => readonly T[] | Promise<readonly T[]>;

type Row = Readonly<Record<string, unknown>>;
type Held = Readonly<Record<string, unknown>>;

/** Whom somebody may mean, as far as it is asked. */
export interface Known {
  readonly row: PersonRow;
  readonly network: string;
  readonly localpart: string;
}

const CHAT = `SELECT c.network, c.scope, c.kind, c.title, c.topic, c.account, c.created_at, c.last_inbound_at, p.state, r.room_id, r.name AS room_name
  FROM conversation c LEFT JOIN portal p ON p.conversation = c.id LEFT JOIN room r ON r.id = p.room`;
const MESSAGES = `SELECT m.event_id, r.room_id, c.network, m.remote_id, m.remote_time AS time, m.thread FROM message_map m
  JOIN portal p ON p.id = m.portal JOIN room r ON r.id = p.room JOIN conversation c ON c.id = p.conversation`;
const REACTIONS = 'SELECT a.emoji, a.target, a.event_id, a.at AS time, r.room_id FROM reaction a JOIN portal p ON p.id = a.portal JOIN room r ON r.id = p.room';
const OUTBOX = 'SELECT o.kind, o.state, o.event, o.remote_id, o.account, o.created_at, o.settled_at, o.code, o.reason, o.body, r.room_id FROM outbox o LEFT JOIN room r ON r.id = o.room';
const INBOX = 'SELECT i.source, i.key, i.state, i.received_at, i.code, i.reason, i.media, i.body, r.room_id FROM inbox i LEFT JOIN room r ON r.id = i.room';

/** All that is held about people, as plain data: what waits to be delivered is opened, and nothing in it is secret of the bridge. */
export class Exports {
  readonly #ask: Ask;
  readonly #seal: Seal;

  constructor(ask: Ask, seal: Seal) {
    // A remark for whoever looks at what the database is busy with.
    this.#ask = (text, ...values) => ask(`/* export */ ${text}`, ...values);
    this.#seal = seal;
  }

  async peopleCalled(network: string, id: string): Promise<readonly PersonRow[]> {
    return (await this.#ask<{ person: PersonRow }>('SELECT DISTINCT person FROM person_id WHERE network = ? AND value = ? ORDER BY person', network, id)).map(({ person }) => person);
  }

  async person(row: PersonRow): Promise<Known | null> {
    return (await this.#ask<Known>('SELECT id AS row, network, localpart FROM person WHERE id = (SELECT coalesce(merged, id) FROM person WHERE id = ?)', row))[0] ?? null;
  }

  async personByLocalpart(localpart: string): Promise<Known | null> {
    return (await this.#ask<Known>('SELECT id AS row, network, localpart FROM person WHERE localpart = ?', localpart))[0] ?? null;
  }

  /** Of a network. */
  async ofPerson(row: PersonRow): Promise<Held> {
    const people = await this.#ask<{ id: number; localpart: string }>('SELECT id, localpart FROM person WHERE id = ? OR merged = ? ORDER BY id', row, row);
    const each = async (text: string, value: (person: { id: number; localpart: string }) => Value): Promise<readonly Row[]> => (await Promise.all(people.map(async (person) => this.#ask<Row>(text, value(person))))).flat();
    const ghosts = await Promise.all(people.map(async ({ localpart }) => this.#ask<Row>(
      'SELECT r.room_id, m.membership, m.name FROM member m JOIN room r ON r.id = m.room WHERE substr(m."user", 1, CAST(? AS INTEGER)) = ?', Array.from(localpart).length + 2, `@${localpart}:`)));
    const inbox = await each(`${INBOX} WHERE i.person = ? ORDER BY i.seq`, ({ id }) => id);
    return {
      person: (await this.#ask<Row>('SELECT network, name, shown_name, picture, created_at, stopped AS not_bridged_since FROM person WHERE id = ?', row))[0] ?? null,
      ids: await each('SELECT network, scope, value FROM person_id WHERE person = ? ORDER BY value', ({ id }) => id),
      ghosts: people.map(({ localpart }) => localpart), rooms: ghosts.flat(),
      chats: await each(`${CHAT} WHERE c.person = ? ORDER BY c.id`, ({ id }) => id),
      messages: counted(await each(`${MESSAGES} WHERE m.author = ? AND m.origin = 'network' ORDER BY m.remote_time, m.event_id`, ({ id }) => String(id))),
      reactions: await each(`${REACTIONS} WHERE a.actor = ? ORDER BY a.at`, ({ id }) => String(id)),
      received: inbox.map((item) => this.#opened(item)),
      files: await this.#files(inbox),
      written: (await each(`${OUTBOX} WHERE o.person = ? ORDER BY o.seq`, ({ id }) => id)).map((item) => this.#opened(item)),
    };
  }

  /** Of Matrix. */
  async ofUser(user: UserId): Promise<Held> {
    const heard = await this.#ask<Row>(`${INBOX} WHERE i.room IS NOT NULL ORDER BY i.seq`);
    return {
      user,
      rooms: await this.#ask<Row>('SELECT r.room_id, r.kind, m.membership, m.name, m.picture FROM member m JOIN room r ON r.id = m.room WHERE m."user" = ? ORDER BY r.id', user),
      portals: await this.#ask<Row>(`SELECT r.room_id, c.network, c.kind, c.title, p.account, p.state FROM member m JOIN room r ON r.id = m.room JOIN portal p ON p.room = r.id JOIN conversation c ON c.id = p.conversation
        WHERE m."user" = ? AND m.membership = 'join' AND p.state <> 'closed' ORDER BY p.id`, user),
      messages: counted(await this.#ask<Row>(`${MESSAGES} WHERE m.author = ? ORDER BY m.remote_time, m.event_id`, user)),
      reactions: await this.#ask<Row>(`${REACTIONS} WHERE a.actor = ? ORDER BY a.at`, user),
      links: await this.#ask<Row>('SELECT event, expires_at FROM link WHERE event IN (SELECT event FROM outbox WHERE sender = ?) ORDER BY expires_at', user),
      accounts: await this.#ask<Row>('SELECT id, network, kind, state, remote_id, created_at FROM account WHERE owner = ? ORDER BY id', user),
      filters: await this.#ask<Row>('SELECT target, mode, left_out FROM filter WHERE "user" = ? ORDER BY target', user),
      spaces: await this.#ask<Row>('SELECT s.account, r.room_id FROM space s JOIN room r ON r.id = s.room WHERE s."user" = ? ORDER BY s.account', user),
      acts: await this.#ask<Row>('SELECT at, verb, object FROM audit WHERE who = ? ORDER BY seq', user),
      blocked: await this.#ask<Row>('SELECT by_user, at FROM blocked WHERE who = ?', user),
      received: heard.map((item) => this.#opened(item)).filter(({ content }) => (content as { sender?: unknown } | null)?.sender === user),
      sent: (await this.#ask<Row>(`${OUTBOX} WHERE o.sender = ? ORDER BY o.seq`, user)).map((item) => this.#opened(item)),
    };
  }

  async #files(inbox: readonly Row[]): Promise<readonly Row[]> {
    const jobs = inbox.flatMap(({ media }) => Object.values(JSON.parse(typeof media === 'string' ? media : '{}') as Record<string, number>));
    const found = await Promise.all(jobs.map(async (job) => this.#ask<Row>('SELECT state, mime, size, created_at, body FROM media WHERE id = ?', job)));
    return found.flat().map((file) => this.#opened(file)).map(({ content, ...rest }) => ({ ...rest, name: (content as { name?: unknown } | null)?.name ?? null }));
  }

  /** `content` is null where none is kept any more. */
  #opened({ body, media: _media, ...rest }: Row): Row {
    try {
      return { ...rest, content: body === null || body === undefined ? null : this.#seal.open(body as Uint8Array) };
    } catch {
      return { ...rest, content: null, damaged: true };
    }
  }
}

function counted(list: readonly Row[]): { readonly count: number; readonly list: readonly Row[] } {
  return { count: list.length, list };
}

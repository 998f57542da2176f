import { Rejected } from '../../model/errors.ts';
import type { Created, Found, FoundPage, Invited, Named, Reach, Target } from '../network.ts';
import { at, defined, flag, list, num, str } from '../shared/json.ts';
import type { RocketChatClient } from './client.ts';
import { conversation, isUserId, isUsername, person, roomFacts } from './ids.ts';
import type { People } from './people.ts';
import type { Rooms } from './rooms.ts';

interface ReachOptions {
  readonly client: RocketChatClient;
  readonly people: People;
  readonly rooms: Rooms;
  /** The server. */
  readonly scope: string;
  /** The account's own user. */
  readonly self: string;
  /** The room of a conversation; one that is not there yet is opened. */
  readonly ridOf: (conversation: Target) => Promise<string>;
  readonly watched: <T>(call: () => Promise<T>) => Promise<T>;
}

const PAGE = 100;
const NOBODY = /invalid-user|user.not.found|user-not-found/i;

/** Looking for people and rooms, and making and changing rooms (the OpenAPI files in RocketChat/Rocket.Chat-Open-API: users, rooms). */
export class RocketChatReach implements Reach {
  readonly #options: ReachOptions;

  constructor(options: ReachOptions) {
    this.#options = options;
  }

  /** `users.list` */
  async contacts(after = '0'): Promise<FoundPage> {
    const answer = await this.#get('users.list', { count: String(PAGE), offset: after, sort: JSON.stringify({ username: 1 }) });
    const users = list(answer, 'users');
    const next = Number(after) + users.length;
    return { items: users.flatMap((user) => this.#person(user)), ...(users.length > 0 && next < (num(answer, 'total') ?? 0) ? { next: String(next) } : {}) };
  }

  /** `rooms.get`: all at once. */
  async conversations(): Promise<FoundPage> {
    const answer = await this.#get('rooms.get', {});
    return { items: list(answer, 'update').flatMap((room) => this.#room(room)) };
  }

  /** `spotlight`: what the search field of the apps asks. */
  async search(query: string): Promise<readonly Found[]> {
    const answer = await this.#get('spotlight', { query });
    return [...list(answer, 'users').flatMap((user) => this.#person(user)), ...list(answer, 'rooms').flatMap((room) => this.#room(room))];
  }

  /** `users.info`; a room by its id, where the account is in it. */
  async resolve(input: string): Promise<Found | null> {
    const text = input.trim();
    const bare = text.replace(/^@/, '');
    if (!isUsername(bare) && !isUserId(bare) && !/^[\w-]{3,40}$/.test(bare)) throw new Rejected(FORM, 'bad_name');
    const user = (isUserId(bare) && !text.startsWith('@') ? await this.#user({ userId: bare }) : null) ?? (isUsername(bare) ? await this.#user({ username: bare }) : null);
    if (user !== null) return this.#person(user, true)[0] ?? null;
    return text.startsWith('@') ? null : this.#known(bare);
  }

  /** With a title a private room, else a direct chat of several. */
  async create({ title, people }: { readonly title: string | null; readonly people: readonly Named[] }): Promise<Created> {
    const { client, rooms } = this.#options;
    const names = await Promise.all(people.map((one) => this.#usernameOf(one)));
    if (title === null) {
      if (names.length < 2) throw new Rejected('A direct chat of several needs two people or more; a room needs a title.', 'too_few');
      const made = at(await this.#watched(() => client.post('im.create', { usernames: names.join(',') })), 'room');
      const rid = str(made, 'rid') ?? str(made, '_id');
      if (rid === undefined) throw new Rejected('Rocket.Chat did not open a direct chat.', 'no_room');
      return { conversation: this.#conversation(rid, rooms.learn({ ...(made as object), _id: rid, t: 'd', usernames: at(made, 'usernames') ?? names })), refused: [] };
    }
    const made = at(await this.#watched(() => client.post('groups.create', { name: roomName(title), members: names }, true)), 'group');
    const rid = str(made, '_id');
    if (rid === undefined) throw new Rejected('Rocket.Chat made the room without saying which it is.', 'no_room');
    return { conversation: this.#conversation(rid, rooms.learn(made)), refused: [] };
  }

  async invite(target: Target, people: readonly Named[]): Promise<Invited> {
    const rid = await this.#group(target);
    const refused: { id: string; reason: string }[] = [];
    for (const one of people) {
      try {
        await this.#post(`${this.#family(rid, target)}.invite`, { roomId: rid, userId: await this.#userIdOf(one) });
      } catch (error) {
        if (!(error instanceof Rejected)) throw error;
        refused.push({ id: one.ids[0] ?? '', reason: error.message });
      }
    }
    return { refused };
  }

  async kick(target: Target, one: Named): Promise<void> {
    const rid = await this.#group(target);
    await this.#post(`${this.#family(rid, target)}.kick`, { roomId: rid, userId: await this.#userIdOf(one) });
  }

  async leave(target: Target): Promise<void> {
    const rid = await this.#group(target);
    await this.#post(`${this.#family(rid, target)}.leave`, { roomId: rid });
  }

  async setTitle(target: Target, title: string): Promise<void> {
    const rid = await this.#group(target);
    await this.#post(`${this.#family(rid, target)}.rename`, { roomId: rid, name: roomName(title) });
  }

  async #known(rid: string): Promise<Found | null> {
    const answer = await this.#get('rooms.info', { roomId: rid }).catch((error: unknown) => {
      if (error instanceof Rejected) return null;
      throw error;
    });
    return answer === null ? null : (this.#room(at(answer, 'room'))[0] ?? null);
  }

  async #user(who: { readonly userId: string } | { readonly username: string }): Promise<unknown> {
    try {
      const user = at(await this.#get('users.info', who), 'user');
      this.#options.people.learn(user);
      return user ?? null;
    } catch (error) {
      if (error instanceof Rejected && NOBODY.test(`${error.code} ${error.message}`)) return null;
      throw error;
    }
  }

  async #userIdOf({ ids }: Named): Promise<string> {
    const id = ids.find((one) => isUserId(one));
    if (id !== undefined) return id;
    const username = ids.find((one) => one.startsWith('@'))?.slice(1);
    const found = username === undefined ? undefined : str(await this.#user({ username }), '_id');
    if (found === undefined) throw new Rejected('There is no such user on the server.', 'error-invalid-user');
    return found;
  }

  async #usernameOf({ ids }: Named): Promise<string> {
    const known = ids.find((one) => one.startsWith('@'))?.slice(1) ?? ids.map((id) => this.#options.people.nameOf(id)).find((name) => name !== undefined);
    const id = ids.find((one) => isUserId(one));
    const found = known ?? (id === undefined ? undefined : str(await this.#user({ userId: id }), 'username'));
    if (found === undefined) throw new Rejected('There is no such user on the server.', 'error-invalid-user');
    return found;
  }

  /** Whoever cannot log in, and we. `asked`: by name, so also a program of the server. */
  #person(user: unknown, asked = false): readonly Found[] {
    const { scope, self, people } = this.#options;
    const found = person(user, scope, self);
    if (found === undefined || found.isSelf === true || (!asked && (at(user, 'active') === false || str(user, 'username') === undefined))) return [];
    people.learn(user);
    const ids = [found.id, ...(found.aliases ?? [])];
    return [{ person: found, conversation: defined({ id: found.id, scope, kind: 'direct' as const, perAccount: true, aliases: ids.filter((id) => id.startsWith('@') && id !== found.id) }) }];
  }

  #room(room: unknown): readonly Found[] {
    const facts = roomFacts(room);
    if (facts === undefined || facts.federated === true || facts.archived === true || flag(room, 'encrypted')) return [];
    const ref = this.#conversation(facts.rid, facts);
    return ref.kind === 'direct' ? [] : [{ conversation: ref }];
  }

  #conversation(rid: string, facts: ReturnType<typeof roomFacts>): Found['conversation'] {
    return conversation(facts ?? { rid, type: 'p' }, this.#options.scope, this.#options.self);
  }

  async #group(target: Target): Promise<string> {
    if (target.kind === 'direct') throw new Rejected('A direct chat of Rocket.Chat stays one of two.', 'direct');
    return this.#options.ridOf(target);
  }

  #family(rid: string, { kind }: Target): string {
    const type = this.#options.rooms.get(rid)?.type ?? (kind === 'channel' ? 'c' : 'p');
    if (type === 'd') throw new Rejected('Who is in a direct chat of Rocket.Chat cannot be changed.', 'direct');
    return type === 'c' ? 'channels' : 'groups';
  }

  #get(path: string, query: Readonly<Record<string, string>>): ReturnType<RocketChatClient['get']> {
    return this.#watched(() => this.#options.client.get(path, query));
  }

  #post(path: string, body: Readonly<Record<string, unknown>>): ReturnType<RocketChatClient['post']> {
    return this.#watched(() => this.#options.client.post(path, body));
  }

  #watched<T>(call: () => Promise<T>): Promise<T> {
    return this.#options.watched(call);
  }
}

export const FORM = 'Give a user name like @anna.berg, or the id of a user or a room as Rocket.Chat shows it.';

/** What a room may be called unless the server is told otherwise (the setting UTF8_Channel_Names_Validation). @throws Rejected where nothing is left */
function roomName(title: string): string {
  const name = title.trim().normalize('NFKD').replaceAll(/\p{M}+/gu, '').replaceAll(/[^0-9a-zA-Z._-]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 100);
  if (name === '') throw new Rejected('The name of a room on Rocket.Chat needs a letter or a digit.', 'error-invalid-name');
  return name;
}

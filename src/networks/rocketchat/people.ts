import type { Clock } from '../../model/clock.ts';
import { at, isFields, list, str } from '../shared/json.ts';
import { Recent } from '../shared/recent.ts';
import type { RocketChatApi } from './api.ts';

const MOST = 5_000;
/** Whom the server does not know is asked for again after this. */
const PATIENCE_MS = 10 * 60_000;
/** One batch asks for so many at most: what they did is not held up for long. */
const LOOKUPS = 5;

interface Known {
  readonly _id: string;
  readonly username: string;
  readonly name: string | undefined;
}

/** Names and ids of users: reactions, typing and system messages tell only names. The newest few thousand are remembered. */
export class People {
  readonly #byName = new Recent<Known>(MOST);
  readonly #nameOf = new Recent<string>(MOST);
  readonly #unknown = new Map<string, number>();
  readonly #api: RocketChatApi;
  readonly #clock: Clock;

  constructor(api: RocketChatApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  named(username: string): Known | undefined {
    return this.#byName.get(username);
  }

  nameOf(id: string): string | undefined {
    return this.#nameOf.get(id);
  }

  learn(user: unknown): void {
    const [_id, username] = [str(user, '_id'), str(user, 'username')];
    if (_id === undefined || username === undefined) return;
    const before = this.#nameOf.get(_id);
    if (before !== undefined && before !== username) this.#byName.delete(before);
    const known = this.#byName.get(username);
    // Mentions often come without a full name: what is known of the same user stays.
    this.#byName.set(username, { _id, username, name: str(user, 'name') ?? (known?._id === _id ? known.name : undefined) });
    this.#nameOf.set(_id, username);
    this.#unknown.delete(username);
  }

  /** Everybody that a frame names with their id. */
  learnFrom(message: unknown): void {
    if (!isFields(message)) return;
    for (const user of [at(message, 'u'), at(message, 'editedBy'), at(message, 'pinnedBy'), ...list(message, 'mentions')]) this.learn(user);
  }

  /** Asks the server for those of these that nobody has named yet. What is not answered stays a name. */
  async lookUp(usernames: Iterable<string>): Promise<void> {
    const now = this.#clock.now();
    const wanted = [...new Set(usernames)].filter((each) => each !== '' && !this.#byName.has(each) && (this.#unknown.get(each) ?? 0) <= now);
    for (const username of wanted.slice(0, LOOKUPS)) {
      try {
        const user = await this.#api.user({ username });
        if (user !== null) this.learn(user);
        if (!this.#byName.has(username)) this.#unknown.set(username, now + PATIENCE_MS);
      } catch {
        this.#unknown.set(username, now + PATIENCE_MS);
      }
    }
    if (this.#unknown.size > MOST) this.#unknown.clear();
  }
}

const TO_OTHERS: ReadonlySet<string> = new Set(['au', 'ru', 'ui', 'added-user-to-team', 'removed-user-from-team', 'abac-removed-user-from-room', 'user-banned']);

/** Whom a message tells by name only. */
export function namesIn(message: unknown): readonly string[] {
  const reactions = at(message, 'reactions');
  const reacted = isFields(reactions) ? Object.values(reactions).flatMap((who) => list(who, 'usernames')) : [];
  const done = TO_OTHERS.has(str(message, 't') ?? '') ? (str(message, 'msg') ?? '').split(/,\s*/) : [];
  return [...reacted, ...done].filter((each) => typeof each === 'string').slice(0, 50);
}

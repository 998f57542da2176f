import { str } from '../shared/json.ts';
import { otherOf, roomFacts, type RoomFacts } from './ids.ts';
import type { RocketChatAccount } from './settings.ts';

/** The rooms that the account is in, as they were told last. */
export class Rooms {
  readonly #rooms = new Map<string, RoomFacts>();
  readonly #account: RocketChatAccount;

  constructor(account: RocketChatAccount) {
    this.#account = account;
  }

  get(rid: string): RoomFacts | undefined {
    return this.#rooms.get(rid);
  }

  all(): Iterable<RoomFacts> {
    return this.#rooms.values();
  }

  learn(room: unknown): RoomFacts | undefined {
    const facts = roomFacts(room);
    if (facts === undefined) return undefined;
    const before = this.#rooms.get(facts.rid);
    // Not every answer says everything.
    const known = before === undefined ? facts : { ...before, ...Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) };
    this.#rooms.set(facts.rid, known as RoomFacts);
    return known as RoomFacts;
  }

  /** `{rid, t, name, fname}`: a room as a subscription tells it. */
  learnSubscription(subscription: unknown): void {
    const rid = str(subscription, 'rid');
    if (rid === undefined || this.#rooms.has(rid)) return;
    const type = str(subscription, 't');
    const names = type === 'd' ? {} : { title: str(subscription, 'fname') ?? str(subscription, 'name'), name: str(subscription, 'name') };
    this.#rooms.set(rid, { rid, type, ...names });
  }

  forget(rid: string): void {
    this.#rooms.delete(rid);
  }

  /** The direct chat with one other user, where there is one. */
  with(userId: string): string | undefined {
    for (const room of this.#rooms.values()) {
      if (room.type === 'd' && (room.uids?.length ?? 2) <= 2 && otherOf(room, this.#account.user_id) === userId) return room.rid;
    }
    return undefined;
  }

  /** Whether the admin wants it bridged. What Rocket.Chat itself mirrors from Matrix would come in a circle. */
  wanted(rid: string, type?: string): boolean {
    const room = this.#rooms.get(rid);
    if (room?.federated === true) return false;
    const { rooms, direct } = this.#account;
    if ((room?.type ?? type) === 'd') return direct;
    return rooms.length === 0 || rooms.includes(rid) || (room?.name !== undefined && rooms.some((each) => each.replace(/^#/, '') === room.name));
  }
}


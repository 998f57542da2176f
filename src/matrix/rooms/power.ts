import type { PowerLevelsEventContent } from '@vector-im/matrix-bot-sdk';

/**
 * From room version 12 on (MSC4289) creators stand above every level, and an event that names them in `users` is
 * refused. Versions that are not among the old ones count as new.
 */
export function creatorsRule(roomVersion: string): boolean {
  return !/^([1-9]|1[01])$/.test(roomVersion);
}

interface CreateEvent {
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** bot-sdk's type, with the strings in place of numbers that room versions before 10 allow. */
type AsFound = { readonly [Key in keyof PowerLevelsEventContent]?: unknown };

/**
 * A user's power level (client-server API, "m.room.power_levels"); Infinity for the creators of a room of version 12 or
 * later. bot-sdk's PLManager is not used: it asks the homeserver by a version that Synapse does not name, and so
 * fetches the whole state each time.
 * @param powerLevels the content of m.room.power_levels, or null where the room has none
 */
export function powerLevelOf(user: string, create: CreateEvent, powerLevels: AsFound | null): number {
  const version = typeof create.content['room_version'] === 'string' ? create.content['room_version'] : '1';
  if (creatorsRule(version)) {
    const more = create.content['additional_creators'];
    if (user === create.sender || (Array.isArray(more) && more.includes(user))) return Number.POSITIVE_INFINITY;
  } else if (powerLevels === null) {
    // Until version 10 the content names the creator; from 11 on it is the sender.
    const creator = typeof create.content['creator'] === 'string' && version !== '11' ? create.content['creator'] : create.sender;
    return user === creator ? 100 : 0;
  }
  const users = powerLevels?.users;
  const own = typeof users === 'object' && users !== null && Object.hasOwn(users, user) ? (users as Record<string, unknown>)[user] : undefined;
  return level(own) ?? level(powerLevels?.users_default) ?? 0;
}

/**
 * The level that an event of this type needs.
 * @param powerLevels as for `powerLevelOf`
 */
export function levelNeeded(type: string, isState: boolean, powerLevels: AsFound | null): number {
  const events = powerLevels?.events;
  const own = typeof events === 'object' && events !== null && Object.hasOwn(events, type) ? (events as Record<string, unknown>)[type] : undefined;
  const fallback = isState ? (level(powerLevels?.state_default) ?? (powerLevels === null ? 0 : 50)) : (level(powerLevels?.events_default) ?? 0);
  return level(own) ?? fallback;
}

/** The level that inviting needs. @param powerLevels as for `powerLevelOf` */
export function inviteLevel(powerLevels: AsFound | null): number {
  return level(powerLevels?.invite) ?? 0;
}

function level(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : undefined;
  return typeof value === 'string' && /^\s*[-+]?\d{1,16}\s*$/.test(value) ? Number(value) : undefined;
}

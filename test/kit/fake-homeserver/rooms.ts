import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { MatrixFailure, forbidden, notFound } from './errors.ts';
import type { FakeEvent, FakeRoom, World } from './world.ts';

export interface CreateRoomBody {
  readonly room_version?: string;
  readonly room_alias_name?: string;
  readonly name?: string;
  readonly topic?: string;
  readonly preset?: string;
  readonly is_direct?: boolean;
  readonly invite?: readonly string[];
  readonly creation_content?: Record<string, unknown>;
  readonly initial_state?: readonly { readonly type: string; readonly state_key?: string; readonly content: Record<string, unknown> }[];
  readonly power_level_content_override?: Record<string, unknown> & { readonly users?: Record<string, number> };
}

type Listen = (event: FakeEvent) => void;

/** Room rules as far as a bridge meets them: membership, power levels, redactions, both kinds of creators. */
export class Rooms {
  readonly #world: World;
  readonly #serverName: string;
  readonly #listen: Listen;

  constructor(world: World, serverName: string, listen: Listen) {
    this.#world = world;
    this.#serverName = serverName;
    this.#listen = listen;
  }

  get(id: string): FakeRoom {
    const room = this.#world.rooms.get(id);
    if (room === undefined) throw forbidden(`no such room ${id}`);
    return room;
  }

  membership(room: FakeRoom, user: string): string {
    const membership = room.state.get(`m.room.member\0${user}`)?.content['membership'];
    return typeof membership === 'string' ? membership : 'none';
  }

  requireJoined(room: FakeRoom, user: string): void {
    if (this.membership(room, user) !== 'join') throw forbidden(`User ${user} not in room ${room.id}`);
  }

  create(creator: string, body: CreateRoomBody): string {
    const version = body.room_version ?? '11';
    if (!['10', '11', '12'].includes(version)) throw new MatrixFailure(400, 'M_UNSUPPORTED_ROOM_VERSION', 'unknown room version');
    const alias = body.room_alias_name === undefined ? undefined : `#${body.room_alias_name}:${this.#serverName}`;
    if (alias !== undefined && this.#world.aliases.has(alias)) throw new MatrixFailure(400, 'M_ROOM_IN_USE', 'Room alias already taken');
    const levels = this.#levels(creator, version, body.power_level_content_override);
    const createId = eventId();
    // From version 12 on a room's id is the create event's.
    const id = version === '12' ? `!${createId.slice(1)}` : `!${token(9)}:${this.#serverName}`;
    this.#world.apply({ op: 'room', id, version });
    const state = (type: string, content: Record<string, unknown>, key = ''): void => void this.#put(id, creator, type, content, key);
    const extra = version === '10' ? { creator } : {};
    this.#append({ ...event(id, creator, 'm.room.create', { ...body.creation_content, room_version: version, ...extra }, createId), state_key: '' });
    state('m.room.member', this.#member(creator, 'join'), creator);
    state('m.room.power_levels', levels);
    if (alias !== undefined) {
      this.#world.apply({ op: 'alias', alias, room: id });
      state('m.room.canonical_alias', { alias });
    }
    const given = new Set((body.initial_state ?? []).map((one) => one.type));
    const preset = { 'm.room.join_rules': { join_rule: body.preset === 'public_chat' ? 'public' : 'invite' }, 'm.room.history_visibility': { history_visibility: 'shared' }, 'm.room.guest_access': { guest_access: 'can_join' } };
    for (const [type, content] of Object.entries(preset)) if (!given.has(type)) state(type, content);
    for (const one of body.initial_state ?? []) state(one.type, one.content, one.state_key ?? '');
    if (body.name !== undefined) state('m.room.name', { name: body.name });
    if (body.topic !== undefined) state('m.room.topic', { topic: body.topic });
    for (const user of body.invite ?? []) state('m.room.member', { ...this.#member(user, 'invite'), ...(body.is_direct === true ? { is_direct: true } : {}) }, user);
    return id;
  }

  send(room: FakeRoom, sender: string, type: string, content: Record<string, unknown>, ts?: number): string {
    this.requireJoined(room, sender);
    this.#requireLevel(room, sender, this.#needed(room, type, false), `send ${type}`);
    const relation = content['m.relates_to'] as Record<string, unknown> | undefined;
    if (relation?.['rel_type'] === 'm.annotation') this.#refuseSecondAnnotation(room, sender, relation);
    return this.#append(event(room.id, sender, type, content, eventId(), ts)).event_id;
  }

  setState(room: FakeRoom, sender: string, type: string, key: string, content: Record<string, unknown>): string {
    this.requireJoined(room, sender);
    // Synapse takes it for the call that has a path of its own.
    if (type === 'm.room.member') return this.change(room, sender, key, String(content['membership']), content);
    this.#requireLevel(room, sender, this.#needed(room, type, true), `send ${type}`);
    return this.#put(room.id, sender, type, content, key);
  }

  redact(room: FakeRoom, sender: string, target: string, reason: string | undefined): string {
    this.requireJoined(room, sender);
    const found = this.#world.events.get(target);
    if (found === undefined || found.room_id !== room.id) throw notFound('Could not find event to redact');
    if (found.sender !== sender) this.#requireLevel(room, sender, Number(this.#content(room)['redact'] ?? 50), 'redact');
    const content = { redacts: target, ...(reason === undefined ? {} : { reason }) };
    return this.#append({ ...event(room.id, sender, 'm.room.redaction', content), redacts: target }).event_id;
  }

  /** invite, join, leave, kick, ban, unban. */
  change(room: FakeRoom, sender: string, target: string, action: string, more: Record<string, unknown> = {}): string {
    const now = this.membership(room, target);
    const levels = this.#content(room);
    const power = (name: string): void => {
      this.requireJoined(room, sender);
      this.#requireLevel(room, sender, Number(levels[name] ?? (name === 'invite' ? 0 : 50)), name);
      if (name !== 'invite' && this.level(room, sender) <= this.level(room, target)) throw forbidden(`cannot ${name} ${target}`);
    };
    if (action === 'invite') {
      power('invite');
      if (now === 'join' || now === 'ban') throw forbidden(`${target} is ${now === 'join' ? 'already in the room' : 'banned'}`);
    } else if (action === 'join') {
      if (now === 'join') return room.state.get(`m.room.member\0${target}`)!.event_id;
      const open = room.state.get('m.room.join_rules\0')?.content['join_rule'] === 'public';
      if (now === 'ban' || (now !== 'invite' && !open)) throw forbidden('You are not invited to this room.');
    } else if (action === 'leave') {
      if (now !== 'join' && now !== 'invite') throw forbidden(`User ${target} not in room ${room.id}`);
    } else {
      power(action === 'kick' ? 'kick' : 'ban');
    }
    const membership = { invite: 'invite', join: 'join', ban: 'ban' }[action] ?? 'leave';
    return this.#put(room.id, sender, 'm.room.member', { ...more, ...this.#member(target, membership) }, target);
  }

  /** A new name or avatar is written into every room that the user is in, as Synapse does. */
  profileChanged(user: string): void {
    for (const room of this.#world.rooms.values()) {
      if (this.membership(room, user) === 'join') this.#put(room.id, user, 'm.room.member', this.#member(user, 'join'), user);
    }
  }

  level(room: FakeRoom, user: string): number {
    const create = room.state.get('m.room.create\0')!;
    const more = create.content['additional_creators'];
    if (room.version === '12' && (create.sender === user || (Array.isArray(more) && more.includes(user)))) return Number.POSITIVE_INFINITY;
    const levels = this.#content(room);
    return Number((levels['users'] as Record<string, number> | undefined)?.[user] ?? levels['users_default'] ?? 0);
  }

  #levels(creator: string, version: string, override: CreateRoomBody['power_level_content_override']): Record<string, unknown> {
    const named = override?.users !== undefined && Object.hasOwn(override.users, creator);
    if (version === '12' && named) throw new MatrixFailure(400, 'M_BAD_JSON', "Not a valid power_level_content_override: 'users' contains a creator");
    if (version !== '12' && override?.users !== undefined && !named) {
      throw new MatrixFailure(400, 'M_BAD_JSON', `Not a valid power_level_content_override: 'users' did not contain ${creator}`);
    }
    return { users: version === '12' ? {} : { [creator]: 100 }, users_default: 0, events: {}, events_default: 0, state_default: 50, ban: 50, kick: 50, redact: 50, invite: 0, ...override };
  }

  #content(room: FakeRoom): Record<string, unknown> {
    return room.state.get('m.room.power_levels\0')?.content ?? {};
  }

  #needed(room: FakeRoom, type: string, isState: boolean): number {
    const levels = this.#content(room);
    return Number((levels['events'] as Record<string, number> | undefined)?.[type] ?? levels[isState ? 'state_default' : 'events_default'] ?? (isState ? 50 : 0));
  }

  #requireLevel(room: FakeRoom, user: string, needed: number, what: string): void {
    const has = this.level(room, user);
    if (has < needed) throw forbidden(`You don't have permission to ${what} (${has} < ${needed})`);
  }

  #refuseSecondAnnotation(room: FakeRoom, sender: string, relation: Record<string, unknown>): void {
    const same = room.timeline.some((one) => {
      const other = one.content['m.relates_to'] as Record<string, unknown> | undefined;
      return one.sender === sender && other?.['rel_type'] === 'm.annotation' && other['event_id'] === relation['event_id'] && other['key'] === relation['key'];
    });
    if (same) throw new MatrixFailure(400, 'M_DUPLICATE_ANNOTATION', "Can't send same reaction twice");
  }

  #member(user: string, membership: string): Record<string, unknown> {
    const profile = this.#world.users.get(user);
    return { membership, ...(membership === 'join' || membership === 'invite' ? Object.fromEntries(profile ?? []) : {}) };
  }

  /** As Synapse does: the same state again makes no event, and a new one says what stood before it. */
  #put(room: string, sender: string, type: string, content: Record<string, unknown>, key: string): string {
    const standing = this.#world.rooms.get(room)?.state.get(`${type}\0${key}`);
    if (standing?.sender === sender && isDeepStrictEqual(standing.content, content)) return standing.event_id;
    const before = standing === undefined ? {} : { unsigned: { prev_content: standing.content, replaces_state: standing.event_id } };
    return this.#append({ ...event(room, sender, type, content), state_key: key, ...before }).event_id;
  }

  #append(made: FakeEvent): FakeEvent {
    if (JSON.stringify(made).length > 65_536) throw new MatrixFailure(413, 'M_TOO_LARGE', 'event too large');
    this.#world.apply({ op: 'event', event: made });
    this.#listen(made);
    return made;
  }
}

function event(room: string, sender: string, type: string, content: Record<string, unknown>, id = eventId(), ts = Date.now()): FakeEvent {
  return { event_id: id, room_id: room, sender, type, origin_server_ts: ts, content };
}

function eventId(): string {
  return `$${token(32)}`;
}

function token(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

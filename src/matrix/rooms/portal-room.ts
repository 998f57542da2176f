import type { PowerLevelsEventContent, RoomCreateOptions } from '@vector-im/matrix-bot-sdk';
import type { Mxc, UserId } from '../../model/ids.ts';
import { bridgeInfo } from './bridge-info.ts';
import type { BridgedTo, StateEvent } from './bridge-info.ts';
import { creatorsRule } from './power.ts';

export interface PortalRoomOptions {
  readonly roomVersion: string;
  readonly bot: UserId;
  /**
   * Derived from the portal: a room made just before a crash is found again by it, because a second try is answered
   * M_ROOM_IN_USE.
   */
  readonly aliasLocalpart: string;
  readonly bridgedTo: BridgedTo;
  readonly name?: string;
  readonly topic?: string;
  readonly avatar?: Mxc;
  readonly direct: boolean;
  /** Ghosts and people who are invited at once. */
  readonly invite: readonly UserId[];
  /** The level that inviting needs. Default 50: who may read along is for the bridge's owners to say. */
  readonly inviteLevel?: number;
  /** Who asks people in beside the bot: the ghost of a direct chat, for clients file the room under whoever invited them. */
  readonly host?: UserId;
  /** Default true. False keeps users of other homeservers out for good. */
  readonly federated?: boolean;
  /** Rooms of version 12 on: who also stands above every level. */
  readonly additionalCreators?: readonly UserId[];
}

/** The body of POST /createRoom. bot-sdk's type knows neither `additional_creators` nor the room version. */
export type PortalRoomBody = Omit<RoomCreateOptions, 'creation_content' | 'initial_state' | 'invite'> & {
  readonly room_version: string;
  readonly creation_content: Readonly<Record<string, unknown>>;
  readonly initial_state: readonly StateEvent[];
  readonly invite: readonly UserId[];
};

/** Characters; clients cut names off long before. */
const MAX_NAME = 255;
const MAX_TOPIC = 1000;

/**
 * A portal: the bot administers, ghosts speak without a level of their own (one that is the host can invite), and what the bridge writes (name, avatar, topic,
 * bridge info, levels, encryption, the way to a new room) is for the bot alone, whoever is made a moderator.
 */
export function portalRoom(options: PortalRoomOptions): PortalRoomBody {
  const creators = creatorsRule(options.roomVersion);
  const more = options.additionalCreators ?? [];
  return {
    preset: 'private_chat',
    visibility: 'private',
    room_version: options.roomVersion,
    room_alias_name: options.aliasLocalpart,
    is_direct: options.direct,
    ...(options.name === undefined ? {} : { name: cut(options.name, MAX_NAME) }),
    ...(options.topic === undefined ? {} : { topic: cut(options.topic, MAX_TOPIC) }),
    invite: [...new Set(options.invite)].filter((user) => user !== options.bot),
    creation_content: {
      ...(options.federated === false ? { 'm.federate': false } : {}),
      ...(creators && more.length > 0 ? { additional_creators: more } : {}),
    },
    power_level_content_override: powerLevels(options, creators),
    initial_state: [
      { type: 'm.room.history_visibility', state_key: '', content: { history_visibility: 'shared' } },
      { type: 'm.room.guest_access', state_key: '', content: { guest_access: 'forbidden' } },
      ...(options.avatar === undefined ? [] : [{ type: 'm.room.avatar', state_key: '', content: { url: options.avatar } }]),
      // MSC4171: who is in the room as a tool. Without it clients take a direct chat for one of three.
      ...(options.direct ? [{ type: FUNCTIONAL, state_key: '', content: { service_members: [options.bot] } }] : []),
      ...bridgeInfo(options.bot, options.bridgedTo),
    ],
  };
}

const FUNCTIONAL = 'io.element.functional_members';
/** Enough to invite where a ghost is the host, and for nothing else; people stand at 0. */
const HOST_LEVEL = 10;

/** State that belongs to the bridge: a moderator's 50 does not reach it. */
const BRIDGE_OWNED = [
  'm.room.name', 'm.room.avatar', 'm.room.topic', 'm.room.canonical_alias', 'm.bridge', 'uk.half-shot.bridge',
  'm.room.power_levels', 'm.room.encryption', 'm.room.history_visibility', 'm.room.guest_access', 'm.room.join_rules', 'm.room.server_acl',
  FUNCTIONAL,
] as const;

function powerLevels(options: PortalRoomOptions, creators: boolean): PowerLevelsEventContent {
  return {
    // Naming a creator here makes a room of version 12 impossible: it is above all levels as it is.
    users: { ...(creators ? {} : { [options.bot]: 100 }), ...(options.host === undefined ? {} : { [options.host]: HOST_LEVEL }) },
    users_default: 0,
    events: {
      ...Object.fromEntries(BRIDGE_OWNED.map((type) => [type, 100])),
      // Version 12 keeps this above 100, out of everybody's reach but the creators'.
      'm.room.tombstone': creators ? 150 : 100,
      // Networks let people pin; whoever may not there is told so.
      'm.room.pinned_events': 0,
      'm.reaction': 0,
      'm.room.redaction': 0,
    },
    events_default: 0,
    state_default: 50,
    invite: options.inviteLevel ?? (options.host === undefined ? 50 : HOST_LEVEL),
    kick: 50,
    ban: 50,
    redact: 50,
    notifications: { room: 50 },
  };
}

/** By characters, so that no emoji is cut in half. */
function cut(text: string, most: number): string {
  const characters = Array.from(text.toWellFormed());
  return characters.length <= most ? characters.join('') : `${characters.slice(0, most - 1).join('')}…`;
}

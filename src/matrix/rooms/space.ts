import type { UserId } from '../../model/ids.ts';
import { creatorsRule } from './power.ts';

export interface SpaceOptions {
  readonly roomVersion: string;
  readonly bot: UserId;
  readonly aliasLocalpart: string;
  readonly name: string;
  readonly topic: string;
}

/** The body of POST /createRoom for a space (client-server API, "Spaces"): nobody talks in it, and the bot alone says what is in it. */
export function spaceRoom({ roomVersion, bot, aliasLocalpart, name, topic }: SpaceOptions): object {
  return {
    preset: 'private_chat', visibility: 'private', room_version: roomVersion, room_alias_name: aliasLocalpart, name, topic,
    creation_content: { type: 'm.space' },
    power_level_content_override: { users: creatorsRule(roomVersion) ? {} : { [bot]: 100 }, users_default: 0, events_default: 100, state_default: 100, invite: 100, kick: 100, ban: 100, redact: 100 },
    initial_state: [
      { type: 'm.room.history_visibility', state_key: '', content: { history_visibility: 'shared' } },
      { type: 'm.room.guest_access', state_key: '', content: { guest_access: 'forbidden' } },
    ],
  };
}

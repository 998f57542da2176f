import type { MatrixEvent } from '../../model/events.ts';
import type { EventId, Mxc, UserId } from '../../model/ids.ts';
import type { Effect, Member, Portal, RoomContext } from '../../store/store.ts';
import { type Deciding, type Decision, done, ignored } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import { notice } from '../reports/report.ts';
import { invitedTo, portalFor } from './shared.ts';

const memberships = new Set(['join', 'invite', 'leave', 'ban', 'knock']);

/** Who is in a room is kept as the homeserver tells it; what it means for us follows. */
export function memberFromMatrix(event: MatrixEvent, context: RoomContext, deciding: Deciding): Decision {
  const member = memberOf(event);
  if (member === null) return ignored('bad_member_event');
  // Of the room that this one has replaced meanwhile.
  if (context.room.roomId !== null && event.room_id !== context.room.roomId) return ignored('member_of_before');
  const { user } = member;
  const effects: Effect[] = [{ do: 'member', room: context.room.row, member }];
  const isOut = member.membership === 'leave' || member.membership === 'ban';
  if (isOut && context.portals.length > 0 && !deciding.isOurs(user) && context.members.every((other) => other.user === user || deciding.isOurs(other.user))) {
    // They stay out until they come back by themselves; what is written meanwhile is told of once (`deserted` in message.ts).
    effects.push({ do: 'room', room: context.room.row, change: { deserted: event.event_id as EventId } });
  }
  if (user === deciding.bot) effects.push(...botMember(event, context, deciding));
  else if (deciding.isOurs(user) && !deciding.isOurs(event.sender)) {
    effects.push(...(member.membership === 'invite' ? ghostInvited(event, user, context, deciding) : ghostMember(event, user, context, deciding)));
  }
  return done(effects);
}

/** Null where it is no valid membership. */
export function memberOf({ state_key: user, content }: MatrixEvent): Member | null {
  const { membership, displayname, avatar_url: picture } = content;
  if (user === undefined || typeof membership !== 'string' || !memberships.has(membership)) return null;
  return {
    user: user as UserId, membership: membership as Member['membership'], name: typeof displayname === 'string' && displayname !== '' ? displayname : null,
    picture: typeof picture === 'string' && picture.startsWith('mxc://') ? (picture as Mxc) : null,
  };
}

function botMember(event: MatrixEvent, context: RoomContext, deciding: Deciding): readonly Effect[] {
  const { room } = context;
  const lane = `out:r${room.row}`;
  if (event.content.membership === 'invite') {
    const allowed = ['user', 'admin'].includes(deciding.permission(event.sender) ?? 'block');
    return [{ do: 'send', row: { lane, key: keyOf('bot-invite', event.event_id), room: room.row, task: allowed ? { to: 'matrix', kind: 'join' } : { to: 'matrix', kind: 'leave', as: null } } }];
  }
  if (event.content.membership === 'join') return [{ do: 'room', room: room.row, change: { state: 'live' } }];
  // Thrown out: the room is gone for us, and what comes next from the network makes a new one.
  return [
    { do: 'room', room: room.row, change: { state: 'gone' } },
    ...context.portals.map((portal) => closing(portal, deciding)),
  ];
}

/**
 * How clients start a chat with somebody they see. The room of that chat is the portal, so whoever may use it is invited
 * there, and the ghost turns this one down: clients make it encrypted, and two rooms would be one chat.
 */
function ghostInvited(event: MatrixEvent, ghost: UserId, { room }: RoomContext, deciding: Deciding): readonly Effect[] {
  const person = deciding.personOf(ghost);
  if (person === null) return [];
  const lane = `out:r${room.row}`;
  const turnDown: Effect = { do: 'send', row: { lane, key: keyOf('ghost-invite', event.event_id), room: room.row, task: { to: 'matrix', kind: 'leave', as: person.row } } };
  const sender = event.sender as UserId;
  const permission = deciding.permission(sender);
  const chat = deciding.chatsWith(person).find(({ conversation }) => permission === 'admin' || deciding.owners(conversation.account).includes(sender));
  if (chat === undefined || (permission !== 'user' && permission !== 'admin')) return [turnDown];
  const { conversation, portal } = chat;
  // Who comes into a room of somebody's own is for those in it to say.
  if (portal?.linked === true) return [turnDown];
  if (portal === null) return [turnDown, portalFor(conversation, conversation.account, [sender], deciding)];
  return [turnDown, { do: 'send', row: {
    lane: `out:r${portal.room}`, key: keyOf('invite', portal.row, event.event_id), room: portal.room, task: { to: 'matrix', kind: 'invite', user: sender },
  } }];
}

/** The portal ends; what waits for its room is shown in the next. */
export function closing(portal: Portal, deciding: Deciding): Effect {
  return { do: 'close', portal: portal.row, invite: invitedTo(portal.conversation, portal.account, deciding) };
}

/** Somebody threw a ghost out or banned it: in the room of its own direct chat that ends the portal, and everybody is told. */
function ghostMember(event: MatrixEvent, ghost: UserId, context: RoomContext, deciding: Deciding): readonly Effect[] {
  const { membership } = event.content;
  if (membership !== 'leave' && membership !== 'ban') return [];
  const person = deciding.personOf(ghost)?.row;
  const direct = context.portals.filter(({ conversation, linked }) => !linked && conversation.kind === 'direct' && conversation.person === person);
  if (direct.length === 0) return [];
  return [
    ...direct.map((portal) => closing(portal, deciding)),
    notice(context.room.row, 'ℹ️ This chat is no longer bridged, because its person was removed from the room. Their next message opens a new room.', keyOf('unbridged', event.event_id)),
  ];
}

/** An encrypted room is refused: nothing is sent in clear of it, and everybody is told. */
export function encryptionFromMatrix(event: MatrixEvent, context: RoomContext, deciding: Deciding): Decision {
  if (event.state_key !== '') return ignored('bad_encryption_event');
  const effects: Effect[] = [{ do: 'room', room: context.room.row, change: { encrypted: true } }];
  if (context.portals.length > 0) {
    effects.push(...context.portals.map((portal) => closing(portal, deciding)));
    effects.push(notice(context.room.row, `${ENCRYPTED} Nothing is sent from or to here any more; the next message from the other side opens a new room.`, keyOf('encrypted', event.event_id)));
  } else if (context.room.kind === 'management') {
    effects.push(notice(context.room.row, `${ENCRYPTED} ${OTHERWISE}`, keyOf('encrypted', event.event_id)));
  }
  return done(effects);
}

const ENCRYPTED = '🔒 This room is encrypted, and Drawbridge does not bridge encrypted rooms.';
/** Clients encrypt direct chats unless told otherwise, so people meet this at once. */
const OTHERWISE = 'Start a chat with me without encryption: make a room, switch its encryption off before you create it, and invite me there.';

/** What the bot says when it is let into a room of somebody's. */
export function greeting(encrypted: boolean, commandPrefix: string): string {
  return encrypted ? `${ENCRYPTED} ${OTHERWISE}` : `Hello! I am the bridge. Say help to see what I can do; in other rooms, ${commandPrefix} help.`;
}

/**
 * Encrypted events cannot be read, so they are not bridged; their sender hears it. That the room is encrypted is for its state
 * to say: anybody in it can send an event of this type.
 */
export function encryptedFromMatrix(event: MatrixEvent, context: RoomContext): Decision {
  if (context.portals.length === 0 && context.room.kind === 'unknown') return ignored('encrypted_elsewhere');
  return done([
    notice(context.room.row, `${ENCRYPTED} This was not delivered.${context.room.kind === 'management' ? ` ${OTHERWISE}` : ''}`, keyOf('encrypted', event.event_id), event.event_id as EventId),
  ]);
}

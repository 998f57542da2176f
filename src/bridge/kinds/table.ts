import type { MatrixEvent } from '../../model/events.ts';
import type { EventId, Millis, RemoteId, UserId } from '../../model/ids.ts';
import type { Effect, InboxItem, Portal, RemoteContext, RoomContext } from '../../store/store.ts';
import { fromMatrix as textOf } from '../../text/from-matrix.ts';
import { toPlain } from '../../text/plain.ts';
import { type Deciding, type Decision, done, ignored } from '../deciding.ts';
import { keyOf, type Marker, MARKER } from '../keys.ts';
import { relationsOf } from '../outbound/parse.ts';
import { PINNED, pinnedIn } from '../outbound/pins.ts';
import { throughRelays } from '../relay/off.ts';
import { notice, refusal } from '../reports/report.ts';
import { consentFromNetwork, unlessStopped } from './consent.ts';
import { changedFromNetwork, goneFromNetwork, memberFromNetwork, profileFromNetwork, replacedFromNetwork } from './conversation.ts';
import { deletionFromNetwork, redactedBy, redactionFromMatrix } from './deletion.ts';
import { editFromNetwork } from './edit.ts';
import { isIgnored } from './filter.ts';
import { receiptFromNetwork, typingFromNetwork } from './marks.ts';
import { encryptedFromMatrix, encryptionFromMatrix, memberFromMatrix } from './member.ts';
import { messageFromMatrix, messageFromNetwork } from './message.ts';
import { aliasFromNetwork, unsupportedFromNetwork } from './notices.ts';
import { ownFromMatrix } from './own.ts';
import { pinFromNetwork, pinsFromMatrix } from './pin.ts';
import { pollEndFromMatrix, pollEndFromNetwork, voteFromMatrix, voteFromNetwork } from './poll.ts';
import { reactionFromMatrix, reactionFromNetwork } from './reaction.ts';
import { reactionsFromNetwork } from './reaction-set.ts';
import { leftOut } from './shared.ts';
import { TOMBSTONE, tombstoneFromMatrix } from './upgrade.ts';

/** Kinds of events of a network, apart from deliveries (they have lanes of their own) and what lives in memory only. */
export function decideNetwork(item: InboxItem, context: RemoteContext | null, deciding: Deciding): Decision {
  // What comes in while the past is written was said after it.
  if (context?.portal?.state === 'backfilling') return { outcome: { to: 'hold', until: deciding.now + 500 }, effects: [] };
  const decision = decide(item, context, deciding);
  return context === null || context.joined.length === 0 ? decision : { ...decision, effects: [...context.joined.map(goesOn), ...decision.effects] };
}

/** What people are told in the room of a chat that turned out to be one with an older chat; the key has it said once. */
function goesOn({ row, room }: Pick<Portal, 'row' | 'room'>): Effect {
  return notice(room, 'ℹ️ This chat goes on in another room: the one that there was before with the same person. Nothing is sent from here any more.', keyOf('joined', row));
}

function decide(item: InboxItem, context: RemoteContext | null, deciding: Deciding): Decision {
  if (item.body.side !== 'network') return ignored('wrong_side');
  const { event } = item.body;
  const consent = context === null ? null : consentFromNetwork(event, item, context, deciding);
  if (consent !== null) return consent;
  if (context !== null && isIgnored(item, context, deciding)) {
    return leftOut(item, 'filtered', [{ do: 'leftOut', conversation: context.conversation.row, person: context.conversation.person }]);
  }
  if (event.type === 'unsupported') return unsupportedFromNetwork(event, item, context, deciding);
  if (event.type === 'profile') return profileFromNetwork(event, item, deciding);
  if (context === null) return ignored(`${event.type}_without_conversation`);
  switch (event.type) {
    case 'message': return messageFromNetwork(event, item, context, deciding);
    case 'edit': return editFromNetwork(event, item, context, deciding);
    case 'deletion': return deletionFromNetwork(event, item, context, deciding);
    case 'reaction': return reactionFromNetwork(event, item, context, deciding);
    case 'identity.alias': return aliasFromNetwork(event, item, context);
    case 'member': return memberFromNetwork(event, item, context, deciding);
    case 'conversation.changed': return changedFromNetwork(event, item, context);
    case 'conversation.replaced': return replacedFromNetwork(event, item, context);
    case 'conversation.gone': return goneFromNetwork(event, item, context);
    case 'reactions.set': return reactionsFromNetwork(event, item, context, deciding);
    case 'pin': return pinFromNetwork(event, item, context, deciding);
    case 'poll.vote': return voteFromNetwork(event, item, context, deciding);
    case 'poll.end': return pollEndFromNetwork(event, item, context, deciding);
    case 'receipt': return receiptFromNetwork(event, item, context, deciding);
    case 'typing': return typingFromNetwork(event, item, context, deciding);
    case 'delivery': return ignored(event.type);
  }
}

/** The network messages that an event's decision looks at. */
export function remoteIdsOf(item: InboxItem): readonly RemoteId[] {
  if (item.body.side !== 'network') return [];
  const { event } = item.body;
  switch (event.type) {
    case 'message': return [...new Set([event.id, event.replyTo?.id, event.thread?.root].filter((id) => id !== undefined))];
    case 'edit':
    case 'deletion':
    case 'reaction':
    case 'reactions.set':
    case 'pin':
    case 'poll.vote':
    case 'poll.end': return [event.target];
    default: return [];
  }
}

type Handler = (event: MatrixEvent, context: RoomContext, deciding: Deciding, receivedAt: Millis) => Decision;

/** By type, which anybody may choose: in an object, one called `constructor` would be found too. */
const fromMatrix = new Map<string, Handler>([
  ['m.room.message', messageFromMatrix],
  ['m.sticker', messageFromMatrix],
  ['m.reaction', reactionFromMatrix],
  ['m.poll.start', messageFromMatrix],
  ['org.matrix.msc3381.poll.start', messageFromMatrix],
  ['m.poll.response', voteFromMatrix],
  ['org.matrix.msc3381.poll.response', voteFromMatrix],
  ['m.poll.end', pollEndFromMatrix],
  ['org.matrix.msc3381.poll.end', pollEndFromMatrix],
]);

/** To those portals of the context that are open to its sender, and to whom it may go. */
function passOn(event: MatrixEvent, context: RoomContext, deciding: Deciding, receivedAt: Millis, handle: Handler): Decision {
  return unlessStopped(event, context, deciding, (open) => throughRelays(event, open, deciding, (heard) => handle(event, heard, deciding, receivedAt)));
}

const refusedTypes = new Map([
  ['m.call.invite', 'Calls'], ['m.beacon', 'Live locations'],
]);

export function decideMatrix(event: MatrixEvent, context: RoomContext, deciding: Deciding, receivedAt: Millis): Decision {
  if (event.type === 'm.room.member') return memberFromMatrix(event, context, deciding);
  if (event.type === 'm.room.encryption') return encryptionFromMatrix(event, context, deciding);
  if (event.type === TOMBSTONE) return tombstoneFromMatrix(event, context, deciding);
  if (event.type === PINNED) return unlessStopped(event, context, deciding, (open) => pinsFromMatrix(event, open, deciding));
  const marker = deciding.origin(event);
  if (deciding.isOurs(event.sender) || (marker !== null && isFirst(event, marker, deciding))) {
    const handle = fromMatrix.get(event.type);
    return ownFromMatrix(event, marker, context, deciding, handle === undefined ? null : (others) => passOn(event, others, deciding, receivedAt, handle));
  }
  // State of the type of a message: clients show none of it.
  if (event.state_key !== undefined) return ignored('state');
  // Deleted before the homeserver could hand it over: it holds nothing any more.
  if (event.unsigned?.redacted_because !== undefined) return ignored('redacted');
  if (event.type === 'm.room.message') {
    const command = commandIn(event, context, deciding);
    if (command !== null) return command;
  }
  if (event.type === 'm.room.redaction') return redactionFromMatrix(event, context, deciding);
  if (event.type === 'm.room.encrypted') return encryptedFromMatrix(event, context);
  if (context.portals.length === 0) return notBridged(event, context, deciding);
  const what = refusedTypes.get(event.type);
  const handle = fromMatrix.get(event.type);
  if (handle === undefined && what === undefined) return ignored('other_event');
  if ((deciding.permission(event.sender) ?? 'block') === 'block') {
    return event.type === 'm.room.message' || event.type === 'm.sticker'
      ? done([refusal(context.room.row, event.event_id as EventId, 'Not delivered: this bridge is not open to you. Ask its administrator.')]) : ignored('not_permitted');
  }
  if (context.room.encrypted) return done([refusal(context.room.row, event.event_id as EventId, 'Not delivered: this room is encrypted.')]);
  if (handle === undefined) return done([refusal(context.room.row, event.event_id as EventId, `${what} cannot be bridged yet.`)]);
  return passOn(event, context, deciding, receivedAt, handle);
}

/** Nobody who writes into a room that was a portal is left to think that it arrives. */
function notBridged(event: MatrixEvent, { room }: RoomContext, deciding: Deciding): Decision {
  const talk = event.type === 'm.room.message' || event.type === 'm.sticker';
  if (room.kind !== 'portal' || room.state === 'gone' || !talk || (deciding.permission(event.sender) ?? 'block') === 'block') return ignored('not_a_portal');
  return done([refusal(room.row, event.event_id as EventId, 'Not delivered: this room is not bridged any more.')]);
}

/** The Matrix events that an event's decision looks at. `pinned`: those of its room until now. */
export function eventsOf(event: MatrixEvent, pinned: readonly EventId[]): readonly EventId[] {
  const { edits, annotates, refersTo } = relationsOf(event.content);
  if (event.type === PINNED) return [...new Set([...pinned, ...pinnedIn(event.content)])];
  return [edits, annotates?.event ?? null, refersTo, event.type === 'm.room.redaction' ? redactedBy(event) : null].filter((id) => id !== null);
}

/** Clients copy what they forward, our marker too. What we wrote is the event that its row became, or that shows the message. */
function isFirst(event: MatrixEvent, { key, portal, id, part }: Marker, deciding: Deciding): boolean {
  const row = deciding.rowByKey(key);
  if (row !== null) return row.remoteId === null || row.remoteId === event.event_id;
  if (portal === undefined || id === undefined || relationsOf(event.content).edits !== null) return true;
  return deciding.shown(portal, id).every(({ eventId, inPart }) => inPart !== part || eventId === event.event_id);
}

/**
 * Everything said in the bot's own room is for the bot; elsewhere only what begins with the prefix. An edit is no command, nor is
 * what somebody passes on: others wrote it.
 */
function commandIn(event: MatrixEvent, context: RoomContext, deciding: Deciding): Decision | null {
  if (event.content.msgtype !== 'm.text' || context.room.encrypted || relationsOf(event.content).edits !== null || isPassedOn(event.content)) return null;
  const prefix = deciding.commandPrefix.toLowerCase();
  if (context.room.kind !== 'management' && !String(event.content.body).toLowerCase().includes(prefix)) return null;
  // As people see it: formatting, the quote of a reply and a phone's capital letter make no difference.
  const body = toPlain(textOf(event.content)).trim();
  const prefixed = `${body} `.toLowerCase().startsWith(`${prefix} `);
  if (!prefixed && context.room.kind !== 'management') return null;
  if (!['user', 'admin'].includes(deciding.permission(event.sender) ?? 'block')) {
    return prefixed ? done([refusal(context.room.row, event.event_id as EventId, 'This bridge takes no commands from you. Ask its administrator.')]) : ignored('not_permitted');
  }
  // One line only: what follows a line end is nobody's command.
  const lineOf = (said: string): string => (`${said} `.toLowerCase().startsWith(`${prefix} `) ? said.slice(deciding.commandPrefix.length) : said).split(/[\r\n]/, 1)[0]?.trim() ?? '';
  const text = lineOf(body);
  const literal = lineOf(toPlain(textOf({ ...event.content, format: undefined })).trim());
  return done([{ do: 'send', row: {
    lane: `out:r${context.room.row}`, key: keyOf('command', event.event_id), room: context.room.row,
    task: { to: 'matrix', kind: 'command', text: text === '' ? 'help' : text, ...(literal === text ? {} : { literal }), sender: event.sender as UserId, event: event.event_id as EventId },
  } }]);
}

/** Copied from an event of the bridge's own, or marked by the client that passed it on. */
function isPassedOn(content: MatrixEvent['content']): boolean {
  return Object.keys(content).some((key) => key === MARKER || /(?:^|\.)forward(?:ed)?$/.test(key));
}

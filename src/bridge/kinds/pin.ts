import type { MatrixEvent, PinEvent } from '../../model/events.ts';
import type { EventId } from '../../model/ids.ts';
import type { Effect, InboxItem, Portal, RemoteContext, RoomContext } from '../../store/store.ts';
import { type Deciding, type Decision, done, ignored, targetOf } from '../deciding.ts';
import { keyOf, markerOf } from '../keys.ts';
import { pinnedIn } from '../outbound/pins.ts';
import { throughRelays } from '../relay/off.ts';
import { notice } from '../reports/report.ts';
import { originOf, otherPortals } from './own.ts';
import { targetNotHere } from './reaction.ts';
import { toPortal } from './shared.ts';

export function pinFromNetwork(event: PinEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const waits = targetNotHere(event.target, event.pinned ? 'pinned a message' : 'unpinned a message', item, context, deciding);
  if (waits !== null) return waits;
  const { portal } = context;
  if (portal === null) return ignored('pin_without_portal');
  return done([{ do: 'send', row: {
    lane: `out:r${portal.room}`, key: keyOf(portal.row, item.key, 'pin'), portal: portal.row, room: portal.room, account: portal.account,
    task: { to: 'matrix', kind: 'pin', as: null, target: event.target, pinned: event.pinned },
  } }]);
}

/** The homeserver tells the whole list: what has changed in it is what somebody did. */
export function pinsFromMatrix(event: MatrixEvent, context: RoomContext, deciding: Deciding): Decision {
  if (event.state_key !== '') return ignored('bad_pins_event');
  const { room } = context;
  const pinned = pinnedIn(event.content);
  const kept: Effect = { do: 'room', room: room.row, change: { pinned } };
  const ours = deciding.isOurs(event.sender);
  const marker = ours ? markerOf(event.content) : null;
  const portals = !ours ? context.portals : marker === null ? [] : otherPortals(originOf(marker, deciding), context.portals);
  const permitted = ours || (deciding.permission(event.sender) ?? 'block') !== 'block';
  if (portals.length === 0 || !permitted || room.encrypted) return done([kept], { ignored: 'own_or_not_permitted' });
  const changes = [
    ...pinned.filter((id) => !room.pinned.includes(id)).map((target) => ({ target, pinned: true })),
    ...room.pinned.filter((id) => !pinned.includes(id)).map((target) => ({ target, pinned: false })),
  ];
  const { effects } = throughRelays(event, { ...context, portals }, deciding, (open) => done(open.portals.flatMap((portal) => pinInPortal(event, changes, portal, context, deciding))));
  return done([kept, ...effects]);
}

function pinInPortal(
  event: MatrixEvent, changes: readonly { readonly target: EventId; readonly pinned: boolean }[], portal: Portal, context: RoomContext, deciding: Deciding,
): readonly Effect[] {
  const adapter = deciding.adapter(portal.account);
  const known = changes.filter(({ target }) => context.map.some((row) => row.portal === portal.row && row.eventId === target)
    || context.rows.some((row) => row.portal === portal.row && row.event === target));
  if (adapter === null || known.length === 0) return [];
  const can = adapter.capabilities(targetOf(portal.conversation)).out.pin;
  if (can.level === 'none') {
    return [notice(context.room.row, `ℹ️ What is pinned here is not pinned on ${adapter.name}: ${can.reason ?? 'it has no pins'}.`, keyOf(portal.row, 'no pins'))];
  }
  return known.map((change, index) => toPortal(portal, event, { to: 'network', kind: 'pin', ...change }, index, known.length));
}

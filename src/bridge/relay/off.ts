import type { EventId, UserId } from '../../model/ids.ts';
import type { MatrixEvent } from '../../model/events.ts';
import type { Effect, RoomContext } from '../../store/store.ts';
import type { Deciding, Decision } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import { whereTo } from '../reports/place.ts';
import { notice } from '../reports/report.ts';

/** What goes on by the portals through which somebody may speak. Where one takes only the owners of its account, others hear so, once. */
export function throughRelays(event: MatrixEvent, context: RoomContext, deciding: Deciding, go: (context: RoomContext) => Decision): Decision {
  const shut = context.portals.filter(({ relay, account }) => !relay && !deciding.owners(account).includes(event.sender as UserId));
  if (shut.length === 0) return go(context);
  const told = shut.map((portal): Effect => {
    const { row, conversation } = portal;
    const name = whereTo(portal, context.portals, deciding.networkName(conversation.network));
    const why = 'relay is off, so only the owners of its account are heard there.';
    return deciding.isOurs(event.sender)
      ? notice(context.room.row, `ℹ️ What is said elsewhere does not go to ${name}: ${why}`, keyOf('relay off', row))
      : notice(context.room.row, `⚠️ Not delivered to ${name}: ${why}`, keyOf('relay off', row, event.sender), event.event_id as EventId);
  });
  const decision = go({ ...context, portals: context.portals.filter((portal) => !shut.includes(portal)) });
  return { ...decision, effects: [...decision.effects, ...told] };
}

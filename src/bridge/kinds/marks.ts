import type { ReceiptEvent, TypingEvent } from '../../model/events.ts';
import type { EventId } from '../../model/ids.ts';
import type { InboxItem, Portal, RemoteContext } from '../../store/store.ts';
import { type Deciding, type Decision, done, ignored } from '../deciding.ts';
import { puppetOf } from './shared.ts';

/** Somebody has read a chat of the network, or the account itself was read in its app: in memory only. */
export function receiptFromNetwork(event: ReceiptEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const { portal, person } = context;
  if (portal === null) return ignored('receipt_without_portal');
  const read = eventRead(event, portal, deciding);
  if (read === null) return ignored('receipt_of_unknown');
  if (event.reader.isSelf !== true) return person === null ? ignored('receipt_of_nobody') : done([], { live: [{ do: 'read', portal: portal.row, person, event: read, seq: item.seq }] });
  const puppet = puppetOf(item, true, deciding);
  return puppet === null ? ignored('receipt_self') : done([], { live: [{ do: 'puppet reads', portal: portal.row, user: puppet, event: read }] });
}

function eventRead({ upTo }: ReceiptEvent, portal: Portal, deciding: Deciding): EventId | null {
  return 'id' in upTo ? (deciding.shown(portal.row, upTo.id).at(-1)?.eventId ?? null) : deciding.lastBy(portal, upTo.time);
}

export function typingFromNetwork(event: TypingEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const { portal, person } = context;
  if (portal === null) return ignored('typing_without_portal');
  const { active } = event;
  const puppet = puppetOf(item, event.sender.isSelf, deciding);
  if (puppet !== null) return done([], { live: [{ do: 'puppet types', portal: portal.row, user: puppet, active }] });
  return person === null ? ignored('typing_self') : done([], { live: [{ do: 'types', portal: portal.row, person, active }] });
}

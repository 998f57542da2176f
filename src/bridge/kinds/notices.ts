import type { AliasEvent, UnsupportedEvent } from '../../model/events.ts';
import type { InboxItem, RemoteContext } from '../../store/store.ts';
import { type Deciding, type Decision, done, ignored, toAdmins } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import { notice } from '../reports/report.ts';
import { openPortal } from './shared.ts';

/** The ids were joined when it was taken in; the room hears of it. */
export function aliasFromNetwork(event: AliasEvent, item: InboxItem, context: RemoteContext): Decision {
  if (context.portal === null || event.notice === undefined) return ignored('alias_without_portal');
  return done([notice(context.portal.room, `ℹ️ ${event.notice}`, keyOf(context.portal.row, item.key, 'alias'))]);
}

/** Real, but without a counterpart: visible in its room, else to the administrators. */
export function unsupportedFromNetwork(event: UnsupportedEvent, item: InboxItem, context: RemoteContext | null, deciding: Deciding): Decision {
  if (event.quiet === true) return ignored('bookkeeping');
  if (context === null) {
    const detail = Object.entries(event.detail ?? {}).map(([key, value]) => `${key}: ${value}`).join(', ');
    return toAdmins(deciding, `ℹ️ ${item.source}: ${event.what}: ${event.reason}${detail === '' ? '' : ` (${detail})`}`, `${item.source} ${item.key}`);
  }
  if (context.portal === null) return openPortal(item, context, deciding);
  // The state of something of ours, for instance, is nobody's doing.
  const who = event.sender === undefined ? '' : `${context.person?.name ?? 'Somebody'}: `;
  return done([notice(context.portal.room, `⚠️ ${who}${event.what}: ${event.reason}`, keyOf(context.portal.row, item.key, 'unsupported'))]);
}

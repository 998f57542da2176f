import type { ActionContext } from './action.ts';

/** How the bridge is. Permission: user. */
export function status(context: ActionContext): string {
  const counts = context.store.counts();
  const outages = context.outages();
  const waiting = (counts.outbox.ready ?? 0) + (counts.outbox.sending ?? 0) + (counts.outbox.uncertain ?? 0) + (counts.outbox.parked ?? 0);
  const lines = [
    `Rooms: ${counts.portals}. People: ${counts.people}.`,
    `Waiting to be sent: ${waiting}. Not delivered: ${counts.outbox.dead ?? 0}. Unknown: ${counts.outbox.asked ?? 0}.`,
    outages.has('matrix') ? `⚠️ The homeserver is down: ${outages.get('matrix')?.reason ?? ''}` : '✅ homeserver',
    ...context.accounts.map(({ id }) => (outages.has(id) ? `⚠️ ${id}: ${outages.get(id)?.reason ?? ''}` : `✅ ${id}`)),
  ];
  return lines.join('\n');
}

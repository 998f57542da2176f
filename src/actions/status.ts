import type { ActionContext } from './action.ts';

/** How the bridge is. Why an account does not work is for its owners and the administrators. Permission: user. */
export function status(context: ActionContext): string {
  const counts = context.store.counts();
  const outages = context.outages();
  const waiting = (counts.outbox.ready ?? 0) + (counts.outbox.sending ?? 0) + (counts.outbox.uncertain ?? 0) + (counts.outbox.parked ?? 0);
  const admin = context.permission === 'admin';
  const side = (id: string, name: string, mayKnow: boolean): string => {
    const outage = outages.get(id);
    if (outage === undefined) return `✅ ${name}`;
    return mayKnow ? `⚠️ ${name}: ${outage.reason}` : `⚠️ ${name} does not work now`;
  };
  const lines = [
    `Rooms: ${counts.portals}. People: ${counts.people}.`,
    `Waiting to be sent: ${waiting}. Not delivered: ${counts.outbox.dead ?? 0}. Unknown: ${counts.outbox.asked ?? 0}.`,
    side('matrix', 'homeserver', admin),
    ...context.accounts.map(({ id, settings }) => side(id, id, admin || settings.owners.includes(context.sender))),
  ];
  return lines.join('\n');
}

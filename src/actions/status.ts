import { type ActionContext, isPrivate } from './action.ts';

/**
 * How the bridge is. Why an account does not work is for its owners and the administrators, and for nobody who reads along: in a
 * room with others it is about what that room is bridged to. Permission: user.
 */
export function status(context: ActionContext): string {
  const { store, sender } = context;
  const counts = store.counts();
  const outages = context.outages();
  const waiting = (counts.outbox.ready ?? 0) + (counts.outbox.sending ?? 0) + (counts.outbox.uncertain ?? 0) + (counts.outbox.parked ?? 0);
  const alone = isPrivate(context);
  const admin = alone && context.permission === 'admin';
  const here = new Set(store.portalsOf(context.room).map(({ account }) => account));
  const side = (id: string, name: string, mayKnow: boolean): string => {
    const outage = outages.get(id);
    if (outage === undefined) return `✅ ${name}`;
    return mayKnow ? `⚠️ ${name}: ${outage.reason}` : `⚠️ ${name} does not work now`;
  };
  // That somebody has logged in an account of their own is nobody else's business.
  const seen = context.accounts.filter(({ id, settings, inConfig }) => (alone ? admin || inConfig || settings.owners.includes(sender) : here.has(id)));
  const lines = [
    `Rooms: ${counts.portals}. People: ${counts.people}.`,
    `Waiting to be sent: ${waiting}. Not delivered: ${counts.outbox.dead ?? 0}. Unknown: ${counts.outbox.asked ?? 0}.`,
    side('matrix', 'homeserver', admin),
    ...seen.map(({ id, settings }) => side(id, id, alone && (admin || settings.owners.includes(sender)))),
  ];
  return lines.join('\n');
}

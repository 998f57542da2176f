import type { ActionContext } from './action.ts';
import { Mistake, needAdmin, needPrivate } from './action.ts';

const MOST = 200;
const USUAL = 20;

/**
 * Keeps who did what on what: for each act of an administrator, and each login, logout, link or erasure of anybody. Names ids
 * alone, never what was said, and no secret.
 */
export function audit({ store, clock, sender }: Pick<ActionContext, 'store' | 'clock' | 'sender'>, verb: string, object: string): Promise<void> {
  return store.audit({ at: clock.now(), who: sender, verb, object: object.slice(0, 500) });
}

/** The newest acts, the newest first. Permission: admin. */
export function audited(context: ActionContext, count: string): string {
  needAdmin(context);
  needPrivate(context);
  if (count !== '' && !/^\d{1,3}$/.test(count)) throw new Mistake(`Say how many: audit <number>, at most ${MOST}.`);
  const rows = context.store.audited(Math.min(count === '' ? USUAL : Number(count), MOST));
  return rows.length === 0 ? 'Nothing was done yet.' : rows.map(auditLine).join('\n');
}

export function auditLine({ at, who, verb, object }: { readonly at: number; readonly who: string; readonly verb: string; readonly object: string }): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} ${inLine(who)} ${verb} ${inLine(object)}`.trimEnd();
}

/** Other homeservers and networks choose their ids: none makes a line of its own, or moves a terminal. */
function inLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '\u{fffd}');
}

import type { PortalRow } from '../model/ids.ts';
import type { Portal } from '../store/store.ts';
import { type Asking, Mistake } from './action.ts';

/** The portal of a number such as `#12`, for one of the account's owners or an administrator; null where this is no such number. */
export function portalByNumber(context: Asking, word: string): Portal | null {
  const number = /^#(\d{1,15})$/.exec(word)?.[1];
  if (number === undefined) return null;
  const portal = context.store.portal(Number(number) as PortalRow);
  const account = context.accounts.find(({ id }) => id === portal?.account);
  const may = context.permission === 'admin' || account?.settings.owners.includes(context.sender) === true;
  if (portal === null || portal.state === 'closed' || !may) throw new Mistake(`You have no conversation ${word}.`);
  return portal;
}

/** As people know it. */
export function nameOf({ conversation }: Pick<Portal, 'conversation'>, { store }: Pick<Asking, 'store'>): string {
  const person = conversation.person === null ? null : store.person(conversation.person);
  return (conversation.title ?? person?.name ?? conversation.remoteId).slice(0, 100);
}

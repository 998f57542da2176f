import type { Conversation } from '../store/store.ts';
import type { ActionContext } from './action.ts';
import { Mistake } from './action.ts';

export type Account = ActionContext['accounts'][number];

/**
 * The accounts that are meant by a network or by their own name, and that whoever asks may use: their own first, for administrators
 * then those of others. @throws Mistake where there is none
 */
export function accountsCalled({ accounts, sender, permission }: ActionContext, name: string): readonly Account[] {
  const wanted = name.toLowerCase();
  const meant = accounts.filter(({ id, network }) => network.id === wanted || network.name.toLowerCase() === wanted || id === name);
  if (meant.length === 0) {
    const known = [...new Set(accounts.map(({ network }) => network.id))];
    throw new Mistake(`There is no account on "${name.slice(0, 40)}" here. Networks: ${known.join(', ') || 'none'}.`);
  }
  const own = meant.filter(({ settings }) => settings.owners.includes(sender));
  const usable = permission === 'admin' ? [...own, ...meant.filter((account) => !own.includes(account))] : own;
  if (usable.length === 0) throw new Mistake(`You own no account on ${name.slice(0, 40)}. The administrator names owners in the config, under owners.`);
  return usable;
}

/** The conversation of one of these accounts that the network knows by this id or people by this title; null: none yet. @throws Mistake where several are */
export function conversationCalled({ store }: ActionContext, accounts: readonly Account[], name: string): Conversation | null {
  const found = [...new Map(accounts.flatMap(({ id }) => store.conversationsCalled(id, name)).map((one) => [one.row, one])).values()];
  // An id is meant before a title that says the same.
  const [first, ...more] = found.filter(({ aliases }) => aliases.includes(name)).length === 1 ? found.filter(({ aliases }) => aliases.includes(name)) : found;
  if (first !== undefined && more.length > 0) throw new Mistake(`Several conversations are called ${name.slice(0, 80)}. Say which by its id: ${[first, ...more].slice(0, 10).map(({ remoteId }) => remoteId).join(', ')}.`);
  return first ?? null;
}

/** As people see it, and as they can write it. */
export function titleOf({ title, remoteId }: Conversation): string {
  return title === null ? remoteId : `${title} (${remoteId})`;
}

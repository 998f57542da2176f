import { type ActionContext, needPrivate } from './action.ts';

/** The accounts and how they are: one's own, for administrators all. Permission: user. */
export function accounts(context: ActionContext): string {
  needPrivate(context);
  const { store, sender, permission } = context;
  const stored = store.storedAccounts().filter(({ settings }) => settings !== null);
  const outages = context.outages();
  const isTheirs = (owners: readonly string[]): boolean => permission === 'admin' || owners.includes(sender);
  const running = context.accounts.filter(({ settings }) => isTheirs(settings.owners)).map(({ id, settings, inConfig }) => {
    const kept = stored.find((one) => one.id === id);
    const outage = outages.get(id);
    const facts = [
      inConfig ? 'in the config' : `logged in by ${kept?.owner ?? settings.owners.join(', ')}${kept === undefined ? '' : ` on ${new Date(kept.createdAt).toISOString().slice(0, 10)}`}`,
      ...(kept?.kind === 'personal' ? ['personal'] : []),
    ];
    return `${outage === undefined ? '✅' : '⚠️'} \`${id}\` (${facts.join(', ')})${outage === undefined ? '' : `: ${outage.reason}`}`;
  });
  // What was logged in for an app that has left the config meanwhile, or whose settings changed.
  const idle = stored.filter(({ id, owner }) => isTheirs([owner]) && !context.accounts.some((one) => one.id === id))
    .map(({ id, owner }) => `⚠️ \`${id}\` (logged in by ${owner}): it does not fit its app in the config any more`);
  const all = [...running, ...idle];
  return all.length === 0 ? 'You have no account here. To add one: `login`.' : all.join('\n');
}

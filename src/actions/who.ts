import type { UserId } from '../model/ids.ts';
import { visibleName } from '../model/names.ts';
import type { Portal } from '../store/store.ts';
import type { ActionContext } from './action.ts';
import { titleOf } from './title.ts';

const MOST = 30;

/** Who is here, on which networks, and who speaks for whom; in a room of its own with the bot: who you are to the bridge. Permission: user. */
export function who(context: ActionContext): string {
  const portals = context.store.portalsOf(context.room);
  return portals.length === 0 ? yourself(context) : [...portals.flatMap((portal) => onNetwork(context, portal)), ...onMatrix(context, portals)].join('\n');
}

function yourself({ sender, permission, accounts }: ActionContext): string {
  const own = accounts.filter(({ settings }) => settings.owners.includes(sender)).map(({ id }) => `\`${id}\``);
  return [
    `You are ${sender}. Permission: ${permission}.`,
    own.length === 0 ? 'You own no account; you may be in the rooms of others. To add one: `login`.' : `Your accounts: ${own.join(', ')}.`,
  ].join('\n');
}

function onNetwork({ accounts, outages, store, room, isOurs, homeserver }: ActionContext, { conversation, account }: Portal): readonly string[] {
  const found = accounts.find(({ id }) => id === account);
  const name = found?.network.name ?? conversation.network;
  const state = found === undefined ? 'is not there any more' : outages().has(account) ? 'does not work now' : 'works';
  const people = store.members(room).filter(({ user, membership }) => membership === 'join' && isOurs(user) && user !== homeserver.bot)
    .filter(({ user }) => store.personByLocalpart(user.slice(1, user.indexOf(':')))?.network === conversation.network)
    .map(({ user, name: shown }) => visibleName(shown ?? '') || user);
  return [
    `${name}: ${kinds[conversation.kind]} "${titleOf(store, conversation)}", by the account \`${account}\`, which ${state}.`,
    `There: ${listed(people)}.`,
  ];
}

const kinds = { direct: 'the chat with', group: 'the group', channel: 'the channel' } as const;

/** How each Matrix user here appears on the networks. */
function onMatrix({ store, room, isOurs, accounts, relayOf, permissionOf }: ActionContext, portals: readonly Portal[]): readonly string[] {
  const people = store.members(room).filter(({ user, membership }) => membership === 'join' && !isOurs(user));
  const lines = people.slice(0, MOST).map(({ user }) => `${user}: ${permissionOf(user) === 'block' ? 'is not bridged' : [...new Set(portals.map((portal) => speaks(user, portal)))].join('; ')}.`);
  return people.length > MOST ? [...lines, `… and ${people.length - MOST} more on Matrix.`] : lines;

  function speaks(user: UserId, { account, conversation }: Portal): string {
    const name = accounts.find(({ id }) => id === account)?.network.name ?? conversation.network;
    const relay = relayOf(user, account, room);
    return relay === null ? `speaks on ${name} as the account itself` : `speaks on ${name} through it, as "${relay.name}"`;
  }
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'nobody has been seen yet';
  return names.length > MOST ? `${names.slice(0, MOST).join(', ')} and ${names.length - MOST} more` : names.join(', ');
}

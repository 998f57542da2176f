import type { AccountId, UserId } from '../../model/ids.ts';
import { lookOf, visibleName } from '../../model/names.ts';
import type { Member, Person, RoomContext } from '../../store/store.ts';
import type { Deciding } from '../deciding.ts';
import { keyOf } from '../keys.ts';

type Naming = Pick<Deciding, 'relayPrefix' | 'isOurs' | 'owners' | 'personOf' | 'networkName'>;
type Around = Pick<RoomContext, 'portals' | 'members' | 'sender'>;

/**
 * Whether the speaker's name stands before what they say: the network sees only the account. `auto`: an owner who is alone with
 * the ghosts speaks for the account; everybody else by name, people of other networks always.
 */
export function relayOf(sender: UserId, account: AccountId, around: Around, naming: Naming): { readonly name: string } | null {
  if (naming.isOurs(sender)) {
    const person = naming.personOf(sender);
    return person === null ? null : { name: nameOfGhost(sender, person, around, naming) };
  }
  if (naming.relayPrefix === 'never') return null;
  const people = around.members.filter(({ membership, user }) => membership === 'join' && !naming.isOurs(user));
  const alone = naming.owners(account).includes(sender) && people.length <= 1;
  return naming.relayPrefix === 'auto' && alone ? null : { name: nameAmong(sender, around, naming) };
}

/** Characters of a name that stand before the id, where both are needed. */
const SHORT = 24;
/** Networks cut names off too: what says where somebody writes must not be what is cut. */
const BEFORE_NETWORK = 32;

/**
 * People choose their names, so one that could be taken for another's is shown with the id behind it (client-server API, "Calculating
 * the display name for a user"); in a room of several networks so is one that could be taken for somebody's on one of them.
 */
function nameAmong(sender: UserId, { sender: member, members, portals }: Around, naming: Naming): string {
  const nameOf = (user: string, name: string | null | undefined): string => name ?? user.slice(1, user.indexOf(':'));
  const several = portals.length > 1;
  const name = nameOf(sender, member?.name);
  const look = lookOf(name);
  const isOthers = members.some((other) => other.user !== sender && (several || !naming.isOurs(other.user)) && lookOf(nameOf(other.user, other.name)) === look);
  const claims = several && portals.some(({ conversation }) => look.includes(lookOf(naming.networkName(conversation.network))));
  // An id in a name would be somebody else's.
  return isOthers || claims || /@\S*:/.test(name) ? `${short(name, SHORT)} (${sender})` : name;
}

/** `Bob (WhatsApp)`; two of whom each could be taken for the other are told apart by a mark that stays. */
function nameOfGhost(ghost: UserId, person: Person, { sender: member, members }: Around, naming: Naming): string {
  const network = naming.networkName(person.network);
  const look = isNamed(member) ? lookOf(member.name) : null;
  const isOthers = look !== null && members.some((other) => other.user !== ghost && naming.isOurs(other.user) && isNamed(other) && lookOf(other.name) === look);
  const name = visibleName(person.name ?? person.ids[0] ?? '') || 'Somebody';
  return `${short(name, BEFORE_NETWORK)} (${network}${isOthers ? ` ·${keyOf('ghost', person.localpart).slice(0, 4)}` : ''})`;
}

function isNamed(member: Member | null): member is Member & { readonly name: string } {
  return member !== null && member.name !== null;
}

function short(name: string, most: number): string {
  const characters = Array.from(name);
  return characters.length <= most ? name : characters.slice(0, most).join('');
}

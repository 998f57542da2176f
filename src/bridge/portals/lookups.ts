import { Rejected } from '../../model/errors.ts';
import type { AccountId, PortalRow, UserId } from '../../model/ids.ts';
import type { Lookups, ThirdPartyLocation, ThirdPartyUser } from '../../model/lookups.ts';
import type { AccountSettings, Network } from '../../networks/network.ts';
import type { Conversation, Person, Portal, Store } from '../../store/store.ts';

export interface LookupsDeps {
  readonly store: Store;
  readonly serverName: string;
  readonly ghostPrefix: string;
  readonly accounts: () => readonly { readonly id: AccountId; readonly network: Network; readonly settings: AccountSettings }[];
  readonly userIdOf: (person: Person) => UserId;
}

/** What clients find of people and rooms on the networks: whom the bridge knows, by exactly the id that they are asked for by. */
export function createLookups({ store, serverName, ghostPrefix, accounts, userIdOf }: LookupsDeps): Lookups {
  const accountsOn = (protocol: string): ReturnType<LookupsDeps['accounts']> => accounts().filter(({ network }) => network.id === protocol);
  const aliasPrefix = (): string => `#${ghostPrefix}${store.getMeta('instance') ?? '0'}_`;

  const user = (person: Person | null): readonly ThirdPartyUser[] => (person === null || !person.registered ? [] : [
    { userid: userIdOf(person), protocol: person.network, fields: { id: person.ids[0] ?? '', ...(person.scope === '' ? {} : { scope: person.scope }) } },
  ]);

  /** Rooms of direct chats are nobody's business but their people's. */
  const location = (portal: Portal | null): readonly ThirdPartyLocation[] => {
    const room = portal === null ? null : store.room(portal.room);
    if (portal === null || portal.state !== 'live' || portal.conversation.kind === 'direct' || room === null || !room.createdByUs || room.state !== 'live') return [];
    return [{ alias: `${aliasPrefix()}${portal.row}:${serverName}`, protocol: portal.conversation.network, fields: { id: portal.conversation.remoteId, scope: portal.conversation.scope } }];
  };

  const portalOf = (conversation: Conversation | null): Portal | null => (conversation === null ? null : store.remoteContext(conversation.row, null, []).portal);

  return {
    protocol(id) {
      const found = accountsOn(id);
      const network = found[0]?.network;
      return network === undefined ? null : {
        user_fields: ['id'], location_fields: ['scope', 'id'], icon: '',
        field_types: { id: { regexp: '.+', placeholder: `a number, name or id on ${network.name}` }, scope: { regexp: '.*', placeholder: `where the id is from, as ${network.name} calls it` } },
        instances: found.map(({ id: account }) => ({ network_id: account, desc: `${network.name} (${account})`, fields: {} })),
      };
    },
    users(protocol, { id = '' }) {
      const people = accountsOn(protocol).flatMap(({ network, settings }) => {
        const ref = refOf(network, settings, id);
        return ref === null ? [] : user(store.personById(network.id, ref.scope, ref.id));
      });
      return [...new Map(people.map((found) => [found.userid, found])).values()];
    },
    userOf: (userId) => (userId.startsWith('@') && userId.endsWith(`:${serverName}`) ? user(store.personByLocalpart(userId.slice(1, userId.indexOf(':')))) : []),
    locations: (protocol, { id = '', scope = '' }) => location(portalOf(store.groupById(protocol, scope, id))),
    locationOf(alias) {
      const prefix = aliasPrefix();
      const number = alias.startsWith(prefix) && alias.endsWith(`:${serverName}`) ? alias.slice(prefix.length, -serverName.length - 1) : '';
      return /^\d{1,15}$/.test(number) ? location(store.portal(Number(number) as PortalRow)) : [];
    },
  };
}

/** Null where it is nobody's id. */
function refOf(network: Network, settings: AccountSettings, id: string): { readonly id: string; readonly scope: string } | null {
  if (id === '' || id.length > 300) return null;
  try {
    return network.resolve(id, settings).person;
  } catch (error) {
    if (error instanceof Rejected) return null;
    throw error;
  }
}

/** Branded strings and numbers: ids of different things cannot be mixed up, and cost nothing at run time. */
type Brand<T, Name extends string> = T & { readonly __brand: Name };

/** `whatsapp`, `slack`, … : the folder's name under `src/networks/`, `[a-z][a-z0-9]*`. */
export type NetworkId = Brand<string, 'NetworkId'>;
/** `<network>/<name in the config>`, for instance `whatsapp/support`. */
export type AccountId = Brand<string, 'AccountId'>;
/** A network's own id of a message, opaque to the core. */
export type RemoteId = Brand<string, 'RemoteId'>;
/** `@local:server` */
export type UserId = Brand<string, 'UserId'>;
/** `!opaque[:server]`; room version 12 has no server part. */
export type RoomId = Brand<string, 'RoomId'>;
/** `$opaque` */
export type EventId = Brand<string, 'EventId'>;
/** `mxc://server/media` */
export type Mxc = Brand<string, 'Mxc'>;

/** Row ids of our own store. Lanes, portals and keys use only these, so a changed remote id rewrites nothing. */
export type PersonRow = Brand<number, 'PersonRow'>;
export type ConversationRow = Brand<number, 'ConversationRow'>;
export type RoomRow = Brand<number, 'RoomRow'>;
export type PortalRow = Brand<number, 'PortalRow'>;
export type InboxSeq = Brand<number, 'InboxSeq'>;
export type OutboxSeq = Brand<number, 'OutboxSeq'>;

/** Milliseconds since the epoch. */
export type Millis = number;

/** What stands before the colon of a user id, without the `@`: `alice` of `@alice:example.org`. */
export const localpartOf = (user: string): string => user.slice(1, user.indexOf(':'));
/** What stands behind it, from the first colon on: a server's name may hold colons itself (Matrix specification, appendices, "User identifiers"). */
export const serverOf = (user: string): string => user.slice(user.indexOf(':') + 1);

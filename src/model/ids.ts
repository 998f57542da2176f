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

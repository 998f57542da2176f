import type { Millis } from '../model/ids.ts';

/** How long the core waits, in milliseconds. DECISIONS of the design give the defaults; the config can change them. */
export interface DeliverySettings {
  /** One item's own failures may hold its lane this long. */
  readonly maxBlock: Millis;
  /** After this an item is given up, whatever the reason. */
  readonly maxAge: Millis;
  readonly mediaWait: Millis;
  /** An uncertain send waits this long for its delivery event, once the account is live. */
  readonly settleWait: Millis;
  readonly targetWait: Millis;
  readonly echoWait: Millis;
  /** What to do with a send that nobody can tell of. */
  readonly uncertain: 'ask' | 'retry';
  /** Tells of successes too, by `com.beeper.message_send_status`. */
  readonly statusEvents: boolean;
  readonly readReceipts: boolean;
  /** Which event is which message is not remembered for ever: what is about old ones finds nothing, and whoever did it hears so. */
  readonly forgetful?: boolean;
  /** Messages of the past that a new room begins with; 0: none. */
  readonly backfill: number;
}

export type Permission = 'block' | 'relay' | 'user' | 'admin';

/** Whether the names of Matrix people stand before what they say. `auto`: once more than one is in the room. */
export type RelayPrefix = 'auto' | 'always' | 'never';

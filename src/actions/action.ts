import type { AccountId, InboxSeq, RoomRow, UserId } from '../model/ids.ts';
import type { AdapterView } from '../bridge/deciding.ts';
import type { Erasures } from '../bridge/privacy/erasures.ts';
import type { Permission } from '../bridge/settings.ts';
import type { Homeserver } from '../matrix/homeserver.ts';
import type { AccountSettings, Network } from '../networks/network.ts';
import type { Store } from '../store/store.ts';

/** What an action works with, and who asks for it. Actions may be repeated: a stop in the middle runs them again. */
export interface ActionContext {
  readonly sender: UserId;
  readonly permission: Permission;
  /** Where it was asked. */
  readonly room: RoomRow;
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly accounts: readonly { readonly id: AccountId; readonly network: Network; readonly app: string; readonly settings: AccountSettings }[];
  adapter(account: AccountId): AdapterView | null;
  relayOf(sender: UserId, account: AccountId, room: RoomRow): { readonly name: string } | null;
  /** Sides that are down, with the reason. */
  outages(): ReadonlyMap<string, { readonly since: number; readonly reason: string }>;
  /** Decodes what was kept of a webhook again; null where all of it was taken in, else why not. */
  decodeAgain(source: string, raw: Uint8Array): Promise<string | null>;
  /** Takes in again what could not be when it came; null where it was, else why not. */
  takeAgain(seq: InboxSeq): Promise<string | null>;
  /** Forgets people. */
  readonly erasures: Pick<Erasures, 'person' | 'user'>;
  wake(lanes: readonly string[]): void;
}

/** What a person did wrong, in words that say what to do next. */
export class Mistake extends Error {
  override name = 'Mistake';
}

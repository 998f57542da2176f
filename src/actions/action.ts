import type { Accounts, ListedAccount } from '../bridge/accounts.ts';
import type { Blocklist } from '../bridge/blocklist.ts';
import type { AdapterView } from '../bridge/deciding.ts';
import type { Erasures } from '../bridge/privacy/erasures.ts';
import type { Permission } from '../bridge/settings.ts';
import type { Homeserver } from '../matrix/homeserver.ts';
import type { Clock } from '../model/clock.ts';
import { DeliveryError, Rejected, Uncertain } from '../model/errors.ts';
import type { AccountId, EventId, InboxSeq, RoomRow, UserId } from '../model/ids.ts';
import type { Room, Store } from '../store/store.ts';
import type { LoginSessions } from './login-session.ts';

/** What an action works with, and who asks for it. Actions may be repeated: a stop in the middle runs them again. */
export interface ActionContext {
  readonly sender: UserId;
  readonly permission: Permission;
  /** Where it was asked, and by which event. */
  readonly room: RoomRow;
  readonly event: EventId;
  readonly store: Store;
  readonly homeserver: Homeserver;
  readonly clock: Clock;
  readonly accounts: readonly UsedAccount[];
  /** Adds accounts and takes them away while the bridge runs. */
  readonly live: Pick<Accounts, 'add' | 'remove' | 'problem' | 'apps' | 'list'>;
  readonly logins: LoginSessions;
  readonly blocklist: Blocklist;
  /** Bytes that a file may have. */
  readonly maxFile: number;
  /** What somebody may do, by the config and the blocklist. */
  permissionOf(user: string): Permission;
  /** The bot or a ghost. */
  isOurs(user: string): boolean;
  adapter(account: AccountId): AdapterView | null;
  relayOf(sender: UserId, account: AccountId, room: RoomRow): { readonly name: string } | null;
  /** Sides that are down, with the reason. */
  outages(): ReadonlyMap<string, { readonly since: number; readonly reason: string }>;
  /** Whether an account that is down waits for its owner: its token was refused. */
  isBroken(account: AccountId): boolean;
  /** An account was logged out: what waits for it is refused. */
  accountGone(account: AccountId): void;
  /** Decodes what was kept of a webhook again; null where all of it was taken in, else why not. */
  decodeAgain(source: string, raw: Uint8Array): Promise<string | null>;
  /** Takes in again what could not be when it came; null where it was, else why not. */
  takeAgain(seq: InboxSeq): Promise<string | null>;
  /** Forgets people. */
  readonly erasures: Pick<Erasures, 'person' | 'user'>;
  wake(lanes: readonly string[]): void;
}

/** What can be asked from anywhere, a web page too, and not only in a room. */
export type Asking = Omit<ActionContext, 'room' | 'event'>;

/** The same as if it were asked in that room. */
export function inRoom(context: Asking, { row }: Pick<Room, 'row'>): ActionContext {
  return { ...context, room: row, event: '' as EventId };
}

export type UsedAccount = Pick<ListedAccount, 'id' | 'network' | 'app' | 'settings' | 'inConfig' | 'connection' | 'liveSince'>;

export { StoreBusy } from '../store/store.ts';

/** What a person did wrong, in words that say what to do next. */
export class Mistake extends Error {
  override name = 'Mistake';
}

/** What a network does not let the bridge do; the message says why. */
export class Unable extends Mistake {
  override name = 'Unable';
}

/** A network did not answer what somebody waits for, or not now. Nobody asks it again for them: what was to be done may be done. */
export class NoAnswer extends Mistake {
  override name = 'NoAnswer';
  readonly failure: DeliveryError;

  constructor(failure: DeliveryError) {
    super(failure instanceof Uncertain ? `${failure.message} It may have been done all the same: look before you try again.` : `${failure.message} Try again later.`);
    this.failure = failure;
  }
}

/** What a call to a network that somebody waits for ends in. @throws Mistake, or what is no answer of a network */
export function asMistake(error: unknown): never {
  if (error instanceof Rejected) throw new Mistake(error.message);
  if (error instanceof DeliveryError) throw new NoAnswer(error);
  throw error;
}

/** @throws Mistake where whoever asks is no administrator */
export function needAdmin({ permission }: Pick<ActionContext, 'permission'>): void {
  if (permission !== 'admin') throw new Mistake('Only administrators may do that.');
}

/**
 * Whether this is a room of somebody with the bot alone: what is said there is heard by nobody else. Nobody else was ever in it
 * either: whoever made a room and left it says who may come back, and read what was said meanwhile.
 */
export function isPrivate({ store, room, isOurs, sender }: ActionContext): boolean {
  const found = store.room(room);
  return found?.kind === 'management' && !found.encrypted && store.everMembers(room).every(({ user }) => user === sender || isOurs(user));
}

/** @throws Mistake in a room where somebody else reads along */
export function needPrivate(context: ActionContext): void {
  if (!isPrivate(context)) throw new Mistake('That is not for everybody here: say it in a chat with me alone.');
}

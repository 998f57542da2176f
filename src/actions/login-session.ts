import { randomBytes } from 'node:crypto';
import type { Permission } from '../bridge/settings.ts';
import type { Clock } from '../model/clock.ts';
import type { AccountId, Millis, NetworkId, UserId } from '../model/ids.ts';
import type { LoginDone, LoginField, LoginFields, LoginFlow } from '../networks/login.ts';
import type { AppSettings, Network } from '../networks/network.ts';
import { Mistake } from './action.ts';
import type { AddedAccount, NewAccount } from './add-account.ts';

/** A way to log in that somebody may take. */
export interface OfferedFlow {
  readonly network: NetworkId;
  /** As people write it: `Telegram`. */
  readonly networkName: string;
  /** The app of the config that the account is to be in. */
  readonly app: string;
  /** Its id within the network. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly makes: LoginFlow['makes'];
}

/** What is asked next, or what it came to. Answers are keyed by the ids of the fields; a field with `secret` is never shown again. */
export type SessionStep =
  | { readonly type: 'fields'; readonly instructions: string; readonly fields: readonly LoginField[] }
  | { readonly type: 'done'; readonly account: AccountId; readonly outcome: AddedAccount['outcome']; readonly says: string };

export interface LoginSession {
  /** Unguessable; another user's is not found. */
  readonly id: string;
  readonly user: UserId;
  readonly flow: OfferedFlow;
  readonly step: SessionStep;
  /** It is over then, unless something is submitted before. */
  readonly expiresAt: Millis;
}

export interface LoginSessionsDeps {
  readonly apps: () => readonly { readonly network: Network; readonly app: string; readonly settings: AppSettings }[];
  readonly clock: Clock;
  readonly add: (done: LoginDone, account: NewAccount) => Promise<AddedAccount>;
}

/** How long a login waits for its next answer. */
export const LOGIN_TTL: Millis = 10 * 60_000;
/** Logins that one user may have open. */
const MOST_OPEN = 3;
/** Answers of one login that a network is asked about: nobody tries out tokens by it. */
const MOST_TRIES = 10;
/** The same of one user, however many logins they begin, and for how long they wait then. */
const MOST_REFUSED = 30;
const PATIENCE: Millis = 3_600_000;

interface Open extends LoginSession {
  step: SessionStep;
  expiresAt: Millis;
  /** Of the network's own steps: what `submit` goes to. */
  at: LoginFields;
  tries: number;
  busy: boolean;
}

/**
 * Logins under way, in memory alone: with the process they are over. A face (the bot's dialog, the provisioning API) lists the
 * flows, starts one, submits answers until the step is `done`, or cancels.
 *
 * ```ts
 * const { id, step } = sessions.start({ user, permission }, { network: 'telegram' });
 * const next = await sessions.submit(id, user, { token: '…' });   // done, or more fields
 * ```
 */
export class LoginSessions {
  readonly #deps: LoginSessionsDeps;
  readonly #open = new Map<string, Open>();
  /** What a network has refused of somebody, since when. */
  readonly #refused = new Map<UserId, { readonly since: Millis; count: number }>();
  /** Two logins of one account must not both find it free. */
  #adding: Promise<unknown> = Promise.resolve();

  constructor(deps: LoginSessionsDeps) {
    this.#deps = deps;
  }

  /** What somebody may log in: personal accounts everybody who may command, relay accounts administrators. */
  flows(permission: Permission): readonly OfferedFlow[] {
    if (permission !== 'user' && permission !== 'admin') return [];
    return this.#deps.apps().flatMap(({ network, app }) => network.logins.filter(({ makes }) => makes === 'personal' || permission === 'admin')
      .map(({ id, name, description, makes }) => ({ network: network.id, networkName: network.name, app, id, name, description, makes })));
  }

  /**
   * Begins. Without an app or a flow: the only one, else the first of the network.
   * @throws Mistake where there is no such flow for them, or they have too many open
   */
  start({ user, permission }: { readonly user: UserId; readonly permission: Permission }, wanted: { readonly network: string; readonly app?: string; readonly flow?: string }): LoginSession {
    this.#forgetOld();
    const flow = this.flows(permission).find(({ network, app, id }) => network === wanted.network && (wanted.app ?? app) === app && (wanted.flow ?? id) === id);
    if (flow === undefined) throw new Mistake('There is no such login for you.');
    if ([...this.#open.values()].filter((one) => one.user === user).length >= MOST_OPEN) throw new Mistake(`You have ${MOST_OPEN} logins open. End one of them first, or wait ten minutes.`);
    const at = this.#deps.apps().find(({ network, app }) => network.id === flow.network && app === flow.app);
    const step = at?.network.logins.find(({ id }) => id === flow.id)?.start({ appSettings: at.settings });
    if (step?.type !== 'fields') throw new Mistake('There is no such login for you.');
    const session: Open = {
      id: randomBytes(16).toString('base64url'), user, flow, at: step, step: shown(step), expiresAt: this.#deps.clock.now() + LOGIN_TTL, tries: 0, busy: false,
    };
    this.#open.set(session.id, session);
    return session;
  }

  /** Null where there is none, it is over, or it is somebody else's. */
  get(id: string, user: UserId): LoginSession | null {
    this.#forgetOld();
    const session = this.#open.get(id);
    return session?.user === user ? session : null;
  }

  /**
   * One answer for each field of the step. `done` ends the session: the account runs then.
   * @throws Mistake for answers whose form is wrong, for a session that is over, and where the account cannot be added
   * @throws DeliveryError where the network does not take them: the same step may be tried again
   */
  async submit(id: string, user: UserId, answers: Readonly<Record<string, string>>): Promise<SessionStep> {
    const session = this.#open.get(this.get(id, user)?.id ?? '');
    if (session === undefined) throw new Mistake('That login is over. Begin it anew.');
    if (session.busy) throw new Mistake('The network is still being asked about the last answer.');
    const wrong = session.at.fields.map((field) => ({ field, why: answerProblem(field, answers[field.id] ?? '') })).find(({ why }) => why !== undefined);
    if (wrong !== undefined) throw new Mistake(`${wrong.field.name}: ${wrong.why}.`);
    const refused = this.#refusedOf(user);
    if (refused.count >= MOST_REFUSED) throw new Mistake('The network has refused too many of your answers. Come again in an hour.');
    session.tries += 1;
    // Until it is taken: many may be asked about at the same time.
    refused.count += 1;
    session.busy = true;
    session.expiresAt = this.#deps.clock.now() + LOGIN_TTL;
    try {
      const next = await session.at.submit(Object.fromEntries(session.at.fields.map((field) => [field.id, answers[field.id] ?? ''])));
      refused.count -= 1;
      if (next.type === 'fields') {
        session.at = next;
        session.step = shown(next);
        return session.step;
      }
      // Who has cancelled meanwhile, or been given up, gets no account.
      if (this.#open.get(id) !== session) throw new Mistake('That login is over. Begin it anew.');
      this.#open.delete(id);
      return { type: 'done', says: next.says, ...await this.#add(next, { network: session.flow.network, app: session.flow.app, makes: session.flow.makes, owner: user }) };
    } finally {
      session.busy = false;
      session.expiresAt = this.#deps.clock.now() + LOGIN_TTL;
      if (session.tries >= MOST_TRIES) this.#open.delete(id);
    }
  }

  /** False where there was nothing to end. */
  cancel(id: string, user: UserId): boolean {
    return this.get(id, user) !== null && this.#open.delete(id);
  }

  #add(done: LoginDone, account: NewAccount): Promise<AddedAccount> {
    const added = this.#adding.catch(() => {}).then(() => this.#deps.add(done, account));
    this.#adding = added;
    return added;
  }

  #refusedOf(user: UserId): { count: number } {
    const now = this.#deps.clock.now();
    const known = this.#refused.get(user);
    if (known !== undefined && known.since + PATIENCE > now) return known;
    const fresh = { since: now, count: 0 };
    this.#refused.set(user, fresh);
    return fresh;
  }

  #forgetOld(): void {
    const now = this.#deps.clock.now();
    for (const { id, expiresAt, busy } of this.#open.values()) if (!busy && expiresAt <= now) this.#open.delete(id);
  }
}

/** What is wrong with the form of an answer, in words. */
export function answerProblem({ options, problem }: LoginField, answer: string): string | undefined {
  if (answer === '') return 'nothing was given';
  if (answer.length > 8_192) return 'it is too long';
  if (options !== undefined && !options.some(({ value }) => value === answer)) return 'it is none of the choices';
  return problem(answer);
}

/** Without the way to the network: a step goes on by the session alone. */
function shown({ instructions, fields }: LoginFields): SessionStep {
  return { type: 'fields', instructions, fields };
}

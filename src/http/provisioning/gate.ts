import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../model/clock.ts';
import type { Millis, UserId } from '../../model/ids.ts';
import type { RouteHead } from '../../model/route.ts';
import { Refusal } from './errors.ts';
import { Limiter, networkOf } from './limiter.ts';

export interface GateOptions {
  /** Whoever has it speaks for every user. Absent: nobody does. */
  readonly sharedSecret?: string;
  /**
   * Whose OpenID token that is, as our own homeserver says it; null: nobody's. Absent: none is taken.
   * @throws DeliveryError where it cannot be asked
   */
  readonly openid?: (token: string) => Promise<string | null>;
  /** Of our homeserver: only its users have tokens that it can vouch for. */
  readonly serverName: string;
  readonly clock: Clock;
}

/** How long an answer of the homeserver is believed; a token that was taken back is refused after that. */
const BELIEVED_MS: Millis = 60_000;
const MOST_KNOWN = 2_000;
/** Tokens that the homeserver is asked about at the same time. */
const MOST_ASKED = 8;
/** A page asks for some dozens at once, and then as often as somebody clicks. */
const CALLS = { perSecond: 10, burst: 200 };
const USER_CALLS = { perSecond: 2, burst: 100 };
const FAILURES = { perSecond: 1 / 10, burst: 20 };

/** Who asks: a user by an OpenID token, or somebody who has the shared secret, for a user. */
export class Gate {
  readonly #options: GateOptions;
  readonly #calls: Limiter;
  readonly #userCalls: Limiter;
  readonly #failures: Limiter;
  readonly #known = new Map<string, { readonly user: string | null; readonly until: Millis }>();
  readonly #asking = new Map<string, Promise<string | null>>();

  constructor(options: GateOptions) {
    this.#options = options;
    this.#calls = new Limiter(CALLS, options.clock);
    this.#userCalls = new Limiter(USER_CALLS, options.clock);
    this.#failures = new Limiter(FAILURES, options.clock);
  }

  /** @throws Refusal M_MISSING_TOKEN, M_UNKNOWN_TOKEN, M_LIMIT_EXCEEDED */
  async who(head: Pick<RouteHead, 'headers' | 'query' | 'address'>): Promise<UserId> {
    const from = networkOf(head.address);
    slower(this.#calls.take(from));
    slower(this.#failures.take(from, 0));
    const user = head.query['user_id'] ?? '';
    const token = /^Bearer +(\S+)$/i.exec(head.headers['authorization']?.trim() ?? '')?.[1];
    if (token === undefined) throw new Refusal(401, 'M_MISSING_TOKEN', 'Missing auth token.');
    const isTheirs = token.startsWith('openid:') ? await this.#hasToken(user, token.slice('openid:'.length)) : this.#isSecret(token) && isUserId(user);
    if (!isTheirs) {
      this.#failures.take(from);
      throw new Refusal(401, 'M_UNKNOWN_TOKEN', 'Invalid auth token.');
    }
    slower(this.#userCalls.take(user));
    return user as UserId;
  }

  #isSecret(token: string): boolean {
    const { sharedSecret } = this.#options;
    return sharedSecret !== undefined && timingSafeEqual(digest(token), digest(sharedSecret));
  }

  /** Our own homeserver is asked, and only about its own users: whom a caller names says nothing of where to ask. */
  async #hasToken(user: string, token: string): Promise<boolean> {
    const { serverName } = this.#options;
    if (!isUserId(user) || user.slice(user.indexOf(':') + 1) !== serverName || !/^[\x21-\x7e]{1,1024}$/.test(token)) return false;
    return (await this.#whose(token)) === user;
  }

  async #whose(token: string): Promise<string | null> {
    const { openid, clock } = this.#options;
    if (openid === undefined) return null;
    // In memory too a token is not kept as it is.
    const key = digest(token).toString('base64');
    const known = this.#known.get(key);
    if (known !== undefined && known.until > clock.now()) return known.user;
    const under = this.#asking.get(key);
    if (under !== undefined) return under;
    if (this.#asking.size >= MOST_ASKED) throw new Refusal(429, 'M_LIMIT_EXCEEDED', 'Too many are logging in at once.', 2_000);
    const asking = openid(token).then((user) => {
      this.#known.delete(key);
      this.#known.set(key, { user, until: clock.now() + BELIEVED_MS });
      const [oldest] = this.#known.size > MOST_KNOWN ? this.#known.keys() : [];
      if (oldest !== undefined) this.#known.delete(oldest);
      return user;
    }).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }
}

function isUserId(user: string): boolean {
  return user.length <= 255 && /^@[^:\s]+:\S+$/.test(user);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

function slower(wait: Millis | null): void {
  if (wait !== null) throw new Refusal(429, 'M_LIMIT_EXCEEDED', 'Too many calls.', wait);
}

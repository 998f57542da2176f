import { AccountBroken, type DeliveryError, Rejected, Retry, Uncertain, Unreachable } from '../../model/errors.ts';
import { num, str } from '../shared/json.ts';
import { tidy } from '../shared/tidy.ts';

type Meaning = readonly [outcome: 'rejected' | 'account' | 'retry', reason: string];

const NEW_TOKEN = 'Make a new personal access token (My account > Personal access tokens), tick "Ignore two factor authentication", and put it and the user id into the config.';

/** Codes that stand in `errorType`, or in square brackets at the end of `error`. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  'totp-required': ['account', 'The server asks for a second factor, which a program cannot give.'],
  'totp-invalid': ['account', 'The server asks for a second factor, which a program cannot give.'],
  'totp-max-attempts': ['account', 'The server asks for a second factor, which a program cannot give.'],
  'error-password-policy-not-met': ['account', 'The server asks for a new password of the user before it goes on.'],
  'error-password-in-history': ['account', 'The server asks for a new password of the user before it goes on.'],
  'error-user-is-not-activated': ['account', 'The user is not activated.'],
  'error-user-deactivated': ['account', 'The user is deactivated.'],
  'error-login-blocked-for-user': ['account', 'The server has blocked logins of the user.'],
  'error-login-blocked-for-ip': ['account', 'The server has blocked logins from this address.'],
  'error-license-user-limit-reached': ['account', 'The workspace has more users than its licence allows.'],
  'restricted-workspace': ['account', 'The workspace is restricted: it has been without a connection to Rocket.Chat’s cloud for too long.'],
  'error-message-size-exceeded': ['rejected', 'The message is longer than the server allows.'],
  'error-message-editing-blocked': ['rejected', 'It is too long ago: the server lets it be edited no more.'],
  'error-message-deleting-blocked': ['rejected', 'It is too long ago: the server lets it be deleted no more.'],
  'error-action-not-allowed': ['rejected', 'The server does not let the user do that.'],
  'error-not-allowed': ['rejected', 'The server does not let the user do that.'],
  'not-authorized': ['rejected', 'The server does not let the user do that.'],
  'unauthorized': ['rejected', 'The server does not let the user do that.'],
  'error-room-archived': ['rejected', 'The room is archived.'],
  'room_is_archived': ['rejected', 'The room is archived.'],
  'room_is_blocked': ['rejected', 'The other person has blocked the account.'],
  'error-invalid-room': ['rejected', 'The room is not there, or the account is not in it.'],
  'error-room-not-found': ['rejected', 'The room is not there, or the account is not in it.'],
  'error-invalid-user': ['rejected', 'There is no such user on the server.'],
  'error-invalid-username': ['rejected', 'There is no such user on the server.'],
  'error-message-not-found': ['rejected', 'The message is not there any more.'],
  'error-invalid-message': ['rejected', 'The message is not there any more.'],
  'error-invalid-file-type': ['rejected', 'The server does not take files of this type.'],
  'error-file-too-large': ['rejected', 'The file is larger than the server allows.'],
  'error-file-upload-disabled': ['rejected', 'The server takes no files.'],
  'error-pinning-message': ['rejected', 'The server has pins switched off.'],
  'error-invalid-emoji': ['rejected', 'The server has no such emoji.'],
  'error-user-is-muted': ['rejected', 'The account is muted in the room.'],
  'You_have_been_muted': ['rejected', 'The account is muted in the room.'],
  'you-are-not-in-room': ['rejected', 'The account is not in the room.'],
  'invalid-params': ['rejected', 'The server refused the request as invalid.'],
  'error-message-ts-out-of-sync': ['retry', 'The clocks differ.'],
};

interface Failure {
  readonly status: number;
  readonly body: unknown;
  /** Milliseconds. */
  readonly wait: number | undefined;
  /** Repeating the call could do a thing twice. */
  readonly sending: boolean;
  /** The token, which no answer is let repeat. */
  readonly secret: string;
}

/** The error class of an answer that is no success. */
export function failureToError(failure: Failure): DeliveryError {
  const { status, body, sending, wait } = failure;
  const said = str(body, 'error') ?? str(body, 'message') ?? str(body, 'error', 'error') ?? '';
  const code = codeOf(body, said) ?? `http_${status}`;
  const waits = wait ?? num(body, 'details', 'timeToReset');
  if (status === 429 || code === 'error-too-many-requests' || code === 'too-many-requests') {
    const seconds = /must wait (\d+) seconds/.exec(said)?.[1];
    const afterMs = waits ?? (seconds === undefined ? 10_000 : Number(seconds) * 1000);
    return new Retry('Rocket.Chat is asked too often.', 'error-too-many-requests', { afterMs: Math.min(Math.max(afterMs, 0), 3_600_000), rateLimited: true });
  }
  const meaning = Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : /[Tt]otp|two.?factor/.test(code) ? MEANINGS['totp-required'] : undefined;
  const details = tidy(said, failure.secret);
  if (meaning !== undefined) {
    const [outcome, reason] = meaning;
    if (outcome === 'account') return new AccountBroken(reason, code);
    return outcome === 'retry' ? new Retry(reason, code) : new Rejected(reason, code);
  }
  if (status === 401) return new AccountBroken('Rocket.Chat does not take the token: it was withdrawn, or is of another user.', code);
  if (status === 403) return new Rejected(details === '' ? 'The server does not let the user do that.' : `The server does not let the user do that (${details}).`, code);
  if (status >= 500 || status === 408) {
    return sending
      ? new Uncertain(`Rocket.Chat answered ${status} without saying whether it was done.`, code)
      : new Unreachable(`Rocket.Chat answered ${status}.`, code);
  }
  if (status >= 200 && status < 300 && details === '') {
    return sending ? new Uncertain('The answer of Rocket.Chat could not be read.', code) : new Unreachable('The answer of Rocket.Chat could not be read.', code);
  }
  return new Rejected(details === '' ? `Rocket.Chat answered ${status}.` : `Rocket.Chat refused it: ${details}`, code);
}

function codeOf(body: unknown, said: string): string | undefined {
  const bracketed = /\[([\w-]+)\]\s*$/.exec(said)?.[1];
  const type = str(body, 'errorType');
  if (type !== undefined && /^[\w-]{1,80}$/.test(type)) return type;
  if (bracketed !== undefined) return bracketed;
  return /^[\w-]{3,80}$/.test(said) ? said : undefined;
}

/** What the owner of an account has to do. */
export function fixFor(code: string): string {
  if (code.startsWith('totp')) return 'Make the personal access token anew with "Ignore two factor authentication" ticked.';
  if (code.startsWith('error-password')) return 'Log in as the user once and set a new password; then make a new token.';
  if (code.includes('activated') || code.includes('deactivated')) return 'Activate the user: Workspace > Users.';
  if (code.startsWith('error-login-blocked')) return 'Lift the block: Workspace > Settings > Accounts > Block failed logins.';
  if (code.includes('license') || code === 'restricted-workspace') return 'See Workspace > Subscription.';
  return NEW_TOKEN;
}

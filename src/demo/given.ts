import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parse } from 'yaml';
import { CodedError } from '../model/errors.ts';
import { MatrixClient } from './matrix/client.ts';

export interface Account {
  readonly userId: string;
  readonly accessToken: string;
}

/** A homeserver as the stage needs it, whoever started it. */
export interface StageHomeserver {
  readonly url: string;
  readonly domain: string;
  readonly registration: string;
  /** `host:port` on which the homeserver expects the bridge. */
  readonly listen: string;
  readonly bot: string;
  readonly ghostPrefix: string;
  readonly users: readonly Account[];
}

/** A homeserver that runs already, which has loaded the registration. */
export interface Given {
  readonly url: string;
  /** The file that `drawbridge register` wrote. */
  readonly registration: string;
  /** Of the accounts to be, one or two. Each itself, or `file:` and where it stands. */
  readonly tokens: readonly string[];
}

/** What the demo needs to know of it. @throws CodedError where the registration or a token is of no use */
export async function theirHomeserver({ url, registration, tokens }: Given): Promise<StageHomeserver> {
  const base = url.replace(/\/+$/, '');
  const { address, bot, ghostPrefix } = await readRegistration(registration);
  const users = await Promise.all(tokens.map(async (token) => account(base, token)));
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(address.hostname);
  return {
    url: base, domain: users[0]?.userId.replace(/^[^:]*:/, '') ?? '', registration: resolve(registration), users, bot, ghostPrefix,
    listen: `${local ? '127.0.0.1' : '0.0.0.0'}:${address.port || (address.protocol === 'https:' ? '443' : '80')}`,
  };
}

async function readRegistration(path: string): Promise<{ address: URL; bot: string; ghostPrefix: string }> {
  const content: unknown = await readFile(path, 'utf8').then(parse, () => null);
  const { url, sender_localpart: bot, namespaces } = (content ?? {}) as { url?: unknown; sender_localpart?: unknown; namespaces?: { users?: { regex?: unknown }[] } };
  // `@_drawbridge_.*:example\.org`: what stands before the wildcard.
  const prefix = /^\^?@((?:\\.|[^\\.*+?()[\]{}|])+)\.\*/.exec(String(namespaces?.users?.[0]?.regex))?.[1]?.replaceAll('\\', '');
  if (typeof url !== 'string' || !URL.canParse(url) || typeof bot !== 'string' || prefix === undefined) {
    throw new CodedError('DB-8105', `${path} is no registration that the demo can use.`, 'Make one with `drawbridge register`, and name it in the homeserver\'s config.');
  }
  return { address: new URL(url), bot, ghostPrefix: prefix };
}

async function account(url: string, given: string): Promise<{ userId: string; accessToken: string }> {
  const accessToken = given.startsWith('file:') ? (await readFile(given.slice('file:'.length), 'utf8')).trim() : given;
  try {
    const { user_id: userId } = await new MatrixClient(url, accessToken).get<{ user_id: string }>('/account/whoami');
    return { userId, accessToken };
  } catch (error) {
    throw new CodedError('DB-8106', `${url} does not say whose token was given: ${(error as Error).message.replace(/\.$/, '')}.`, 'Give the address of the homeserver and an access token of an account on it.', { cause: error });
  }
}

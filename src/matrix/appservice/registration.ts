import { randomBytes } from 'node:crypto';

export interface RegistrationOptions {
  /** Unique on the homeserver, never changes. */
  readonly id: string;
  /** Where the homeserver reaches us. */
  readonly url: string;
  readonly asToken: string;
  readonly hsToken: string;
  readonly botLocalpart: string;
  /** Every ghost's localpart starts with it. */
  readonly ghostPrefix: string;
  /** Every portal alias starts with it. */
  readonly aliasPrefix: string;
  readonly domain: string;
  readonly protocols: readonly string[];
}

/** The file that the homeserver's administrator puts into its config (application-service API, "Registration"). */
export interface Registration {
  readonly id: string;
  readonly url: string;
  readonly as_token: string;
  readonly hs_token: string;
  readonly sender_localpart: string;
  readonly rate_limited: false;
  /** Spec v1.13; Synapse reads the older name too, and before 1.156 only that. */
  readonly receive_ephemeral: true;
  readonly 'de.sorunome.msc2409.push_ephemeral': true;
  readonly protocols: readonly string[];
  readonly namespaces: {
    readonly users: readonly Namespace[];
    readonly aliases: readonly Namespace[];
    readonly rooms: readonly Namespace[];
  };
}

interface Namespace {
  readonly exclusive: boolean;
  readonly regex: string;
}

/**
 * Made with matrix-appservice-bridge's AppServiceRegistration, with the keys added that it would drop. The library is
 * loaded only here: it costs 56 MB and 0.4 s, which a running daemon need not carry.
 */
export async function buildRegistration(options: RegistrationOptions): Promise<Registration> {
  const { AppServiceRegistration } = await import('matrix-appservice-bridge');
  const made = new AppServiceRegistration(options.url);
  made.setId(options.id);
  made.setAppServiceToken(options.asToken);
  made.setHomeserverToken(options.hsToken);
  made.setSenderLocalpart(options.botLocalpart);
  made.setRateLimited(false);
  made.pushEphemeral = true;
  made.setProtocols([...options.protocols]);
  made.addRegexPattern('users', namespace('@', options.ghostPrefix, options.domain), true);
  made.addRegexPattern('aliases', namespace('#', options.aliasPrefix, options.domain), true);
  const known = made.getOutput();
  return {
    id: known.id,
    url: options.url,
    as_token: known.as_token,
    hs_token: known.hs_token,
    sender_localpart: known.sender_localpart,
    rate_limited: false,
    receive_ephemeral: true,
    'de.sorunome.msc2409.push_ephemeral': true,
    protocols: options.protocols,
    namespaces: { users: known.namespaces?.users ?? [], aliases: known.namespaces?.aliases ?? [], rooms: [] },
  };
}

/** The second one, for double puppets: all users of the server, none for us alone, and nowhere to send their events. */
export interface PuppetRegistration {
  readonly id: string;
  readonly url: null;
  readonly as_token: string;
  readonly hs_token: string;
  readonly sender_localpart: string;
  readonly rate_limited: false;
  readonly namespaces: Registration['namespaces'];
}

/** Written out: the library makes none without an address. */
export function buildPuppetRegistration({ id, asToken, hsToken, senderLocalpart, domain }: {
  readonly id: string; readonly asToken: string; readonly hsToken: string;
  /** Of a user that nobody is: a registration must have one. */
  readonly senderLocalpart: string;
  readonly domain: string;
}): PuppetRegistration {
  return {
    id, url: null, as_token: asToken, hs_token: hsToken, sender_localpart: senderLocalpart, rate_limited: false,
    namespaces: { users: [{ exclusive: false, regex: `^@.*:${escapeRegex(domain)}$` }], aliases: [], rooms: [] },
  };
}

/** 64 random characters that need no escaping anywhere. */
export function generateToken(): string {
  return randomBytes(48).toString('base64url');
}

/** One line for `doctor`: a key of the file, what stands there and what should. Tokens are not shown. */
export interface Difference {
  readonly key: string;
  readonly found: string;
  readonly expected: string;
}

/**
 * What of a registration does not fit the config. Keys that are only in the file are the administrator's own and no
 * difference; so are further namespaces.
 */
export function compareRegistration(actual: unknown, expected: Registration | PuppetRegistration): Difference[] {
  if (!isObject(actual)) return [{ key: '(file)', found: show(actual), expected: 'a registration' }];
  const differences: Difference[] = [];
  for (const [key, value] of Object.entries(expected)) {
    if (key === 'namespaces') continue;
    const found = actual[key];
    if (JSON.stringify(normal(key, found)) === JSON.stringify(normal(key, value))) continue;
    const secret = key.endsWith('_token');
    differences.push({
      key,
      found: secret && typeof found === 'string' && found !== '' ? '(another token)' : show(found),
      expected: secret ? '(the token in the config)' : show(value),
    });
  }
  return [...differences, ...compareNamespaces(actual['namespaces'], expected.namespaces)];
}

function compareNamespaces(actual: unknown, expected: Registration['namespaces']): Difference[] {
  const kinds = isObject(actual) ? actual : {};
  return (['users', 'aliases'] as const).flatMap((kind) => {
    const found = Array.isArray(kinds[kind]) ? (kinds[kind] as unknown[]) : [];
    return expected[kind]
      .filter((wanted) => !found.some((one) => isObject(one) && one['regex'] === wanted.regex && one['exclusive'] === wanted.exclusive))
      .map((wanted) => ({ key: `namespaces.${kind}`, found: show(kinds[kind]), expected: show(wanted) }));
  });
}

/** A slash at the end of the address and the order of protocols mean nothing. */
function normal(key: string, value: unknown): unknown {
  if (key === 'url' && typeof value === 'string') return value.replace(/\/+$/, '');
  return key === 'protocols' && Array.isArray(value) ? value.map(String).toSorted() : value;
}

function show(value: unknown): string {
  return value === undefined ? '(absent)' : JSON.stringify(value).slice(0, 300);
}

function namespace(sigil: string, prefix: string, domain: string): string {
  return `^${sigil}${escapeRegex(prefix)}.*:${escapeRegex(domain)}$`;
}

/** The homeserver reads these in Python's or Go's dialect: only what means the same in all is escaped. */
function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

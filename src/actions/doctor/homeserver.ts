import type { LoadedConfig } from '../../config/load.ts';
import type { RegistrationFile } from '../../config/registration.ts';
import type { Clock } from '../../model/clock.ts';
import type { Check } from '../../networks/network.ts';
import { member, reasonOf } from '../discover.ts';
import type { Fetch } from '../discover.ts';
import { bridgeUrl } from '../register.ts';
import { answers, standIn } from './listener.ts';

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly date: string | null;
}

const TIMEOUT_MS = 15_000;
/** The homeserver's clock goes into `?ts=`, expiring links and certificates; a minute apart is too much. */
const SKEW_MS = 30_000;
/** Spec versions sort by number: v1.9 comes before v1.11. */
const number = (version: string): number => Number(/^v1\.(\d+)$/.exec(version)?.[1] ?? -1);

/** What the bridge needs, from which version it is in the specification, and how servers announce it before that. */
const FEATURES = [
  { name: 'ping of the bridge', since: 7, flag: 'fi.mau.msc2659.stable' },
  { name: 'authenticated media', since: 11, flag: 'org.matrix.msc3916.stable' },
] as const;

/** Calls the homeserver; with a token nothing is followed elsewhere. */
async function call(fetch: Fetch, address: string, token?: string, body?: object): Promise<Reply> {
  const response = await fetch(address, {
    method: body === undefined ? 'GET' : 'POST',
    redirect: token === undefined ? 'follow' : 'manual',
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  return { status: response.status, body: await response.json().catch(() => null), date: response.headers.get('date') };
}

/** `/versions`, the features in it, and the clock: one call. The later checks make no sense where the first fails. */
export async function checkVersions({ config }: LoadedConfig, fetch: Fetch, clock: Clock): Promise<Check[]> {
  const address = `${config.homeserver.url}/_matrix/client/versions`;
  const what = 'homeserver';
  const fix = 'Start the homeserver, or change the key homeserver.url.';
  let reply: Reply;
  try {
    reply = await call(fetch, address);
  } catch (error) {
    return [{ what, ok: false, detail: `GET ${address} failed: ${reasonOf(error)}`, fix }];
  }
  const list = member(reply.body, 'versions');
  const versions = Array.isArray(list) ? list.map(String) : [];
  if (reply.status !== 200 || versions.length === 0) {
    return [{ what, ok: false, detail: `GET ${address} answers ${reply.status} without versions; it should be a Matrix homeserver`, fix }];
  }
  return [
    { what, ok: true, detail: `GET ${address} answers; newest version ${versions.at(-1) ?? ''}` },
    features(versions, member(reply.body, 'unstable_features')),
    ...clockCheck(reply.date, clock.now()),
  ];
}

function features(versions: readonly string[], unstable: unknown): Check {
  const newest = Math.max(...versions.map(number));
  const lacking = FEATURES.filter(({ since, flag }) => newest < since && member(unstable, flag) !== true);
  const what = 'homeserver features';
  if (lacking.length === 0) return { what, ok: true, detail: `it should have ${FEATURES.map(({ name }) => name).join(' and ')}, and has` };
  return { what, ok: false, detail: `it lacks ${lacking.map(({ name, since }) => `${name} (Matrix 1.${since})`).join(', ')}`, fix: 'Upgrade the homeserver.' };
}

function clockCheck(date: string | null, now: number): Check[] {
  const theirs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs)) return [];
  const seconds = Math.round(Math.abs(now - theirs) / 1000);
  const ok = seconds * 1000 <= SKEW_MS;
  return [{
    what: 'clock', ok, detail: `${seconds} s from the homeserver's; at most ${SKEW_MS / 1000} s should be`,
    ...(ok ? {} : { fix: 'Run a time service (chrony, systemd-timesyncd) on both machines.' }),
  }];
}

export const TOKEN = 'token';
export const PUPPETS = 'double puppets';

/** Whether the homeserver says whose OpenID tokens are, by one that nobody has. */
export async function checkOpenId({ config }: LoadedConfig, fetch: Fetch): Promise<Check> {
  const what = 'provisioning: OpenID';
  const { openid, openid_url: url = config.homeserver.url } = config.provisioning;
  if (!openid) return { what, ok: true, detail: 'off (provisioning.openid)' };
  const address = `${url}/_matrix/federation/v1/openid/userinfo`;
  const fix = 'Give the listener of the homeserver the resource openid (Synapse: listeners, resources), name in provisioning.openid_url where it has one, or set provisioning.openid: false.';
  try {
    const { status, body } = await call(fetch, `${address}?access_token=nobodys`);
    if (status === 401) return { what, ok: true, detail: `GET ${address} answers` };
    return { what, ok: false, detail: `GET ${address} answers ${status} ${said(body)}; clients cannot use the provisioning API with tokens of the homeserver`, fix };
  } catch (error) {
    return { what, ok: false, detail: `GET ${address} failed: ${reasonOf(error)}`, fix };
  }
}

/** Whether the homeserver lets us act for its users: GET /account/whoami as one of them. */
export async function checkPuppets({ config }: LoadedConfig, registration: RegistrationFile, user: string, fetch: Fetch): Promise<Check> {
  const address = `${config.homeserver.url}/_matrix/client/v3/account/whoami`;
  const what = `${PUPPETS}: token`;
  try {
    const { status, body } = await call(fetch, `${address}?user_id=${encodeURIComponent(user)}`, registration.asToken);
    if (status === 200 && member(body, 'user_id') === user) return { what, ok: true, detail: `GET ${address} lets us act for ${user}` };
    const known = status !== 401;
    return {
      what, ok: false, detail: `GET ${address} as ${user} answers ${status} ${said(body)}; what people do in a network's own app is shown by the bot`,
      fix: known ? `Check that ${user} has an account on ${config.homeserver.domain}; else run \`drawbridge register\` and restart the homeserver.`
        : `Name ${registration.path} in the homeserver's app_service_config_files (that file, or an exact copy) and restart the homeserver.`,
    };
  } catch (error) {
    return { what, ok: false, detail: `GET ${address} failed: ${reasonOf(error)}`, fix: 'Check the key homeserver.url.' };
  }
}

export const PING = 'homeserver to bridge';

/** Whether the homeserver knows our token: GET /account/whoami. */
export async function checkToken({ config }: LoadedConfig, registration: RegistrationFile, fetch: Fetch): Promise<Check> {
  const address = `${config.homeserver.url}/_matrix/client/v3/account/whoami`;
  const expected = `@${config.bridge.bot}:${config.homeserver.domain}`;
  const what = TOKEN;
  try {
    const { status, body } = await call(fetch, address, registration.asToken);
    const user = member(body, 'user_id');
    if (status === 200 && user === expected) return { what, ok: true, detail: `GET ${address} knows us as ${expected}` };
    if (status === 200) {
      return { what, ok: false, detail: `GET ${address} knows us as ${String(user)}, which should be ${expected}`, fix: 'Correct homeserver.domain or bridge.bot, run `drawbridge register` and restart the homeserver.' };
    }
    return {
      what, ok: false, detail: `GET ${address} answers ${status} ${said(body)}; the as_token of ${registration.path} should be accepted`,
      fix: `Name ${registration.path} in the homeserver's app_service_config_files (that file, or an exact copy) and restart the homeserver.`,
    };
  } catch (error) {
    return { what, ok: false, detail: `GET ${address} failed: ${reasonOf(error)}`, fix: 'Check the key homeserver.url.' };
  }
}

/** Whether the homeserver reaches us: POST /appservice/{id}/ping (client-server API, since v1.7) makes it call us. */
export async function checkPing({ config }: LoadedConfig, registration: RegistrationFile, fetch: Fetch): Promise<Check> {
  const { host, port } = config.listen.homeserver;
  const what = PING;
  try {
    await using stand = await standIn(config.listen.homeserver, answers(registration.hsToken, ''));
    const who = stand === null ? 'the running daemon' : 'a listener for this check';
    const address = `${config.homeserver.url}/_matrix/client/v1/appservice/${encodeURIComponent(registration.id)}/ping`;
    const { status, body } = await call(fetch, address, registration.asToken, { transaction_id: `doctor-${crypto.randomUUID()}` });
    const url = typeof registration.content['url'] === 'string' ? registration.content['url'] : 'no address';
    if (status === 200) return { what, ok: true, detail: `the homeserver reached ${who} at ${url}` };
    return {
      what, ok: false, detail: `POST ${address} answers ${status} ${said(body)}; the homeserver should reach ${who} on ${host}:${port} at ${url}`,
      fix: pingFix(member(body, 'errcode'), bridgeUrl(config)),
    };
  } catch (error) {
    return { what, ok: false, detail: `could not be tried on ${host}:${port}: ${reasonOf(error)}`, fix: 'Check the keys listen.homeserver and homeserver.url.' };
  }
}

function pingFix(errcode: unknown, expected: string): string {
  switch (errcode) {
    case 'M_BAD_STATUS':
      return 'Something else answers there, or the homeserver has an older registration: restart it with the present file.';
    case 'M_CONNECTION_FAILED': case 'M_CONNECTION_TIMEOUT':
      return `Make ${expected} reachable from the homeserver, or set homeserver.bridge_url; then run \`drawbridge register\` and restart the homeserver.`;
    case 'M_URL_NOT_SET':
      return 'Run `drawbridge register` and restart the homeserver with the file it wrote.';
    default:
      return 'Restart the homeserver with the present registration file; it must be Synapse 1.78 or another that knows Matrix 1.7.';
  }
}

/** What an error body says, on one line. */
function said(body: unknown): string {
  const [errcode, error] = [member(body, 'errcode'), member(body, 'error')];
  return typeof errcode === 'string' ? `${errcode}${typeof error === 'string' ? ` (${error.slice(0, 200)})` : ''}` : 'without an error code';
}

import { AccountBroken, DeliveryError, Rejected, Unreachable } from '../../model/errors.ts';
import type { Check, ConnectOptions } from '../network.ts';
import { list, str } from '../shared/json.ts';
import { isActive, RocketChatApi } from './api.ts';
import { Ddp } from './ddp.ts';
import { fixFor } from './errors.ts';
import { limitsFrom } from './limits.ts';
import { asAccount, asApp, type RocketChatAccount, type RocketChatApp } from './settings.ts';

interface Asked {
  readonly api: RocketChatApi;
  readonly app: RocketChatApp;
  readonly account: RocketChatAccount;
  /** `networks.rocketchat.<app>` and `…accounts.<account>`. */
  readonly appKey: string;
  readonly key: string;
}

type Answer = Omit<Check, 'what'>;
const QUESTIONS: readonly (readonly [what: string, question: (asked: Asked) => Promise<Answer>])[] = [
  ['server', server], ['token', token], ['WebSocket', socket], ['names on messages', names], ['speed', speed], ['rooms', rooms], ['links in quotes', links],
];

/** Asks the server what it thinks of one account; one line for each question, as long as it answers. Never throws. */
export async function* check(options: ConnectOptions): AsyncGenerator<Check> {
  const appKey = `networks.rocketchat.${options.app}`;
  const key = `${appKey}.accounts.${options.account}`;
  let asked: Asked;
  try {
    const [app, account] = [asApp(options.appSettings), asAccount(options.settings)];
    asked = { api: new RocketChatApi(app, account, options), app, account, appKey, key };
  } catch {
    yield { what: 'settings', ok: false, detail: 'The settings of the account do not fit.', fix: `Correct ${key}.` };
    return;
  }
  try {
    for (const [what, question] of QUESTIONS) {
      try {
        yield { what, ...(await question(asked)) };
      } catch (error) {
        const broken = error instanceof AccountBroken;
        const unreachable = error instanceof Unreachable;
        yield {
          what, ok: false, detail: told(error),
          fix: broken ? `${fixFor(error.code)} (${key}.token)` : unreachable ? `Let this machine reach the address in ${appKey}.url.` : `Check ${key}.`,
        };
        // No other question would be answered either.
        if (broken || unreachable) return;
      }
    }
  } finally {
    await asked.api.close();
  }
}

async function server({ api, app, appKey }: Asked): Promise<Answer> {
  const version = await api.version();
  const detail = `GET ${app.url}/api/info answered: version ${version ?? 'unknown'}; 6 or later is needed.`;
  const major = Number(version?.split('.')[0] ?? Number.NaN);
  return major < 6 ? { ok: false, detail, fix: `Update the server at ${appKey}.url.` } : { ok: true, detail };
}

async function token({ api, account, key }: Asked): Promise<Answer> {
  const me = await api.me();
  const id = str(me, '_id');
  const roles = list(me, 'roles').join(', ');
  const detail = `GET /api/v1/me answered: @${str(me, 'username') ?? '?'} (${id ?? '?'}), roles ${roles || 'none'}.`;
  if (id !== account.user_id) return { ok: false, detail: `${detail} It should be ${account.user_id}.`, fix: `Set ${key}.user_id and ${key}.token to what was shown together.` };
  if (!isActive(me)) return { ok: false, detail, fix: 'Activate the user: Workspace > Users.' };
  return { ok: true, detail };
}

async function socket({ app, account, appKey }: Asked): Promise<Answer> {
  const stop = new AbortController();
  try {
    const ddp = await Ddp.open({ url: app.url, token: account.token, signal: stop.signal, changed: () => {}, odd: () => {} });
    try {
      await ddp.subscribe('stream-room-messages', '__my_messages__');
    } finally {
      ddp.close();
    }
    return { ok: true, detail: `${app.url}/websocket took the login and the subscription to messages.` };
  } catch (error) {
    if (error instanceof AccountBroken) throw error;
    return { ok: false, detail: `${app.url}/websocket should take a login: ${told(error)}`, fix: `Let the proxy before the server pass WebSockets (headers Upgrade and Connection) to ${appKey}.url.` };
  } finally {
    stop.abort();
  }
}

async function names({ api, account, key }: Asked): Promise<Answer> {
  if (account.kind === 'user') return { ok: true, detail: 'A person speaks for themselves.' };
  const [may, me] = [await api.rolesWith('message-impersonate').catch(nothing), await api.me()];
  const roles = list(me, 'roles');
  if (may === undefined) return { ok: true, detail: 'The server does not say who has the permission message-impersonate, so it is not known.' };
  const detail = `The permission message-impersonate is with ${may.join(', ') || 'nobody'}; the user has ${roles.join(', ') || 'no role'}.`;
  if (may.some((role) => roles.includes(role)) || account.names === 'prefix') return { ok: true, detail };
  return { ok: false, detail, fix: `Give the user the role bot (Workspace > Users > Edit > Roles), or set ${key}.names to prefix.` };
}

async function speed({ api }: Asked): Promise<Answer> {
  const [free, me] = [await api.rolesWith('api-bypass-rate-limit').catch(nothing), await api.me()];
  if (free === undefined) return { ok: true, detail: 'The server does not say who has the permission api-bypass-rate-limit; the bridge goes slower where it is asked to.' };
  const can = list(me, 'roles').some((role) => typeof role === 'string' && free.includes(role));
  const detail = can ? 'The user has the permission api-bypass-rate-limit.' : 'The user lacks the permission api-bypass-rate-limit: by default that is 10 messages a minute.';
  return { ok: true, detail: can ? detail : `${detail} Give it to one of the user’s roles (Workspace > Permissions) where that is too slow.` };
}

async function rooms({ api, account, key }: Asked): Promise<Answer> {
  const { update } = await api.rooms();
  const found = update.map((room) => str(room, 'fname') ?? str(room, 'name') ?? '').filter((name) => name !== '');
  const all = update.flatMap((room) => [str(room, 'name'), str(room, '_id')]);
  const missing = account.rooms.filter((each) => !all.includes(each.replace(/^#/, '')) && !all.includes(each));
  const detail = `The user is in ${update.length} rooms${found.length === 0 ? '' : `, for instance ${found.slice(0, 5).join(', ')}`}.`;
  if (missing.length > 0) return { ok: false, detail: `${detail} It is not in ${missing.join(', ')}.`, fix: `Invite the user there (/invite @name), or correct ${key}.rooms.` };
  return { ok: true, detail };
}

async function links({ api, app, appKey }: Asked): Promise<Answer> {
  const values = await api.settings().catch(nothing);
  if (values === undefined) return { ok: true, detail: 'The server does not show its public settings; its own defaults are taken.' };
  const { siteUrl, maxText, maxFile } = limitsFrom(values, undefined);
  const detail = `Site_Url is ${siteUrl ?? 'not told'}; a message may have ${maxText} characters, a file ${maxFile} bytes.`;
  if (siteUrl === undefined || new URL(siteUrl).host === new URL(app.url).host) return { ok: true, detail };
  return { ok: true, detail: `${detail} ${appKey}.url is another address of the same server; quotes use Site_Url.` };
}

function nothing(error: unknown): undefined {
  if (error instanceof Rejected || (error instanceof DeliveryError && !(error instanceof AccountBroken))) return undefined;
  throw error;
}

function told(error: unknown): string {
  return error instanceof DeliveryError ? `${error.message} [${error.code}]` : 'an unexpected error';
}

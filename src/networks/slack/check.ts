import { AccountBroken, DeliveryError, Rejected } from '../../model/errors.ts';
import type { Check, ConnectOptions } from '../network.ts';
import { str } from '../shared/json.ts';
import { SlackApi } from './api.ts';
import { fixFor } from './errors.ts';
import { asAccount, asApp, type SlackAccount, type SlackApp } from './settings.ts';

/** What each right is for; without those of the first list nothing works. */
const NEEDED: Readonly<Record<'bot' | 'user', readonly string[]>> = {
  bot: ['chat:write', 'channels:history', 'channels:read', 'users:read'],
  user: ['chat:write', 'channels:history', 'channels:read', 'users:read'],
};
const WANTED: Readonly<Record<'bot' | 'user', Readonly<Record<string, string>>>> = {
  bot: {
    'chat:write.customize': 'names and pictures of those who write', 'groups:history': 'private channels', 'groups:read': 'private channels', 'im:history': 'direct chats', 'im:read': 'direct chats',
    'im:write': 'writing to somebody first', 'mpim:history': 'group chats', 'mpim:read': 'group chats', 'files:read': 'files from Slack', 'files:write': 'files to Slack',
    'reactions:read': 'reactions from Slack', 'reactions:write': 'reactions to Slack', 'pins:read': 'pins from Slack', 'pins:write': 'pins to Slack', 'emoji:read': 'emoji of the workspace',
    'usergroups:read': 'names of groups that are mentioned', 'metadata.message:read': 'telling own messages apart',
  },
  user: {
    'groups:history': 'private channels', 'groups:read': 'private channels', 'im:history': 'direct chats', 'im:read': 'direct chats', 'im:write': 'writing to somebody first', 'mpim:history': 'group chats',
    'mpim:read': 'group chats', 'files:read': 'files from Slack', 'files:write': 'files to Slack', 'reactions:read': 'reactions from Slack', 'reactions:write': 'reactions to Slack',
    'pins:read': 'pins from Slack', 'pins:write': 'pins to Slack', 'emoji:read': 'emoji of the workspace', 'channels:write': 'read marks',
  },
};

interface Asked {
  readonly api: SlackApi;
  readonly app: SlackApp;
  readonly account: SlackAccount;
  /** `networks.slack.<app>` and `…accounts.<account>`. */
  readonly appKey: string;
  readonly key: string;
  readonly publicUrl: string | undefined;
  readonly name: string;
}

type Answer = Omit<Check, 'what'>;

/** Asks Slack what it thinks of one account; one line for each question. Never throws. */
export async function* check(options: ConnectOptions): AsyncGenerator<Check> {
  const appKey = `networks.slack.${options.app}`;
  const key = `${appKey}.accounts.${options.account}`;
  let asked: Asked;
  try {
    const [app, account] = [asApp(options.appSettings), asAccount(options.settings)];
    const api = new SlackApi({ url: app.api_url, token: account.token, answerTimeoutMs: options.answerTimeoutMs });
    asked = { api, app, account, appKey, key, publicUrl: options.publicUrl, name: options.app };
  } catch {
    yield { what: 'settings', ok: false, detail: 'The settings of the account do not fit.', fix: `Correct ${key}.` };
    return;
  }
  try {
    const token = await line('token and workspace', `${key}.token`, () => whoIs(asked));
    yield token;
    // Without a token that works the other questions would only say so again.
    if (token.ok) {
      yield await line('scopes', `${key}.token`, () => scopes(asked));
      yield await line('conversations', `${key}.token`, () => conversations(asked));
    }
    yield asked.app.receive === 'socket' ? await line('Socket Mode', `${appKey}.app_token`, () => socketMode(asked)) : eventsApi(asked);
  } finally {
    await asked.api.close();
  }
}

async function whoIs({ api, account, key }: Asked): Promise<Answer> {
  const answer = await api.call('auth.test');
  const [team, user] = [str(answer, 'team_id') ?? '?', str(answer, 'user_id') ?? '?'];
  const detail = `auth.test says ${user} ("${str(answer, 'user') ?? ''}") in ${team} ("${str(answer, 'team') ?? ''}"); it should say ${account.user_id} in ${account.team_id}.`;
  const isBot = str(answer, 'bot_id') !== undefined;
  if (team !== account.team_id && str(answer, 'enterprise_id') !== account.team_id) return { ok: false, detail, fix: `Set ${key}.team_id to ${team}, or put the token of ${account.team_id} into ${key}.token.` };
  if (user !== account.user_id) return { ok: false, detail, fix: `Set ${key}.user_id to ${user}, or put the token of ${account.user_id} into ${key}.token.` };
  if (isBot !== (account.kind === 'bot')) return { ok: false, detail: `${detail} It is ${isBot ? 'a bot' : 'a person'}.`, fix: `Set ${key}.kind to ${isBot ? 'bot' : 'user'}.` };
  return { ok: true, detail };
}

/** Slack names the scopes of the token in a header of every answer. */
async function scopes({ api, account, key }: Asked): Promise<Answer> {
  const granted = await api.scopes();
  if (granted === undefined) return { ok: true, detail: 'auth.test does not name the scopes of the token, so they are not known.' };
  const missing = NEEDED[account.kind].filter((scope) => !granted.includes(scope));
  const lacking = Object.entries(WANTED[account.kind]).filter(([scope]) => !granted.includes(scope));
  const without = lacking.length === 0 ? '' : ` Without ${lacking.map(([scope, what]) => `${scope} (${what})`).join(', ')} these do not work.`;
  if (missing.length === 0) return { ok: true, detail: `auth.test names ${NEEDED[account.kind].join(', ')}, as it should.${without}` };
  return { ok: false, detail: `auth.test should name ${NEEDED[account.kind].join(', ')}; it lacks ${missing.join(', ')}.${without}`, fix: `Add them under OAuth & Permissions, install the app again and put the new token into ${key}.token.` };
}

async function conversations({ api, account }: Asked): Promise<Answer> {
  const answer = await api.call('users.conversations', { types: 'public_channel,private_channel', exclude_archived: true, limit: 200 });
  const found = (answer['channels'] as readonly unknown[] | undefined ?? []).flatMap((each) => str(each, 'name') ?? []);
  const detail = found.length === 0 ? 'users.conversations names no channel: only direct chats are bridged.' : `users.conversations names ${found.length} channels: ${found.slice(0, 8).map((name) => `#${name}`).join(', ')}${found.length > 8 ? ', …' : ''}.`;
  return found.length > 0 || account.kind === 'user' ? { ok: true, detail } : { ok: true, detail: `${detail} Invite the app where it is to listen: /invite @app.` };
}

async function socketMode({ app, appKey }: Asked): Promise<Answer> {
  const api = new SlackApi({ url: app.api_url, token: app.app_token });
  try {
    const url = str(await api.call('apps.connections.open'), 'url');
    if (url === undefined) return { ok: false, detail: 'apps.connections.open gave no address.', fix: `Check ${appKey}.app_token.` };
    return { ok: true, detail: 'apps.connections.open gave an address, as it should.' };
  } catch (error) {
    if (!(error instanceof Rejected) && !(error instanceof AccountBroken)) throw error;
    return { ok: false, detail: told(error), fix: `Switch Socket Mode on, make an app-level token with the scope connections:write (Basic Information), and put it into ${appKey}.app_token.` };
  } finally {
    await api.close();
  }
}

function eventsApi({ publicUrl, name }: Asked): Check {
  const what = 'Events API';
  if (publicUrl === undefined) return { what, ok: false, detail: 'Slack has to reach this machine, and public_url is not set.', fix: 'Set public_url, or use Socket Mode.' };
  const url = `${publicUrl.replace(/\/+$/, '')}/webhooks/slack/${name}`;
  return { what, ok: true, detail: `Event Subscriptions > "Request URL" should be ${url}; Slack tells nobody what it is.` };
}

async function line(what: string, key: string, ask: () => Promise<Answer>): Promise<Check> {
  try {
    return { what, ...(await ask()) };
  } catch (error) {
    const fix = error instanceof AccountBroken ? `${fixFor(error.code)} (${key})` : `Check ${key}, and that this machine reaches Slack.`;
    return { what, ok: false, detail: told(error), fix };
  }
}

function told(error: unknown): string {
  return error instanceof DeliveryError ? `${error.message} [${error.code}]` : 'an unexpected error';
}

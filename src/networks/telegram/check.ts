import { AccountBroken, DeliveryError } from '../../model/errors.ts';
import type { Check, ConnectOptions } from '../network.ts';
import { at, flag, num, str } from '../shared/json.ts';
import { tidy } from '../shared/tidy.ts';
import { BotClient } from './client.ts';
import { fixFor } from './errors.ts';
import { ALLOWED_UPDATES } from './receiver.ts';
import { asAccount, asApp, type TelegramAccount, type TelegramApp } from './settings.ts';

/** What every question needs: whom to ask, and which keys to name. */
interface Asked {
  readonly client: BotClient;
  readonly app: TelegramApp;
  readonly account: TelegramAccount;
  readonly appKey: string;
  readonly key: string;
  /** Where Telegram is to send webhooks, where the config says how this machine is reached. */
  readonly callback?: string;
  /** What `getMe` answered. */
  readonly me?: unknown;
}

type Answer = Omit<Check, 'what'>;

/** Asks Telegram what it thinks of one bot; one line for each question. Changes nothing. Never throws. */
export async function* check(options: ConnectOptions): AsyncGenerator<Check> {
  const appKey = `networks.telegram.${options.app}`;
  const key = `${appKey}.accounts.${options.account}`;
  const callback = options.publicUrl === undefined ? {} : { callback: `${options.publicUrl.replace(/\/+$/, '')}/webhooks/telegram/${options.app}` };
  let asked: Asked;
  try {
    const [app, account] = [asApp(options.appSettings), asAccount(options.settings)];
    asked = { client: new BotClient({ url: app.api_url, token: account.token }), app, account, appKey, key, ...callback };
  } catch {
    yield { what: 'settings', ok: false, detail: 'The settings of the account do not fit.', fix: `Correct ${key}.` };
    return;
  }
  try {
    const me = await ask(asked, 'getMe');
    if ('error' in me) {
      yield { what: 'token', ...failed(asked, 'getMe', me.error) };
      return;
    }
    yield { what: 'token', ok: true, detail: `getMe answered: ${name(me.result)}.` };
    const known = { ...asked, me: me.result };
    yield { what: 'groups', ...groups(known) };
    yield { what: 'receiving', ...(await receiving(known)) };
  } finally {
    await asked.client.close();
  }
}

async function ask({ client }: Asked, method: string): Promise<{ readonly result: unknown } | { readonly error: unknown }> {
  try {
    return { result: await client.call(method, {}) };
  } catch (error) {
    return { error };
  }
}

function failed({ key, appKey }: Asked, method: string, error: unknown): Answer {
  const told = error instanceof DeliveryError ? error.message : 'something unforeseen happened';
  if (error instanceof AccountBroken) return { ok: false, detail: `${method} was refused: ${told}`, fix: `${fixFor(error.code)} The key is ${key}.token.` };
  return { ok: false, detail: `${method} was not answered: ${told}`, fix: `See whether this machine reaches the address in ${appKey}.api_url.` };
}

function name(me: unknown): string {
  const username = str(me, 'username');
  return tidy(`${str(me, 'first_name') ?? 'a bot without a name'}${username === undefined ? '' : ` (@${username})`}`);
}

/** Privacy mode is on for every new bot: in groups it then reads only commands, mentions and replies to itself. */
function groups({ me, account, key }: Asked): Answer {
  const reads = flag(me, 'can_read_all_group_messages');
  const joins = flag(me, 'can_join_groups');
  const detail = `getMe says that the bot ${joins ? 'can' : 'cannot'} join groups and ${reads ? 'reads' : 'does not read'} everything there.`;
  if (!account.groups) return { ok: true, detail: `${detail} It is used in private chats only.` };
  if (!joins) return { ok: false, detail, fix: `@BotFather: /setjoingroups, Enable; or set ${key}.groups to false.` };
  if (reads) return { ok: true, detail };
  return { ok: false, detail, fix: `@BotFather: /setprivacy, Disable, then put the bot out of its groups and in again; or make it an administrator of each; or set ${key}.groups to false.` };
}

async function receiving(asked: Asked): Promise<Answer> {
  const { app, appKey, callback } = asked;
  const found = await ask(asked, 'getWebhookInfo');
  if ('error' in found) return failed(asked, 'getWebhookInfo', found.error);
  const info = found.result;
  const url = str(info, 'url');
  const waiting = `${num(info, 'pending_update_count') ?? 0} updates wait`;
  if (app.receive === 'poll') {
    if (url === undefined) return { ok: true, detail: `getWebhookInfo names no address, as it should be; ${waiting}.` };
    return { ok: true, detail: `getWebhookInfo says that another program at ${host(url)} gets the updates now; ${waiting}. The bridge takes them over when it starts.` };
  }
  if (callback === undefined) return { ok: false, detail: 'Telegram is to call the bridge, but the config does not say under which address.', fix: `Set public_url, or ${appKey}.receive to poll.` };
  if (url === undefined) return { ok: true, detail: `getWebhookInfo names no address yet; the bridge sets ${callback} when it starts.` };
  if (url !== callback) return { ok: true, detail: `getWebhookInfo names ${host(url)}; the bridge sets ${callback} when it starts.` };
  const error = str(info, 'last_error_message');
  const allowed = at(info, 'allowed_updates');
  const lacking = Array.isArray(allowed) && allowed.length > 0 ? ALLOWED_UPDATES.webhook.filter((each) => !allowed.includes(each)) : [];
  if (error !== undefined && (num(info, 'pending_update_count') ?? 0) > 0) {
    return { ok: false, detail: `Telegram could not deliver: ${tidy(error)}; ${waiting}.`, fix: 'Make the public address reachable over https with a valid certificate, on port 443, 80, 88 or 8443.' };
  }
  return { ok: true, detail: `getWebhookInfo names this bridge; ${waiting}.${lacking.length > 0 ? ` It does not ask for ${lacking.join(', ')} yet; the bridge does when it starts.` : ''}` };
}

/** Of an address that somebody else set no more is told than whose it is: the rest may be a secret. */
function host(url: string): string {
  return URL.parse(url)?.host ?? 'an odd address';
}

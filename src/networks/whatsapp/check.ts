import { AccountBroken, DeliveryError } from '../../model/errors.ts';
import { str } from '../meta-graph/json.ts';
import type { Check, ConnectOptions } from '../network.ts';
import { WhatsAppApi } from './api.ts';
import { fixFor } from './errors.ts';
import { asAccount, asApp, type WhatsAppAccount } from './settings.ts';

const NEEDED = ['whatsapp_business_messaging', 'whatsapp_business_management'];

/** Asks Meta what it thinks of one account; one line for each question. Never throws. */
export async function* check(options: ConnectOptions): AsyncGenerator<Check> {
  const key = `networks.whatsapp.${options.app}.accounts.${options.account}`;
  let account: WhatsAppAccount;
  let api: WhatsAppApi;
  try {
    account = asAccount(options.settings);
    api = new WhatsAppApi(asApp(options.appSettings), account);
  } catch {
    yield { what: `${options.account}: settings`, ok: false, detail: 'The settings of the account do not fit.', fix: `Correct ${key}.` };
    return;
  }
  const { phone_number_id: number, waba_id: waba } = account;
  try {
    yield await line(`${options.account}: access token and phone number`, `${key}.access_token`, async () => {
      const facts = await api.numberFacts();
      const shown = str(facts, 'display_phone_number') ?? number;
      return { ok: true, detail: `GET /${number} answered: ${shown}, "${str(facts, 'verified_name') ?? 'no name'}", quality ${str(facts, 'quality_rating') ?? 'unknown'}.` };
    });
    yield await line(`${options.account}: business account`, `${key}.waba_id`, async () => {
      const numbers = await api.numbers();
      const detail = `GET /${waba}/phone_numbers should name ${number}; it names ${numbers.join(', ') || 'none'}.`;
      return numbers.includes(number) ? { ok: true, detail } : { ok: false, detail, fix: `Set ${key}.waba_id to the account that owns the number.` };
    });
    yield await permissions(api, options.account, key);
    yield await line(`${options.account}: webhook subscription`, `${key}.waba_id`, async () => {
      const apps = await api.subscribedApps();
      const detail = `GET /${waba}/subscribed_apps should name this app; it names ${apps.join(', ') || 'none'}.`;
      const fix = 'In the app: WhatsApp > Configuration > Webhook, subscribe the field "messages"; then POST /<waba_id>/subscribed_apps with the token.';
      return apps.length > 0 ? { ok: true, detail } : { ok: false, detail, fix };
    });
  } finally {
    await api.close();
  }
}

async function permissions(api: WhatsAppApi, account: string, key: string): Promise<Check> {
  const what = `${account}: permissions of the token`;
  try {
    const granted = await api.permissions();
    const missing = NEEDED.filter((each) => !granted.includes(each));
    const detail = `GET /me/permissions should name ${NEEDED.join(' and ')}; ${missing.length === 0 ? 'it does' : `it lacks ${missing.join(' and ')}`}.`;
    if (missing.length === 0) return { what, ok: true, detail };
    return { what, ok: false, detail, fix: `Make a token with both permissions and put it into ${key}.access_token.` };
  } catch (error) {
    // A token that may not list its permissions may have them all the same: only a refused token is a failure.
    const detail = `GET /me/permissions was not answered (${told(error)}), so the permissions are not known.`;
    return error instanceof AccountBroken && error.code.startsWith('190') ? { what, ok: false, detail, fix: fixFor(error.code) } : { what, ok: true, detail };
  }
}

async function line(what: string, key: string, ask: () => Promise<Omit<Check, 'what'>>): Promise<Check> {
  try {
    return { what, ...(await ask()) };
  } catch (error) {
    // "Unknown path": a stand-in of the API without this question.
    if (error instanceof DeliveryError && error.code === '2500') return { what, ok: true, detail: `Not asked: ${told(error)}.` };
    const fix = error instanceof AccountBroken ? fixFor(error.code) : `Check ${key}, and that this machine reaches the Graph API.`;
    return { what, ok: false, detail: told(error), fix };
  }
}

function told(error: unknown): string {
  return error instanceof DeliveryError ? `${error.message} [${error.code}]` : 'an unexpected error';
}

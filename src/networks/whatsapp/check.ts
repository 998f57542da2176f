import { AccountBroken, DeliveryError, Rejected, Unreachable } from '../../model/errors.ts';
import { type Check, type ConnectOptions, notTried } from '../network.ts';
import { list, str } from '../shared/json.ts';
import { WhatsAppApi } from './api.ts';
import { VARIABLE } from './encode/template.ts';
import { fixFor } from './errors.ts';
import { asAccount, asApp, type WhatsAppAccount } from './settings.ts';

const NEEDED = ['whatsapp_business_messaging', 'whatsapp_business_management'];
const STANDARD_THROUGHPUT = 80;

/** What every question needs: whom to ask, and which keys to name. */
interface Asked {
  readonly api: WhatsAppApi;
  readonly account: WhatsAppAccount;
  /** `networks.whatsapp.<app>` and `…accounts.<account>`. */
  readonly app: string;
  readonly key: string;
  /** Where Meta is to send the webhooks, where the config says how this machine is reached. */
  readonly callback?: string;
}

type Question = (asked: Asked) => Promise<Omit<Check, 'what'>>;

const QUESTIONS: readonly (readonly [what: string, key: string, question: Question])[] = [
  ['access token and phone number', 'access_token', numberAnswers],
  ['business account', 'waba_id', accountOwnsNumber],
  ['permissions of the token', 'access_token', permissions],
  ['sending', 'phone_number_id', maySend],
  ['app secret', 'app_secret', secretFits],
  ['webhook subscription', 'waba_id', subscribed],
  ['template', 'closed_window', template],
];

/**
 * Asks Meta what it thinks of one account, one line for each question; once Meta does not answer, or refuses the token, the rest is
 * not tried. Never throws.
 */
export async function* check(options: ConnectOptions): AsyncGenerator<Check> {
  const app = `networks.whatsapp.${options.app}`;
  const key = `${app}.accounts.${options.account}`;
  const callback = options.publicUrl === undefined ? {} : { callback: `${options.publicUrl.replace(/\/+$/, '')}/webhooks/whatsapp/${options.app}` };
  let asked: Asked;
  try {
    const account = asAccount(options.settings);
    asked = { api: new WhatsAppApi(asApp(options.appSettings), account), account, app, key, ...callback };
  } catch {
    yield { what: 'settings', ok: false, detail: 'The settings of the account do not fit.', fix: `Correct ${key}.` };
    return;
  }
  try {
    const questions = asked.account.closed_window === 'refuse' ? QUESTIONS.filter(([what]) => what !== 'template') : QUESTIONS;
    for (const [at, [what, name, question]] of questions.entries()) {
      const owner = name === 'app_secret' ? app : key;
      const { check: answer, last } = await line(what, `${owner}.${name}`, asked, question);
      yield answer;
      if (!last) continue;
      yield* questions.slice(at + 1).map(([other]) => notTried(other, `"${what}" has to be mended first.`));
      return;
    }
  } finally {
    await asked.api.close();
  }
}

async function numberAnswers({ api, account, key }: Asked): Promise<Omit<Check, 'what'>> {
  const number = account.phone_number_id;
  const facts = await api.numberFacts();
  const platform = str(facts, 'platform_type');
  const shown = `${str(facts, 'display_phone_number') ?? number}, "${str(facts, 'verified_name') ?? 'no name'}", quality ${str(facts, 'quality_rating') ?? 'unknown'}`;
  const detail = `GET /${number} answered: ${shown}${platform === undefined ? '' : `, ${platform}`}.`;
  if (platform === undefined || platform === 'CLOUD_API') return { ok: true, detail };
  return { ok: false, detail: `${detail} It should be CLOUD_API.`, fix: `Register the number for the Cloud API in WhatsApp manager, or name another in ${key}.phone_number_id.` };
}

async function accountOwnsNumber({ api, account, key }: Asked): Promise<Omit<Check, 'what'>> {
  const { phone_number_id: number, waba_id: waba } = account;
  const numbers = (await api.numbers()).map(({ id }) => id);
  const detail = `GET /${waba}/phone_numbers should name ${number}; it names ${numbers.join(', ') || 'none'}.`;
  return numbers.includes(number) ? { ok: true, detail } : { ok: false, detail, fix: `Set ${key}.waba_id to the account that owns the number.` };
}

async function permissions({ api, key }: Asked): Promise<Omit<Check, 'what'>> {
  try {
    const granted = await api.permissions();
    const missing = NEEDED.filter((each) => !granted.includes(each));
    const detail = `GET /me/permissions should name ${NEEDED.join(' and ')}; ${missing.length === 0 ? 'it does' : `it lacks ${missing.join(' and ')}`}.`;
    if (missing.length === 0) return { ok: true, detail };
    return { ok: false, detail, fix: `Make a token with both permissions and put it into ${key}.access_token.` };
  } catch (error) {
    // A token that may not list its permissions may have them all the same: only a refused token is a failure.
    const detail = `GET /me/permissions was not answered (${told(error)}), so the permissions are not known.`;
    return error instanceof AccountBroken && error.code.startsWith('190') ? { ok: false, detail, fix: fixFor(error.code) } : { ok: true, detail };
  }
}

async function maySend({ api, account, key }: Asked): Promise<Omit<Check, 'what'>> {
  let facts;
  try {
    facts = await api.health();
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return { ok: true, detail: `GET /${account.phone_number_id}?fields=health_status was not answered (${told(error)}), so it is not known.` };
  }
  const may = str(facts, 'health_status', 'can_send_message') ?? 'unknown';
  const level = str(facts, 'throughput', 'level');
  const troubles = list(facts, 'health_status', 'entities').flatMap((entity) => list(entity, 'errors'));
  const said = troubles.flatMap((error) => str(error, 'error_description') ?? []).join(' ');
  const detail = `GET /${account.phone_number_id}?fields=health_status,throughput should say AVAILABLE; it says ${may}${said === '' ? '' : `: ${said}`}.`;
  if (may === 'BLOCKED') {
    return { ok: false, detail, fix: troubles.flatMap((error) => str(error, 'possible_solution') ?? [])[0] ?? 'See the account and the number in WhatsApp manager.' };
  }
  if (level === 'STANDARD' && account.throughput > STANDARD_THROUGHPUT) {
    return { ok: false, detail: `${detail} Its throughput is ${level}, which is ${STANDARD_THROUGHPUT} messages a second.`, fix: `Set ${key}.throughput to ${STANDARD_THROUGHPUT}.` };
  }
  return { ok: true, detail };
}

async function secretFits({ api, app }: Asked): Promise<Omit<Check, 'what'>> {
  try {
    const facts = await api.tokenApp();
    return { ok: true, detail: `GET /app with a proof made of ${app}.app_secret was taken, as it should be: the token is of the app ${str(facts, 'name') ?? str(facts, 'id') ?? '?'}.` };
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    // Only a word about the proof is one about the secret.
    if (!error.message.includes('appsecret_proof')) return { ok: true, detail: `GET /app was not answered (${told(error)}), so it is not known.` };
    const detail = `GET /app with a proof made of ${app}.app_secret should be taken; it was refused: ${told(error)}`;
    return { ok: false, detail, fix: `Set ${app}.app_secret to the secret of the app that made the token (App settings > Basic), else webhooks are refused.` };
  }
}

async function subscribed({ api, account, callback }: Asked): Promise<Omit<Check, 'what'>> {
  const own = await api.tokenApp().then((facts) => str(facts, 'id'), () => undefined);
  const apps = await api.subscribedApps();
  const names = apps.map(({ name, url }) => (url === undefined ? name : `${name} (to ${url})`)).join(', ');
  const detail = `GET /${account.waba_id}/subscribed_apps should name this app; it names ${names || 'none'}.`;
  const found = own === undefined ? apps[0] : apps.find(({ id }) => id === own);
  if (found === undefined) {
    const fix = 'In the app: WhatsApp > Configuration > Webhook, subscribe the field "messages"; then POST /<waba_id>/subscribed_apps with the token.';
    return { ok: false, detail, fix };
  }
  if (found.url !== undefined && callback !== undefined && found.url !== callback) {
    return { ok: false, detail: `${detail} Its webhooks should go to ${callback}.`, fix: 'POST /<waba_id>/subscribed_apps with the token and without override_callback_uri, or with that address.' };
  }
  return { ok: true, detail };
}

/** Whether a text can go inside the template of `closed_window`: approved, and its body's variable the only one. */
async function template({ api, account, key }: Asked): Promise<Omit<Check, 'what'>> {
  const wanted = account.closed_window;
  if (wanted === 'refuse') return { ok: true, detail: 'No template is set.' };
  const asked = `GET /${account.waba_id}/message_templates should name "${wanted.template}" in ${wanted.language}, approved, with the one variable {{${wanted.parameter ?? '1'}}} in its body`;
  const fix = `Make such a template in WhatsApp manager and wait until it is approved, or name another in ${key}.closed_window.`;
  const all = await api.templates(wanted.template);
  const found = all.find((each) => str(each, 'language') === wanted.language);
  if (found === undefined) {
    const languages = all.flatMap((each) => str(each, 'language') ?? []);
    return { ok: false, detail: `${asked}; it names ${languages.length === 0 ? 'none of that name' : `it only in ${languages.join(', ')}`}.`, fix };
  }
  const status = str(found, 'status') ?? 'unknown';
  if (status !== 'APPROVED') return { ok: false, detail: `${asked}; it is ${status}.`, fix };
  const variables = list(found, 'components').flatMap((component) => {
    const where = str(component, 'type') ?? '?';
    const texts = [str(component, 'text'), ...list(component, 'buttons').flatMap((button) => [str(button, 'text'), str(button, 'url')])];
    const names = texts.flatMap((text) => [...(text ?? '').matchAll(VARIABLE)].map(([, name]) => `${where} {{${name}}}`));
    const isMedia = where === 'HEADER' && !['TEXT', undefined].includes(str(component, 'format'));
    return isMedia ? [...names, `HEADER ${str(component, 'format')}`] : names;
  });
  if (variables.length === 1 && variables[0] === `BODY {{${wanted.parameter ?? '1'}}}`) return { ok: true, detail: `${asked}; it does.` };
  return { ok: false, detail: `${asked}; it wants ${variables.join(', ') || 'no value'}.`, fix };
}

/** `last`: no other question would be answered either. */
async function line(what: string, key: string, asked: Asked, question: Question): Promise<{ readonly check: Check; readonly last: boolean }> {
  try {
    return { check: { what, ...(await question(asked)) }, last: false };
  } catch (error) {
    // "Unknown path": a stand-in of the API without this question.
    if (error instanceof DeliveryError && error.code === '2500') return { check: { what, ok: true, detail: `Not asked: ${told(error)}.` }, last: false };
    if (error instanceof Unreachable) return { check: { what, ok: false, detail: told(error), fix: `Let this machine reach the address in ${asked.app}.graph_url.` }, last: true };
    const fix = error instanceof AccountBroken ? `${fixFor(error.code)} (${key})` : `Check ${key}.`;
    return { check: { what, ok: false, detail: told(error), fix }, last: error instanceof AccountBroken && error.code.startsWith('190') };
  }
}

function told(error: unknown): string {
  return error instanceof DeliveryError ? `${error.message} [${error.code}]` : 'an unexpected error';
}

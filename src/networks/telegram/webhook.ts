import { createHash, timingSafeEqual } from 'node:crypto';
import type { AppSettings, Decoded, Verdict, Webhook, WebhookRequest } from '../network.ts';
import { split } from './decode/capture.ts';
import { NOTHING_KNOWN } from './decode/context.ts';
import { decodeUpdate } from './decode/update.ts';
import { asApp, botId } from './settings.ts';

/** One update: a message of 32,768 characters with its entities, and the message that it answers. */
const MAX_BODY = 4 * 1024 * 1024;

/** core.telegram.org/bots/api#setwebhook: one update a body, with the secret as a header; there is no signature. */
export const webhooks: readonly Webhook[] = [
  { method: 'POST', maxBody: MAX_BODY, verify, split, decode },
];

export const capture: Pick<Webhook, 'split' | 'decode'> = { split, decode: (piece) => decode(piece) };

function verify(request: WebhookRequest, settings: AppSettings): Verdict {
  const { receive, webhook_secret: secret } = asApp(settings);
  if (receive !== 'webhook' || secret === undefined) return { ok: false, status: 404, reason: 'This app asks Telegram for its updates: receive is not webhook.' };
  const given = request.headers['x-telegram-bot-api-secret-token'];
  if (given === undefined) return { ok: false, status: 401, reason: 'The header X-Telegram-Bot-Api-Secret-Token is missing.' };
  if (!sameText(given, secret)) return { ok: false, status: 401, reason: 'The secret token is not webhook_secret.' };
  return { ok: true };
}

/** An update does not say which bot it is for: an app that takes webhooks has one. */
function decode(piece: unknown, settings?: AppSettings): readonly Decoded[] {
  const token = settings === undefined ? undefined : Object.values(asApp(settings).accounts)[0]?.token;
  return [{ items: decodeUpdate({ ...NOTHING_KNOWN, self: token === undefined ? '' : botId(token) }, piece) }];
}

/** Hashed first, so that the time taken tells nothing of the length either. */
function sameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

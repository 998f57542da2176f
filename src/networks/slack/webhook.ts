import { createHmac, timingSafeEqual } from 'node:crypto';
import type { AppSettings, Decoded, Verdict, Webhook, WebhookRequest } from '../network.ts';
import { at, parseJson, str } from '../shared/json.ts';
import { decode, split } from './decode/envelope.ts';
import { asApp } from './settings.ts';

/** Slack documents no size; a message with all its blocks and attachments is far below. */
const MAX_BODY = 2 * 1024 * 1024;
/** docs.slack.dev/authentication/verifying-requests-from-slack: older may be a replay. */
const MAX_SKEW_MS = 5 * 60_000;

export const webhooks: readonly Webhook[] = [
  {
    method: 'POST',
    maxBody: MAX_BODY,
    verify: (request, app) => verify(request, app, Date.now()),
    split,
    decode: (piece: unknown): readonly Decoded[] => decode(piece),
  },
];

/**
 * `X-Slack-Signature: v0=<hex of HMAC-SHA256(signing secret, "v0:<X-Slack-Request-Timestamp>:<raw body>")>`. A retry
 * (`X-Slack-Retry-Num`) is taken like the first: what was taken in already is known by its key. The question whether the
 * address is ours (`url_verification`) is signed as well.
 */
export function verify(request: WebhookRequest, settings: AppSettings, now: number): Verdict {
  const { signing_secret: secret, previous_signing_secret: before, receive } = asApp(settings);
  if (receive !== 'http' || secret === undefined) return refused(404, 'The app receives by Socket Mode: no requests are taken for it.');
  const stamp = request.headers['x-slack-request-timestamp'];
  const header = request.headers['x-slack-signature'];
  if (stamp === undefined || header === undefined) return refused(401, 'The headers X-Slack-Signature and X-Slack-Request-Timestamp are missing.');
  if (!/^\d{1,12}$/.test(stamp) || Math.abs(now - Number(stamp) * 1000) > MAX_SKEW_MS) return refused(401, 'X-Slack-Request-Timestamp is more than five minutes off: is the clock of this machine right?');
  const hex = /^v0=([0-9a-f]{64})$/i.exec(header.trim())?.[1];
  if (hex === undefined) return refused(401, 'The header X-Slack-Signature is not "v0=" and 64 hex digits.');
  const given = Buffer.from(hex, 'hex');
  const fits = [secret, ...(before === undefined ? [] : [before])].map((each) => {
    const wanted = createHmac('sha256', each).update(`v0:${stamp}:`).update(request.raw).digest();
    return timingSafeEqual(wanted, given);
  });
  if (!fits.includes(true)) return refused(401, 'The signature does not fit the body: is signing_secret that of this app?');
  return challenged(request.raw) ?? { ok: true };
}

/** Echoed only where it looks like one: anything else might be somebody who wants a page of theirs shown from this address. */
function challenged(raw: Uint8Array): Verdict | undefined {
  let body: unknown;
  try {
    body = parseJson(raw);
  } catch {
    return undefined;
  }
  if (at(body, 'type') !== 'url_verification') return undefined;
  const challenge = str(body, 'challenge');
  return challenge !== undefined && /^[\w.-]{1,512}$/.test(challenge) ? { ok: true, answer: { status: 200, body: challenge } } : refused(400, 'The challenge is missing or odd.');
}

function refused(status: number, reason: string): Verdict {
  return { ok: false, status, reason };
}

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Verdict, WebhookRequest } from '../network.ts';

/**
 * `X-Hub-Signature-256: sha256=<hex of HMAC-SHA256(app secret, raw body)>`
 * (developers.facebook.com/docs/graph-api/webhooks/getting-started). Over the bytes as they came: Meta escapes
 * non-ASCII characters and slashes, so nothing that was parsed and printed again fits. Several secrets: one is being changed.
 */
export function verifySignature(request: WebhookRequest, appSecrets: readonly string[]): Verdict {
  const header = request.headers['x-hub-signature-256'];
  if (header === undefined) return refused(401, 'The header X-Hub-Signature-256 is missing.');
  const hex = /^sha256=([0-9a-f]{64})$/i.exec(header.trim())?.[1];
  if (hex === undefined) return refused(401, 'The header X-Hub-Signature-256 is not "sha256=" and 64 hex digits.');
  const given = Buffer.from(hex, 'hex');
  const fits = appSecrets.map((secret) => timingSafeEqual(createHmac('sha256', secret).update(request.raw).digest(), given));
  return fits.includes(true)
    ? { ok: true }
    : refused(401, 'The signature does not fit the body: is app_secret that of this app?');
}

/** GET `?hub.mode=subscribe&hub.verify_token=…&hub.challenge=…`, answered with the bare challenge (same page). */
export function verifyHandshake(request: WebhookRequest, verifyToken: string): Verdict {
  const { 'hub.mode': mode, 'hub.verify_token': token, 'hub.challenge': challenge } = request.query;
  if (mode !== 'subscribe') return refused(400, 'The handshake has no hub.mode=subscribe.');
  if (token === undefined || !sameText(token, verifyToken)) {
    return refused(403, 'hub.verify_token is not the configured verify_token.');
  }
  // Meta sends digits; anything else might be somebody who wants a page of theirs shown from this address.
  if (challenge === undefined || !/^[\w.-]{1,256}$/.test(challenge)) return refused(400, 'hub.challenge is missing or odd.');
  return { ok: true, answer: { status: 200, body: challenge } };
}

function refused(status: number, reason: string): Verdict {
  return { ok: false, status, reason };
}

/** Hashed first, so that the time taken tells nothing of the length either. */
function sameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHmac('sha256', 'compare').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

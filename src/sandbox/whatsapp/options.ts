import type { Template } from './templates.ts';

/** How to start the sandbox. The ids and secrets are what Meta's developer console would show. */
export interface WhatsAppSandboxOptions {
  /** Default: any free one. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Signs webhooks. */
  readonly appSecret: string;
  /** Sent in the handshake of a webhook. */
  readonly verifyToken: string;
  readonly accessToken: string;
  readonly appId?: string;
  readonly phoneNumberId: string;
  /** As people write it; webhooks carry its digits. */
  readonly displayPhoneNumber: string;
  readonly verifiedName?: string;
  readonly wabaId: string;
  /** Taken without the handshake, since the receiver may not be up yet; `subscribe` does it. */
  readonly webhookUrl?: string;
  /** How many times faster than documented; one number for all, or one for each kind of time. */
  readonly clockScale?: number | Partial<ClockScale>;
  readonly seed?: number;
  /** Default: `hello_world`, as every account has it. */
  readonly templates?: readonly Template[];
}

export interface ClockScale {
  /** The customer service window. */
  readonly window: number;
  /** The limit on messages to one person. */
  readonly pair: number;
  /** The limit on messages of the phone number. */
  readonly throughput: number;
  readonly typing: number;
  /** Re-delivery of webhooks. */
  readonly retry: number;
  /** Life of media ids and of their URLs. */
  readonly media: number;
  /** How long a person can edit or revoke. */
  readonly edit: number;
}

const seconds = 1000;
const hours = 3600 * seconds;
const days = 24 * hours;

/** Documented times and counts. */
export const documented = {
  /** Service messages are free-form for 24 hours after the person's last message (Send messages, "Customer service windows"). */
  windowMs: 24 * hours,
  /** One message every 6 seconds to the same person; up to 45 within 6 seconds, borrowed from the time after (Cloud API overview, "Pair rate limits"). */
  pairMs: 6 * seconds,
  pairBurst: 45,
  /** Messages a second of one phone number, both directions (Throughput). */
  throughput: 80,
  /** (Typing indicators) */
  typingMs: 25 * seconds,
  /** Undelivered webhooks are sent again with growing pauses for up to 7 days (Webhooks, "Retries"). The first pause is not documented. */
  retryFirstMs: 5 * seconds,
  retryMaxMs: hours,
  retryForMs: 7 * days,
  /** (Media, "Get media ID" and "Retrieve media URL") */
  uploadedMediaMs: 30 * days,
  receivedMediaMs: 7 * days,
  mediaUrlMs: 300 * seconds,
  /** (Groups API, "Quick facts" and "Limits"; Group messaging, "Pin and unpin") */
  groupMembers: 8,
  groups: 10_000,
  groupPins: 3,
  /** (Edit messages and Revoke messages webhook references) */
  editMs: 900 * seconds,
  revokeMs: 2 * days,
} as const;

export function clockScale(given: WhatsAppSandboxOptions['clockScale']): ClockScale {
  const all = typeof given === 'number' ? given : 1;
  const plain = { window: all, pair: all, throughput: all, typing: all, retry: all, media: all, edit: all };
  return typeof given === 'object' ? { ...plain, ...given } : plain;
}

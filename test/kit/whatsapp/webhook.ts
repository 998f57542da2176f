import { metaJson, signature } from '../../../src/sandbox/whatsapp/webhooks.ts';
import type { Stack } from '../stack/stack.ts';

/** Posts a body to the daemon as Meta would, outside the order of things. Resolves to the HTTP status. */
export async function postWebhook(stack: Stack, body: string): Promise<number> {
  const answer = await fetch(stack.webhookUrl, {
    method: 'POST', body, headers: { 'content-type': 'application/json', 'x-hub-signature-256': signature(stack.app.appSecret, body) },
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** The body of a change to one account's messages. */
export function changeOf(stack: Stack, value: Readonly<Record<string, unknown>>): string {
  const metadata = { display_phone_number: '3197010203040', phone_number_id: stack.app.phoneNumberId };
  return metaJson({ object: 'whatsapp_business_account', entry: [{ id: stack.app.wabaId, changes: [{ field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } }] }] });
}

/** A status webhook for a message of the business. */
export function statusOf(stack: Stack, message: { readonly id: string; readonly key?: string; readonly to: string }, status: string, more: Readonly<Record<string, unknown>> = {}): string {
  return changeOf(stack, {
    statuses: [{
      id: message.id, status, timestamp: String(Math.floor(Date.now() / 1000)), recipient_id: message.to,
      ...(message.key === undefined ? {} : { biz_opaque_callback_data: message.key }), ...more,
    }],
  });
}

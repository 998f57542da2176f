import { startWhatsAppSandbox } from '../../sandbox/whatsapp/index.ts';
import { newToken } from '../synapse/registration.ts';
import type { DemoNetwork, DemoOptions } from './table.ts';

const app = { appSecret: newToken(), verifyToken: newToken(), accessToken: newToken() };
const ids = { phoneNumberId: '106540352242922', wabaId: '102290129340398' };
/** Faster than anybody types or any script plays: what a sandbox teaches by its limits is no part of a demo. */
const hurry = 10_000;
const bob = '31612345678';

export async function whatsappOnStage({ webhooks, owners }: DemoOptions): Promise<DemoNetwork> {
  const sandbox = await startWhatsAppSandbox({
    ...app, ...ids, displayPhoneNumber: '+31 970 1020 3040', verifiedName: 'Drawbridge demo', webhookUrl: `${webhooks}/whatsapp/main`, clockScale: { pair: hurry },
  });
  sandbox.person(bob, { name: 'Bob' });
  return {
    name: 'WhatsApp', page: `${sandbox.url}/#${bob}`, whatsapp: sandbox, close: () => sandbox.close(),
    config: { main: {
      app_secret: app.appSecret, verify_token: app.verifyToken, graph_url: sandbox.url,
      accounts: { support: { phone_number_id: ids.phoneNumberId, waba_id: ids.wabaId, access_token: app.accessToken, owners, rate_scale: hurry } },
    } },
  };
}

/** The app, the business account and the number of the tests, as Meta's side knows them. */
export const app = {
  appSecret: 'app-secret-of-the-test', verifyToken: 'verify-token-of-the-test', accessToken: 'access-token-of-the-test',
  phoneNumberId: '106540352242922', wabaId: '102290129340398', displayPhoneNumber: '+31 970 1020 3040',
};

/** What stands under `networks.whatsapp` in the config, with that one number. `account`: `owners`, `rate_scale` and more. */
export function configOf(graphUrl: string, account: Readonly<Record<string, unknown>>): object {
  return { main: {
    app_secret: app.appSecret, verify_token: app.verifyToken, graph_url: graphUrl,
    accounts: { support: { phone_number_id: app.phoneNumberId, waba_id: app.wabaId, access_token: app.accessToken, ...account } },
  } };
}

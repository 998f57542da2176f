import { Rejected } from '../../model/errors.ts';
import { type LoginDone, type LoginFlow, type LoginOptions, type LoginStep, loginField } from '../login.ts';
import { WhatsAppApi } from './api.ts';
import { account, asApp } from './settings.ts';

/** …/whatsapp/cloud-api/get-started; a system user's token does not expire (…/whatsapp/business-management-api/get-started#system-users). */
const number: LoginFlow = {
  id: 'number',
  name: 'A business number',
  description: 'A phone number of the Cloud API.',
  makes: 'relay',
  start: (options) => ({
    type: 'fields',
    instructions: 'At developers.facebook.com open your app, then WhatsApp > API setup, for the id of the business account. For the token: business settings > System users, '
      + 'generate one with whatsapp_business_messaging and whatsapp_business_management.',
    fields: [loginField('waba_id', 'WhatsApp Business Account ID', account.shape.waba_id), loginField('access_token', 'Access token', account.shape.access_token, true)],
    submit: ({ waba_id = '', access_token = '' }) => choose(waba_id, access_token, options),
  }),
};

export const logins: readonly LoginFlow[] = [number];

async function choose(waba: string, token: string, { appSettings }: LoginOptions): Promise<LoginStep> {
  const asked = account.parse({ waba_id: waba, access_token: token, phone_number_id: waba });
  const api = new WhatsAppApi(asApp(appSettings), asked);
  try {
    const numbers = await api.numbers();
    const done = (id: string): LoginDone => {
      const says = numbers.find((one) => one.id === id)?.called;
      if (says === undefined) throw new Rejected('The business account has no such number.', 'no_number');
      return { type: 'done', remoteId: id, name: says.replaceAll(/\D/g, '') || id, says, settings: { phone_number_id: id, waba_id: waba, access_token: token } };
    };
    const [first, ...others] = numbers;
    if (first === undefined) throw new Rejected('The business account has no phone number: WhatsApp manager > Phone numbers > Add.', 'no_number');
    if (others.length === 0) return done(first.id);
    const options = numbers.map(({ id, called }) => ({ value: id, label: called }));
    return {
      type: 'fields',
      instructions: 'The business account has several numbers.',
      fields: [{ ...loginField('phone_number_id', 'Number', account.shape.phone_number_id), options }],
      submit: ({ phone_number_id = '' }) => Promise.resolve().then(() => done(phone_number_id)),
    };
  } finally {
    await api.close();
  }
}

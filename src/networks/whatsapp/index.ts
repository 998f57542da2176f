import { Rejected } from '../../model/errors.ts';
import type { NetworkId } from '../../model/ids.ts';
import type { AccountSettings, Network } from '../network.ts';
import { check } from './check.ts';
import { WhatsAppConnection } from './connection.ts';
import { directChat, groupChat, isBsuid, isPhone, normalId, person } from './ids.ts';
import { capabilitiesOf } from './limits.ts';
import { logins } from './login.ts';
import { asAccount, settings } from './settings.ts';
import { webhooks } from './webhook.ts';

const FORM = 'Give a phone number with its country code, like +31 6 12345678, an id that WhatsApp gave, like US.13491208655302741918, or a group as group: and its id.';

/** WhatsApp, by its Cloud API (developers.facebook.com/docs/whatsapp/cloud-api). */
export const whatsapp: Network = {
  id: 'whatsapp' as NetworkId,
  name: 'WhatsApp',
  settings,
  capabilities: capabilitiesOf('direct'),
  groupCapabilities: capabilitiesOf('group'),
  resolve,
  lookups: ['phone'],
  webhooks,
  connect: (options) => new WhatsAppConnection(options),
  check,
  logins,
};

function resolve(input: string, account: AccountSettings): ReturnType<Network['resolve']> {
  const { waba_id: scope } = asAccount(account);
  const group = /^group:\s*(\S{1,256})$/.exec(input.trim())?.[1];
  if (group !== undefined) return { person: { id: group, scope }, conversation: groupChat(group, scope) };
  const bare = input.trim().replace(/^00(?=[1-9])/, '+');
  const id = normalId(bare);
  const good = isBsuid(bare) || (isPhone(id) && /^[+]?[1-9]/.test(bare) && id.length >= 7 && id.length <= 15);
  if (!good) throw new Rejected(FORM, 'bad_number');
  const who = person([id], scope);
  const conversation = directChat([id], scope);
  if (who === undefined || conversation === undefined) throw new Rejected(FORM, 'bad_number');
  return { person: who, conversation };
}

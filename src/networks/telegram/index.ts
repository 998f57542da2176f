import { Rejected } from '../../model/errors.ts';
import type { NetworkId } from '../../model/ids.ts';
import type { Network } from '../network.ts';
import { check } from './check.ts';
import { TelegramConnection } from './connection.ts';
import { capabilitiesOf } from './limits.ts';
import { logins } from './login.ts';
import { FORM } from './reach.ts';
import { settings } from './settings.ts';
import { capture, webhooks } from './webhook.ts';

/** Telegram, by its Bot API (core.telegram.org/bots/api). */
export const telegram: Network = {
  id: 'telegram' as NetworkId,
  name: 'Telegram',
  settings,
  capabilities: capabilitiesOf('direct', { local: false, webhook: false }),
  groupCapabilities: capabilitiesOf('group', { local: false, webhook: false }),
  resolve,
  lookups: [],
  webhooks,
  capture,
  connect: (options) => new TelegramConnection(options),
  check,
  logins,
};

/** Supergroups and channels have numbers below -10^12, plain groups others below zero (core.telegram.org/api/bots/ids). */
function resolve(input: string): ReturnType<Network['resolve']> {
  const id = input.trim().replace(/^tg:\/\/user\?id=/, '');
  if (!/^-?[1-9]\d{2,15}$/.test(id)) throw new Rejected(FORM, 'bad_id');
  const person = { id, scope: '' };
  if (!id.startsWith('-')) return { person, conversation: { id, scope: '', kind: 'direct', perAccount: true } };
  return { person, conversation: { id, scope: '', kind: 'group', perAccount: Number(id) > -1_000_000_000_000 } };
}

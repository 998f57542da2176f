import { Rejected } from '../../model/errors.ts';
import type { NetworkId } from '../../model/ids.ts';
import type { AccountSettings, Network } from '../network.ts';
import { check } from './check.ts';
import { SlackConnection } from './connection.ts';
import { decode, split } from './decode/envelope.ts';
import { directChat, isUser, sharedChat } from './ids.ts';
import { capabilitiesOf } from './limits.ts';
import { logins } from './login.ts';
import { FORM, idIn } from './reach.ts';
import { asAccount, settings } from './settings.ts';
import { webhooks } from './webhook.ts';

/** Slack, by its Web API, Socket Mode and Events API (docs.slack.dev). */
export const slack: Network = {
  id: 'slack' as NetworkId,
  name: 'Slack',
  settings,
  capabilities: capabilitiesOf('bot'),
  resolve,
  lookups: ['email', 'username'],
  webhooks,
  capture: { split, decode: (piece) => decode(piece) },
  connect: (options) => new SlackConnection(options),
  check,
  logins,
};

function resolve(input: string, account: AccountSettings): ReturnType<Network['resolve']> {
  const { team_id: scope } = asAccount(account);
  const id = idIn(input);
  if (id === undefined) throw new Rejected(FORM, 'bad_id');
  if (isUser(id)) return { person: { id, scope }, conversation: { ...directChat('', id, scope), aliases: [] } };
  return { person: { id, scope }, conversation: sharedChat(id, undefined, scope) };
}

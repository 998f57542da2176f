import { Rejected } from '../../model/errors.ts';
import type { NetworkId } from '../../model/ids.ts';
import type { AccountSettings, Network } from '../network.ts';
import { check } from './check.ts';
import { RocketChatConnection } from './connection.ts';
import { decodePiece, split } from './decode/capture.ts';
import { isUserId, isUsername, nameId } from './ids.ts';
import { capabilitiesOf } from './limits.ts';
import { logins } from './login.ts';
import { FORM } from './reach.ts';
import { scopeOfAccount, settings } from './settings.ts';

/** Rocket.Chat, by its REST API and its WebSocket (developer.rocket.chat). */
export const rocketchat: Network = {
  id: 'rocketchat' as NetworkId,
  name: 'Rocket.Chat',
  settings,
  capabilities: capabilitiesOf(),
  resolve,
  lookups: ['username'],
  webhooks: [],
  capture: { split, decode: (piece) => decodePiece(piece) },
  connect: (options) => new RocketChatConnection(options),
  check,
  logins,
};

/** Who that is on the server is asked when something is sent. */
function resolve(input: string, account: AccountSettings): ReturnType<Network['resolve']> {
  const bare = input.trim().replace(/^@/, '');
  if (!isUsername(bare) && !isUserId(bare)) throw new Rejected(FORM, 'bad_name');
  const scope = scopeOfAccount(account);
  const id = isUserId(bare) && !input.trim().startsWith('@') ? bare : nameId(bare);
  return {
    person: { id, scope, username: bare, name: bare },
    conversation: { id, scope, kind: 'direct', perAccount: true },
  };
}

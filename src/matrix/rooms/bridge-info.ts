import { createHash } from 'node:crypto';
import type { Mxc, UserId } from '../../model/ids.ts';

/** What clients show of a bridged room. */
export interface BridgedTo {
  readonly network: { readonly id: string; readonly name: string; readonly avatar?: Mxc; readonly url?: string };
  readonly conversation: { readonly id: string; readonly scope: string; readonly title?: string; readonly avatar?: Mxc; readonly url?: string };
}

/** One state event to set. */
export interface StateEvent {
  readonly type: string;
  readonly state_key: string;
  readonly content: object;
}

/** Bytes, as for every part of an event's key (client-server API, "Size limits"). */
const MAX_STATE_KEY = 255;

/**
 * The state of MSC2346, under its own name and the one in use until it is merged. The keys always stand in the same order and
 * absent ones are left out, so that the same facts are the same bytes and nothing is sent again.
 */
export function bridgeInfo(bot: UserId, to: BridgedTo): readonly StateEvent[] {
  const { network, conversation } = to;
  const content = {
    bridgebot: bot,
    creator: bot,
    protocol: entry(network.id, network.name, network.avatar, network.url),
    channel: entry(conversation.id, conversation.title, conversation.avatar, conversation.url),
  };
  const state_key = stateKey(network.id, conversation.scope, conversation.id);
  return ['m.bridge', 'uk.half-shot.bridge'].map((type) => ({ type, state_key, content }));
}

function entry(id: string, name: string | undefined, avatar: Mxc | undefined, url: string | undefined): object {
  return {
    id,
    ...(name === undefined ? {} : { displayname: name }),
    ...(avatar === undefined ? {} : { avatar_url: avatar }),
    ...(url === undefined ? {} : { external_url: url }),
  };
}

/** One key a conversation, so that a room with several portals holds one event for each. */
function stateKey(network: string, scope: string, id: string): string {
  const parts = [network, scope, id].map((part) => encodeURIComponent(part.toWellFormed()));
  const key = `drawbridge://${parts.join('/')}`;
  return key.length <= MAX_STATE_KEY ? key : `drawbridge://${network}/${createHash('sha256').update(key).digest('hex')}`;
}

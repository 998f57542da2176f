import type { Portal } from '../../store/store.ts';

/** Where something goes, as people tell it: by the network alone, unless the room is linked to several conversations of it. `name`: of the network. */
export function whereTo({ conversation }: Portal, portals: readonly Portal[], name: string): string {
  const several = portals.filter((other) => other.conversation.network === conversation.network).length > 1;
  return several ? `${name} (${conversation.title ?? conversation.remoteId})` : name;
}

import { visibleName } from '../model/names.ts';
import type { Conversation, Store } from '../store/store.ts';

/** What people call a conversation. */
export function titleOf(store: Store, { title, person, remoteId }: Conversation): string {
  return visibleName(title ?? '') || visibleName((person === null ? null : store.person(person)?.name) ?? '') || remoteId;
}

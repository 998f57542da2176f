import type { ActionContext } from './action.ts';
import { audit } from './audit.ts';
import { logout } from './logout.ts';
import { counted } from './privacy-person.ts';

/** Forgets what the bridge holds about whoever asks, once they have confirmed it. Permission: user. */
export async function forgetMe(context: ActionContext, confirmation: string): Promise<string> {
  if (confirmation.toLowerCase() !== 'yes') {
    return [
      'This logs out the accounts that you have logged in here, and forgets what I hold about you: which of your messages and reactions are which on the networks, your name and picture in each room and that you were in those you have left, what of yours waits or was not delivered, how you wanted to hear of whom; and it ends the links to your files.',
      'Afterwards your earlier messages can no longer be edited, deleted or answered across. Your other rooms stay bridged: I know you by your user id there, and what you write from then on is bridged, and known, as before. To end that, leave them.',
      'What you wrote stays in your rooms, on the homeserver and on the networks, with those who received it: I cannot erase that. Redact there what you want gone first, while I still know where it went.',
      'To do it, say: forget-me yes',
    ].join('\n');
  }
  const { store, sender } = context;
  for (const { id } of store.storedAccounts().filter(({ owner, settings }) => owner === sender && settings !== null)) await logout(context, id);
  const { rows } = await context.erasures.user(sender);
  await audit(context, 'forget-me', '');
  return `Forgotten: ${counted(rows)}. You may leave this room, too; whatever you tell me next I know again.`;
}

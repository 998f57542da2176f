import type { ActionContext } from './action.ts';
import { Mistake } from './action.ts';
import { audit } from './audit.ts';
import { counted, findPerson, NOT_ERASED, wishesIn } from './privacy-person.ts';

/** Forgets somebody of a network; alone: how far the erasures are that still go on. Permission: admin. */
export async function erase(context: Pick<ActionContext, 'store' | 'clock' | 'sender' | 'permission' | 'erasures'>, words: readonly string[]): Promise<string> {
  const { store, permission, erasures } = context;
  if (permission !== 'admin') throw new Mistake('Only administrators may do that.');
  if (words.length === 0) {
    const lines = store.erasures().map(({ id, redact, left, of }) => `Erasure ${id}: ${redact ? `${of - left} of ${of} events redacted` : 'under way'}.`);
    return lines.length === 0 ? 'No erasure is under way. To erase somebody: erase <network> <id>, or erase <user id of their ghost>; with --redact also what they wrote, with --stop for good.' : lines.join('\n');
  }
  const { who, redact, stop } = wishesIn(words);
  const person = await findPerson(store, who);
  const { rows } = await erasures.person(person.row, { redact, stop });
  await audit(context, 'erase', `somebody of ${person.network}${redact ? ', with what they wrote' : ''}${stop ? ', for good' : ''}`);
  const events = redact ? store.erasures().at(-1)?.left ?? 0 : 0;
  const later = stop || person.stopped !== undefined ? 'Nothing of theirs comes in any more, until they write START.' : 'If they write again, they are somebody new.';
  return `Erased here: ${counted(rows)}. ${redact ? `Events being redacted: ${events}; you are told when that is complete. ` : ''}${later} ${NOT_ERASED}`;
}

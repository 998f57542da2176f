import { keyOf } from '../bridge/keys.ts';
import { notice } from '../bridge/reports/report.ts';
import { type ActionContext, Mistake, needAdmin } from './action.ts';
import { audit } from './audit.ts';

/** Says a line to each user who has a room with the bot, once each, or to the administrators alone. Permission: admin. */
export async function announce(context: ActionContext, words: readonly string[]): Promise<string> {
  needAdmin(context);
  const [first = '', ...rest] = words;
  const whom = first === 'admins' || first === 'all' ? first : 'all';
  const text = (whom === first ? rest : words).join(' ').trim();
  if (text === '') throw new Mistake('Say what: announce <text>, or announce admins <text>.');
  const { store, isOurs, permissionOf, event, wake } = context;
  const told = new Set<string>();
  const rooms = store.managementRooms().toSorted((a, b) => b.row - a.row).filter(({ row, encrypted }) => {
    const people = store.members(row).map(({ user }) => user).filter((user) => !isOurs(user));
    // What is for administrators is said where nobody else ever was: who has left a room may come back and read it.
    const fits = whom === 'admins' ? store.everMembers(row).every(({ user }) => isOurs(user) || permissionOf(user) === 'admin') : people.every((user) => ['user', 'admin'].includes(permissionOf(user)));
    if (encrypted || !fits || people.every((user) => told.has(user))) return false;
    for (const user of people) told.add(user);
    return true;
  });
  // By the event that asked for it: where this is done again nobody hears it twice.
  wake(await store.apply(rooms.map(({ row }) => notice(row, `📢 ${text}`, keyOf('announce', row, event)))));
  await audit(context, 'announce', `to ${whom === 'all' ? 'everybody' : 'administrators'}, rooms: ${rooms.length}`);
  return `Said to ${told.size} ${told.size === 1 ? 'person' : 'people'}.`;
}

import { Rejected } from '../model/errors.ts';
import type { Conversation, Filter, Person } from '../store/store.ts';
import { type ActionContext, Mistake } from './action.ts';
import { portalByNumber } from './portal.ts';

type On = Filter['on'];

const USAGE = 'filter allow|mute|ignore, and in the chat with me also whom: filter ignore whatsapp +31612345678; or filter list.';

/** How somebody hears of a conversation or of a person, from now on. It is theirs alone. Permission: user. */
export async function filter(context: ActionContext, mode: string, words: readonly string[]): Promise<string> {
  if (mode === 'list') return list(context);
  if (mode !== 'allow' && mode !== 'mute' && mode !== 'ignore') throw new Mistake(`Say how: ${USAGE}`);
  const { on, name } = await meant(context, words);
  await context.store.apply([{ do: 'filter', user: context.sender, on, mode: mode === 'allow' ? null : mode }]);
  switch (mode) {
    case 'allow': return `You hear of ${name} as of everybody. What was left out meanwhile is not shown later.`;
    case 'mute': return `${name} is muted for you: texts come as notices, of which clients make no sound, as long as nobody else in the room wants to hear them. Files can still make one; your client can silence the room as a whole.`;
    case 'ignore': return `${name} is ignored: no room is made for you, and nothing is shown in one where nobody else reads along. Leave the room if you are in it with others. To undo it: filter allow.`;
  }
}

function list(context: ActionContext): string {
  const filters = context.store.filters(context.sender);
  if (filters.length === 0) return 'You hear of everybody.';
  return filters.map(({ on, mode, leftOut }) => `${mode}: ${called(on, context)}${leftOut === 0 ? '' : `, ${leftOut} left out`}`).join('\n');
}

function called(on: On, { store }: ActionContext): string {
  if ('person' in on) return personCalled(store.person(on.person));
  const conversation = store.conversation(on.conversation);
  return conversation === null ? 'a conversation' : `${conversation.title ?? conversation.remoteId} (${conversation.network})`;
}

const personCalled = (person: Person | null): string => (person === null ? 'somebody' : `${person.name ?? person.ids[0] ?? 'somebody'} (${person.network})`);

async function meant(context: ActionContext, words: readonly string[]): Promise<{ readonly on: On; readonly name: string }> {
  const [first = '', ...who] = words;
  if (first === '') return here(context);
  const portal = portalByNumber(context, first);
  const on = portal === null ? await somebody(context, first.toLowerCase(), who.join(' ')) : about(portal.conversation);
  return { on, name: called(on, context) };
}

/** What the room that it is said in stands for. */
function here(context: ActionContext): { readonly on: On; readonly name: string } {
  const [portal, other] = context.store.portalsOf(context.room);
  if (portal === undefined || other !== undefined) throw new Mistake(`Say whom: ${USAGE}`);
  const on = about(portal.conversation);
  return { on, name: called(on, context) };
}

/** A direct chat is its person, in whichever account they write to. */
const about = ({ row, kind, person }: Conversation): On => (kind === 'direct' && person !== null ? { person } : { conversation: row });

/** Also somebody who has not written yet. */
async function somebody(context: ActionContext, network: string, who: string): Promise<On> {
  const account = context.accounts.find((one) => one.network.id === network && (context.permission === 'admin' || one.settings.owners.includes(context.sender)));
  if (account === undefined) throw new Mistake(`You own no account on "${network.slice(0, 40)}".`);
  if (who === '') throw new Mistake(`Say whom: ${USAGE}`);
  try {
    const { person: ref } = account.network.resolve(who, account.settings);
    await context.store.apply([{ do: 'facts', network: account.network.id, account: account.id, people: [ref] }]);
    const person = context.store.personById(account.network.id, ref.scope, ref.id);
    if (person === null) throw new Mistake(`I know nobody by ${who.slice(0, 40)}.`);
    return { person: person.row };
  } catch (error) {
    if (error instanceof Rejected) throw new Mistake(error.message);
    throw error;
  }
}

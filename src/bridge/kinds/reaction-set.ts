import type { ReactionsSetEvent } from '../../model/events.ts';
import type { UserId } from '../../model/ids.ts';
import type { Effect, InboxItem, ReactionRow, RemoteContext } from '../../store/store.ts';
import { type Deciding, type Decision, done, ignored } from '../deciding.ts';
import { isShownForOthers, putThere, takeBack, targetNotHere } from './reaction.ts';
import { puppetOf } from './shared.ts';

/** Who reacted where only a number is told: the bot stands for them. */
const NOBODY = 'nobody';

/** All reactions as they stand, of one person or of everybody: what is new is shown, and what is not among them any more goes. */
export function reactionsFromNetwork(event: ReactionsSetEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const told = event.reactions.length === 0 ? 'took back a reaction on a message' : `reacted with ${event.reactions.map(({ emoji }) => emoji).join(' ')} on a message`;
  const waits = targetNotHere(event.target, told, item, context, deciding);
  if (waits !== null) return waits;
  const { portal } = context;
  if (portal === null) return ignored('reaction_without_portal');
  const wanted = wantedBy(event, context);
  if (wanted === null) return ignored('reaction_of_nobody');
  const before = context.reactions.filter(({ target, actor }) => target === event.target && (event.sender === undefined || actor === actorOf(event.sender, context)));
  const isWanted = (row: ReactionRow): boolean => wanted.some(({ actor, emoji }) => actor === row.actor && emoji === row.emoji);
  const isShown = ({ actor, emoji }: Reaction): boolean => before.some((row) => row.actor === actor && row.emoji === emoji);
  // Those of the account itself are shown by whoever it belongs to.
  const puppetFor = (actor: string): UserId | null => puppetOf(item, actor === '0', deciding);
  return done([
    ...before.filter((row) => !isWanted(row)).flatMap((row) => takeBack(row, portal, item, puppetFor(row.actor))),
    ...wanted.filter((reaction) => !isShown(reaction)).flatMap(({ actor, emoji }): readonly Effect[] => putThere(event, actor, emoji, portal, item, puppetFor(actor))),
  ]);
}

interface Reaction {
  readonly actor: string;
  readonly emoji: string;
}

/** Each only once. Null where they are of somebody whom nobody knows. */
function wantedBy(event: ReactionsSetEvent, context: RemoteContext): readonly Reaction[] | null {
  if (event.sender !== undefined && actorOf(event.sender, context) === null) return null;
  const wanted = new Map<string, Reaction>();
  for (const { emoji, sender = event.sender, count } of event.reactions) {
    const actor = sender === undefined ? NOBODY : actorOf(sender, context);
    if (emoji === '' || count === 0 || actor === null || (sender?.isSelf === true && isShownForOthers(emoji, context))) continue;
    wanted.set(`${actor} ${emoji}`, { actor, emoji });
  }
  // The bot can show an emoji once: for the account, or for those without a name.
  return [...wanted.values()].filter(({ actor, emoji }) => actor !== NOBODY || !wanted.has(`0 ${emoji}`));
}

/** The row of a person; `0` is the account itself. */
function actorOf(sender: NonNullable<ReactionsSetEvent['sender']>, { person, mentioned, conversation }: RemoteContext): string | null {
  if (sender.isSelf === true) return '0';
  const known = Object.hasOwn(mentioned, sender.id) && sender.scope === conversation.scope ? mentioned[sender.id] : undefined;
  const found = known ?? (person?.ids.includes(sender.id) === true ? person : undefined);
  return found === undefined ? null : String(found.row);
}

import { type ConsentWords, isShouted, type Said } from '../../i18n/consent.ts';
import type { MatrixEvent, NetworkEvent } from '../../model/events.ts';
import type { EventId } from '../../model/ids.ts';
import { plain, type RichText } from '../../model/richtext.ts';
import type { Effect, InboxItem, Portal, RemoteContext, RoomContext } from '../../store/store.ts';
import { toPlain } from '../../text/plain.ts';
import { type Deciding, type Decision, done, targetOf } from '../deciding.ts';
import { keyOf } from '../keys.ts';
import { notice, refusal } from '../reports/report.ts';
import { leftOut, openPortal } from './shared.ts';

/** Characters of one piece of a text. */
const MOST = 60;
/** Why nothing goes to somebody. */
export const STOPPED = 'this person asked not to be bridged.';

/** Whether a message is nothing but a word about being bridged; where others listen it has to be in capitals. */
export function wordIn(event: NetworkEvent, consentIn: ConsentWords): Said | null {
  if (event.type !== 'message' || event.sender.isSelf === true || event.historical === true || event.forwarded !== undefined || event.forwardedFrom !== undefined) return null;
  const [part, ...rest] = event.parts;
  if (part?.kind !== 'text' || part.style !== undefined || rest.length > 0 || !isShort(part.text)) return null;
  const text = toPlain(part.text);
  return event.conversation.kind === 'direct' || isShouted(text) ? consentIn(text) : null;
}

/** Every message comes by here: what is surely more than a word is not even written out. */
function isShort([block, ...others]: RichText): boolean {
  return block?.t === 'paragraph' && others.length === 0 && block.children.length <= 5 && !block.children.some((child) => child.t === 'text' && child.text.length > MOST);
}

/** Who asked not to be bridged is not, until they ask for it again. Null: this is about nothing of the kind. */
export function consentFromNetwork(event: NetworkEvent, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision | null {
  const { person, conversation } = context;
  if (person === null) return conversation.stopped !== undefined && event.type === 'identity.alias' ? leftOut(item, 'stopped') : null;
  const isStopped = person.stopped !== undefined;
  const said = event.type === 'message' ? wordIn(event, deciding.consentIn) : null;
  if (said !== null && (said.means === 'stop') !== isStopped) return asked(said, item, context, deciding);
  return isStopped && !isTakingBack(event) ? leftOut(item, 'stopped') : null;
}

/** What is shown of them already they can have taken away, and they can go. */
function isTakingBack(event: NetworkEvent): boolean {
  return event.type === 'deletion' || (event.type === 'reaction' && event.emoji === null) || (event.type === 'member' && event.change !== 'join' && event.change !== 'invite');
}

/** They and the room are told, in the commit that decides it. */
function asked({ means, answer }: Said, item: InboxItem, context: RemoteContext, deciding: Deciding): Decision {
  const { person, portal, conversation } = context;
  // The answer needs a way out.
  if (portal === null) return openPortal(item, context, deciding);
  const name = person?.name ?? 'Somebody';
  const inGroup = conversation.kind === 'direct' ? '' : ' What others say here goes on.';
  const told = means === 'stop'
    ? `🛑 ${name} asked not to be bridged. What they write is not shown, and nothing is sent to them, until they write START there.${inGroup}`
    : `✅ ${name} asked to be bridged again.`;
  return done([
    ...leftOut(item, '').effects,
    ...(person === null ? [] : [{ do: 'consent', person: person.row, stopped: means === 'stop' ? deciding.now : null } as const]),
    notice(portal.room, told, keyOf(portal.row, item.key, 'consent')),
    ...answerTo(conversation.kind === 'direct' ? answer : `${name}: ${answer}`, item, portal, deciding),
  ], { ignored: means });
}

/** Once: its key is of the item, which is handled once. It comes of no event of Matrix. */
function answerTo(answer: string, item: InboxItem, portal: Portal, deciding: Deciding): readonly Effect[] {
  const adapter = deciding.adapter(portal.account);
  const parts = adapter?.plan({ conversation: targetOf(portal.conversation), content: { kind: 'text', text: plain(answer) }, relay: null }) ?? [];
  return parts.map((content, part): Effect => ({ do: 'send', row: {
    lane: `out:p${portal.row}`, key: keyOf(portal.row, item.key, 'consent answer', part), portal: portal.row, room: portal.room, account: portal.account, part, parts: parts.length,
    task: { to: 'network', kind: 'message', content, relay: null },
  } }));
}

/** Decides with the room as it is without the chats with people who asked not to be bridged; whoever wrote this is told of them. */
export function unlessStopped(event: MatrixEvent, context: RoomContext, deciding: Deciding, decide: (open: RoomContext) => Decision): Decision {
  const stopped = context.portals.filter(({ conversation }) => conversation.stopped !== undefined);
  if (stopped.length === 0) return decide(context);
  const open = { ...context, portals: context.portals.filter((portal) => !stopped.includes(portal)) };
  const decision = decide(open);
  return TALK.has(event.type) ? { ...decision, effects: [...decision.effects, ...toldOf(stopped, event, open, deciding)] } : decision;
}

function toldOf(stopped: readonly Portal[], event: MatrixEvent, { room, portals }: RoomContext, deciding: Deciding): readonly Effect[] {
  const isGhost = deciding.isOurs(event.sender);
  const id = event.event_id as EventId;
  if (portals.length === 0 && !isGhost) return [refusal(room.row, id, `Not delivered: ${STOPPED}`)];
  // It does arrive elsewhere: once is enough, for each who writes here. Those on the other networks never see it.
  return stopped.map(({ row, conversation }) => notice(
    room.row, `⚠️ Not delivered to ${conversation.title ?? 'one chat of this room'}: ${STOPPED} This is not said again.`,
    keyOf('stopped', row, conversation.stopped ?? 0, isGhost ? '' : event.sender), id,
  ));
}

const TALK: ReadonlySet<string> = new Set(['m.room.message', 'm.sticker', 'm.poll.start', 'org.matrix.msc3381.poll.start']);

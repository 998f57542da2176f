import type { Content } from '../../model/content.ts';
import type { UserId } from '../../model/ids.ts';
import { mapText } from '../../model/named.ts';
import type { Inline, RichText } from '../../model/richtext.ts';
import type { Person, Portal } from '../../store/store.ts';
import { mentionText } from '../../text/lower.ts';
import type { Deciding } from '../deciding.ts';

/** Whom a network's text mentions becomes their ghost; who is not known stays a name. */
export function ghostsMentioned(content: Content, mentioned: Readonly<Record<string, Person>>, deciding: Deciding): Content {
  return inTexts(content, (inline) => {
    if (inline.t !== 'mention' || inline.target !== 'user' || !Object.hasOwn(mentioned, inline.id)) return inline;
    const person = mentioned[inline.id] as Person;
    return { ...inline, id: deciding.userIdOf(person), name: person.name ?? inline.name };
  });
}

/** Ghosts of this network become its people; of others, and of Matrix users, only the name can be said there. */
export function peopleMentioned(content: Content, portal: Portal, deciding: Deciding): Content {
  return inTexts(content, (inline): Inline => {
    if (inline.t !== 'mention' || inline.target !== 'user') return inline;
    const person = deciding.isOurs(inline.id) ? deciding.personOf(inline.id as UserId) : null;
    const theirs = person !== null && person.network === portal.conversation.network && person.scope === portal.conversation.scope;
    return theirs ? { ...inline, id: person.ids[0] ?? '', name: person.name ?? inline.name } : { t: 'text', text: mentionText(inline) };
  });
}

function inTexts(content: Content, change: (inline: Inline) => Inline): Content {
  const text = (rich: RichText): RichText => mapText(rich, change);
  if (content.kind === 'text') return { ...content, text: text(content.text) };
  return 'caption' in content && content.caption !== undefined ? { ...content, caption: text(content.caption) } : content;
}

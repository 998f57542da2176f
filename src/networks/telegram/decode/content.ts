import type { ContactCard, Content, LocationContent, PollContent, UnsupportedContent } from '../../../model/content.ts';
import type { Block, RichText } from '../../../model/richtext.ts';
import { toPlain } from '../../../text/plain.ts';
import { at, defined, flag, isFields, list, num, str } from '../../shared/json.ts';
import { idOf } from '../ids.ts';
import { mediaBlocks, readRich } from '../rich.ts';
import { money, stars } from './context.ts';
import { filesOf } from './media.ts';
import { vcard } from './vcard.ts';
import { chatName, richOf, say } from './words.ts';

/** What a message shows, in the order in which the fields are looked for; empty where none of them is there. */
export function contentOf(message: unknown, edited = false): readonly Content[] {
  const caption = richOf(message, 'caption', 'caption_entities');
  const has = (key: string): boolean => isFields(at(message, key));
  if (has('rich_message')) return richParts(at(message, 'rich_message'));
  if (has('paid_media')) return paidMedia(at(message, 'paid_media'), caption);
  if (has('poll')) return pollParts(at(message, 'poll'));
  if (has('venue')) return some(placeOf(at(message, 'venue', 'location'), at(message, 'venue')));
  if (has('location')) return some(placeOf(at(message, 'location'), undefined, edited));
  if (has('contact')) return [{ kind: 'contacts', contacts: [cardOf(at(message, 'contact'))] }];
  if (has('dice')) return [text(say(`${str(message, 'dice', 'emoji') ?? '🎲'} ${str(message, 'dice', 'value') ?? ''}`.trim()))];
  if (has('game')) return game(at(message, 'game'));
  if (has('checklist')) return [text(checklist(at(message, 'checklist')))];
  if (has('invoice')) return [text(invoice(at(message, 'invoice')))];
  if (has('story')) return [text(story(at(message, 'story')))];
  const files = filesOf(message, caption);
  if (files.length > 0) return files.some((file) => file.caption !== undefined) || caption.length === 0 ? files : [...files, text(caption)];
  const body = richOf(message, 'text', 'entities');
  if (body.length > 0 && toPlain(body).trim() !== '') {
    const preview = flag(message, 'link_preview_options', 'is_disabled') ? undefined : str(message, 'link_preview_options', 'url');
    return [{ kind: 'text', text: body, ...(preview === undefined ? {} : { preview: { url: preview } }) }];
  }
  // A file of a kind that the bridge does not know yet: what was written below it is there all the same.
  return caption.length > 0 ? [text(caption)] : [];
}

export function text(rich: RichText): Content {
  return { kind: 'text', text: rich };
}

function some(content: Content | undefined): readonly Content[] {
  return content === undefined ? [] : [content];
}

/**
 * Live ones say for how long they are shared, and lose that once they have ended: an edit without it is an end, as a place
 * that stands still cannot be edited.
 */
function placeOf(location: unknown, venue: unknown, edited = false): LocationContent | undefined {
  const [latitude, longitude] = [num(location, 'latitude'), num(location, 'longitude')];
  if (latitude === undefined || longitude === undefined || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return undefined;
  const live = num(location, 'live_period') === undefined ? (edited ? ('ended' as const) : undefined) : ('on' as const);
  return defined({ kind: 'location' as const, latitude, longitude, name: str(venue, 'title'), address: str(venue, 'address'), live });
}

function cardOf(contact: unknown): ContactCard {
  const name = [str(contact, 'first_name'), str(contact, 'last_name')].filter((each) => each !== undefined).join(' ');
  const phone = str(contact, 'phone_number');
  const more = vcard(str(contact, 'vcard') ?? '');
  const person = idOf(contact, 'user_id');
  return defined({
    ...more,
    name: name === '' ? (more.name ?? phone ?? 'Contact') : name,
    phones: phone === undefined ? more.phones : [defined({ value: phone, person }), ...more.phones.filter(({ value }) => bare(value) !== bare(phone))],
  });
}

function bare(phone: string): string {
  return phone.replace(/\D/g, '');
}

/** Votes name options by `persistent_id` where there is one, and by their place before Bot API 9.6. */
export function optionIds(poll: unknown): readonly string[] {
  return list(poll, 'options').map((option, index) => str(option, 'persistent_id') ?? String(index));
}

function pollParts(poll: unknown): readonly Content[] {
  const options = list(poll, 'options');
  const ids = optionIds(poll);
  const question = str(poll, 'question') ?? '';
  if (options.length === 0) return [text(say(`📊 ${question}`))];
  const content: PollContent = defined({
    kind: 'poll' as const,
    question,
    options: options.map((option, index) => ({ id: ids[index] ?? String(index), text: str(option, 'text') ?? '' })),
    maxChoices: flag(poll, 'allows_multiple_answers') ? options.length : 1,
    anonymous: flag(poll, 'is_anonymous') ? (true as const) : undefined,
    closed: flag(poll, 'is_closed') ? (true as const) : undefined,
  });
  const description = richOf(poll, 'description', 'description_entities');
  const explanation = richOf(poll, 'explanation', 'explanation_entities');
  const files = [at(poll, 'media'), at(poll, 'explanation_media'), ...options.map((option) => at(option, 'media'))].flatMap(pollMedia);
  return [content, ...[description, explanation].flatMap((rich) => (rich.length === 0 ? [] : [text(rich)])), ...files];
}

/** A file, a place or a link beside a poll or one of its options. */
function pollMedia(media: unknown): readonly Content[] {
  const files = filesOf(media);
  if (files.length > 0) return files;
  const venue = at(media, 'venue');
  const place = placeOf(isFields(venue) ? at(venue, 'location') : at(media, 'location'), isFields(venue) ? venue : undefined);
  const link = str(media, 'link', 'url');
  return place !== undefined ? [place] : link === undefined ? [] : [text(say(link))];
}

/** What each option got, as far as the poll says. */
export function resultsOf(poll: unknown): readonly { readonly text: string; readonly votes: number }[] {
  return list(poll, 'options').map((option) => ({ text: str(option, 'text') ?? '', votes: Math.max(0, Math.round(num(option, 'voter_count') ?? 0)) }));
}

/** Files that are paid for are shown to bots only where they may see them. */
function paidMedia(paid: unknown, caption: RichText): readonly Content[] {
  const count = num(paid, 'star_count') ?? 0;
  const parts = list(paid, 'paid_media').flatMap((each): readonly Content[] => {
    const files = filesOf({ ...(isFields(each) ? each : {}), has_media_spoiler: true });
    if (files.length > 0) return files;
    const kind = str(each, 'type') ?? 'unknown';
    const reason = kind === 'preview' ? 'A picture or film that has to be paid for; Telegram shows the bridge nothing of it.' : `Paid media of the kind "${kind}".`;
    return [{ kind: 'unsupported', what: 'paid_media', reason } satisfies UnsupportedContent];
  });
  return [...parts, text([...say(`⭐ Paid media: ${stars(count)}`), ...caption])];
}

function game(value: unknown): readonly Content[] {
  const title = str(value, 'title') ?? 'Game';
  const own = richOf(value, 'text', 'text_entities');
  const blocks: RichText = [{ t: 'paragraph', children: [{ t: 'text', text: '🎮 ' }, { t: 'bold', children: [{ t: 'text', text: title }] }] }, ...say(str(value, 'description') ?? ''), ...own];
  const files = filesOf({ photo: at(value, 'photo') });
  return [...files, text(blocks)];
}

function checklist(value: unknown): RichText {
  const title = richOf(value, 'title', 'title_entities');
  const items = list(value, 'tasks').map((task): readonly Block[] => {
    const done = (num(task, 'completion_date') ?? 0) > 0 || isFields(at(task, 'completed_by_user')) || isFields(at(task, 'completed_by_chat'));
    const [first, ...rest] = richOf(task, 'text', 'text_entities');
    const mark = { t: 'text', text: done ? '☑ ' : '☐ ' } as const;
    return first?.t === 'paragraph' ? [{ t: 'paragraph', children: [mark, ...first.children] }, ...rest] : [{ t: 'paragraph', children: [mark] }, ...(first === undefined ? [] : [first]), ...rest];
  });
  return [...title, ...(items.length > 0 ? [{ t: 'list', ordered: false, items } as const] : [])];
}

function invoice(value: unknown): RichText {
  const price = money(value);
  return say([`🧾 ${str(value, 'title') ?? 'Invoice'}`, str(value, 'description'), price].filter(Boolean).join('\n'));
}

function story(value: unknown): RichText {
  const name = chatName(at(value, 'chat'));
  const [username, id] = [str(value, 'chat', 'username'), idOf(value, 'id')];
  const link = username !== undefined && id !== undefined && /^\w+$/.test(username) ? `\nhttps://t.me/${username}/s/${id}` : '';
  return say(`A story${name === undefined ? '' : ` of ${name}`}, which Telegram does not hand over to bots.${link}`);
}

/** The text, then the files and places in it, in their order. */
function richParts(message: unknown): readonly Content[] {
  const body = readRich(message);
  const blocks = mediaBlocks(list(message, 'blocks'));
  const more = blocks.flatMap((block): readonly Content[] => (isFields(at(block, 'location')) ? some(placeOf(at(block, 'location'), undefined)) : filesOf(block)));
  return [...(body.length > 0 ? [text(body)] : []), ...more];
}

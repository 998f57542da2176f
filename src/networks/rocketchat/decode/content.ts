import type { Content, LocationContent, TextContent } from '../../../model/content.ts';
import type { MessageEvent } from '../../../model/events.ts';
import type { Block, Inline, RichText } from '../../../model/richtext.ts';
import { toPlain } from '../../../text/plain.ts';
import { at, defined, isFields, list, num, str, type Fields } from '../../shared/json.ts';
import { anybody, type Mentioned } from '../markup-read.ts';
import { decode } from '../markup.ts';
import { fromMd, isMd } from '../md.ts';
import { decodeAttachments, quotedId } from './attachments.ts';
import { blocksText } from './blocks.ts';

export interface Said {
  readonly parts: readonly Content[];
  readonly replyTo?: MessageEvent['replyTo'];
}

/** Who the message mentions; where it says nothing of that, everybody it names. */
function mentionedIn(message: unknown): Mentioned {
  const all = at(message, 'mentions');
  if (!Array.isArray(all)) return anybody;
  const found = new Map(all.flatMap((each): readonly (readonly [string, { id: string; name: string }])[] => {
    const [username, id] = [str(each, 'username'), str(each, '_id')];
    return username === undefined || id === undefined || str(each, 'type') === 'team' ? [] : [[username, { id, name: str(each, 'name') ?? username }]];
  }));
  return (username) => found.get(username);
}

/** What a message shows, at least one part; the quote that it begins with. */
export function decodeContent(message: Fields): Said {
  if (str(message, 't') === 'e2e' || str(message, 't') === 'otr' || (isFields(at(message, 'content')) && str(message, 'content', 'ciphertext') !== undefined)) return { parts: [ENCRYPTED] };
  const whom = mentionedIn(message);
  const { media, shown, replyTo, quoted, failed } = decodeAttachments(message, whom);
  const written = withoutJumps(textOf(message, whom), quoted);
  const place = location(message);
  const parts: Content[] = [];
  const [only] = media;
  const text = [...written, ...shown, ...laidOut(message, written)];
  if (only !== undefined && media.length === 1 && shown.length === 0) {
    // What is written stands with the file, and what describes it below that.
    const caption = [...text, ...(only.caption ?? [])];
    parts.push(caption.length === 0 ? only : { ...only, caption });
  } else {
    if (text.length > 0) parts.push(textContent(text, message));
    parts.push(...media);
  }
  if (place !== undefined) parts.push(place);
  parts.push(...failed);
  if (parts.length === 0) parts.push(nothing(message));
  return { parts, ...(replyTo && { replyTo }) };
}

/** What an app laid out; its text for notifications often says the same. */
function laidOut(message: Fields, written: RichText): RichText {
  const blocks = blocksText(message);
  const said = toPlain(written).trim();
  return said !== '' && toPlain(blocks).trim() === said ? [] : blocks;
}

const ENCRYPTED: Content = {
  kind: 'unsupported', what: 'e2e', reason: 'This message is end-to-end encrypted in Rocket.Chat: the bridge has no keys and cannot read it.',
};

function nothing(message: Fields): Content {
  const blocks = list(message, 'blocks').length > 0;
  return { kind: 'unsupported', what: blocks ? 'blocks' : 'empty', reason: blocks ? 'Something that only an app of Rocket.Chat can show.' : 'A message without any content.' };
}

function textContent(text: RichText, message: Fields): TextContent {
  const preview = previewOf(message);
  return { kind: 'text', text, ...(preview && { preview }) };
}

function textOf(message: Fields, whom: Mentioned): RichText {
  if (isMd(at(message, 'md'))) return fromMd(at(message, 'md'), whom);
  const msg = str(message, 'msg') ?? str(message, 'text');
  return msg === undefined || msg.trim() === '' ? [] : decode(msg, whom);
}

/** `[ ](address)` before a text is how a message quotes another; what is quoted stands in an attachment. */
function withoutJumps(text: RichText, quoted: ReadonlySet<string>): RichText {
  if (quoted.size === 0) return text;
  return text.flatMap((block): readonly Block[] => {
    if (block.t !== 'paragraph') return [block];
    const isJump = (child: Inline | undefined): boolean => child?.t === 'link' && quoted.has(quotedId(child.href) ?? '') && saysOnly(child.children, child.href);
    let children = block.children;
    while (isJump(children[0]) || (children.length > 0 && children !== block.children && isSpace(children[0]))) children = children.slice(1);
    if (children === block.children) return [block];
    const [first, ...rest] = children;
    if (first === undefined) return [];
    return [{ t: 'paragraph', children: first.t === 'text' ? [{ t: 'text', text: first.text.trimStart() }, ...rest] : children }];
  });
}

function saysOnly(children: readonly Inline[], href: string): boolean {
  return children.every((child) => child.t === 'text' && (child.text.trim() === '' || child.text.trim() === href));
}

function isSpace(child: Inline | undefined): boolean {
  return child?.t === 'break' || (child?.t === 'text' && child.text.trim() === '');
}

/** `{type: "Point", coordinates: [longitude, latitude]}` */
function location(message: Fields): LocationContent | undefined {
  const [longitude, latitude] = list(message, 'location', 'coordinates').map((each) => num({ each }, 'each'));
  if (latitude === undefined || longitude === undefined || Math.abs(latitude) > 90 || Math.abs(longitude) > 180) return undefined;
  return { kind: 'location', latitude, longitude };
}

/** `urls`: the first that a page was found behind. */
function previewOf(message: Fields): TextContent['preview'] {
  for (const each of list(message, 'urls')) {
    const url = str(each, 'url');
    const meta = (...keys: readonly string[]): string | undefined => keys.map((key) => str(each, 'meta', key)).find((value) => value !== undefined);
    const title = meta('ogTitle', 'twitterTitle', 'oembedTitle', 'pageTitle', 'title');
    const description = meta('ogDescription', 'twitterDescription', 'description', 'oembedAuthorName');
    if (url !== undefined && /^https?:/i.test(url) && quotedId(url) === undefined && (title !== undefined || description !== undefined)) return defined({ url, title, description });
  }
  return undefined;
}

import type { Content, MediaContent, MediaKind } from '../../../model/content.ts';
import type { MessageEvent } from '../../../model/events.ts';
import type { RemoteId } from '../../../model/ids.ts';
import { type Block, type Inline, plain, type RichText } from '../../../model/richtext.ts';
import { cleanText } from '../../../text/clean.ts';
import { safeHref } from '../../../text/links.ts';
import { toPlain } from '../../../text/plain.ts';
import { quoteOf } from '../../../text/quote.ts';
import { at, defined, isFields, list, num, str, type Fields } from '../../shared/json.ts';
import { type Handle, isFilePath } from '../ids.ts';
import type { Mentioned } from '../markup-read.ts';
import { decode } from '../markup.ts';
import { fromMd, isMd } from '../md.ts';

/** Attachments within attachments are followed so far. */
const MAX_DEPTH = 4;
const MAX_ATTACHMENTS = 100;
const MAX_QUOTE = 300;

/** What the attachments of a message are besides what is written in it. */
export interface Attached {
  /** Files, and what is shown below the text. */
  readonly media: readonly MediaContent[];
  readonly shown: RichText;
  readonly replyTo?: MessageEvent['replyTo'];
  /** Addresses of messages that are quoted: as they stand in the text they are left out. */
  readonly quoted: ReadonlySet<string>;
  readonly failed: readonly Content[];
}

export function decodeAttachments(message: Fields, whom: Mentioned): Attached {
  const media: MediaContent[] = [];
  const shown: Block[] = [];
  const failed: Content[] = [];
  const quoted = new Set<string>();
  let replyTo: MessageEvent['replyTo'];
  const all = list(message, 'attachments');
  for (const attachment of all.slice(0, MAX_ATTACHMENTS)) {
    if (!isFields(attachment)) {
      failed.push({ kind: 'unsupported', what: 'attachment', reason: 'An attachment came in a form that cannot be read.' });
      continue;
    }
    const link = str(attachment, 'message_link');
    const target = quotedId(link);
    if (link !== undefined && target !== undefined) {
      quoted.add(target);
      if (replyTo === undefined) {
        const quote = toPlain(quoteOf(quoteText(attachment, whom), MAX_QUOTE));
        replyTo = defined({ id: target as RemoteId, quote: quote === '' ? undefined : quote, sender: str(attachment, 'author_name') });
        continue;
      }
      shown.push(...quoteBlock(attachment, whom, 0));
      continue;
    }
    if (str(attachment, 'type') === 'removed-file') {
      failed.push({ kind: 'unsupported', what: 'removed-file', reason: 'The file was removed from Rocket.Chat.' });
      continue;
    }
    if (isFields(at(attachment, 'encryption'))) {
      failed.push({ kind: 'unsupported', what: 'e2e', reason: 'The file is end-to-end encrypted in Rocket.Chat: the bridge has no keys and cannot open it.' });
      continue;
    }
    const file = fileOf(attachment, message, all.length === 1);
    if (file !== undefined) media.push(withCaption(file, attachment, whom));
    else shown.push(...card(attachment, whom, 0));
  }
  if (all.length > MAX_ATTACHMENTS) failed.push({ kind: 'unsupported', what: 'attachments', reason: `Of ${all.length} attachments ${MAX_ATTACHMENTS} are shown.` });
  media.push(...filesAlone(message, all));
  return { media, shown, quoted, failed, ...(replyTo && { replyTo }) };
}

/** `https://…/channel/general?msg=<id>` */
export function quotedId(link: string | undefined): string | undefined {
  const found = link === undefined ? null : /[?&]msg=([^&#\s]{1,200})/.exec(link);
  if (found?.[1] === undefined) return undefined;
  try {
    return decodeURIComponent(found[1]);
  } catch {
    return found[1];
  }
}

function quoteText(attachment: Fields, whom: Mentioned): RichText {
  const text = textOf(attachment, whom).flatMap(withoutJump);
  if (text.length > 0) return text;
  const inner = list(attachment, 'attachments')[0];
  const name = str(inner, 'title') ?? str(inner, 'text');
  return name === undefined ? [] : plain(name);
}

function quoteBlock(attachment: Fields, whom: Mentioned, depth: number): readonly Block[] {
  const author = str(attachment, 'author_name');
  const children = [...(author === undefined ? [] : [bold(author)]), ...quoteText(attachment, whom), ...nested(attachment, whom, depth)];
  return children.length === 0 ? [] : [{ t: 'quote', children }];
}

/** A quote may begin with the address of another, which stands in an attachment of its own. */
function withoutJump(block: Block): readonly Block[] {
  const [first, ...rest] = block.t === 'paragraph' ? block.children : [];
  if (first?.t !== 'link' || quotedId(first.href) === undefined) return [block];
  const [next, ...others] = rest;
  if (next === undefined) return [];
  return [{ t: 'paragraph', children: next.t === 'text' ? [{ t: 'text', text: next.text.trimStart() }, ...others] : rest }];
}

function textOf(attachment: Fields, whom: Mentioned): RichText {
  if (isMd(at(attachment, 'md'))) return fromMd(at(attachment, 'md'), whom);
  const text = str(attachment, 'text');
  return text === undefined ? [] : decode(text, whom);
}

function bold(text: string): Block {
  return { t: 'paragraph', children: [{ t: 'bold', children: [{ t: 'text', text: cleanText(text) }] }] };
}

const KINDS: readonly (readonly [key: string, kind: MediaKind])[] = [['image', 'image'], ['audio', 'audio'], ['video', 'video']];

/** A file that lies on the server itself; what lies elsewhere is anybody's address, so it is shown and not fetched. */
function fileOf(attachment: Fields, message: Fields, only: boolean): MediaContent | undefined {
  const [key, kind] = KINDS.find(([each]) => str(attachment, `${each}_url`) !== undefined) ?? ['', 'file' as const];
  const shownAt = key === '' ? undefined : str(attachment, `${key}_url`);
  // Of pictures `image_url` may be a smaller copy.
  const path = [str(attachment, 'title_link'), shownAt].map((each) => uploadPath(each)).find((each) => each !== undefined);
  if (path === undefined) return undefined;
  const id = /\/file-upload\/([^/?#]+)/.exec(path)?.[1];
  const files = [...list(message, 'files'), ...list(message, 'file')];
  const known = files.find((each) => str(each, '_id') === id) ?? (only && files.length === 1 ? files[0] : undefined);
  // Before 0.48 the title said what had happened.
  const name = str(known, 'name') ?? str(attachment, 'title')?.replace(/^File Uploaded: /, '') ?? decoded(path.split('/').at(-1)?.split('?')[0] ?? '');
  const mime = str(known, 'type') ?? str(attachment, `${key}_type`);
  const size = whole(num(known, 'size') ?? num(attachment, `${key}_size`) ?? num(attachment, 'size'));
  const dimensions = at(attachment, 'image_dimensions');
  const handle: Handle = defined({ path, mime, name, size });
  return {
    kind: kind === 'audio' && isVoice(name) ? 'voice' : kind,
    media: defined({
      source: { network: JSON.stringify(handle) }, mime, name, size, sha256: /^[0-9a-f]{64}$/i.test(str(attachment, 'hashes', 'sha256') ?? '') ? str(attachment, 'hashes', 'sha256') : undefined,
      width: whole(num(dimensions, 'width')), height: whole(num(dimensions, 'height')),
    }),
  };
}

/** What the apps call what was recorded in them. */
function isVoice(name: string | undefined): boolean {
  return name !== undefined && /^audio[ _-]?(?:record|message)/i.test(name);
}

function whole(value: number | undefined): number | undefined {
  return value !== undefined && Number.isSafeInteger(Math.round(value)) && value >= 0 ? Math.round(value) : undefined;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The path of an upload below the server's own address, where it is one: the host may be called anything, and the server may stand below a path. */
function uploadPath(address: string | undefined): string | undefined {
  const found = address === undefined ? null : /^(?:https?:\/\/[^/?#\s]+)?(?:\/[\w.~-]{1,100}){0,4}?(\/(?:file-upload|ufs\/[\w:.-]+)\/[^\s?#]+)/i.exec(address);
  return found?.[1] !== undefined && isFilePath(found[1]) ? found[1] : undefined;
}

function withCaption(content: MediaContent, attachment: Fields, whom: Mentioned): MediaContent {
  const md = at(attachment, 'descriptionMd');
  const text = str(attachment, 'description');
  const caption = isMd(md) ? fromMd(md, whom) : text === undefined ? [] : decode(text, whom);
  return caption.length === 0 ? content : { ...content, caption };
}

/** `file` without an attachment: of older servers, and of messages that come without their attachments. */
function filesAlone(message: Fields, attachments: readonly unknown[]): readonly MediaContent[] {
  if (attachments.length > 0) return [];
  const files = list(message, 'files').length > 0 ? list(message, 'files') : list(message, 'file');
  return files.flatMap((file): readonly MediaContent[] => {
    const [id, name, mime] = [str(file, '_id'), str(file, 'name'), str(file, 'type')];
    if (id === undefined || str(file, 'typeGroup') === 'thumb') return [];
    const size = whole(num(file, 'size'));
    const [top = ''] = (mime ?? '').split('/');
    const kind = top === 'image' || top === 'video' || top === 'audio' ? top : 'file';
    const handle: Handle = defined({ path: `/file-upload/${encodeURIComponent(id)}/${encodeURIComponent(name ?? 'file')}`, mime, name, size });
    return [{ kind: kind === 'audio' && isVoice(name) ? 'voice' : kind, media: defined({ source: { network: JSON.stringify(handle) }, mime, name, size }) }];
  });
}

/** What an integration wrote: author, title, text, fields, pictures and buttons, one below the other. */
function card(attachment: Fields, whom: Mentioned, depth: number): readonly Block[] {
  const line = (...children: readonly Inline[]): Block => ({ t: 'paragraph', children });
  const linked = (text: string, address: string | undefined): Inline => {
    const href = address === undefined ? undefined : safeHref(address);
    const label: Inline = { t: 'text', text: cleanText(text) };
    return href === undefined ? label : { t: 'link', href, children: [label] };
  };
  const blocks: Block[] = [];
  const [pretext, author, title] = [str(attachment, 'pretext'), str(attachment, 'author_name'), str(attachment, 'title')];
  if (pretext !== undefined) blocks.push(...decode(pretext, whom));
  if (author !== undefined) blocks.push(line({ t: 'bold', children: [linked(author, str(attachment, 'author_link'))] }));
  if (title !== undefined) blocks.push(line({ t: 'bold', children: [linked(title, str(attachment, 'title_link'))] }));
  blocks.push(...textOf(attachment, whom));
  const description = isMd(at(attachment, 'descriptionMd')) ? fromMd(at(attachment, 'descriptionMd'), whom) : decode(str(attachment, 'description') ?? '', whom);
  blocks.push(...description);
  for (const field of list(attachment, 'fields')) {
    const [name, value] = [str(field, 'title'), fieldValue(at(field, 'value'))];
    const [first, ...rest] = value === undefined ? [] : decode(value, whom);
    const label: readonly Inline[] = name === undefined ? [] : [{ t: 'bold', children: [{ t: 'text', text: cleanText(name) }] }, { t: 'text', text: ': ' }];
    if (first?.t === 'paragraph') blocks.push(line(...label, ...first.children), ...rest);
    else if (label.length > 0 || first !== undefined) blocks.push(line(...label), ...(first === undefined ? [] : [first]), ...rest);
  }
  for (const key of ['image_url', 'thumb_url', 'audio_url', 'video_url', 'message_link']) {
    const address = str(attachment, key);
    if (address !== undefined && safeHref(address) !== undefined) blocks.push(line(linked(address, address)));
  }
  const buttons = list(attachment, 'actions').flatMap((action): readonly Inline[] => {
    const text = str(action, 'text') ?? str(action, 'msg') ?? str(action, 'url');
    return text === undefined ? [] : [linked(`[${text}]`, str(action, 'url')), { t: 'text', text: ' ' }];
  });
  if (buttons.length > 0) blocks.push(line(...buttons.slice(0, -1)));
  const all = [...blocks, ...nested(attachment, whom, depth)];
  // For those who cannot be shown the rest.
  return all.length > 0 ? all : decode(str(attachment, 'fallback') ?? '', whom);
}

function nested(attachment: Fields, whom: Mentioned, depth: number): readonly Block[] {
  if (depth >= MAX_DEPTH) return [];
  return list(attachment, 'attachments').filter(isFields).slice(0, 20).flatMap((inner) => {
    if (quotedId(str(inner, 'message_link')) !== undefined) return quoteBlock(inner, whom, depth + 1);
    return card(inner, whom, depth + 1);
  });
}

function fieldValue(value: unknown): string | undefined {
  return typeof value === 'boolean' ? String(value) : str({ value }, 'value');
}

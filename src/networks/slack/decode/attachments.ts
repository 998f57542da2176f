import type { Content, TextContent } from '../../../model/content.ts';
import { plain, type Block, type RichText } from '../../../model/richtext.ts';
import { emojiForNames, iamcalNames } from '../../../text/emoji-names.ts';
import { toPlain } from '../../../text/plain.ts';
import { at, flag, isFields, list, num, str } from '../../shared/json.ts';
import { linkOr, paragraph, readBlocks } from './blocks.ts';
import { dateText } from './dates.ts';
import { decodeFile } from './files.ts';
import { readMrkdwn, type Names } from './mrkdwn.ts';

/** What stands below a message: of other messages, of links, of programs. */
export interface Below {
  readonly text: RichText;
  readonly files: readonly Content[];
  /** Of the first link, as Slack fetched it. */
  readonly preview?: NonNullable<TextContent['preview']>;
  /** Who said first what is only handed on here. */
  readonly forwardedFrom?: string;
}

/** Previews of links come and go by themselves: a change of them is no edit. A message shared by its sender is none of these. */
export function isPreview(attachment: unknown): boolean {
  if (flag(attachment, 'is_share') || flag(attachment, 'is_msg_unfurl')) return false;
  return str(attachment, 'from_url') !== undefined || flag(attachment, 'is_app_unfurl') || flag(attachment, 'is_thread_root_unfurl');
}

/** `attachments` (docs.slack.dev/messaging/formatting-message-text/#attachments). `hasText`: the message says something itself. */
export function readAttachments(attachments: readonly unknown[], names: Names, hasText: boolean): Below {
  const text: Block[] = [];
  const files: Content[] = [];
  let preview: Below['preview'];
  let forwardedFrom: string | undefined;
  for (const attachment of attachments) {
    if (!isFields(attachment) || flag(attachment, 'is_thread_root_unfurl')) continue;
    if (isPreview(attachment)) {
      const url = str(attachment, 'from_url') ?? str(attachment, 'app_unfurl_url') ?? str(attachment, 'original_url');
      const title = str(attachment, 'title') ?? str(attachment, 'preview', 'title', 'text');
      const description = str(attachment, 'text') ?? str(attachment, 'preview', 'subtitle', 'text') ?? laidOut(attachment, names);
      if (url !== undefined) preview ??= { url, ...(title === undefined ? {} : { title: unmarked(title) }), ...(description === undefined ? {} : { description: unmarked(description) }) };
      continue;
    }
    if (isShared(attachment)) {
      const author = str(attachment, 'author_name') ?? str(attachment, 'author_subname');
      if (!hasText) forwardedFrom ??= author;
      text.push(...sharedMessage(attachment, author, names, files));
      continue;
    }
    text.push(...legacy(attachment, names, files));
  }
  return { text, files, ...(preview === undefined ? {} : { preview }), ...(forwardedFrom === undefined ? {} : { forwardedFrom }) };
}

/** The preview of a link that an app made of blocks. */
function laidOut(attachment: unknown, names: Names): string | undefined {
  const text = toPlain(readBlocks(list(attachment, 'blocks'), names).text).trim();
  return text === '' ? undefined : text.slice(0, 1000);
}

function isShared(attachment: unknown): boolean {
  return flag(attachment, 'is_share') || flag(attachment, 'is_msg_unfurl') || list(attachment, 'message_blocks').length > 0;
}

/** A message of another conversation, quoted with who said it and where. */
function sharedMessage(attachment: unknown, author: string | undefined, names: Names, files: Content[]): RichText {
  const inner = list(attachment, 'message_blocks').flatMap((each) => list(each, 'message', 'blocks'));
  const laid = readBlocks(inner.length > 0 ? inner : list(attachment, 'blocks'), names);
  const said = laid.text.length > 0 ? laid.text : readMrkdwn(str(attachment, 'text') ?? str(attachment, 'fallback') ?? '', names);
  files.push(...laid.media, ...list(attachment, 'files').map(decodeFile));
  const where = str(attachment, 'footer');
  const children: Block[] = [
    ...(author === undefined ? [] : paragraph([{ t: 'bold', children: linkOr(author, str(attachment, 'from_url')) }])),
    ...said,
    ...(where === undefined ? [] : paragraph([{ t: 'italic', children: [{ t: 'text', text: unmarked(where) }] }])),
  ];
  return children.length === 0 ? [] : [{ t: 'quote', children }];
}

/** Whether a field is marked up, as `mrkdwn_in` says; texts are by habit, titles never. */
function legacy(attachment: unknown, names: Names, files: Content[]): RichText {
  const laid = readBlocks(list(attachment, 'blocks'), names);
  files.push(...laid.media, ...list(attachment, 'files').map(decodeFile));
  const pretext = readMrkdwn(str(attachment, 'pretext') ?? '', names);
  const author = [str(attachment, 'author_name'), str(attachment, 'author_subname')].filter((each) => each !== undefined).join(' ');
  const title = str(attachment, 'title');
  const image = str(attachment, 'image_url') ?? str(attachment, 'thumb_url');
  const inner: Block[] = [
    ...(author === '' ? [] : paragraph(linkOr(author, str(attachment, 'author_link')))),
    ...(title === undefined ? [] : paragraph([{ t: 'bold', children: linkOr(unmarked(title), str(attachment, 'title_link')) }])),
    ...readMrkdwn(str(attachment, 'text') ?? '', names),
    ...laid.text,
    ...list(attachment, 'fields').flatMap((field) => labelled(field, names)),
    ...(image === undefined ? [] : paragraph(linkOr(image, image))),
    ...list(attachment, 'actions').flatMap((action) => {
      const label = str(action, 'text') ?? str(action, 'name');
      const options = list(action, 'options').flatMap((option) => str(option, 'text') ?? []);
      const own = label === undefined ? [] : paragraph([{ t: 'text', text: '[' }, ...linkOr(unmarked(label), str(action, 'url')), { t: 'text', text: ']' }]);
      return options.length === 0 ? own : [...own, { t: 'list' as const, ordered: false, items: options.map((option) => plain(unmarked(option))) }];
    }),
    ...footerOf(attachment),
  ];
  const shown = inner.length > 0 || pretext.length > 0 || at(attachment, 'files') !== undefined ? inner : readMrkdwn(str(attachment, 'fallback') ?? '', names);
  return [...pretext, ...(shown.length === 0 ? [] : [{ t: 'quote', children: shown } as const])];
}

/** The small line below, with the time that it tells. */
function footerOf(attachment: unknown): RichText {
  const seconds = num(attachment, 'ts');
  const parts = [str(attachment, 'footer'), seconds === undefined || seconds <= 0 ? undefined : dateText(seconds, '{date_num} {time}', undefined)].filter((part) => part !== undefined);
  return parts.length === 0 ? [] : paragraph([{ t: 'italic', children: [{ t: 'text', text: unmarked(parts.join(' · ')) }] }]);
}

function labelled(field: unknown, names: Names): RichText {
  const title = str(field, 'title');
  const value = readMrkdwn(str(field, 'value') ?? '', names);
  return [...(title === undefined ? [] : paragraph([{ t: 'bold', children: [{ t: 'text', text: unmarked(title) }] }])), ...value];
}

/** Texts that carry no formatting still have names of emoji and escaped signs. */
function unmarked(text: string): string {
  return emojiForNames(text, iamcalNames).replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

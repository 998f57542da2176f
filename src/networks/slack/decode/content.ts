import { isMedia, type Content, type MediaContent, type TextContent } from '../../../model/content.ts';
import type { RichText } from '../../../model/richtext.ts';
import { at, list, str, type Fields } from '../../shared/json.ts';
import { readAttachments } from './attachments.ts';
import { readBlocks } from './blocks.ts';
import type { Context } from './context.ts';
import { decodeFile } from './files.ts';
import { readMrkdwn, type Names } from './mrkdwn.ts';

/** What a message says: its text, its files, and what stands below it. */
export interface Said {
  readonly parts: readonly Content[];
  readonly forwardedFrom?: string;
}

/**
 * Blocks outrank the text, which then is only for notifications; a block that says nothing falls back on it. The text of a
 * message with files is the caption of the first of them.
 */
export function contentOf(context: Context, message: Fields): Said {
  const names = namesOf(context);
  const laid = readBlocks(list(message, 'blocks'), names);
  const marked = wordsOf(message);
  const own = laid.text.length > 0 || laid.media.length > 0 ? laid.text : readMrkdwn(marked ?? '', names);
  const below = readAttachments(list(message, 'attachments'), names, own.length > 0);
  // Programs repeat what their attachment says as a text for notifications.
  const text: RichText = [...own, ...below.text];
  const files = [...filesOf(message), ...remoteFiles(message)].map(decodeFile).concat(laid.media, below.files);
  const style = str(message, 'subtype') === 'me_message' ? { style: 'emote' as const } : {};
  const spoken: TextContent | null = text.length === 0 ? null : { kind: 'text', text, ...style, ...(below.preview === undefined ? {} : { preview: below.preview }) };
  const parts = captioned(spoken, files);
  return {
    parts: parts.length > 0 ? parts : [{ kind: 'unsupported', what: 'message', reason: 'The message is empty, or of a kind that Slack’s API does not hand over.' }],
    ...(below.forwardedFrom === undefined ? {} : { forwardedFrom: below.forwardedFrom }),
  };
}

export function namesOf({ known }: Context): Names {
  return { channelName: known.channelName, groupName: known.groupName };
}

const SHARED = /^<@[UW]\w+(?:\|[^>]*)?> (?:uploaded|shared) a file: /;

/** With the files of old messages Slack's own words come, and those of their sender only within them. */
function wordsOf(message: Fields): string | undefined {
  const text = str(message, 'text');
  if (text === undefined || str(message, 'subtype') !== 'file_share' || !SHARED.test(text)) return text;
  return filesOf(message).map((file) => str(file, 'initial_comment', 'comment')).find((comment) => comment !== undefined) ?? / and commented: ([\s\S]+)$/.exec(text)?.[1];
}

/** Very old messages have a single `file`. */
function filesOf(message: Fields): readonly unknown[] {
  const files = list(message, 'files');
  return files.length > 0 ? files : list(message, 'file');
}

/** A file that lies elsewhere is a block of its own; mostly it stands among the files too. */
function remoteFiles(message: Fields): readonly unknown[] {
  const known = new Set(list(message, 'files').map((file) => str(file, 'id')));
  return list(message, 'blocks').filter((block) => str(block, 'type') === 'file').map((block) => at(block, 'file') ?? { id: str(block, 'file_id'), name: str(block, 'external_id') })
    .filter((file) => !known.has(str(file, 'id')));
}

function captioned(spoken: TextContent | null, files: readonly Content[]): readonly Content[] {
  const [first, ...rest] = files;
  if (spoken === null) return files;
  // Matrix shows no text with a sticker, and a voice message is one by itself.
  if (first === undefined || !isMedia(first) || first.kind === 'voice') return [spoken, ...files];
  const media: MediaContent = { ...first, caption: spoken.text };
  return [media, ...rest];
}

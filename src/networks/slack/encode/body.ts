import { isMedia, type Content } from '../../../model/content.ts';
import { Rejected } from '../../../model/errors.ts';
import type { RichText } from '../../../model/richtext.ts';
import type { PartRequest } from '../../network.ts';
import { METADATA_TYPE } from '../decode/context.ts';
import { safeName } from './plan.ts';
import { writeMrkdwn } from './mrkdwn.ts';
import { writeRichText, type WriteOptions } from './rich-text.ts';

export type Args = Readonly<Record<string, unknown>>;

/** What chat.postMessage and chat.update share: the text for notifications, the blocks that are shown, and the mark with our key. */
export function textArgs(content: Content, key: string, options: WriteOptions): Args {
  const text = textOf(content);
  const elements = writeRichText(text, options);
  const marked = writeMrkdwn(text, options);
  if (elements.length === 0 || marked.trim() === '') throw new Rejected('Slack takes no empty message.', 'empty');
  return {
    text: marked,
    blocks: [{ type: 'rich_text', elements }],
    metadata: { event_type: METADATA_TYPE, event_payload: { key } },
  };
}

/** Of what people speak with, by name and picture where the bot may (`chat:write.customize`). */
export function speaker(request: PartRequest, canSpeakAs: boolean): Args {
  if (request.relay === null || !canSpeakAs) return {};
  const { name, avatarUrl } = request.relay;
  return { username: safeName(name), ...(avatarUrl === undefined ? {} : { icon_url: avatarUrl }) };
}

/** What stands above a file; `blocks` carries the formatting that `initial_comment` would lose. */
export function captionArgs(caption: RichText | undefined, options: WriteOptions): Args {
  const elements = caption === undefined ? [] : writeRichText(caption, options);
  return elements.length === 0 ? {} : { blocks: [{ type: 'rich_text', elements }] };
}

function textOf(content: Content): RichText {
  if (content.kind === 'text') return content.text;
  if (isMedia(content)) return content.caption ?? [];
  throw new Rejected(`Slack has nothing like a message of the kind "${content.kind}".`, 'no_such_kind');
}

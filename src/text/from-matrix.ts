import { plain } from '../model/richtext.ts';
import type { RichText } from '../model/richtext.ts';
import { readHtml } from './html-reader.ts';
import type { Run } from './runs.ts';
import { build, flatten } from './runs.ts';

/** An event is at most 65,536 bytes (Matrix spec, client-server API, size limits), so no honest HTML is longer. */
const MAX_HTML = 65_536;

/**
 * Reads the text of a Matrix message, or of its `m.new_content`. The content comes from anybody: nothing in it is trusted to be of
 * the right type, and this never throws. HTML is read where the format says so; where it is longer than an event can be, nested
 * beyond the spec's limit or empty, the body is taken. Reply fallbacks are left out (`mx-reply`, and quoted lines of the body
 * of a reply). `@room` is a mention only if `m.mentions` says so.
 */
export function fromMatrix(content: Record<string, unknown>): RichText {
  if (record(content) === undefined) return [];
  const runs = htmlRuns(content) ?? flatten(plain(bodyOf(content)));
  return build(record(content['m.mentions'])?.['room'] === true ? withRoomMentions(runs) : runs);
}

function htmlRuns(content: Record<string, unknown>): Run[] | undefined {
  const html = content['formatted_body'];
  if (content['format'] !== 'org.matrix.custom.html' || typeof html !== 'string' || html.length > MAX_HTML) return undefined;
  try {
    const runs = readHtml(html);
    return runs.some((run) => run.leaf.t !== 'nothing') ? runs : undefined;
  } catch {
    return undefined;
  }
}

function bodyOf(content: Record<string, unknown>): string {
  const body = content['body'];
  if (typeof body !== 'string') return '';
  const isReply = record(record(content['m.relates_to'])?.['m.in_reply_to']) !== undefined;
  return isReply ? withoutFallback(body) : body;
}

/** Matrix spec before v1.13, "Fallbacks for rich replies": `> <@user:host> text`, more lines of `> `, and an empty line. */
function withoutFallback(body: string): string {
  if (!/^> (?:\* )?<@/.test(body)) return body;
  const lines = body.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('>'));
  if (end === -1) return '';
  return lines.slice(lines[end]?.trim() === '' ? end + 1 : end).join('\n');
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function withRoomMentions(runs: readonly Run[]): Run[] {
  return runs.flatMap((run): Run[] => {
    if (run.leaf.t !== 'text' || run.wrap?.shell.t === 'codeblock') return [run];
    return run.leaf.text
      .split(/(?<![\w@])(@room)\b/)
      .filter((part) => part !== '')
      .map((part) => ({ wrap: run.wrap, leaf: part === '@room' ? { t: 'mention', target: 'room', id: '', name: 'room' } : { t: 'text', text: part } }));
  });
}

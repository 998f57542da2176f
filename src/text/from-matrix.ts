import { plain } from '../model/richtext.ts';
import type { RichText } from '../model/richtext.ts';
import { cleanText } from './clean.ts';
import { readHtml } from './html-reader.ts';
import type { Run } from './runs.ts';
import { build, flatten } from './runs.ts';

/**
 * Reads the text of a Matrix message, or of its `m.new_content`. The content comes from anybody: nothing in it is trusted to be of
 * the right type, and this never throws. HTML is read where the format says so and there is text in it, else the body
 * as it stands. Reply fallbacks are left out. `@room` is a mention only if `m.mentions` says so.
 */
export function fromMatrix(content: Record<string, unknown>): RichText {
  if (record(content) === undefined) return [];
  const runs = htmlRuns(content) ?? flatten(plain(bodyOf(content)));
  return build(record(content['m.mentions'])?.['room'] === true ? withRoomMentions(runs) : runs);
}

function htmlRuns(content: Record<string, unknown>): Run[] | undefined {
  const html = content['formatted_body'];
  if (content['format'] !== 'org.matrix.custom.html' || typeof html !== 'string') return undefined;
  const runs = readHtml(html.replace(HTML_FALLBACK, ''));
  return runs.some((run) => run.leaf.t !== 'nothing') ? runs : undefined;
}

/** Spec before v1.13, "Fallbacks for rich replies". Elsewhere than at the start it is none, and its text stays. */
const HTML_FALLBACK = /^\s*<mx-reply(?:\s[^>]*)?>[^]*?<\/mx-reply\s*>/i;

function bodyOf(content: Record<string, unknown>): string {
  const body = content['body'];
  if (typeof body !== 'string') return '';
  const isReply = record(record(content['m.relates_to'])?.['m.in_reply_to']) !== undefined;
  return isReply ? withoutFallback(cleanText(body)) : cleanText(body);
}

/** The same in a body: `> <@user:host> text`, more lines of `> `, an empty line, and the answer. Anything less was typed by the sender. */
function withoutFallback(body: string): string {
  const lines = body.split('\n');
  const end = lines.findIndex((line) => line !== '>' && !line.startsWith('> '));
  const isFallback = /^> (?:\* )?<@[^\s:]*:[^\s>]+>(?: |$)/.test(lines[0] ?? '') && lines[end]?.trim() === '' && end + 1 < lines.length;
  return isFallback ? lines.slice(end + 1).join('\n') : body;
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function withRoomMentions(runs: readonly Run[]): Run[] {
  return joined(runs).flatMap((run): Run[] => {
    if (run.leaf.t !== 'text' || run.wrap?.shell.t === 'codeblock') return [run];
    return run.leaf.text
      .split(/(?<![\w@])(@room)\b/)
      .filter((part) => part !== '')
      .map((part) => ({ wrap: run.wrap, leaf: part === '@room' ? { t: 'mention', target: 'room', id: '', name: 'room' } : { t: 'text', text: part } }));
  });
}

/** A word may have come in several runs. */
function joined(runs: readonly Run[]): Run[] {
  const all: Run[] = [];
  for (const run of runs) {
    const last = all.at(-1);
    if (last?.leaf.t === 'text' && run.leaf.t === 'text' && last.wrap === run.wrap) all[all.length - 1] = { wrap: run.wrap, leaf: { t: 'text', text: last.leaf.text + run.leaf.text } };
    else all.push(run);
  }
  return all;
}

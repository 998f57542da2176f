import type { Block, Inline, RichText } from '../../../model/richtext.ts';
import { cleanText } from '../../../text/clean.ts';
import { iamcalNames, typed } from '../../../text/emoji-names.ts';
import { findUrls } from '../../../text/links.ts';
import { dateText } from './dates.ts';

/** What only the workspace knows: names of channels and of groups of people. */
export interface Names {
  readonly channelName?: ((channel: string) => string | undefined) | undefined;
  readonly groupName?: ((group: string) => string | undefined) | undefined;
}

/** Zero-width space: sets a literal mark apart from what would make it a real one. */
const GUARD = '\u200b';
const FENCE = '```';
const QUOTE = /^(?:&gt;|>) ?/;
const REST = /^(?:&gt;|>){3} ?/;

/**
 * Reads Slack's mrkdwn (docs.slack.dev/messaging/formatting-message-text): `*bold*`, `_italic_`, `~strike~`, code, fences,
 * quotes, `<…>` for links and mentions, `:emoji:`. Takes anything, in time linear in its length, and loses no text but our own guards.
 */
export function readMrkdwn(text: string, names: Names = {}): RichText {
  const blocks: Block[] = [];
  const parts = cleanText(text).split(FENCE);
  // An odd fence at the end opens nothing.
  const paired = parts.length % 2 === 1 ? parts.length : parts.length - 1;
  let open = '';
  parts.forEach((part, index) => {
    if (index % 2 === 0 || index >= paired) {
      open += index >= paired ? FENCE + part : part;
      return;
    }
    if (part.trim() === '') {
      open += FENCE + part + FENCE;
      return;
    }
    readLines(open.replace(/\n$/, '').split('\n'), blocks, names);
    blocks.push({ t: 'codeblock', text: unescape(tokensAsText(part.replace(/^\n|\n$/g, ''))).replace(/\u200b?`\u200b?/g, '`') });
    open = '';
    if (parts[index + 1]?.startsWith('\n') === true) parts[index + 1] = (parts[index + 1] ?? '').slice(1);
  });
  readLines(open.split('\n'), blocks, names);
  return blocks;
}

function readLines(lines: readonly string[], blocks: Block[], names: Names): void {
  let paragraph: Inline[] = [];
  let quote: Inline[][] | null = null;
  const endParagraph = (): void => {
    if (paragraph.length > 0) blocks.push({ t: 'paragraph', children: paragraph });
    paragraph = [];
  };
  const endQuote = (): void => {
    if (quote !== null) {
      const children = joined(quote);
      // Nothing but signs quotes nothing.
      blocks.push(children.length > 0 ? { t: 'quote', children: [{ t: 'paragraph', children }] } : { t: 'paragraph', children: joined(quote.map(() => [{ t: 'text', text: '>' }])) });
    }
    quote = null;
  };
  let rest = false;
  for (const line of lines) {
    const all: boolean = !rest && REST.test(line) && line.replace(REST, '') !== '';
    rest ||= all;
    const quoted = rest ? line.replace(all ? REST : /^/, '') : QUOTE.test(line) ? line.replace(QUOTE, '') : null;
    if (quoted !== null) {
      endParagraph();
      (quote ??= []).push(quoted.trim() === '' ? [] : readInline(quoted, names));
    } else {
      endQuote();
      if (line.trim() === '') endParagraph();
      else {
        if (paragraph.length > 0) paragraph.push({ t: 'break' });
        for (const inline of readInline(line.startsWith(GUARD) && QUOTE.test(line.slice(1)) ? line.slice(1) : line, names)) paragraph.push(inline);
      }
    }
  }
  endQuote();
  endParagraph();
}

function joined(lines: readonly (readonly Inline[])[]): Inline[] {
  const first = lines.findIndex((line) => line.length > 0);
  const last = lines.findLastIndex((line) => line.length > 0);
  return lines.slice(Math.max(first, 0), last + 1).flatMap((line, index): Inline[] => (index === 0 ? [...line] : [{ t: 'break' }, ...line]));
}

/** `&amp;` last, so that `&amp;lt;` stays what somebody wrote. */
function unescape(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

/** Inside code a link stands for its address or its label. */
function tokensAsText(code: string): string {
  return code.replace(/<((?:https?|mailto):[^<>|]*)(?:\|([^<>]*))?>/g, (_whole, url: string, label?: string) => label ?? url);
}

type Kind = 'bold' | 'italic' | 'strike';
const KINDS: Readonly<Record<string, Kind>> = { '*': 'bold', _: 'italic', '~': 'strike' };
const TOKEN = /<([^<>\n]+)>|`(?!\u200b)([^`\n]+)`|:([a-z0-9_+'-]+(?:::skin-tone-[2-6](?:-[2-6])?)?):|[*_~]|[^<`:*_~]+|[<`:]/giu;

/** One open mark: where its content begins in `out`, and what it is. */
interface Open {
  readonly kind: Kind;
  readonly char: string;
  readonly at: number;
}

/** One line. */
function readInline(line: string, names: Names = {}): Inline[] {
  const out: Inline[] = [];
  const open: Open[] = [];
  for (const match of line.matchAll(TOKEN)) {
    const [whole, angle, code, emoji] = match;
    const { index } = match;
    const kind = KINDS[whole];
    if (kind !== undefined) mark(line, index, kind, whole, out, open);
    else if (angle !== undefined) out.push(...(readToken(angle, names) ?? text(whole)));
    else if (code !== undefined) out.push({ t: 'code', text: unescape(tokensAsText(code)) });
    else if (emoji !== undefined) out.push(...emojiOf(emoji, whole, line[index - 1]));
    else out.push(...text(whole));
  }
  return linked(merged(out));
}

/** A mark opens before something solid at the start of a word, and closes behind it at the end of one. */
function mark(line: string, index: number, kind: Kind, char: string, out: Inline[], open: Open[]): void {
  const before = line[index - 1];
  const after = line[index + 1];
  const place = open.findLastIndex((each) => each.kind === kind);
  const opened = open[place];
  if (opened !== undefined && isSolid(before) && !isWord(after) && out.length > opened.at + 1) {
    const children = out.splice(opened.at);
    children.shift();
    open.length = place;
    out.push({ t: kind, children: linked(merged(children)) });
    return;
  }
  if (opened === undefined && isSolid(after) && !isWord(before)) open.push({ kind, char, at: out.length });
  out.push({ t: 'text', text: char });
}

function isSolid(char: string | undefined): boolean {
  return char !== undefined && !/[\s\u200b]/.test(char);
}

function isWord(char: string | undefined): boolean {
  return char !== undefined && /[\p{L}\p{N}]/u.test(char);
}

function text(raw: string): Inline[] {
  return raw === '' ? [] : [{ t: 'text', text: unescape(raw) }];
}

/** Neighbouring texts as one, without the guards that our own writing puts beside literal marks. */
function merged(inlines: readonly Inline[]): Inline[] {
  const out: Inline[] = [];
  for (const inline of inlines) {
    const last = out.at(-1);
    if (inline.t === 'text' && last?.t === 'text') out[out.length - 1] = { t: 'text', text: last.text + inline.text };
    else out.push(inline);
  }
  return out.flatMap((inline): Inline[] => {
    if (inline.t !== 'text') return [inline];
    const bare = inline.text.replaceAll(GUARD, '');
    return bare === '' ? [] : [{ t: 'text', text: bare }];
  });
}

/** A bare address is a link, as Slack shows it. */
function linked(inlines: readonly Inline[]): Inline[] {
  return inlines.flatMap((inline): Inline[] => {
    if (inline.t !== 'text') return [inline];
    const out: Inline[] = [];
    let from = 0;
    for (const { start, end, href } of findUrls(inline.text)) {
      if (start > from) out.push({ t: 'text', text: inline.text.slice(from, start) });
      out.push({ t: 'link', href, children: [{ t: 'text', text: inline.text.slice(start, end) }] });
      from = end;
    }
    if (from < inline.text.length) out.push({ t: 'text', text: inline.text.slice(from) });
    return out;
  });
}

/** `10:30:15` holds no emoji, nor does a word with colons in it. */
function emojiOf(name: string, whole: string, before: string | undefined): Inline[] {
  if (before !== undefined && /[\p{L}\p{N}]/u.test(before)) return text(whole);
  const lower = name.toLowerCase();
  const emoji = iamcalNames.emoji(lower);
  if (emoji !== null) return [{ t: 'text', text: typed(emoji) }];
  return /^\d+$/.test(name) || /'/.test(name) ? text(whole) : [{ t: 'emoji', name }];
}

/** What stands between `<` and `>`; undefined where it is no token. */
function readToken(raw: string, names: Names): Inline[] | undefined {
  const bar = raw.indexOf('|');
  const [target, label] = bar < 0 ? [raw, undefined] : [raw.slice(0, bar), unescape(raw.slice(bar + 1)).replaceAll(GUARD, '')];
  const sign = target[0];
  if (sign === '@') return [{ t: 'mention', target: 'user', id: target.slice(1), name: label ?? '' }];
  if (sign === '#') return [{ t: 'text', text: `#${(label === undefined || label === '' ? names.channelName?.(target.slice(1)) : label) ?? target.slice(1)}` }];
  if (sign === '!') return special(target.slice(1), label, names);
  // As it was written long ago, without its sign.
  if (label !== undefined && /^[UW][A-Z0-9]{2,}$/.test(target)) return [{ t: 'mention', target: 'user', id: target, name: label }];
  if (label !== undefined && /^[CG][A-Z0-9]{2,}$/.test(target)) return [{ t: 'text', text: label.startsWith('#') ? label : `#${label}` }];
  const href = unescape(target);
  if (!/^[a-z][a-z0-9+.-]*:/i.test(href)) return undefined;
  return [{ t: 'link', href, children: [{ t: 'text', text: label === undefined || label === '' ? href.replace(/^mailto:/, '') : label }] }];
}

function special(command: string, label: string | undefined, names: Names): Inline[] {
  const [name = '', ...values] = command.split('^');
  if (name === 'here' || name === 'channel' || name === 'everyone' || name === 'group') return [{ t: 'mention', target: 'room', id: '', name: name === 'group' ? 'channel' : name }];
  if (name === 'subteam') {
    const [id = ''] = values;
    return [{ t: 'text', text: label ?? `@${names.groupName?.(id) ?? id}` }];
  }
  if (name === 'date') {
    const [timestamp = '', format = '', link] = values;
    const shown: Inline = { t: 'text', text: dateText(Number(timestamp), unescape(format), label) };
    return link === undefined || link === '' ? [shown] : [{ t: 'link', href: unescape(link), children: [shown] }];
  }
  return [{ t: 'text', text: label ?? `<!${unescape(command)}>` }];
}

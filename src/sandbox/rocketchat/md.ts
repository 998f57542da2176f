/**
 * The tree that the server makes of a text (`@rocket.chat/message-parser`, definitions): each line a paragraph, an empty one a break; styles,
 * code, links, mentions and emoji within a line.
 */
export interface Node {
  readonly type: string;
  readonly value?: unknown;
  readonly [key: string]: unknown;
}

const plain = (value: string): Node => ({ type: 'PLAIN_TEXT', value });

export function parseMarkdown(text: string): Node[] {
  const lines = text.split('\n');
  const root: Node[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const fence = /^```([\w+#-]*)\s*$/.exec(line);
    const end = fence === null ? -1 : lines.findIndex((each, index) => index > at + 1 && /^```\s*$/.test(each));
    if (fence !== null && end !== -1) {
      root.push({ type: 'CODE', language: fence[1] === '' ? 'none' : fence[1], value: lines.slice(at + 1, end).map((each) => ({ type: 'CODE_LINE', value: plain(each) })) });
      at = end;
      continue;
    }
    const take = (pattern: RegExp): string[] => {
      const taken: string[] = [];
      for (let match = pattern.exec(lines[at] ?? ''); match; match = pattern.exec(lines[at] ?? '')) {
        taken.push(match[1] ?? '');
        at += 1;
      }
      at -= 1;
      return taken;
    };
    const heading = /^(#{1,4}) +(.+)$/.exec(line);
    if (line === '') root.push({ type: 'LINE_BREAK' });
    else if (heading) root.push({ type: 'HEADING', level: heading[1]?.length, value: inlines(heading[2] ?? '') });
    else if (line.startsWith('>')) root.push({ type: 'QUOTE', value: take(/^> ?(.*)$/).map((each) => ({ type: 'PARAGRAPH', value: inlines(each) })) });
    else if (/^[-*] /.test(line)) root.push({ type: 'UNORDERED_LIST', value: take(/^[-*] (.*)$/).map((each) => ({ type: 'LIST_ITEM', value: inlines(each) })) });
    else if (/^\d+\. /.test(line)) {
      const first = Number.parseInt(line, 10);
      root.push({ type: 'ORDERED_LIST', value: take(/^\d+\. (.*)$/).map((each, index) => ({ type: 'LIST_ITEM', number: first + index, value: inlines(each) })) });
    } else root.push({ type: 'PARAGRAPH', value: inlines(line) });
  }
  return root;
}

const TOKENS: readonly (readonly [pattern: RegExp, make: (match: RegExpExecArray) => Node])[] = [
  [/\\([*_~`#.])/y, (match) => plain(match[1] ?? '')],
  [/`([^`\n]+)`/y, (match) => ({ type: 'INLINE_CODE', value: plain(match[1] ?? '') })],
  [/\[([^\]\n]*)\]\((https?:\/\/[^\s)]+|mailto:[^\s)]+)\)/y, (match) => ({ type: 'LINK', value: { src: plain(match[2] ?? ''), label: match[1] === ' ' ? [plain(' ')] : inlines(match[1] ?? '') } })],
  [/https?:\/\/[^\s<>)\]\u200b]+/y, (match) => ({ type: 'LINK', value: { src: plain(match[0]), label: [plain(match[0])] } })],
  [/\*\*([^*\n]+)\*\*|\*([^*\n]+)\*/y, (match) => ({ type: 'BOLD', value: inlines(match[1] ?? match[2] ?? '') })],
  [/(?<![A-Za-z0-9])_([^_\n]+)_(?![A-Za-z0-9])/y, (match) => ({ type: 'ITALIC', value: inlines(match[1] ?? '') })],
  [/~~([^~\n]+)~~|~([^~\n]+)~/y, (match) => ({ type: 'STRIKE', value: inlines(match[1] ?? match[2] ?? '') })],
  [/\|\|([^|\n]+)\|\|/y, (match) => ({ type: 'SPOILER', value: inlines(match[1] ?? '') })],
  [/(?<![A-Za-z0-9])@([A-Za-z0-9][\w.-]*)/y, (match) => ({ type: 'MENTION_USER', value: plain(match[1] ?? '') })],
  [/(?<![A-Za-z0-9])#([A-Za-z0-9][\w.-]*)/y, (match) => ({ type: 'MENTION_CHANNEL', value: plain(match[1] ?? '') })],
  [/:([a-z0-9_+-]+):/y, (match) => ({ type: 'EMOJI', value: plain(match[1] ?? ''), shortCode: match[1] })],
];

function inlines(text: string): Node[] {
  const nodes: Node[] = [];
  for (let at = 0; at < text.length;) {
    const found = TOKENS.map(([pattern, make]) => {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      return match === null ? undefined : { node: make(match), length: match[0].length };
    }).find((each) => each !== undefined);
    const node = found?.node ?? plain(text.charAt(at));
    const last = nodes.at(-1);
    if (node.type === 'PLAIN_TEXT' && last?.type === 'PLAIN_TEXT') nodes[nodes.length - 1] = plain(`${String(last.value)}${String(node.value)}`);
    else nodes.push(node);
    at += found?.length ?? 1;
  }
  return nodes;
}

import type { Inline, RichText } from '../model/richtext.ts';

/** Characters: what comes from elsewhere may stand in it, and an event holds only so much. */
const MOST = 8_000;

/** A text of ours: line ends are breaks, and what stands between backticks is shown as code. */
export function worded(given: string): RichText {
  const text = given.length > MOST ? `${given.slice(0, MOST).replace(/[\ud800-\udbff]$/, '')}…` : given;
  const children = text.split('\n').flatMap((line, index): readonly Inline[] => [...(index === 0 ? [] : [{ t: 'break' } as const]), ...inline(line)]);
  return [{ t: 'paragraph', children }];
}

function inline(line: string): readonly Inline[] {
  return line.split(/(`[^`]+`)/).filter((part) => part !== '')
    .map((part): Inline => (/^`[^`]+`$/.test(part) ? { t: 'code', text: part.slice(1, -1) } : { t: 'text', text: part }));
}

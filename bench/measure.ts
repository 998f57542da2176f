/** One line of the table: what was measured, by each contender, and the ratio of the two. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  readonly theirs: number;
  /** Above 1 is better for us, whatever the unit. Its middle value, its least and its greatest over the rounds. */
  readonly ratio: Spread;
}

export interface Spread {
  readonly middle: number;
  readonly least: number;
  readonly most: number;
}

/** What one round of one contender gave, by name. */
export type Figures = Readonly<Record<string, number>>;

export interface Measured {
  readonly what: string;
  readonly unit: string;
  /** Which figure of a round. */
  readonly figure: string;
  /** Whether a larger figure is the better one. */
  readonly more: boolean;
}

/**
 * Rounds by turns, ours first in one and theirs in the next: whatever else the machine does meets both. Each round's two
 * figures make one ratio, so that a slow minute slows both of its sides.
 */
export async function byTurns(rounds: number, ours: () => Promise<Figures> | Figures, theirs: () => Promise<Figures> | Figures): Promise<readonly (readonly [Figures, Figures])[]> {
  const results: [Figures, Figures][] = [];
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) {
      const first = await ours();
      results.push([first, await theirs()]);
    } else {
      const first = await theirs();
      results.push([await ours(), first]);
    }
  }
  return results;
}

export function rowsOf(results: readonly (readonly [Figures, Figures])[], measured: readonly Measured[]): Row[] {
  return measured.map(({ what, unit, figure, more }) => {
    const pairs = results.map(([ours, theirs]) => [ours[figure] ?? Number.NaN, theirs[figure] ?? Number.NaN] as const);
    const ratios = pairs.map(([ours, theirs]) => (more ? ours / theirs : theirs / ours));
    return {
      what, unit, ours: middle(pairs.map(([ours]) => ours)), theirs: middle(pairs.map(([, theirs]) => theirs)),
      ratio: { middle: middle(ratios), least: Math.min(...ratios), most: Math.max(...ratios) },
    };
  });
}

export function middle(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const [low = Number.NaN, high = low] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at % 1);
}

/** One block of the report. */
export interface Table {
  readonly title: string;
  readonly ours: string;
  readonly theirs: string;
  readonly rows: readonly Row[];
  /** What a reader must know to read it right. */
  readonly notes?: readonly string[];
}

/** As Markdown, which a terminal shows as well as a page does. */
export function printed({ title, ours, theirs, rows, notes = [] }: Table): string {
  const head = ['', ours, theirs, 'ratio', 'spread'];
  const cells = rows.map(({ what, unit, ours: a, theirs: b, ratio }) =>
    [what, `${figure(a)} ${unit}`, `${figure(b)} ${unit}`, `${ratio.middle.toFixed(2)} ×`, `${ratio.least.toFixed(2)} to ${ratio.most.toFixed(2)}`]);
  const widths = head.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [`### ${title}`, '', line(head), rule, ...cells.map(line), ...(notes.length > 0 ? ['', ...notes.map((note) => `${note}`)] : []), ''].join('\n');
}

function figure(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

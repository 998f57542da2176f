import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { byTurns, printed, rowsOf } from '../../bench/measure.ts';
import { circumstances, withFigures } from '../../bench/report.ts';

test('figures take the place of those before, and nothing else changes', () => {
  const page = 'Before.\n\n<!-- figures -->\n\nold figures\n\n<!-- end of figures -->\n\nAfter.\n';
  const once = withFigures(page, 'new figures\n');
  expect(once).toBe('Before.\n\n<!-- figures -->\n\nnew figures\n\n<!-- end of figures -->\n\nAfter.\n');
  expect(withFigures(once, 'new figures')).toBe(once);
  expect(() => withFigures('<!-- end of figures --> <!-- figures -->', 'x')).toThrow('no <!-- figures -->');
});

test('the page of the project takes them', () => {
  const page = readFileSync(new URL('../../docs/bench.md', import.meta.url), 'utf8');
  expect(withFigures(page, 'FIGURES')).toMatch(/<!-- figures -->\n\nFIGURES\n\n<!-- end of figures -->/);
});

test('say on what they were made', () => {
  const text = circumstances(3).join('\n');
  expect(text).toMatch(/^\* \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC, commit ([0-9a-f]{12}(, with changes)?|unknown)$/m);
  expect(text).toMatch(/\d+ cores, \d+ GB; .*; Node\.js \d+/);
  expect(text).toContain('3 rounds');
});

test('a table has the middle value of the rounds, and above 1 is better for us whatever the unit', async () => {
  const ours = [{ rate: 10, delay: 4 }, { rate: 30, delay: 2 }, { rate: 20, delay: 5 }];
  const theirs = [{ rate: 10, delay: 8 }, { rate: 10, delay: 8 }, { rate: 10, delay: 5 }];
  let [a, b] = [0, 0];
  const results = await byTurns(3, () => ours[a++]!, () => theirs[b++]!);
  const rows = rowsOf(results, [{ what: 'rate', unit: '/s', figure: 'rate', more: true }, { what: 'delay', unit: 'ms', figure: 'delay', more: false }]);
  expect(rows.map(({ ratio }) => ratio)).toEqual([{ middle: 2, least: 1, most: 3 }, { middle: 2, least: 1, most: 4 }]);
  expect(printed({ title: 'T', ours: 'Drawbridge', theirs: 'peer', rows, notes: ['Note.'] })).toBe([
    '### T', '',
    '|       | Drawbridge |    peer |  ratio |       spread |',
    '| ----- | ---------: | ------: | -----: | -----------: |',
    '| rate  |    20.0 /s | 10.0 /s | 2.00 × | 1.00 to 3.00 |',
    '| delay |    4.00 ms | 8.00 ms | 2.00 × | 1.00 to 4.00 |',
    '', 'Note.', '',
  ].join('\n'));
});

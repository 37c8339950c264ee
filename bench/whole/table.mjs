// The findings as a table: absolute numbers, ratios of the same round, and whether the goal is reached.
import { median } from './statistics.mjs';

const units = {
  'per second': (value) => `${value.toFixed(0)}/s`,
  seconds: (value) => (value < 10 ? `${(value * 1000).toFixed(value < 0.1 ? 1 : 0)} ms` : `${value.toFixed(1)} s`),
  bytes: (value) => `${(value / 1024).toFixed(1)} KB`,
};

// In the direction in which more is better.
function ratios({ ours, theirs, more }) {
  return ours.map((value, round) => (more ? value / theirs[round] : theirs[round] / value));
}

function verdict(reached, nearest) {
  if (reached) return 'yes';
  return nearest ? 'in the spread' : 'no';
}

function cells(finding) {
  const { work, against, ours, theirs, unit, goal } = finding;
  const show = units[unit];
  if (!theirs) {
    const limited = goal !== undefined;
    const spread = ours.length > 1 ? ` (${show(Math.min(...ours))} – ${show(Math.max(...ours))})` : '';
    return [work, against, show(median(ours)) + spread, '', '', limited ? `at most ${show(goal)}` : '',
      limited ? verdict(median(ours) <= goal, Math.min(...ours) <= goal) : ''];
  }
  const found = ratios(finding);
  const ratio = (value) => value.toFixed(value < 10 ? 2 : 1);
  return [work, against, show(median(ours)), show(median(theirs)),
    `${ratio(median(found))} × (${ratio(Math.min(...found))} – ${ratio(Math.max(...found))})`,
    goal === undefined ? '' : `${goal} ×`,
    goal === undefined ? '' : verdict(median(found) >= goal, Math.max(...found) >= goal)];
}

/** In Markdown, as docs/performance.md has it. */
export function printTable(findings) {
  const table = [['work', 'against', 'mycouch', 'the other', 'ratio (lowest – highest)', 'goal', 'reached'], ...findings.map(cells)];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  console.log();
  console.log(line(table[0]));
  console.log(line(widths.map((width) => '-'.repeat(width))));
  for (const row of table.slice(1)) console.log(line(row));
}

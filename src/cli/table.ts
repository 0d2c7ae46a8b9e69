import type { Io } from './io.js';
import { printable, styled } from './printable.js';

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

/** Prints rows under headings: aligned on a terminal, separated by tabs where a program reads. */
export async function printTable(
  io: Io,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  const safe = rows.map((row) => row.map(printable));
  if (!io.outIsTerminal) {
    io.out([headings, ...safe].map((row) => `${row.join('\t')}\n`).join(''));
    return;
  }
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: [...headings],
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  table.push(...safe);
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  io.out(`${[styled(io, 'bold', lines[0] ?? ''), ...lines.slice(1)].join('\n')}\n`);
}

/** Prints names and values, one a line. Values that are null are shown as `-`. */
export function printFacts(io: Io, facts: readonly (readonly [string, string | null])[]): void {
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) io.out(`${styled(io, 'dim', name.padEnd(width))}  ${printable(value ?? '-')}\n`);
}

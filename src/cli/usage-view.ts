import type { UsageRowBody } from '../admin/contract-usage.js';
import type { UsageGroup } from '../usage/ledger.js';
import { csv } from './csv.js';
import type { Io } from './io.js';
import { moment } from './printable.js';
import { printTable } from './table.js';

type Amount = Extract<
  keyof UsageRowBody,
  `${string}_tokens` | `${string}_ms` | `gpu_seconds${string}` | 'requests' | 'failed' | 'estimated_requests'
>;

const AMOUNTS: readonly Amount[] = [
  'requests',
  'failed',
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cached_tokens',
  'estimated_requests',
  'gpu_seconds',
  'gpu_seconds_estimated',
  'duration_ms',
  'queued_ms',
];

/** The columns that say whose use a row is. */
const COLUMNS: Readonly<Record<UsageGroup, readonly { heading: string; of: (row: UsageRowBody) => string | null }[]>> =
  {
    key: [
      { heading: 'KEY', of: (row) => row.key_id },
      { heading: 'NAME', of: (row) => row.key_name },
    ],
    owner: [{ heading: 'OWNER', of: (row) => row.owner }],
    model: [{ heading: 'MODEL', of: (row) => row.model }],
    day: [{ heading: 'DAY', of: (row) => row.day }],
    hour: [{ heading: 'HOUR', of: (row) => (row.from_at === null ? null : moment(row.from_at)) }],
  };

const CSV_NAMES: Readonly<Record<UsageGroup, readonly (keyof UsageRowBody)[]>> = {
  key: ['key_id', 'key_name'],
  owner: ['owner'],
  model: ['model'],
  day: ['day'],
  hour: ['day', 'from_at'],
};

const NUMBERS = ['REQUESTS', 'FAILED', 'INPUT', 'OUTPUT', 'TOKENS', 'CACHED', 'SECONDS', 'GPU SECONDS'];

/** A table of sums for people, the sum of them all last. What is an estimate in part has a `~` in front. */
export async function printUsage(io: Io, rows: readonly UsageRowBody[], by: readonly UsageGroup[]): Promise<void> {
  const columns = by.flatMap((group) => COLUMNS[group]);
  const all = rows.length > 1 ? [...rows, totalOf(rows)] : rows;
  const cells = all.map((row, at) => [
    ...columns.map((column, index) => (at === rows.length ? (index === 0 ? 'total' : '') : (column.of(row) ?? '-'))),
    ...numbersOf(row),
  ]);
  const headings = [...columns.map(({ heading }) => heading), ...NUMBERS];
  const [shownHeadings = headings, ...shown] = io.outIsTerminal
    ? alignedRight([headings, ...cells], columns.length)
    : [headings, ...cells];
  await printTable(io, shownHeadings, shown);
  const estimated = rows.some((row) => row.estimated_requests > 0 || row.gpu_seconds_estimated > 0);
  if (estimated && io.outIsTerminal) io.out('~ = an estimate in part, where the model server did not tell.\n');
}

/** The sums as CSV, under the names they have in the admin API. */
export function usageCsv(rows: readonly UsageRowBody[], by: readonly UsageGroup[]): string {
  const names = [...by.flatMap((group) => CSV_NAMES[group]), ...AMOUNTS];
  return csv(
    names,
    rows.map((row) => names.map((name) => row[name])),
  );
}

function numbersOf(row: UsageRowBody): string[] {
  const about = row.estimated_requests > 0 ? '~' : '';
  return [
    String(row.requests),
    String(row.failed),
    `${about}${row.input_tokens}`,
    `${about}${row.output_tokens}`,
    `${about}${row.total_tokens}`,
    String(row.cached_tokens),
    seconds(row.duration_ms / 1000),
    `${row.gpu_seconds_estimated > 0 ? '~' : ''}${seconds(row.gpu_seconds)}`,
  ];
}

function totalOf(rows: readonly UsageRowBody[]): UsageRowBody {
  const total = { key_id: null, key_name: null, owner: null, model: null, day: null, from_at: null };
  const sums = Object.fromEntries(AMOUNTS.map((name) => [name, rows.reduce((sum, row) => sum + row[name], 0)]));
  return { ...total, ...(sums as Record<Amount, number>) };
}

/** Columns from this one on end at the same place, so that numbers can be compared. */
function alignedRight(rows: readonly (readonly string[])[], from: number): string[][] {
  const width = (at: number): number => Math.max(...rows.map((row) => row[at]?.length ?? 0));
  const widths = rows[0]?.map((_, at) => (at < from ? 0 : width(at))) ?? [];
  return rows.map((row) => row.map((text, at) => text.padStart(widths[at] ?? 0)));
}

function seconds(amount: number): string {
  return amount.toFixed(1);
}

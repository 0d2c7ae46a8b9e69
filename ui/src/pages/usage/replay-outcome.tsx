import { Stack, Text } from '@mantine/core';
import type { ReplayedBody, ReplayVerdictBody } from '../../../../src/admin/contract-usage.js';
import { DataTable, type Column } from '../../parts/data-table.js';
import { moment, spoken, wholeNumber } from '../../parts/format.js';
import { KeyLink } from '../../parts/key-link.js';
import { Moment } from '../../parts/moment.js';

type Subject = 'key' | 'owner' | 'model';

/** Who would have been refused, and a sentence about all of it. */
export function ReplayOutcome({ outcome, per }: { outcome: ReplayedBody; per: Subject }) {
  return (
    <Stack gap="xs">
      <p className="kp-verdict" data-tone={outcome.refused === 0 ? 'good' : 'bad'} role="status">
        {sentence(outcome)}
      </p>
      <Text size="sm" className="kp-dim">
        {notes(outcome, per).join(' ')}
      </Text>
      {outcome.data.length > 0 && (
        <DataTable
          what="refused"
          rows={outcome.data}
          columns={COLUMNS}
          rowKey={(row) => subjectOf(row)}
          sort={{ id: 'refused', descending: true }}
          height="24rem"
          empty={null}
        />
      )}
    </Stack>
  );
}

function sentence({ requests, refused, refused_tokens: tokens, total_tokens: all }: ReplayedBody): string {
  if (requests === 0) return 'There were no requests in this time, so nothing can be said.';
  if (refused === 0) return `Nobody would have been refused: all ${wholeNumber(requests)} requests pass.`;
  const share = all === 0 ? 0 : (tokens / all) * 100;
  return `${wholeNumber(refused)} of ${wholeNumber(requests)} requests would have been refused, with ${share.toFixed(1)} % of the tokens.`;
}

function notes(outcome: ReplayedBody, per: Subject): string[] {
  const { since, until, shortened, not_bound: notBound, left_out: leftOut, subjects } = outcome;
  return [
    `From ${moment(since)} to ${moment(until)}, ${wholeNumber(subjects)} ${per}${subjects === 1 ? '' : 's'}.`,
    ...(shortened > 0 ? [`${wholeNumber(shortened)} answers would have been shortened.`] : []),
    ...(notBound > 0 ? [`${wholeNumber(notBound)} requests without an owner had no such limit.`] : []),
    ...(leftOut > 0 ? [`${wholeNumber(leftOut)} more are left out of the table.`] : []),
    'What was refused at the time is not known here, and nobody repeats a request that is refused.',
  ];
}

function subjectOf(row: ReplayVerdictBody): string {
  return row.key_id ?? row.owner ?? row.model ?? '';
}

const COLUMNS: readonly Column<ReplayVerdictBody>[] = [
  {
    id: 'who',
    header: 'Who',
    width: 'minmax(9rem, 2fr)',
    sort: (row) => row.key_name ?? subjectOf(row),
    cell: (row) => (row.key_id === null ? subjectOf(row) || '–' : <KeyLink id={row.key_id} name={row.key_name} />),
  },
  {
    id: 'limit',
    header: 'Limit',
    width: 'minmax(9rem, 2fr)',
    cell: (row) => row.limits.map((one) => limitOf(row, one)).join(', ') || 'none: answers shortened',
  },
  number('refused', 'Refused', (row) => row.refused),
  number('requests', 'Of requests', (row) => row.requests),
  number('shortened', 'Shortened', (row) => row.shortened),
  number('tokens', 'Refused tokens', (row) => row.refused_tokens),
  {
    id: 'last',
    header: 'Last refused',
    sort: lastOf,
    cell: (row) => <Moment at={lastOf(row)} />,
  },
];

function limitOf(row: ReplayVerdictBody, { limit, account }: ReplayVerdictBody['limits'][number]): string {
  return account.endsWith(`:${subjectOf(row)}`) ? spoken(limit) : `${spoken(limit)} of ${account}`;
}

function lastOf({ limits }: ReplayVerdictBody): number | null {
  return limits.reduce<number | null>((last, { last_at: at }) => Math.max(last ?? 0, at), null);
}

function number(id: string, header: string, of: (row: ReplayVerdictBody) => number): Column<ReplayVerdictBody> {
  return { id, header, sort: of, align: 'end', width: 'minmax(5rem, 1fr)', cell: (row) => wholeNumber(of(row)) };
}

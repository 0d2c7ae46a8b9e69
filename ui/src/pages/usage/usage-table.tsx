import { Button } from '@mantine/core';
import { useMemo, type ReactNode } from 'react';
import type { UsageRowBody } from '../../../../src/admin/contract-usage.js';
import { DataTable, type Column } from '../../parts/data-table.js';
import { wholeNumber } from '../../parts/format.js';
import { KeyLink } from '../../parts/key-link.js';
import { EmptyState } from '../../parts/notices.js';
import type { Group } from './usage-query.js';

interface TableParts {
  by: Group;
  rows: readonly UsageRowBody[] | undefined;
  error: Error | null;
  retry: () => void;
  /** Shows one key, owner or model alone. */
  narrow: (by: Group, name: string) => void;
  filters: ReactNode;
}

const WHAT: Readonly<Record<Group, string>> = { key: 'keys', owner: 'owners', model: 'models', day: 'days' };

export function UsageTable({ by, rows, error, retry, narrow, filters }: TableParts) {
  const columns = useMemo(() => columnsOf(by, narrow), [by, narrow]);
  return (
    <DataTable
      key={by}
      what={WHAT[by]}
      rows={rows}
      columns={columns}
      rowKey={(row) => nameOf(row, by) ?? ''}
      sort={by === 'day' ? { id: 'name', descending: true } : { id: 'total', descending: true }}
      searchText={SEARCHED[by]}
      error={error}
      retry={retry}
      height="34rem"
      filters={filters}
      empty={
        <EmptyState title="No requests in this time" command="keyporter usage --since 90d">
          Requests that were admitted are counted here. Choose a longer time, or send one with a key.
        </EmptyState>
      }
    />
  );
}

/** Kept here so that the table need not search anew each time it is drawn. */
const SEARCHED: Readonly<Record<Group, (row: UsageRowBody) => string>> = {
  key: ({ key_id: id, key_name: name }) => `${id} ${name ?? ''}`,
  owner: ({ owner }) => owner ?? '',
  model: ({ model }) => model ?? '',
  day: ({ day }) => day ?? '',
};

function nameOf(row: UsageRowBody, by: Group): string | null {
  return { key: row.key_id, owner: row.owner, model: row.model, day: row.day }[by];
}

function columnsOf(by: Group, narrow: TableParts['narrow']): Column<UsageRowBody>[] {
  const columns: Column<UsageRowBody>[] = [
    nameColumn(by),
    amount(
      'requests',
      'Requests',
      exact((row) => row.requests),
    ),
    amount(
      'failed',
      'Failed',
      exact((row) => row.failed),
    ),
    amount(
      'input',
      'Input',
      tokens((row) => row.input_tokens),
    ),
    amount(
      'output',
      'Output',
      tokens((row) => row.output_tokens),
    ),
    amount(
      'total',
      'Tokens',
      tokens((row) => row.total_tokens),
    ),
    amount(
      'cached',
      'Cached',
      exact((row) => row.cached_tokens),
    ),
    amount('gpu', 'GPU seconds', (row) => ({
      value: Math.round(row.gpu_seconds * 10) / 10,
      estimated: row.gpu_seconds_estimated > 0,
    })),
  ];
  return by === 'day' ? columns : [...columns, narrowColumn(by, narrow)];
}

interface SumParts {
  value: number;
  estimated: boolean;
}

function exact(of: (row: UsageRowBody) => number): (row: UsageRowBody) => SumParts {
  return (row) => ({ value: of(row), estimated: false });
}

function tokens(of: (row: UsageRowBody) => number): (row: UsageRowBody) => SumParts {
  return (row) => ({ value: of(row), estimated: row.estimated_requests > 0 });
}

function amount(id: string, header: string, of: (row: UsageRowBody) => SumParts): Column<UsageRowBody> {
  return {
    id,
    header,
    sort: (row) => of(row).value,
    align: 'end',
    width: 'minmax(5.5rem, 1fr)',
    cell: (row) => <Sum {...of(row)} />,
  };
}

function nameColumn(by: Group): Column<UsageRowBody> {
  const header = { key: 'Key', owner: 'Owner', model: 'Model', day: 'Day (UTC)' }[by];
  return {
    id: 'name',
    header,
    width: 'minmax(9rem, 2fr)',
    sort: (row) => (by === 'key' ? (row.key_name ?? row.key_id) : nameOf(row, by)),
    cell: (row) =>
      by === 'key' ? (
        <KeyLink id={row.key_id} name={row.key_name} />
      ) : (
        (nameOf(row, by) ?? <span className="kp-dim">{by === 'owner' ? 'no owner' : 'no model'}</span>)
      ),
  };
}

function narrowColumn(by: Group, narrow: TableParts['narrow']): Column<UsageRowBody> {
  return {
    id: 'narrow',
    header: 'Show alone',
    hideHeader: true,
    width: '5.5rem',
    align: 'end',
    cell: (row) => {
      const name = nameOf(row, by);
      return (
        name !== null && (
          <Button size="compact-xs" variant="subtle" aria-label={`Only this: ${name}`} onClick={() => narrow(by, name)}>
            Only this
          </Button>
        )
      );
    },
  };
}

/** A number; one that is an estimate in part has a `~` in front, as in the terminal. */
function Sum({ value, estimated }: SumParts) {
  if (!estimated) return wholeNumber(value);
  return (
    <span title="An estimate in part: the model server did not tell.">
      <span className="kp-hidden">about </span>
      <span aria-hidden="true">~</span>
      {wholeNumber(value)}
    </span>
  );
}

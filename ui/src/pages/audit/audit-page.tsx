import { Button, TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { AuditEntryBody, AuditListBody } from '../../../../src/admin/contract-activity.js';
import { api, pathOf } from '../../api/client.js';
import { useAddressState, type AddressForm } from '../../parts/address-state.js';
import { CliTwin, shellWord } from '../../parts/cli-twin.js';
import { DataTable, type Column } from '../../parts/data-table.js';
import { Moment } from '../../parts/moment.js';
import { EmptyState } from '../../parts/notices.js';
import { Page } from '../../parts/page.js';
import { useSettled } from '../../parts/settled.js';
import { ToneBadge } from '../../parts/tone-badge.js';
import { EntryDetails } from './entry-details.js';
import { ChainCheck } from './chain-check.js';
import './audit.css';

const ROWS_AT_A_TIME = 200;

interface Filter {
  action: string;
  target: string;
  actor: string;
}

const FILTER_IN_ADDRESS: AddressForm<Filter> = {
  read(search) {
    const text = (name: string): string => search.get(name) ?? '';
    return { action: text('action'), target: text('target'), actor: text('actor') };
  },
  write: (filter) => ({ ...filter }),
};

/** Who changed what, or tried to, and whether the trail is whole. */
export function AuditPage() {
  const [filter, setFilter] = useAddressState(FILTER_IN_ADDRESS);
  const trail = useTrail(useSettled(filter));
  const [opened, open] = useState<AuditEntryBody | null>(null);
  const columns = useMemo(() => columnsOf(open), []);
  return (
    <Page
      title="Audit"
      about="Who changed, or tried to change, what. Each entry holds the hash of the one before."
      actions={
        <Button
          component="a"
          href={pathOf('/audit/export')}
          download="keyporter-audit.ndjson"
          size="xs"
          variant="default"
        >
          Export all
        </Button>
      }
    >
      <ChainCheck />
      <DataTable
        what="entries"
        rows={trail.rows}
        columns={columns}
        rowKey={({ sequence }) => String(sequence)}
        error={trail.error}
        retry={trail.retry}
        cut={trail.readOlder !== undefined}
        filters={<Filters filter={filter} change={(changed) => setFilter({ ...filter, ...changed })} />}
        empty={
          <EmptyState title="No entries" command="keyporter audit list">
            Nothing that was done fits these filters. They take whole names, such as key.revoke.
          </EmptyState>
        }
      />
      {trail.readOlder !== undefined && (
        <div>
          <Button variant="default" size="xs" loading={trail.readingOlder} onClick={trail.readOlder}>
            Read older ones
          </Button>
        </div>
      )}
      <CliTwin command={commandOf(filter)} />
      <CliTwin command="keyporter audit export > keyporter-audit.ndjson" />
      {opened !== null && <EntryDetails entry={opened} onClose={() => open(null)} />}
    </Page>
  );
}

function useTrail(filter: Filter) {
  const query = useInfiniteQuery({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam, signal }) =>
      api.get<AuditListBody>(pathOf('/audit', { ...filter, limit: ROWS_AT_A_TIME, after: pageParam }), signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = query;
  return {
    rows: useMemo(() => data?.pages.flatMap((page) => page.data), [data]),
    error,
    retry: () => void refetch(),
    readOlder: hasNextPage ? () => void fetchNextPage() : undefined,
    readingOlder: isFetchingNextPage,
  };
}

const FIELDS: readonly { name: keyof Filter; label: string; example: string }[] = [
  { name: 'action', label: 'Action', example: 'key.revoke' },
  { name: 'target', label: 'Target', example: 'key:Hx81kTzPq02a' },
  { name: 'actor', label: 'Actor', example: 'local:root' },
];

function Filters({ filter, change }: { filter: Filter; change: (changed: Partial<Filter>) => void }) {
  return (
    <div className="kp-audit-filters">
      {FIELDS.map(({ name, label, example }) => (
        <TextInput
          key={name}
          aria-label={label}
          placeholder={`${label}: ${example}`}
          value={filter[name]}
          onChange={(event) => change({ [name]: event.currentTarget.value.trim() })}
        />
      ))}
    </div>
  );
}

function columnsOf(open: (entry: AuditEntryBody) => void): Column<AuditEntryBody>[] {
  const text = (id: 'actor' | 'action' | 'target', header: string): Column<AuditEntryBody> => ({
    id,
    header,
    sort: (entry) => entry[id],
    cell: (entry) => <span title={entry[id]}>{entry[id]}</span>,
  });
  return [
    {
      id: 'sequence',
      header: 'No.',
      width: '5.5rem',
      sort: (entry) => entry.sequence,
      cell: (entry) => (
        <Button
          size="compact-sm"
          variant="subtle"
          px={0}
          aria-label={`${entry.sequence}: details of the entry`}
          onClick={() => open(entry)}
        >
          {entry.sequence}
        </Button>
      ),
    },
    { id: 'at', header: 'Time', sort: (entry) => entry.at, cell: (entry) => <Moment at={entry.at} /> },
    text('actor', 'Actor'),
    text('action', 'Action'),
    text('target', 'Target'),
    {
      id: 'result',
      header: 'Result',
      width: '7rem',
      sort: (entry) => entry.result,
      cell: (entry) => <ToneBadge tone={entry.result === 'done' ? 'good' : 'warn'}>{entry.result}</ToneBadge>,
    },
    {
      id: 'address',
      header: 'From',
      width: '9rem',
      sort: (entry) => entry.address,
      cell: (entry) => entry.address ?? <span className="kp-dim">this machine</span>,
    },
  ];
}

function commandOf(filter: Filter): string {
  const options = FIELDS.filter(({ name }) => filter[name] !== '').map(
    ({ name }) => `--${name} ${shellWord(filter[name])}`,
  );
  return ['keyporter audit list', ...options].join(' ');
}

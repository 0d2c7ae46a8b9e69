import { Button, TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { RequestRowBody } from '../../../../src/admin/contract-activity.js';
import { useAddressState } from '../../parts/address-state.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { DataTable, type Column } from '../../parts/data-table.js';
import { duration, timeOfDay, wholeNumber } from '../../parts/format.js';
import { KeyLink } from '../../parts/key-link.js';
import { EmptyState } from '../../parts/notices.js';
import { LiveBadge, Page } from '../../parts/page.js';
import { useSettled } from '../../parts/settled.js';
import { StatusText } from '../../parts/status-text.js';
import { RequestDetails } from '../../request/request-details.js';
import { commandOf } from './request-command.js';
import { FILTER_IN_ADDRESS, type RequestFilter } from './request-filter.js';
import { useRequestTail, type RequestTail } from './request-tail.js';
import './requests.css';

/** Every finished request, the newest first, as it comes. */
export function RequestsPage() {
  const [filter, setFilter] = useAddressState(FILTER_IN_ADDRESS);
  const settled = useSettled(filter);
  const tail = useRequestTail(settled);
  const [opened, open] = useState<RequestRowBody | null>(null);
  const columns = useMemo(() => columnsOf(open), []);
  return (
    <Page
      title="Requests"
      about="Every finished request, the newest first. What was asked and answered is never kept."
      actions={
        <>
          <LiveBadge state={tail.live} />
          <PauseButton tail={tail} />
        </>
      }
    >
      <DataTable
        what="requests"
        rows={tail.rows}
        columns={columns}
        rowKey={({ id }) => id}
        error={tail.error}
        retry={tail.readAgain}
        cut={tail.readOlder !== undefined}
        filters={<Filters filter={filter} change={(changed) => setFilter({ ...filter, ...changed })} />}
        empty={
          <EmptyState title="No requests here" command={commandOf(filter)}>
            None in the log fit these filters. New ones appear by themselves.
          </EmptyState>
        }
      />
      <div className="kp-page-actions">
        {tail.readOlder !== undefined && (
          <Button variant="default" size="xs" loading={tail.readingOlder} onClick={tail.readOlder}>
            Read older ones
          </Button>
        )}
        {tail.skipped > 0 && (
          <span className="kp-dim">
            {wholeNumber(tail.skipped)} came too fast to be shown live.{' '}
            <Button variant="subtle" size="compact-xs" onClick={tail.readAgain}>
              Read the log again
            </Button>
          </span>
        )}
      </div>
      <CliTwin command={commandOf(filter)} />
      {opened !== null && <RequestDetails request={opened} onClose={() => open(null)} />}
    </Page>
  );
}

function PauseButton({ tail }: { tail: RequestTail }) {
  return (
    <Button size="xs" variant="default" aria-pressed={tail.paused} onClick={() => tail.setPaused(!tail.paused)}>
      {tail.paused ? `Resume (${wholeNumber(tail.held)} new)` : 'Pause'}
    </Button>
  );
}

const FIELDS: readonly { name: keyof RequestFilter; label: string }[] = [
  { name: 'keyId', label: 'Key id' },
  { name: 'owner', label: 'Owner' },
  { name: 'model', label: 'Model' },
];

interface FilterParts {
  filter: RequestFilter;
  change: (changed: Partial<RequestFilter>) => void;
}

function Filters({ filter, change }: FilterParts) {
  const wrong = filter.status !== '' && !/^[1-5]/.test(filter.status);
  return (
    <div className="kp-request-filters">
      <TextInput
        aria-label="Status"
        placeholder="Status: 404, 4xx"
        list="kp-statuses"
        value={filter.status}
        error={wrong ? 'Such as 404 or 4xx.' : undefined}
        onChange={(event) => change({ status: event.currentTarget.value.trim() })}
      />
      <datalist id="kp-statuses">
        {['2xx', '4xx', '5xx', '401', '403', '429', '503'].map((status) => (
          <option key={status} value={status} />
        ))}
      </datalist>
      {FIELDS.map(({ name, label }) => (
        <TextInput
          key={name}
          aria-label={label}
          placeholder={label}
          value={filter[name]}
          onChange={(event) => change({ [name]: event.currentTarget.value.trim() })}
        />
      ))}
    </div>
  );
}

function columnsOf(open: (row: RequestRowBody) => void): Column<RequestRowBody>[] {
  return [
    {
      id: 'time',
      header: 'Time',
      width: '5rem',
      sort: (row) => row.started_at,
      cell: (row) => (
        <Button
          size="compact-sm"
          variant="subtle"
          px={0}
          aria-label={`${timeOfDay(row.started_at)}: details of the request`}
          onClick={() => open(row)}
        >
          {timeOfDay(row.started_at)}
        </Button>
      ),
    },
    {
      id: 'status',
      header: 'Status',
      width: 'minmax(8rem, 1fr)',
      sort: (row) => row.status,
      cell: (row) => <StatusText status={row.status} code={row.code} />,
    },
    { id: 'key', header: 'Key', sort: (row) => row.key_id, cell: (row) => <KeyLink id={row.key_id} /> },
    text('owner', 'Owner', (row) => row.owner),
    text('model', 'Model', (row) => row.model),
    {
      ...text('path', 'Request', (row) => (row.method === 'POST' ? row.path : `${row.method} ${row.path}`)),
      width: 'minmax(10rem, 1.6fr)',
    },
    time('first', 'First byte', (row) => row.first_byte_ms),
    time('duration', 'Duration', (row) => row.duration_ms),
  ];
}

function text(id: string, header: string, of: (row: RequestRowBody) => string | null): Column<RequestRowBody> {
  const cell = (row: RequestRowBody) => of(row) ?? <span className="kp-dim">–</span>;
  return { id, header, sort: of, cell, width: 'minmax(6rem, 1fr)' };
}

function time(id: string, header: string, of: (row: RequestRowBody) => number | null): Column<RequestRowBody> {
  return { id, header, sort: of, align: 'end', width: '5rem', cell: (row) => duration(of(row)) };
}

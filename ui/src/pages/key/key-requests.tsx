import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import { requestsOfKeyQuery, type RequestRowBody } from '../../api/activity.js';
import type { KeyBody } from '../../api/keys.js';
import { useAtMostEvery, useLive } from '../../api/live.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { DataTable, type Column } from '../../parts/data-table.js';
import { duration } from '../../parts/format.js';
import { Moment } from '../../parts/moment.js';
import { EmptyState } from '../../parts/notices.js';
import { LiveBadge, Panel } from '../../parts/page.js';
import { StatusText } from '../../parts/status-text.js';
import { RequestDetails } from '../../request/request-details.js';

const MOST_ROWS = 200;

/** However many requests arrive, the key and its usage are read no more often than this. */
const READ_AGAIN_MS = 5_000;

/** The last requests of a key, as they finish; and what still shows the secret before the last rotation. */
export function KeyRequests({ subject }: { subject: KeyBody }) {
  const keyId = subject.id;
  const [opened, open] = useState<RequestRowBody | null>(null);
  const columns = useMemo(() => columnsOf(open), []);
  const client = useQueryClient();
  const query = useMemo(() => requestsOfKeyQuery(keyId), [keyId]);
  const { data: rows, error, refetch } = useQuery(query);
  const readAgain = useAtMostEvery(READ_AGAIN_MS, () => {
    void client.invalidateQueries({ queryKey: ['key', keyId] });
    void client.invalidateQueries({ queryKey: ['usage', 'day', keyId] });
  });
  const live = useLive(
    {
      requests: ({ data }) => {
        const fresh = data.filter((row) => row.key_id === keyId).toReversed();
        if (fresh.length === 0) return;
        client.setQueryData(query.queryKey, (known) => withFresh(known ?? [], fresh));
        readAgain();
      },
    },
    () => void refetch(),
  );
  return (
    <Panel
      title="Recent requests"
      actions={
        <span className="kp-page-actions">
          <LiveBadge state={live} />
          <Link className="kp-small" href={`/requests?key_id=${encodeURIComponent(keyId)}`}>
            All of them
          </Link>
        </span>
      }
    >
      {subject.previous !== null && <OldSecretUse rows={rows ?? []} rotatedAt={subject.rotated_at ?? 0} />}
      <DataTable
        what="requests"
        rows={rows}
        columns={columns}
        rowKey={idOf}
        error={error}
        retry={() => void refetch()}
        height="24rem"
        empty={
          <EmptyState title="No requests yet">
            They appear here as they finish, without loading the page again.
          </EmptyState>
        }
      />
      <CliTwin command={`keyporter requests -f --key-id ${keyId}`} />
      {opened !== null && <RequestDetails request={opened} onClose={() => open(null)} />}
    </Panel>
  );
}

function withFresh(known: readonly RequestRowBody[], fresh: readonly RequestRowBody[]): RequestRowBody[] {
  const ids = new Set(fresh.map(({ id }) => id));
  return [...fresh, ...known.filter(({ id }) => !ids.has(id))].slice(0, MOST_ROWS);
}

/** A row from before the rotation may have shown an older secret yet, which has ended. */
function OldSecretUse({ rows, rotatedAt }: { rows: readonly RequestRowBody[]; rotatedAt: number }) {
  const old = rows.filter((row) => row.previous_secret && row.started_at >= rotatedAt);
  const users = [
    ...new Set(old.map((row) => `${row.address}${row.user_agent === null ? '' : ` (${row.user_agent})`}`)),
  ];
  return (
    <div className="kp-note">
      {users.length === 0
        ? 'None of these requests showed the old secret.'
        : `${old.length} of these requests showed the old secret, from ${users.join(', ')}. Change it there before it ends.`}
    </div>
  );
}

function idOf(row: RequestRowBody): string {
  return row.id;
}

function columnsOf(open: (row: RequestRowBody) => void): Column<RequestRowBody>[] {
  return [
    {
      id: 'when',
      header: 'When',
      width: '7.5rem',
      cell: (row) => (
        <Button size="compact-sm" variant="subtle" px={0} onClick={() => open(row)}>
          <Moment at={row.started_at} />
          <span className="kp-hidden">: details of the request</span>
        </Button>
      ),
    },
    ...FACTS,
  ];
}

const FACTS: readonly Column<RequestRowBody>[] = [
  {
    id: 'status',
    header: 'Status',
    width: 'minmax(6rem, 1fr)',
    sort: ({ status }) => status,
    cell: (row) => <StatusText status={row.status} code={row.code} />,
  },
  { id: 'path', header: 'Path', width: 'minmax(9rem, 2fr)', cell: ({ method, path }) => `${method} ${path}` },
  { id: 'model', header: 'Model', sort: ({ model }) => model, cell: ({ model }) => model ?? '–' },
  { id: 'address', header: 'From', cell: ({ address }) => address },
  {
    id: 'first',
    header: 'First byte',
    width: '5.5rem',
    align: 'end',
    sort: (row) => row.first_byte_ms,
    cell: (row) => duration(row.first_byte_ms),
  },
  {
    id: 'took',
    header: 'Took',
    width: '5.5rem',
    align: 'end',
    sort: (row) => row.duration_ms,
    cell: (row) => duration(row.duration_ms),
  },
];

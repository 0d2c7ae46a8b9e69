import { Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { endStream, streamsQuery, type StreamBody } from '../../api/activity.js';
import { useLive } from '../../api/live.js';
import { useRefusal } from '../../api/session.js';
import { Act } from '../../parts/act.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { ConfirmDialog } from '../../parts/confirm-dialog.js';
import { DataTable, type Column } from '../../parts/data-table.js';
import { byteSize, duration } from '../../parts/format.js';
import { KeyLink } from '../../parts/key-link.js';
import { Moment } from '../../parts/moment.js';
import { EmptyState } from '../../parts/notices.js';
import { LiveBadge, Page } from '../../parts/page.js';
import { StateBadge } from '../../parts/state-badge.js';

/** What runs and waits now. */
export function StreamsPage() {
  const client = useQueryClient();
  const { data: streams, error, refetch } = useQuery(streamsQuery);
  const [ending, setEnding] = useState<StreamBody | null>(null);
  const refusal = useRefusal('admin');
  const live = useLive({ streams: (event) => client.setQueryData(streamsQuery.queryKey, event) }, () => void refetch());
  const columns = useMemo(() => streamColumns(setEnding, refusal), [refusal]);
  const left = streams === undefined ? 0 : streams.total - streams.data.length;
  return (
    <Page title="Streams" about="Requests that run or wait now" actions={<LiveBadge state={live} />}>
      <DataTable
        what="requests"
        rows={streams?.data}
        columns={columns}
        rowKey={idOf}
        searchText={searchTextOf}
        error={error}
        retry={() => void refetch()}
        empty={
          <EmptyState title="Nothing runs now">
            Requests appear here the moment they arrive, and those that wait say how many are before them.
          </EmptyState>
        }
      />
      {left > 0 && (
        <Text size="sm">
          {left} more run or wait; <code>keyporter streams</code> lists them all.
        </Text>
      )}
      <CliTwin command="keyporter streams" />
      {ending !== null && <EndDialog stream={ending} onClose={() => setEnding(null)} />}
    </Page>
  );
}

function EndDialog({ stream, onClose }: { stream: StreamBody; onClose: () => void }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => endStream(stream.id),
    onSuccess: () => client.invalidateQueries({ queryKey: streamsQuery.queryKey }),
  });
  return (
    <ConfirmDialog
      title="End this request"
      confirm="End the request"
      dangerous
      command={`keyporter streams end ${stream.id}`}
      act={end}
      onConfirm={() => end.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <Text size="sm">
        {stream.method} {stream.path} {stream.model === null ? '' : `for ${stream.model} `}of the key{' '}
        <code>{stream.key_id}</code> ends now. Its client is told that it was ended. The key goes on working.
      </Text>
    </ConfirmDialog>
  );
}

function idOf(stream: StreamBody): string {
  return stream.id;
}

function searchTextOf(stream: StreamBody): string {
  return [stream.id, stream.key_id, stream.owner, stream.model, stream.replica, stream.address, stream.path].join(' ');
}

function streamColumns(end: (stream: StreamBody) => void, refusal: string | null): Column<StreamBody>[] {
  return [
    {
      id: 'phase',
      header: 'Phase',
      width: 'minmax(9.5rem, 1fr)',
      sort: ({ phase, position }) => (position === null ? phase : `${phase} ${position}`),
      cell: (stream) => <Phase of={stream} />,
    },
    {
      id: 'key',
      header: 'Key',
      width: 'minmax(6.5rem, 1.6fr)',
      sort: (stream) => stream.key_id,
      cell: (stream) => <KeyOf stream={stream} />,
    },
    text('model', 'Model', ({ model }) => model),
    text('replica', 'Server', ({ replica }) => replica?.replace(/^https?:\/\//, '') ?? null),
    text('path', 'Request', ({ method, path }) => (method === 'POST' ? path : `${method} ${path}`)),
    { ...text('address', 'From', ({ address }) => address), width: 'minmax(5.5rem, 0.8fr)' },
    {
      id: 'started',
      header: 'Started',
      width: '6.6rem',
      sort: (stream) => stream.started_at,
      cell: (stream) => <Moment at={stream.started_at} />,
    },
    {
      id: 'sent',
      header: 'Sent',
      width: '4rem',
      align: 'end',
      sort: (stream) => stream.bytes_out,
      cell: (stream) => byteSize(stream.bytes_out),
    },
    {
      id: 'end',
      header: 'Actions',
      width: '3rem',
      hideHeader: true,
      cell: (stream) => (
        <Act
          size="compact-xs"
          variant="default"
          refusal={refusal}
          onClick={() => end(stream)}
          aria-label={`End the request ${stream.id}`}
        >
          End
        </Act>
      ),
    },
  ];
}

function text(id: string, header: string, of: (stream: StreamBody) => string | null): Column<StreamBody> {
  return {
    id,
    header,
    width: 'minmax(5.5rem, 1fr)',
    sort: of,
    cell: (stream) => <span title={of(stream) ?? undefined}>{of(stream) ?? '–'}</span>,
  };
}

function Phase({ of: { phase, position, waiting_ms: waited } }: { of: StreamBody }) {
  if (position === null) return <StateBadge state={phase} />;
  return (
    <span title={`Number ${position} in line, for ${duration(waited)}`}>
      <StateBadge state={phase} />{' '}
      <span className="kp-dim">
        #{position}
        <span className="kp-hidden"> in line</span>, {duration(waited)}
      </span>
    </span>
  );
}

/** A caller without a key of ours has no page. */
function KeyOf({ stream: { key_id: id, owner } }: { stream: StreamBody }) {
  return (
    <span title={owner === null ? id : `${id}, ${owner}`}>
      {id.includes(':') ? <code>{id}</code> : <KeyLink id={id} />}{' '}
      {owner !== null && <span className="kp-dim">{owner}</span>}
    </span>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReplicaBody, ReplicaListBody } from '../../../../src/admin/contract-replicas.js';
import { api, pathOf } from '../../api/client.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { wholeNumber } from '../../parts/format.js';
import { EmptyState, ErrorNotice } from '../../parts/notices.js';
import { Page, Tile } from '../../parts/page.js';
import { Waiting } from '../../parts/waiting.js';
import { ReplicaCard } from './replica-card.js';
import { ReplicaLogs } from './replica-logs.js';
import './replicas.css';

const PERIOD_MS = 5_000;

export const REPLICAS = ['replicas'] as const;

/** The model servers: how each is, what it does, and what can be done about it. */
export function ReplicasPage() {
  const [logsOf, showLogsOf] = useState<string | null>(null);
  const { data, error, refetch } = useQuery({
    queryKey: REPLICAS,
    queryFn: ({ signal }) => api.get<ReplicaListBody>(pathOf('/replicas'), signal),
    refetchInterval: PERIOD_MS,
  });
  return (
    <Page title="Replicas" about="The model servers behind the gateway. Read anew every five seconds.">
      {error !== null && (
        <ErrorNotice error={error} what="The replicas could not be read" retry={() => void refetch()} />
      )}
      {data === undefined && error === null && <Waiting what="The replicas are being read" height={160} />}
      {data !== undefined && <Sums replicas={data.data} />}
      {data?.data.length === 0 && (
        <EmptyState title="No model servers" command="keyporter serve --upstream http://127.0.0.1:8080">
          Name one with --upstream or under models in keyporter.yaml, or start one on a usual port of this machine.
        </EmptyState>
      )}
      <div className="kp-replicas">
        {data?.data.map((replica) => (
          <ReplicaCard key={replica.id} replica={replica} onLogs={() => showLogsOf(replica.id)} />
        ))}
      </div>
      <CliTwin command="keyporter replicas list" />
      {logsOf !== null && <ReplicaLogs id={logsOf} onClose={() => showLogsOf(null)} />}
    </Page>
  );
}

function Sums({ replicas }: { replicas: readonly ReplicaBody[] }) {
  const ready = replicas.filter(({ state }) => state === 'ready').length;
  // Replicas of one model tell the same queue: it is counted once.
  const queues = new Map(replicas.map((replica) => [replica.models.join(' '), replica.waiting]));
  const waiting = [...queues.values()].reduce((sum, one) => sum + one, 0);
  return (
    <div className="kp-tiles">
      <Tile
        name="Ready"
        value={`${ready} of ${replicas.length}`}
        {...(ready < replicas.length ? { tone: ready === 0 ? ('bad' as const) : ('warn' as const) } : {})}
      />
      <Tile name="Running" value={wholeNumber(replicas.reduce((sum, one) => sum + one.in_flight, 0))} />
      <Tile name="Waiting" value={wholeNumber(waiting)} {...(waiting > 0 ? { tone: 'warn' as const } : {})} />
    </div>
  );
}

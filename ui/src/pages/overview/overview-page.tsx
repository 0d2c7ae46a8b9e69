import { Progress } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';
import { overviewQuery, withNewest } from '../../api/activity.js';
import { useLive } from '../../api/live.js';
import type { OverviewBody } from '../../../../src/admin/contract-live.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { duration, shortNumber, wholeNumber } from '../../parts/format.js';
import { EmptyState, ErrorNotice } from '../../parts/notices.js';
import { LiveBadge, Page, Panel, Tile } from '../../parts/page.js';
import { Waiting } from '../../parts/waiting.js';
import { StateBadge } from '../../parts/state-badge.js';
import { OverviewCharts } from './overview-charts.js';
import { sumOf } from './recent.js';

type ReplicaLoad = NonNullable<OverviewBody['replicas']>[number];

/** What goes on now and went on in the last hour. */
export function OverviewPage() {
  const client = useQueryClient();
  const { data: overview, error, refetch } = useQuery(overviewQuery);
  const live = useLive(
    {
      overview: (event) => client.setQueryData(overviewQuery.queryKey, (present) => withNewest(present, event)),
    },
    () => void refetch(),
  );
  return (
    <Page title="Overview" about="Now, and the last hour" actions={<LiveBadge state={live} />}>
      {error !== null && (
        <ErrorNotice error={error} what="The overview could not be read" retry={() => void refetch()} />
      )}
      {overview === undefined && error === null && <Waiting what="The overview is being read" height={96} />}
      {overview !== undefined && <Shown overview={overview} />}
    </Page>
  );
}

function Shown({ overview }: { overview: OverviewBody }) {
  return (
    <>
      <Numbers overview={overview} />
      <OverviewCharts buckets={overview.buckets} />
      {overview.replicas !== null && <Replicas replicas={overview.replicas} />}
      <CliTwin command="keyporter status" />
    </>
  );
}

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3600;

function Numbers({ overview }: { overview: OverviewBody }) {
  const minute = sumOf(overview, MINUTE_SECONDS);
  const hour = sumOf(overview, HOUR_SECONDS);
  const { replicas, keys } = overview;
  const ready = replicas?.filter(({ state }) => state === 'ready').length ?? 0;
  const tokens = minute.inputTokens + minute.outputTokens;
  return (
    <div className="kp-tiles">
      <Tile name="Running now" value={wholeNumber(overview.running)} detail={<Link href="/streams">what runs</Link>} />
      <Tile
        name="Waiting"
        value={wholeNumber(overview.waiting)}
        tone={overview.waiting > 0 ? 'warn' : 'plain'}
        detail={hour.queueP95Ms === null ? 'nothing waited' : `95 of 100 waited at most ${duration(hour.queueP95Ms)}`}
      />
      <Tile
        name="Requests, last minute"
        value={shortNumber(minute.requests)}
        detail={`${shortNumber(hour.requests)} in the hour`}
      />
      <Tile
        name="Tokens, last minute"
        value={shortNumber(tokens)}
        detail={`${shortNumber(hour.inputTokens)} in, ${shortNumber(hour.outputTokens)} out in the hour`}
      />
      <Tile
        name="Errors, last hour"
        value={wholeNumber(hour.errors)}
        tone={hour.errors > 0 ? 'bad' : 'plain'}
        detail={`${wholeNumber(hour.refused)} refused by us`}
      />
      <Tile
        name="Time to first token"
        value={duration(hour.ttftP50Ms)}
        detail={hour.ttftP95Ms === null ? 'no streams in the hour' : `95 of 100 within ${duration(hour.ttftP95Ms)}`}
      />
      <Tile
        name="Active keys"
        value={wholeNumber(keys.active)}
        detail={<Link href="/keys">{wholeNumber(keys.total)} in all</Link>}
      />
      {replicas !== null && (
        <Tile
          name="Replicas ready"
          value={`${ready} of ${replicas.length}`}
          tone={ready < replicas.length ? 'warn' : 'plain'}
          detail={<Link href="/replicas">model servers</Link>}
        />
      )}
    </div>
  );
}

function Replicas({ replicas }: { replicas: readonly ReplicaLoad[] }) {
  if (replicas.length === 0)
    return (
      <EmptyState title="No model server is known" command="keyporter serve --upstream http://127.0.0.1:8080">
        Start llama.cpp, vLLM, Ollama or LM Studio on this machine, or name a server.
      </EmptyState>
    );
  return (
    <Panel title="Model servers">
      <ul className="kp-loads">
        {replicas.map((replica) => (
          <li key={replica.id}>
            <span className="kp-load-name">
              <b>{replica.models.join(', ') || replica.id}</b>{' '}
              <span className="kp-dim">{replica.url ?? replica.id}</span>
            </span>
            <StateBadge state={replica.state} />
            <Load replica={replica} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Load({ replica: { id, in_flight: inFlight, max_in_flight: most, waiting } }: { replica: ReplicaLoad }) {
  const words = `${inFlight}${most === null ? '' : ` of ${most}`} running, ${waiting} waiting`;
  return (
    <span className="kp-load">
      {most !== null && (
        <Progress value={Math.min(100, (inFlight / most) * 100)} aria-label={`Load of ${id}: ${words}`} />
      )}
      <span>{words}</span>
    </span>
  );
}

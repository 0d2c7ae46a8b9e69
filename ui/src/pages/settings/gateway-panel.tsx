import { Alert, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { StatusBody } from '../../../../src/admin/contract-gateway.js';
import { api, pathOf } from '../../api/client.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { Facts } from '../../parts/facts.js';
import { wholeNumber } from '../../parts/format.js';
import { Moment } from '../../parts/moment.js';
import { ErrorNotice } from '../../parts/notices.js';
import { Panel } from '../../parts/page.js';
import { Waiting } from '../../parts/waiting.js';
import { Prose } from '../../parts/prose.js';

export const STATUS = ['status'] as const;

/** What runs, where it listens, and what it warns of. */
export function GatewayPanel() {
  const { data, error, refetch } = useQuery({
    queryKey: STATUS,
    queryFn: ({ signal }) => api.get<StatusBody>(pathOf('/status'), signal),
  });
  return (
    <Panel title="The gateway">
      <Stack>
        {error !== null && (
          <ErrorNotice error={error} what="The state could not be read" retry={() => void refetch()} />
        )}
        {data === undefined && error === null && <Waiting what="The state is being read" height={160} />}
        {data !== undefined && <Status status={data} />}
        <CliTwin command="keyporter status" />
      </Stack>
    </Panel>
  );
}

function Status({ status }: { status: StatusBody }) {
  return (
    <>
      <Facts
        of={[
          ['Version', status.version],
          ['Runs since', <Moment key="since" at={status.started_at} />],
          ['State', status.draining ? 'draining: it stops when running requests have ended' : 'serving'],
          ['Configuration', status.config_file ?? 'none: the defaults'],
          ['Data', status.data_dir],
          ['Keys', wholeNumber(status.keys)],
          ['Process', `pid ${status.pid}`],
          ['Listeners', <Listeners key="listeners" of={status.listeners} />],
          ['Read anew', <LastReload key="reload" of={status.last_reload} />],
          ['Log rows lost', status.request_log_dropped === 0 ? null : wholeNumber(status.request_log_dropped)],
        ]}
      />
      {status.warnings.map((warning) => (
        <Alert key={warning} color="yellow" title="Warning">
          <Prose text={warning} />
        </Alert>
      ))}
    </>
  );
}

function Listeners({ of }: { of: StatusBody['listeners'] }) {
  return (
    <ul className="kp-listeners">
      {of.map(({ url, serve, profile }) => (
        <li key={url}>
          <code>{url}</code> <span className="kp-dim">{`${serve.join(', ')} · ${profile}`}</span>
        </li>
      ))}
    </ul>
  );
}

function LastReload({ of }: { of: StatusBody['last_reload'] }) {
  if (of === null) return <span className="kp-dim">not since it started</span>;
  if (of.ok)
    return (
      <>
        <Moment at={of.at} />, without a fault
      </>
    );
  return (
    <span className="kp-refused">
      <Moment at={of.at} />, refused: {of.faults.join(' ')}
    </span>
  );
}

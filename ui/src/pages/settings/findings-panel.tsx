import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { FindingListBody } from '../../../../src/admin/contract-gateway.js';
import { api, pathOf } from '../../api/client.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { ErrorNotice } from '../../parts/notices.js';
import { Panel } from '../../parts/page.js';
import { Waiting } from '../../parts/waiting.js';
import { Prose } from '../../parts/prose.js';
import { ToneBadge } from '../../parts/tone-badge.js';

const TONES = { error: 'bad', warning: 'warn', note: 'plain' } as const;

/** Every misconfiguration with its cure. */
export function FindingsPanel() {
  const { data, error, refetch } = useQuery({
    queryKey: ['doctor'],
    queryFn: ({ signal }) => api.get<FindingListBody>(pathOf('/doctor'), signal),
    staleTime: 60_000,
  });
  return (
    <Panel title="What the doctor finds">
      {error !== null && <ErrorNotice error={error} what="The checks could not be run" retry={() => void refetch()} />}
      {data === undefined && error === null && <Waiting what="The checks run" height={60} />}
      {data?.data.length === 0 && (
        <Text size="sm">Nothing is wrong with the configuration, the store or the servers.</Text>
      )}
      <ul className="kp-findings">
        {data?.data.map(({ check, severity, finding, cure }) => (
          <li key={check + finding}>
            <ToneBadge tone={TONES[severity]}>{severity}</ToneBadge>
            <div>
              <Text size="sm">
                <Prose text={finding} />
              </Text>
              <Text size="sm" className="kp-dim">
                <Prose text={cure} />
              </Text>
            </div>
          </li>
        ))}
      </ul>
      <CliTwin command="keyporter doctor" />
    </Panel>
  );
}

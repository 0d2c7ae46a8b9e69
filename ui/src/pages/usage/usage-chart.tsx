import { SegmentedControl } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { UsageRowBody } from '../../../../src/admin/contract-usage.js';
import { Chart, type ChartSeries } from '../../parts/chart.js';
import { dayColumns, dayName } from '../../parts/days.js';
import { shortNumber } from '../../parts/format.js';
import { Panel } from '../../parts/page.js';
import { Waiting } from '../../parts/waiting.js';
import type { Amount } from './usage-query.js';

interface Measure {
  label: string;
  series: readonly { name: string; of: Amount }[];
}

const MEASURES: Readonly<Record<string, Measure>> = {
  tokens: {
    label: 'Tokens',
    series: [
      { name: 'Input tokens', of: 'input_tokens' },
      { name: 'Output tokens', of: 'output_tokens' },
    ],
  },
  requests: {
    label: 'Requests',
    series: [
      { name: 'Requests', of: 'requests' },
      { name: 'Failed', of: 'failed' },
    ],
  },
  gpu: { label: 'GPU seconds', series: [{ name: 'GPU seconds', of: 'gpu_seconds' }] },
};

interface Shown {
  rows: readonly UsageRowBody[] | undefined;
  since: number;
  days: number;
  /** Whose use it is, such as "of alice". */
  whose: string;
}

/** Use of each day. Another measure is drawn from what was read already. */
export function UsageChart({ rows, since, days, whose }: Shown) {
  const [chosen, choose] = useState('tokens');
  const { label, series } = MEASURES[chosen] ?? { label: '', series: [] };
  const columns = useMemo(() => (rows === undefined ? null : dayColumns(rows, since, days)), [rows, since, days]);
  const drawn = useMemo<ChartSeries[]>(
    () => series.map(({ name, of }) => ({ name, values: columns?.rows.map((row) => row?.[of] ?? 0) ?? [] })),
    [columns, series],
  );
  return (
    <Panel
      title="By day"
      actions={
        <SegmentedControl
          size="xs"
          aria-label="What the chart shows"
          value={chosen}
          onChange={choose}
          data={Object.entries(MEASURES).map(([value, measure]) => ({ value, label: measure.label }))}
        />
      }
    >
      {columns === null ? (
        <Waiting what="The use of each day is being read" height={240} />
      ) : (
        <Chart
          title={`${label} of each UTC day${whose}, ${days} days`}
          times={columns.times}
          series={drawn}
          height={220}
          format={shortNumber}
          formatTime={dayName}
        />
      )}
    </Panel>
  );
}

import { useMemo } from 'react';
import type { RecentBucketBody } from '../../../../src/admin/contract-live.js';
import { Chart, type ChartSeries } from '../../parts/chart.js';
import { duration, timeOfDay } from '../../parts/format.js';
import { Panel } from '../../parts/page.js';

type Amount = Exclude<keyof RecentBucketBody, 'at'>;

interface Picture {
  title: string;
  lines: readonly { name: string; of: Amount }[];
  format?: (value: number) => string;
}

const PICTURES: readonly Picture[] = [
  {
    title: 'Requests in ten seconds',
    lines: [
      { name: 'Requests', of: 'requests' },
      { name: 'Errors', of: 'errors' },
      { name: 'Refused', of: 'refused' },
    ],
  },
  {
    title: 'Tokens in ten seconds',
    lines: [
      { name: 'Input', of: 'input_tokens' },
      { name: 'Output', of: 'output_tokens' },
    ],
  },
  {
    title: 'Time to first token',
    lines: [
      { name: 'Median', of: 'ttft_p50_ms' },
      { name: '95 of 100', of: 'ttft_p95_ms' },
    ],
    format: duration,
  },
  { title: 'Wait for a free model server', lines: [{ name: '95 of 100', of: 'queue_p95_ms' }], format: duration },
];

/** The last hour in pictures. */
export function OverviewCharts({ buckets }: { buckets: readonly RecentBucketBody[] }) {
  const times = useMemo(() => buckets.map(({ at }) => at), [buckets]);
  return (
    <div className="kp-columns">
      {PICTURES.map((picture) => (
        <OverviewChart key={picture.title} picture={picture} buckets={buckets} times={times} />
      ))}
    </div>
  );
}

interface Drawn {
  picture: Picture;
  buckets: readonly RecentBucketBody[];
  times: readonly number[];
}

function OverviewChart({ picture, buckets, times }: Drawn) {
  const series = useMemo<ChartSeries[]>(
    () => picture.lines.map(({ name, of }) => ({ name, values: buckets.map((bucket) => bucket[of]) })),
    [picture, buckets],
  );
  return (
    <Panel title={picture.title}>
      <Chart
        title={`${picture.title}, over the last hour`}
        times={times}
        series={series}
        formatTime={timeOfDay}
        {...(picture.format === undefined ? {} : { format: picture.format })}
      />
    </Panel>
  );
}

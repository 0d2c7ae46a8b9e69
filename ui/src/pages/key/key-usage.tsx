import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import { usageByDayQuery, type UsageRowBody } from '../../api/activity.js';
import { nowSeconds } from '../../clock.js';
import { Chart } from '../../parts/chart.js';
import { CliTwin } from '../../parts/cli-twin.js';
import { dayColumns, dayName, sinceOf } from '../../parts/days.js';
import { shortNumber, wholeNumber } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notices.js';
import { Panel, Tile } from '../../parts/page.js';
import { Waiting } from '../../parts/waiting.js';

const SPANS = [
  { value: '7', label: '7 days' },
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
];

/** What a key used, day by day. */
export function KeyUsage({ keyId }: { keyId: string }) {
  const [days, setDays] = useState(30);
  const since = sinceOf(days, nowSeconds());
  const { data: rows, error, refetch } = useQuery(usageByDayQuery(keyId, since));
  return (
    <Panel
      title="Usage"
      actions={
        <span className="kp-page-actions">
          <SegmentedControl
            size="xs"
            aria-label="How far back"
            data={SPANS}
            value={String(days)}
            onChange={(value) => setDays(Number(value))}
          />
          <Link className="kp-small" href={`/usage?by=model&key_id=${encodeURIComponent(keyId)}`}>
            By model
          </Link>
        </span>
      }
    >
      {error !== null && <ErrorNotice error={error} what="The usage could not be read" retry={() => void refetch()} />}
      {rows === undefined && error === null && <Waiting what="The usage is being read" height={280} />}
      {rows !== undefined && <Drawn rows={rows} since={since} days={days} />}
      <CliTwin
        command={`keyporter usage --by day --key-id ${keyId} --since ${new Date(since * 1000).toISOString().slice(0, 10)}`}
      />
    </Panel>
  );
}

interface Span {
  rows: readonly UsageRowBody[];
  /** Unix seconds of the first day. */
  since: number;
  days: number;
}

function Drawn({ rows, since, days }: Span) {
  const { times, series } = useMemo(() => daily({ rows, since, days }), [rows, since, days]);
  const sum = (of: (row: UsageRowBody) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return (
    <>
      <div className="kp-tiles kp-tiles-small">
        <Tile name="Requests" value={shortNumber(sum(({ requests }) => requests))} />
        <Tile name="Input tokens" value={shortNumber(sum((row) => row.input_tokens))} />
        <Tile name="Output tokens" value={shortNumber(sum((row) => row.output_tokens))} />
        <Tile name="GPU seconds" value={shortNumber(sum((row) => row.gpu_seconds))} />
      </div>
      <Chart
        title={`Tokens of each UTC day, ${days} days: ${wholeNumber(sum((row) => row.total_tokens))} in all`}
        times={times}
        series={series}
        kind="bars"
        formatTime={dayName}
      />
    </>
  );
}

function daily({ rows, since, days }: Span) {
  const { times, rows: byDay } = dayColumns(rows, since, days);
  return {
    times,
    series: [
      { name: 'Tokens', values: byDay.map((row) => row?.total_tokens ?? 0) },
      { name: 'Output tokens', values: byDay.map((row) => row?.output_tokens ?? 0) },
    ],
  };
}

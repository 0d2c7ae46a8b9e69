import { Skeleton } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { moment, wholeNumber } from './format.js';

export interface ChartSeries {
  name: string;
  /** As many as there are times; null leaves a gap. */
  values: readonly (number | null)[];
}

export interface ChartProps {
  /** What is shown, in a sentence: read aloud in place of the picture. */
  title: string;
  /** Unix seconds, rising. Keep the arrays the same while nothing changed. */
  times: readonly number[];
  series: readonly ChartSeries[];
  kind?: 'lines' | 'bars';
  height?: number;
  /** How a value is written on the axis, in the legend and in the table. */
  format?: (value: number) => string;
  /** How a time is written in the legend and in the table. */
  formatTime?: (at: number) => string;
}

const Canvas = lazy(() => import('./chart-canvas.js').then((module) => ({ default: module.ChartCanvas })));

/** Values over time, as a picture and as a table. The library that draws is loaded with the first chart. */
export function Chart(props: ChartProps) {
  const { height = 180, title, series } = props;
  if (series.every(({ values }) => values.every((value) => value === null)))
    return (
      <figure className="kp-chart kp-chart-none" aria-label={title}>
        Nothing was measured in this time.
      </figure>
    );
  return (
    <figure className="kp-chart" aria-label={title}>
      <Suspense fallback={<Skeleton height={height} />}>
        <Canvas {...props} height={height} />
      </Suspense>
      <details className="kp-chart-table">
        <summary>Show as a table</summary>
        <ChartTable {...props} />
      </details>
    </figure>
  );
}

const MOST_ROWS = 400;

function ChartTable({ title, times, series, format = wholeNumber, formatTime = moment }: ChartProps) {
  const from = Math.max(0, times.length - MOST_ROWS);
  return (
    <div className="kp-chart-rows" tabIndex={0} role="group" aria-label={`${title}, as a table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {series.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.slice(from).map((at, index) => (
            <tr key={at}>
              <th scope="row">{formatTime(at)}</th>
              {series.map(({ name, values }) => (
                <td key={name}>{shown(values[from + index], format)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function shown(value: number | null | undefined, format: (value: number) => string): string {
  return value == null ? '–' : format(value);
}

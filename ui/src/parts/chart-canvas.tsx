import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useMemo, useRef } from 'react';
import UPlot from 'uplot';
import type { ChartProps } from './chart.js';
import { moment, shortNumber } from './format.js';

/** Told apart by people who see few colours, and readable on both backgrounds. */
const COLOURS = {
  light: ['#364fc7', '#d9480f', '#2b8a3e', '#862e9c', '#0b7285', '#a61e4d'],
  dark: ['#91a7ff', '#ffa94d', '#69db7c', '#e599f7', '#66d9e8', '#faa2c1'],
} as const;
const LINES = { light: { text: '#495057', grid: '#e9ecef' }, dark: { text: '#c9c9c9', grid: '#3b3b3b' } } as const;

/** The picture of a chart. Made anew when its form changes; new values alone are only drawn. */
export function ChartCanvas(props: ChartProps) {
  const { title, times, series, kind = 'lines', height = 180, format = shortNumber, formatTime = moment } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const scheme = useComputedColorScheme('light');
  const names = series.map(({ name }) => name).join('\n');
  const data = useMemo<UPlot.AlignedData>(
    () => [[...times], ...series.map(({ values }) => [...values])],
    [times, series],
  );
  const newest = useRef(data);
  newest.current = data;

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const options = optionsOf({ names: names.split('\n'), scheme, kind, height, format, formatTime });
    const made = new UPlot({ ...options, width: Math.max(element.clientWidth, 200) }, newest.current, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: Math.max(element.clientWidth, 200), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [names, scheme, kind, height, format, formatTime]);

  useEffect(() => plot.current?.setData(data), [data]);

  return <div ref={place} className="kp-chart-canvas" role="img" aria-label={title} />;
}

interface Form {
  names: readonly string[];
  scheme: 'light' | 'dark';
  kind: 'lines' | 'bars';
  height: number;
  format: (value: number) => string;
  formatTime: (at: number) => string;
}

/** Distances of the axis: what is drawn are counts and milliseconds, which have no fractions worth a line. */
const WHOLE_STEPS = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((digit) => digit * 10 ** power)).flat();

function optionsOf({ names, scheme, kind, height, format, formatTime }: Form): Omit<UPlot.Options, 'width'> {
  const { text, grid } = LINES[scheme];
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  return {
    height,
    cursor: { y: false },
    scales: { y: { range: (_plot, _least, most) => [0, most > 0 ? Math.max(most * 1.1, 1) : 10] } },
    axes: [
      { ...axis, values: (_plot, splits) => timeLabels(splits) },
      { ...axis, size: 64, incrs: WHOLE_STEPS, values: (_plot, values) => values.map((value) => format(value)) },
    ],
    series: [
      { label: 'Time', value: (_plot, at: number | null) => (at === null ? '–' : formatTime(at)) },
      ...names.map((label, at) => seriesOf(label, { colour: colourAt(scheme, at), kind, format })),
    ],
  };
}

const HOUR_MINUTE = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const HOUR_SECOND = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const DAY_MONTH = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** As exact as the distance between two labels demands. */
function timeLabels(splits: readonly number[]): string[] {
  const step = (splits[1] ?? 0) - (splits[0] ?? 0);
  const form = step >= 86_400 ? DAY_MONTH : step >= 60 ? HOUR_MINUTE : HOUR_SECOND;
  return splits.map((at) => form.format(at * 1000));
}

function colourAt(scheme: 'light' | 'dark', at: number): string {
  const colours = COLOURS[scheme];
  return colours[at % colours.length] ?? colours[0];
}

function seriesOf(
  label: string,
  { colour, kind, format }: { colour: string; kind: Form['kind']; format: Form['format'] },
): UPlot.Series {
  const bars = kind === 'bars' ? UPlot.paths.bars?.({ size: [0.7, 60] }) : undefined;
  return {
    label,
    stroke: colour,
    width: kind === 'bars' ? 0 : 2,
    fill: kind === 'bars' ? colour : `${colour}1f`,
    points: { show: isAlone },
    spanGaps: true,
    value: (_plot, value: number | null) => (value === null ? '–' : format(value)),
    ...(bars === undefined ? {} : { paths: bars }),
  };
}

/** One value alone makes no line: it is drawn as a point. */
function isAlone({ data }: UPlot, at: number): boolean {
  return (data[at] ?? []).filter((value) => value != null).length === 1;
}

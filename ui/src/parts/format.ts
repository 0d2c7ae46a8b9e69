const WHOLE = new Intl.NumberFormat('en');
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
const CLOCK_TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** 1234567 as `1,234,567`. */
export function wholeNumber(value: number): string {
  return WHOLE.format(value);
}

/** 1234567 as `1.2M`: for tiles and axes. */
export function shortNumber(value: number): string {
  return value < 10_000 ? WHOLE.format(Math.round(value * 10) / 10) : SHORT.format(value);
}

/** Milliseconds as `850 ms`, `2.4 s`, `3 min`. A dash for null. */
export function duration(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
  return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`;
}

/** Bytes as `1.5 MB`. */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Unix seconds as a date and time of this browser's zone. */
export function moment(at: number): string {
  return MOMENT.format(at * 1000);
}

/** Unix seconds as the time of day. */
export function timeOfDay(at: number): string {
  return CLOCK_TIME.format(at * 1000);
}

const STEPS: readonly { unit: Intl.RelativeTimeFormatUnit; seconds: number }[] = [
  { unit: 'year', seconds: 31_536_000 },
  { unit: 'month', seconds: 2_592_000 },
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
];

/** Unix seconds as seen from `now`: `3 days ago`, `in 2 hours`. */
export function relativeTime(at: number, now: number): string {
  const distance = at - now;
  const step = STEPS.find(({ seconds }) => Math.abs(distance) >= seconds);
  if (step === undefined) return Math.abs(distance) < 10 ? 'just now' : RELATIVE.format(Math.round(distance), 'second');
  // What is past is not yet the next unit; what is to come is told as people would: 29.9 days are 30.
  const count = distance / step.seconds;
  return RELATIVE.format(distance < 0 ? Math.trunc(count) : Math.round(count), step.unit);
}

/** `requests_per_minute` as `requests per minute`. */
export function spoken(name: string): string {
  return name.replaceAll('_', ' ');
}

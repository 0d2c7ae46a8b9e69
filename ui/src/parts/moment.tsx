import { createContext, use, useSyncExternalStore, type ReactNode } from 'react';
import { every, nowSeconds } from '../clock.js';
import { moment, relativeTime } from './format.js';

const TICK_MS = 10_000;
const NowContext = createContext<number | null>(null);

/** One clock for all times of a page: a table has hundreds of them. */
export function Clock({ children }: { children: ReactNode }) {
  return <NowContext value={useSyncExternalStore(ticks, tenSeconds)}>{children}</NowContext>;
}

/** The time in Unix seconds, told anew every ten seconds. */
export function useNow(): number {
  return use(NowContext) ?? tenSeconds();
}

function ticks(changed: () => void): () => void {
  return every(TICK_MS, changed);
}

function tenSeconds(): number {
  return Math.floor(nowSeconds() / 10) * 10;
}

/** A time as people say it, with the exact one on hover; `never` stands for null. */
export function Moment({ at, never = 'never' }: { at: number | null; never?: string }) {
  const now = useNow();
  if (at === null) return <span className="kp-dim">{never}</span>;
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={moment(at)}>
      {relativeTime(at, now)}
    </time>
  );
}

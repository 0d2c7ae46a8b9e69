import type { Io } from './io.js';

const WIDTH = 30;
/** Back to the beginning of the line, and everything in it away. */
const CLEAR = '\r\u001b[K';

/** A line on standard error that shows how far something has come. */
export interface ProgressBar {
  /** `share` from 0 to 1, and what has been done, in words. */
  show(share: number, done: string): void;
  clear(): void;
}

export function createProgressBar(io: Io): ProgressBar {
  let shown = false;
  return {
    show(share, done) {
      const full = Math.round(Math.min(Math.max(share, 0), 1) * WIDTH);
      const percent = String(Math.floor(share * 100)).padStart(3);
      io.err(`${CLEAR}[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${percent} %  ${done}`);
      shown = true;
    },
    clear() {
      if (shown) io.err(CLEAR);
      shown = false;
    },
  };
}

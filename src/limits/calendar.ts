const DAY_MS = 86_400_000;

/** One UTC day or month. */
export interface CalendarWindow {
  /** Days since 1970, or months since January 1970. */
  number: number;
  /** Grows with every window that begins; counts with another epoch are of a window that is over. */
  epoch: number;
  /** Unix milliseconds, exclusive. */
  endsMs: number;
}

/**
 * Which day and month it is. A clock that goes back by less than a window stays in the later one,
 * so that its budget is not given twice. One that goes back further was wrong before: the window
 * takes the new date and keeps what it has counted, so that no limit waits for a date that is years away.
 */
export class Calendar {
  readonly day: CalendarWindow = { number: -1, epoch: 0, endsMs: 0 };
  readonly month: CalendarWindow = { number: -1, epoch: 0, endsMs: 0 };

  /** Moves to this wall time. */
  moveTo(nowMs: number): void {
    if (nowMs < this.day.endsMs && nowMs >= this.day.endsMs - DAY_MS) return;
    const day = dayOf(nowMs);
    if (moved(this.day, day)) this.day.endsMs = (day + 1) * DAY_MS;
    const month = monthOf(nowMs);
    if (moved(this.month, month)) this.month.endsMs = Date.UTC(1970, month + 1);
  }

  /** True for what happened in the present day; a time to come counts as present. */
  isToday(atMs: number): boolean {
    return dayOf(atMs) >= this.day.number;
  }

  /** True for what happened in the present month; a time to come counts as present. */
  isThisMonth(atMs: number): boolean {
    return monthOf(atMs) >= this.month.number;
  }
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS);
}

function monthOf(atMs: number): number {
  const date = new Date(atMs);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

function moved(window: CalendarWindow, number: number): boolean {
  if (number <= window.number && number >= window.number - 1) return false;
  if (number > window.number) window.epoch += 1;
  window.number = number;
  return true;
}

export interface Rounds {
  /** A round that begins after this call; shared by all who ask while one runs. */
  next(): Promise<void>;
  /** A round now, unless one runs or waits. */
  unlessRunning(): void;
}

/** Rounds that never overlap: one runs, and whoever asks meanwhile shares the one after it. */
export function createRounds(round: () => Promise<void>): Rounds {
  let running: Promise<void> | null = null;
  let waiting: Promise<void> | null = null;
  const start = (): Promise<void> => {
    waiting = null;
    running = round().finally(() => {
      running = null;
    });
    return running;
  };
  return {
    next() {
      if (running === null && waiting === null) return start();
      waiting ??= (running ?? Promise.resolve()).then(start);
      return waiting;
    },
    unlessRunning() {
      if (running === null && waiting === null) void start();
    },
  };
}

/** Works on all items, at most `width` at a time. */
export async function inTurns<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const one = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, one));
}

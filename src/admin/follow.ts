import type { Clock } from '../core/clock.js';

/** Rows that wait for a slow reader; later ones are left out and counted. */
const MOST_WAITING = 1000;
const HEARTBEAT_MS = 15_000;

interface Following {
  /** Rows that come at once. */
  first?: readonly object[];
  /** Calls back with every row from now on; returns the way to stop. */
  watch(take: (row: object) => void): () => void;
  clock: Clock;
  /** Ends the answer. */
  signal: AbortSignal;
}

/**
 * One JSON object a line for every row from now on. An empty line every 15 seconds shows that the
 * connection lives. A reader that is too slow gets a line `{"left_out":n}` in place of what it missed.
 */
export function followRows({ first = [], watch, clock, signal }: Following): Response {
  const encoder = new TextEncoder();
  let stop = (): void => undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let leftOut = 0;
        const send = (line: string): void => controller.enqueue(encoder.encode(`${line}\n`));
        for (const row of first) send(JSON.stringify(row));
        const unwatch = watch((row) => {
          if ((controller.desiredSize ?? 0) <= 0) {
            leftOut += 1;
            return;
          }
          if (leftOut > 0) send(JSON.stringify({ left_out: leftOut }));
          leftOut = 0;
          send(JSON.stringify(row));
        });
        const quiet = clock.every(HEARTBEAT_MS, () => {
          if ((controller.desiredSize ?? 0) > 0) send('');
        });
        const end = (): void => {
          stop();
          controller.close();
        };
        stop = () => {
          stop = () => undefined;
          unwatch();
          quiet();
          signal.removeEventListener('abort', end);
        };
        signal.addEventListener('abort', end, { once: true });
        if (signal.aborted) end();
      },
      cancel: () => stop(),
    },
    new CountQueuingStrategy({ highWaterMark: MOST_WAITING }),
  );
  return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } });
}

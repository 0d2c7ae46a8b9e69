import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { ReplayWatch } from '../usage/replay-port.js';
import type { ReplayedBody } from './contract-usage.js';
import { problemResponse } from './problem.js';

/** Between two lines about how far it has come. */
const PAUSE_MS = 200;

interface Following {
  clock: Clock;
  /** Aborted when the client leaves. */
  signal: AbortSignal;
  work(watch: ReplayWatch): Promise<ReplayedBody>;
}

/**
 * Does the work while telling how far it has come, one JSON object a line: `{"progress":{"rows","share"}}`,
 * and the outcome last. What is refused before the first line is refused like any request; later the
 * last line is a problem body. The work ends when the client leaves.
 */
export function followReplay({ clock, signal, work }: Following): Promise<Response> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  signal.addEventListener('abort', leave, { once: true });
  return new Promise((resolve, reject) => {
    const lines = new TransformStream<string, Uint8Array>({
      transform: (line, controller) => controller.enqueue(Buffer.from(`${line}\n`)),
    });
    const writer = lines.writable.getWriter();
    const answer = new Response(lines.readable, { headers: { 'content-type': 'application/x-ndjson' } });
    const say = (line: object): void => void writer.write(JSON.stringify(line)).catch(leave);
    let saidMs: number | null = null;
    const progress: ReplayWatch['progress'] = (made) => {
      if (saidMs !== null && clock.monotonic() - saidMs < PAUSE_MS) return;
      saidMs = clock.monotonic();
      resolve(answer);
      say({ progress: made });
    };
    writer.closed.catch(leave);
    work({ signal: gone.signal, progress })
      .then(
        (outcome) => {
          resolve(answer);
          say(outcome);
        },
        async (error: unknown) => {
          if (saidMs === null) return reject(error);
          say((await problemResponse(refusalOf(error), null).json()) as object);
        },
      )
      .finally(() => {
        signal.removeEventListener('abort', leave);
        void writer.close().catch(leave);
      });
  });
}

function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : new Refusal('internal', { cause: error });
}

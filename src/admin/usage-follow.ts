import { Refusal } from '../core/errors.js';
import type { ReplayWatch } from '../usage/replay-port.js';
import type { ReplayedBody } from './contract-usage.js';
import { problemResponse } from './problem.js';
import type { AdminSettings } from './settings.js';

/** Between two lines about how far it has come. */
const PAUSE_MS = 200;

interface Following {
  settings: AdminSettings;
  /** Of the request, for the log and for a problem body. */
  requestId: string | null;
  /** Aborted when the client leaves. */
  signal: AbortSignal;
  work(watch: ReplayWatch): Promise<ReplayedBody>;
}

/**
 * Does the work while telling how far it has come, one JSON object a line: `{"progress":{"rows","share"}}`,
 * and the outcome last. What is refused before the first line is refused like any request; later the
 * last line is a problem body. The work ends when the client leaves.
 */
export function followReplay({ settings, requestId, signal, work }: Following): Promise<Response> {
  const { clock, log } = settings;
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
          if (!(error instanceof Refusal)) log.error({ request: requestId, error: String(error) }, 'a replay failed');
          const refusal = error instanceof Refusal ? error : new Refusal('internal', { cause: error });
          say((await problemResponse(refusal, requestId).json()) as object);
        },
      )
      .finally(() => {
        signal.removeEventListener('abort', leave);
        void writer.close().catch(leave);
      });
  });
}

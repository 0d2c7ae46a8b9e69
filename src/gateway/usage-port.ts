import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { isPromise } from '../core/maybe.js';
import type { KeyDirectory } from '../keys/key.js';
import { createMemoryLimitStore } from '../limits/memory-limit-store.js';
import type { Ledger, LedgerRow } from '../usage/ledger.js';
import { Replay, windowsBegin } from '../usage/replay.js';
import type { ReplayOutcome, ReplayQuestion, ReplayWatch, UsagePort } from '../usage/replay-port.js';
import { SimulatedClock } from '../usage/simulated-clock.js';

export interface UsageParts {
  ledger: Ledger;
  directory: KeyDirectory;
  clock: Clock;
}

/** So long a replay works before everything else gets its turn. */
const SLICE_MS = 2;

/** Sums from the ledger, and replays of limits over it: one at a time, in slices between the requests of today. */
export function createUsagePort(parts: UsageParts): UsagePort {
  let runs = false;
  return {
    usage: (question) => parts.ledger.usage(question),
    async replay(question, watch) {
      if (runs) {
        throw new Refusal('conflict', {
          message: 'A replay runs already, and there is one at a time. Try again when it has ended.',
        });
      }
      runs = true;
      try {
        return await runReplay(parts, question, watch);
      } finally {
        runs = false;
      }
    },
  };
}

async function runReplay(parts: UsageParts, question: ReplayQuestion, watch: ReplayWatch): Promise<ReplayOutcome> {
  const { ledger, directory } = parts;
  const clock = new SimulatedClock();
  const replay = new Replay({
    question,
    clock,
    store: createMemoryLimitStore(clock),
    ancestorsOf: (callerId) => directory.byId(callerId)?.lineage ?? [],
  });
  const slices = createSlices(parts.clock, watch.signal);
  const { untilMs, callerIds } = question;
  const asked = { sinceMs: windowsBegin(question), untilMs, ...(callerIds === undefined ? {} : { callerIds }) };
  let rows = 0;
  let firstMs: number | null = null;
  for await (const piece of ledger.rows(asked)) {
    await takePiece(replay, piece, slices);
    rows += piece.length;
    firstMs ??= piece[0]?.atMs ?? untilMs;
    const lastMs = piece.at(-1)?.atMs ?? firstMs;
    watch.progress({ rows, share: Math.min(1, Math.max(0, (lastMs - firstMs) / Math.max(1, untilMs - firstMs))) });
  }
  return replay.outcome();
}

async function takePiece(replay: Replay, piece: readonly LedgerRow[], slices: Slices): Promise<void> {
  for (const row of piece) {
    if (slices.isOver()) await slices.next();
    const taken = replay.take(row);
    if (isPromise(taken)) await taken;
  }
}

interface Slices {
  isOver(): boolean;
  /** Lets everything else have its turn. Rejects when nobody waits for the replay any more. */
  next(): Promise<void>;
}

function createSlices(clock: Clock, signal: AbortSignal): Slices {
  let beganMs = clock.monotonic();
  return {
    isOver: () => signal.aborted || clock.monotonic() - beganMs >= SLICE_MS,
    async next() {
      await new Promise((resolve) => setImmediate(resolve));
      if (signal.aborted) throw new Refusal('client_gone', { reason: 'nobody waits for the replay any more' });
      beganMs = clock.monotonic();
    },
  };
}

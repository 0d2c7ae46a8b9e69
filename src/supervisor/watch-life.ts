import type { Cancel } from '../core/clock.js';
import type { Life } from './life.js';
import { askReadiness } from './readiness.js';
import type { Specification } from './specification.js';
import type { Surroundings } from './surroundings.js';

/** What the questions to a process showed. */
export interface Findings {
  ready(): void;
  /** It says no, or nothing. `detail`: the rest of a sentence that begins with the process. */
  notReady(detail: string): void;
  /** It was never ready within its grace. */
  tooSlow(detail: string): void;
  /** It was ready, and has not been for too long. */
  hangs(detail: string): void;
}

/** A process that was ready and answers no question for so long hangs. */
const HANGS_MS = 180_000;
const FIRST_PAUSE_MS = 100;
/** While it starts, it is asked at least this often: the sooner it is seen, the sooner it serves. */
const SLOWEST_START_PAUSE_MS = 2000;
/** One late answer says nothing about a busy engine. */
const MOST_FAILURES = 2;

export interface Watching {
  specification: Specification;
  world: Surroundings;
  findings: Findings;
}

/** Asks a process again and again whether it is ready, until it ended or the watch is cancelled. */
export function watchLife(life: Life, watching: Watching): Cancel {
  const { clock } = watching.world;
  const { intervalMs } = watching.specification.probe;
  let pauseMs = FIRST_PAUSE_MS;
  let over = false;
  let cancelTimer: Cancel = () => {};
  const round = async (): Promise<void> => {
    await askOnce(life, watching, () => over);
    if (over || life.exit !== null) return;
    const steady = life.readyMs !== null && life.failures === 0;
    pauseMs = steady ? intervalMs : Math.min(pauseMs * 1.5, SLOWEST_START_PAUSE_MS, intervalMs);
    cancelTimer = clock.after(pauseMs, () => void round());
  };
  cancelTimer = clock.after(FIRST_PAUSE_MS, () => void round());
  return () => {
    over = true;
    cancelTimer();
  };
}

/** One question and what follows from the answer. */
export async function askOnce(
  life: Life,
  { specification, world, findings }: Watching,
  isOver: () => boolean = () => false,
): Promise<void> {
  const { probe, engine } = specification;
  const { url, apiKey } = life;
  const answer = await askReadiness(world.ask, { url, apiKey, probe, engine });
  // What a process said before it ended, or was told to, counts no more.
  if (isOver() || life.exit !== null) return;
  const nowMs = world.clock.monotonic();
  if (answer.ready) {
    life.failures = 0;
    life.failingSinceMs = null;
    life.readyMs ??= nowMs;
    return findings.ready();
  }
  life.failures += 1;
  life.failingSinceMs ??= nowMs;
  if (life.readyMs === null) {
    return nowMs - life.beganMs >= probe.startupGraceMs
      ? findings.tooSlow(answer.detail)
      : findings.notReady(answer.detail);
  }
  if (nowMs - life.failingSinceMs >= HANGS_MS) return findings.hangs(answer.detail);
  if (life.failures >= MOST_FAILURES) findings.notReady(answer.detail);
}

import { useEffect, useRef, useState } from 'react';
import type { ReplayBody, ReplayedBody } from '../../../../src/admin/contract-usage.js';
import type { Problem } from '../../../../src/admin/contract.js';
import { pathOf } from '../../api/client.js';
import { followLines } from '../../api/lines.js';
import { ApiProblem } from '../../api/problem.js';

/** How far a replay has come: rows read, and the share of the time gone through, from 0 to 1. */
interface Progress {
  rows: number;
  share: number;
}

type Line = { progress: Progress } | ReplayedBody | Problem;

export interface Replay {
  running: boolean;
  progress: Progress | null;
  outcome: ReplayedBody | null;
  error: Error | null;
  start(body: ReplayBody): void;
  stop(): void;
}

const NOTHING = { running: false, progress: null, outcome: null, error: null };

/** Tries limits on earlier requests, and tells how far it has come. Leaving the page ends the work in the gateway. */
export function useReplay(): Replay {
  const [state, setState] = useState<Pick<Replay, 'running' | 'progress' | 'outcome' | 'error'>>(NOTHING);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const start = (body: ReplayBody): void => {
    running.current?.abort();
    const mine = new AbortController();
    running.current = mine;
    setState({ ...NOTHING, running: true });
    follow(body, mine.signal, (progress) => setState({ ...NOTHING, running: true, progress })).then(
      (outcome) => !mine.signal.aborted && setState({ ...NOTHING, outcome }),
      (error: Error) => !mine.signal.aborted && setState({ ...NOTHING, error }),
    );
  };
  const stop = (): void => {
    running.current?.abort();
    setState(NOTHING);
  };
  return { ...state, start, stop };
}

async function follow(
  body: ReplayBody,
  signal: AbortSignal,
  progress: (made: Progress) => void,
): Promise<ReplayedBody> {
  let outcome: ReplayedBody | null = null;
  const take = (value: unknown): void => {
    const line = value as Line;
    if ('progress' in line) progress(line.progress as Progress);
    else if ('data' in line) outcome = line as ReplayedBody;
    else throw new ApiProblem(line as Problem);
  };
  await followLines({ path: pathOf('/usage/replay', { follow: 1 }), body, signal, take });
  if (outcome === null) throw new Error('The answer ended before its outcome. Try again.');
  return outcome;
}

import { Crowd } from '../core/crowd.js';
import type { StreamEnd } from '../core/errors.js';

/** `queued`: waits for a replica with room; `waiting`: was sent, and nothing has come back. */
export type Phase = 'queued' | 'connecting' | 'waiting' | 'streaming';

/** Where a queued request stands. */
export interface QueuePlace {
  /** Monotonic milliseconds. */
  since: number;
  /** 1 = next among those that wait for the same model; null = it waits no more. */
  place(): number | null;
}

/** One request that runs, from the moment it was allowed until everything it took is given back. */
export interface InFlight {
  /** The request id. */
  readonly id: string;
  readonly callerId: string;
  /** Ids of the keys this one was derived from: ending one of them ends this request too. */
  readonly lineage: readonly string[];
  readonly owner: string | null;
  readonly model: string | null;
  /** Null while it is queued. */
  replica: string | null;
  readonly method: string;
  readonly path: string;
  readonly address: string;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  phase: Phase;
  /** Its wait for room, while it is queued. */
  queue: QueuePlace | null;
  bytesOut: number;
  /** Ends the request with a readable last event, then a broken connection. */
  end(code: StreamEnd, reason: string): void;
  /** Judges the caller anew; the code to end with, or null while everything still holds. */
  recheck(nowSeconds: number): StreamEnd | null;
  /** Unix seconds from which `recheck` can fail by time alone, as last checked; null = never. */
  expiresAt: number | null;
}

/**
 * Everything that runs now. Revocation, expiry, budget end, drain, the operator and shutdown all end
 * requests here and nowhere else.
 */
export interface InFlightRegistry {
  /** Registers; the result takes it out again and may be called more than once. */
  add(entry: InFlight): () => void;
  list(): InFlight[];
  readonly size: number;
  endOne(id: string, code: StreamEnd, reason: string): boolean;
  /** Ends what runs under these callers and under keys derived from them; answers how many. */
  endCallers(callerIds: readonly string[], code: StreamEnd, reason: string): number;
  /** Calls back with callers that were ended, whether anything of theirs ran or not. */
  onEndCallers(listener: (callerIds: readonly string[]) => void): void;
  endAll(code: StreamEnd, reason: string): number;
  /** After any change to keys or owners: ends what would not be allowed any more. */
  recheckAll(nowSeconds: number): number;
  /** Ends what expired; called once a second. */
  expire(nowSeconds: number): number;
  /** Resolves when nothing runs. */
  whenEmpty(): Promise<void>;
}

export function createInFlightRegistry(): InFlightRegistry {
  const running = new Crowd<InFlight>();
  let waiting: (() => void)[] = [];
  const listeners: ((callerIds: readonly string[]) => void)[] = [];

  const endThose = (chosen: readonly InFlight[], code: StreamEnd, reason: string): number => {
    for (const entry of chosen) entry.end(code, reason);
    return chosen.length;
  };
  const recheckThose = (chosen: readonly InFlight[], nowSeconds: number): number => {
    let ended = 0;
    for (const entry of chosen) {
      const code = entry.recheck(nowSeconds);
      if (code === null) continue;
      entry.end(code, 'the caller is not allowed any more');
      ended += 1;
    }
    return ended;
  };

  return {
    add(entry) {
      const leave = running.add(entry);
      return () => {
        leave();
        if (running.size > 0) return;
        for (const resolve of waiting) resolve();
        waiting = [];
      };
    },
    list: () => running.list(),
    get size() {
      return running.size;
    },
    endOne(id, code, reason) {
      const entry = running.list().find((one) => one.id === id);
      entry?.end(code, reason);
      return entry !== undefined;
    },
    endCallers(callerIds, code, reason) {
      const ids = new Set(callerIds);
      const isTheirs = (entry: InFlight): boolean => ids.has(entry.callerId) || entry.lineage.some((id) => ids.has(id));
      const ended = endThose(running.list().filter(isTheirs), code, reason);
      for (const listener of listeners) listener(callerIds);
      return ended;
    },
    onEndCallers: (listener) => void listeners.push(listener),
    endAll: (code, reason) => endThose(running.list(), code, reason),
    recheckAll: (nowSeconds) => recheckThose(running.list(), nowSeconds),
    expire: (nowSeconds) =>
      recheckThose(
        running.list().filter((entry) => entry.expiresAt !== null && entry.expiresAt <= nowSeconds),
        nowSeconds,
      ),
    whenEmpty: () => (running.size === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

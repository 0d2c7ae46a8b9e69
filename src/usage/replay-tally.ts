import type { Denial } from '../limits/limit-store.js';
import type { LedgerRow } from './ledger.js';
import type { LimitRefusals, ReplayOutcome, SubjectVerdict } from './replay-port.js';

/** One decision of a replay. */
export interface Judged {
  subject: string;
  row: LedgerRow;
  /** Null = admitted. */
  denial: Denial | null;
  shortened: boolean;
}

interface Tally extends Omit<SubjectVerdict, 'limits'> {
  /** By limit and account. */
  limits: Map<string, LimitRefusals>;
}

/** Counts the decisions of a replay, for each subject and in all. */
export class ReplayTally {
  readonly #subjects = new Map<string, Tally>();
  #unbound = 0;

  /** A request that no limit concerns. */
  unbound(): void {
    this.#unbound += 1;
  }

  add({ subject, row, denial, shortened }: Judged): void {
    const tally = this.#of(subject);
    const tokens = row.settled.inputTokens + row.settled.outputTokens;
    tally.requests += 1;
    tally.tokens += tokens;
    if (shortened) tally.shortened += 1;
    if (denial === null) return;
    tally.refused += 1;
    tally.refusedTokens += tokens;
    count(tally.limits, denial, row.atMs);
  }

  outcome(): ReplayOutcome {
    const outcome: ReplayOutcome = {
      requests: 0,
      refused: 0,
      shortened: 0,
      tokens: 0,
      refusedTokens: 0,
      unbound: this.#unbound,
      subjects: this.#subjects.size,
      hit: [],
    };
    for (const tally of this.#subjects.values()) {
      outcome.requests += tally.requests;
      outcome.refused += tally.refused;
      outcome.shortened += tally.shortened;
      outcome.tokens += tally.tokens;
      outcome.refusedTokens += tally.refusedTokens;
      if (tally.refused + tally.shortened > 0) outcome.hit.push(verdict(tally));
    }
    outcome.hit.sort((one, other) => other.refused - one.refused || other.shortened - one.shortened);
    return outcome;
  }

  #of(subject: string): Tally {
    const known = this.#subjects.get(subject);
    if (known !== undefined) return known;
    const fresh = { subject, requests: 0, refused: 0, shortened: 0, tokens: 0, refusedTokens: 0, limits: new Map() };
    this.#subjects.set(subject, fresh);
    return fresh;
  }
}

function count(limits: Tally['limits'], { limit, account }: Denial, atMs: number): void {
  const name = `${limit} ${account}`;
  const known = limits.get(name);
  if (known === undefined) limits.set(name, { limit, account, refused: 1, firstMs: atMs, lastMs: atMs });
  else limits.set(name, { ...known, refused: known.refused + 1, lastMs: Math.max(known.lastMs, atMs) });
}

function verdict(tally: Tally): SubjectVerdict {
  const limits = [...tally.limits.values()].sort((one, other) => other.refused - one.refused);
  return { ...tally, limits };
}

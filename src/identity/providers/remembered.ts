import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../../core/clock.js';
import type { Outage, Question, Verdict } from './provider.js';

/** A no is asked about again soon: whoever was just let in must not wait. */
const NO_LASTS_MS = 1000;
/** Answers kept at once; the oldest is forgotten first. */
const MOST_ANSWERS = 10_000;
/** Questions under way at once. */
const MOST_QUESTIONS = 1000;

export interface RememberedOptions {
  clock: Clock;
  /** How long a yes is remembered; 0 = not at all. */
  cacheMs: number;
  /** Everything about the question that the answer may depend on, besides the credential. */
  about(question: Question): readonly string[];
  /** What is answered when too many questions are under way. */
  busy: Outage;
}

interface Answer {
  verdict: Verdict;
  until: number;
}

/**
 * Asks once for all who wait for the same answer, and remembers it for a short time under a hash whose
 * key exists in this process alone. An outage is never remembered.
 */
export function remembered(
  ask: (question: Question) => Promise<Verdict>,
  { clock, cacheMs, about, busy }: RememberedOptions,
): (question: Question) => Verdict | Promise<Verdict> {
  const hashKey = randomBytes(32);
  const answers = new Map<string, Answer>();
  const underway = new Map<string, Promise<Verdict>>();

  const hashOf = (question: Question): string =>
    createHmac('sha256', hashKey)
      .update(JSON.stringify([question.credential?.reveal() ?? null, ...about(question)]))
      .digest('base64');
  const keep = (hash: string, verdict: Verdict): void => {
    const lastsMs = lastingMs(verdict, { cacheMs, clock });
    answers.delete(hash);
    if (lastsMs > 0) answers.set(hash, { verdict, until: clock.monotonic() + lastsMs });
    if (answers.size > MOST_ANSWERS) answers.delete(answers.keys().next().value ?? hash);
  };
  return (question) => {
    const hash = hashOf(question);
    const known = answers.get(hash);
    if (known !== undefined && clock.monotonic() < known.until) return known.verdict;
    const waiting = underway.get(hash);
    if (waiting !== undefined) return waiting;
    if (underway.size >= MOST_QUESTIONS) return busy;
    const asked = ask(question)
      .then((verdict) => {
        keep(hash, verdict);
        return verdict;
      })
      .finally(() => underway.delete(hash));
    underway.set(hash, asked);
    return asked;
  };
}

function lastingMs(verdict: Verdict, { cacheMs, clock }: Pick<RememberedOptions, 'cacheMs' | 'clock'>): number {
  if (verdict.kind === 'outage') return 0;
  if (verdict.kind === 'no') return Math.min(NO_LASTS_MS, cacheMs);
  return verdict.expiresAt === null ? cacheMs : Math.min(cacheMs, verdict.expiresAt * 1000 - clock.now());
}

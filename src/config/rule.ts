import type { Path } from './faults.js';
import type { ParsedConfig } from './schema.js';

/** Says what is wrong at a path. The message is a predicate ("must ...", "is ..."). */
export type Report = (path: Path, message: string) => void;

/** A rule between members. */
export interface Rule {
  /**
   * Top-level members whose absence the rule would report. When one of them is faulty, something may
   * only seem to be absent, so the rule waits until that fault is gone.
   */
  needs: readonly (keyof ParsedConfig)[];
  check(config: ParsedConfig, report: Report): void;
}

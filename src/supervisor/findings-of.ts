import type { Life } from './life.js';
import { hangSentence, tooSlowSentence } from './process-sentences.js';
import type { ProcessCondition } from './process-state.js';
import type { Specification } from './specification.js';
import type { Standing } from './standing.js';
import type { Findings } from './watch-life.js';

interface Found {
  specification: Specification;
  life: Life;
  standing: Standing;
  ready(): void;
  /** Ends this run; the next one follows. */
  stop(): void;
}

/** What the answers of a process mean for how it stands. One that is being ended is left to that. */
export function findingsOf({ specification, life, standing, ready, stop }: Found): Findings {
  const giveUp = (condition: ProcessCondition, sentence: string): void => {
    standing.set(condition, sentence);
    stop();
  };
  return {
    ready,
    notReady(said) {
      if (standing.condition !== 'shutting_down')
        standing.set(life.readyMs === null ? 'starting' : 'not_ready', `It ${said}.`);
    },
    tooSlow(said) {
      if (standing.condition !== 'shutting_down') giveUp('failed_initial_delay', tooSlowSentence(specification, said));
    },
    hangs(said) {
      if (standing.condition !== 'shutting_down') giveUp('failed_probing', hangSentence(specification, said));
    },
  };
}

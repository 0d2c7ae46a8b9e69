import { duration, wholeNumber } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notices.js';
import type { Turn } from './conversation.js';

/** What was asked and answered, with the time and the tokens it took. */
export function Transcript({ turns }: { turns: readonly Turn[] }) {
  if (turns.length === 0) return null;
  return (
    <ol className="kp-turns" aria-label="Conversation">
      {turns.map((turn) => (
        <li key={turn.number}>
          <p className="kp-asked">
            <span className="kp-hidden">You: </span>
            {turn.question}
          </p>
          {turn.thought !== '' && (
            <details className="kp-chart-table">
              <summary>What the model thought</summary>
              <p className="kp-answered">{turn.thought}</p>
            </details>
          )}
          <p className="kp-answered" aria-live="polite" aria-busy={turn.state === 'running'}>
            <span className="kp-hidden">Answer: </span>
            {turn.answer}
            {turn.state === 'running' && <span className="kp-caret" aria-label="It writes" role="img" />}
          </p>
          {turn.error !== null && <ErrorNotice error={turn.error} what="It was refused or broke off" />}
          <p className="kp-cost" role="status">
            {costOf(turn)}
          </p>
        </li>
      ))}
    </ol>
  );
}

function costOf({ state, firstPieceMs, durationMs, use }: Turn): string {
  const parts = [
    state === 'stopped' ? 'stopped' : null,
    firstPieceMs === null ? null : `first token after ${duration(firstPieceMs)}`,
    durationMs === null ? null : `${duration(durationMs)} in all`,
    use === null ? null : `${wholeNumber(use.prompt_tokens)} tokens in, ${wholeNumber(use.completion_tokens)} out`,
    speedOf({ firstPieceMs, durationMs, use }),
  ];
  return parts.filter((part) => part !== null).join(' · ');
}

function speedOf({ firstPieceMs, durationMs, use }: Pick<Turn, 'firstPieceMs' | 'durationMs' | 'use'>): string | null {
  if (firstPieceMs === null || durationMs === null || use === null) return null;
  const writingMs = durationMs - firstPieceMs;
  if (writingMs < 1 || use.completion_tokens < 2) return null;
  return `${((use.completion_tokens / writingMs) * 1000).toFixed(1)} tokens a second`;
}

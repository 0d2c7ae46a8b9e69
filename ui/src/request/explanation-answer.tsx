import type { ExplanationBody } from '../../../src/admin/contract-gateway.js';
import { duration, spoken, wholeNumber } from '../parts/format.js';
import { Moment } from '../parts/moment.js';
import { Prose } from '../parts/prose.js';
import { StateBadge } from '../parts/state-badge.js';
import './request.css';

type Rule = ExplanationBody['rules'][number];
type Limit = ExplanationBody['limits'][number];

/** Would a request pass, and why: every rule that was asked, with its answer. */
export function ExplanationAnswer({ answer }: { answer: ExplanationBody }) {
  const limits = new Map(answer.limits.map((limit) => [`${limit.limit} of ${limit.account}`, limit]));
  return (
    <div className="kp-stack" role="status">
      <Verdict answer={answer} />
      <ol className="kp-rules">
        {answer.rules.map((rule) => (
          <RuleLine key={rule.rule} rule={rule} limit={limits.get(rule.rule)} />
        ))}
      </ol>
    </div>
  );
}

function Verdict({ answer: { allowed, status, code, message, next_pass_at: next } }: { answer: ExplanationBody }) {
  return (
    <p className="kp-line">
      <b>{allowed ? 'It would pass.' : `It would be refused: ${status} ${code ?? ''}.`}</b>{' '}
      {message !== null && <Prose text={message} />}
      {next !== null && (
        <>
          {' '}
          It would pass <Moment at={next} />.
        </>
      )}
    </p>
  );
}

function RuleLine({ rule: { rule, answer, why }, limit }: { rule: Rule; limit: Limit | undefined }) {
  return (
    <li data-answer={answer}>
      <StateBadge state={answer} /> <b>{spoken(rule)}</b>{' '}
      <span className="kp-dim">{limit === undefined ? <Prose text={why} /> : leftOf(limit)}</span>
    </li>
  );
}

function leftOf({ most, remaining, reset_ms: resetMs }: Limit): string {
  const again = resetMs > 0 ? `, all of it again in ${duration(resetMs)}` : '';
  return `${wholeNumber(remaining)} of ${wholeNumber(most)} left${again}`;
}

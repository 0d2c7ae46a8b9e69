import { Refusal } from '../core/errors.js';
import type { MetricsPage } from '../usage/metrics-page.js';
import { need } from './exchange.js';
import type { Step } from './steps.js';
import { answerWhole } from './whole-answer.js';

/** How the gateway does, for Prometheus. Refuses with 403 where the key is bound to an owner: the numbers are of all. */
export function createAnswerMetrics(page: MetricsPage | null): Step {
  return async (exchange) => {
    if (page === null) throw new Refusal('unknown_url', { reason: 'no listener served metrics at the start' });
    const { owner } = need(exchange.caller, 'caller');
    if (owner !== null)
      throw new Refusal('missing_scope', {
        message: 'The metrics are of all owners, and the key is bound to one. Use a key without an owner.',
        reason: `the key belongs to ${owner}`,
        rule: 'owner bound',
      });
    const { contentType, text } = await page.text();
    answerWhole(exchange, text, { type: contentType, headers: ['cache-control', 'no-store'] });
  };
}

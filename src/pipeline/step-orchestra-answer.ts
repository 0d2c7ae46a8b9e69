import type { Parts } from './parts.js';
import { answerJson } from './step-answer.js';
import type { Step } from './steps.js';
import { metricsView, statusView } from './workers.js';

/** That it runs, in the words of the original. */
export const answerOrchestraName: Step = (exchange) =>
  answerJson(exchange, { service: 'Multi-Model Load Balancer', status: 'running' });

/** The workers as they are now. */
export function createAnswerWorkers(parts: Parts): Step {
  return (exchange) => answerJson(exchange, exchange.route.path === '/status' ? statusView(parts) : metricsView(parts));
}

import type { Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import type { Step } from './steps.js';
import { metricsView, statusView } from './workers.js';

/** That it runs, in the words of the original. */
export const answerOrchestraName: Step = (exchange) =>
  answer(exchange, { service: 'Multi-Model Load Balancer', status: 'running' });

/** The workers as they are now. */
export function createAnswerWorkers(parts: Parts): Step {
  return (exchange) => answer(exchange, exchange.route.path === '/status' ? statusView(parts) : metricsView(parts));
}

function answer(exchange: Exchange, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  exchange.status = 200;
  exchange.bytesOut = bytes.length;
  exchange.reply.head(200, [
    'content-type',
    'application/json',
    'content-length',
    String(bytes.length),
    ...exchange.ownHeaders,
  ]);
  exchange.reply.end(exchange.request.method === 'HEAD' ? undefined : bytes);
}

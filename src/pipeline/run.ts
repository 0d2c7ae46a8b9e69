import { Refusal } from '../core/errors.js';
import type { CanonicalRequest } from '../core/exchange.js';
import type { Log } from '../core/log.js';
import { isPromise } from '../core/maybe.js';
import { sendRefusal } from '../http/refuse.js';
import { maskKeys } from '../keys/scan.js';
import { StatusKept } from '../upstream/refusals.js';
import type { Exchange } from './exchange.js';
import type { Steps } from './steps.js';

export interface Runner {
  steps: Steps;
  /** Reads the finished record, once for every request. */
  account(exchange: Exchange): void;
  log: Log;
}

/** A body of this size at most is taken off the connection when it is not wanted, so that the connection lives on. */
const SKIPPED_BODY_BYTES = 65_536;

/** Whether an unread body may be taken off the connection behind the answer. */
export function isSkippable({ contentLength }: CanonicalRequest): boolean {
  return contentLength !== null && contentLength <= SKIPPED_BODY_BYTES;
}

/**
 * Walks a request through the stages of its route: in one go while everything is known, waiting only
 * where a stage really waits. The one try, catch and finally of the product: whatever happens, every
 * hold is given back, last taken first, and the record is read once.
 */
export async function run(exchange: Exchange, { steps, account, log }: Runner): Promise<void> {
  try {
    for (const name of exchange.route.steps) {
      const pending = steps[name](exchange);
      if (isPromise(pending)) await pending;
    }
  } catch (cause) {
    refuse(exchange, cause, log);
  } finally {
    for (const giveBack of exchange.holds.reverse()) giveBack();
    account(exchange);
  }
}

/** A sentence quotes what a client sent: a model, a path, a host. A key that was put there by mistake is not repeated. */
export function withoutKeys(refusal: Refusal): Refusal {
  const message = maskKeys(refusal.publicMessage);
  if (message === refusal.publicMessage) return refusal;
  const { code, headers, rule, param, status, type, inContract, inStream, cause } = refusal;
  const optional = {
    ...(rule === null ? {} : { rule }),
    ...(param === null ? {} : { param }),
    ...(inContract === null ? {} : { inContract: maskKeys(inContract) }),
    ...(inStream === null ? {} : { inStream }),
  };
  return new Refusal(code, { message, reason: maskKeys(refusal.reason), headers, status, type, cause, ...optional });
}

function refuse(exchange: Exchange, cause: unknown, log: Log): void {
  const kept = cause instanceof StatusKept ? cause : null;
  const refusal = withoutKeys(kept?.refusal ?? (cause instanceof Refusal ? cause : new Refusal('internal', { cause })));
  if (refusal.code === 'internal') {
    const { stack } = refusal.cause instanceof Error ? refusal.cause : refusal;
    log.error({ request: exchange.id, path: exchange.request.path, stack }, 'a request failed for a reason of our own');
  }
  const isInStream = exchange.reply.keptAlive === true;
  exchange.status = isInStream ? 200 : (kept?.status ?? refusal.status);
  exchange.code = (isInStream ? refusal.inStream : null) ?? refusal.code;
  exchange.reason = refusal.reason;
  exchange.rule = refusal.rule;
  sendRefusal(exchange.reply, refusal, {
    dialect: exchange.route.dialect,
    requestId: exchange.id,
    ownHeaders: exchange.ownHeaders,
    close: refusal.code === 'request_too_large' || (!exchange.bodyRead && !isSkippable(exchange.request)),
    status: kept?.status,
    headOnly: exchange.request.method === 'HEAD',
  });
}

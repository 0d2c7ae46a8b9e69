import { type ErrorCode, Refusal, type StreamEnd, STREAM_ENDS } from '../core/errors.js';
import type { CanonicalRequest } from '../core/exchange.js';
import { orchestra } from '../dialects/orchestra.js';
import { edited } from '../http/edit.js';
import { readHead } from '../http/read-head.js';
import { CapturedAnswer } from '../orchestra/captured-answer.js';
import { toEngine } from '../orchestra/to-engine.js';
import { tenths } from '../orchestra/worker-book.js';
import type { Forwarding } from '../upstream/forward.js';
import { refusalBefore, StatusKept } from '../upstream/refusals.js';
import { aboutCaller } from './about-caller.js';
import { need, type Exchange } from './exchange.js';
import { createFieldCheck, type FieldCheck } from './field-check.js';
import { answerOf, type Question } from './infer-answer.js';
import type { Parts } from './parts.js';
import { noteSending } from './sending.js';
import { answerJson } from './step-answer.js';
import { noWorkers } from './step-infer.js';
import type { Step } from './steps.js';
import { workerIdOf } from './workers.js';

/**
 * Sends the request to the worker, in its own form or translated for the engine that it is, takes the
 * answer in whole, and adds what the balancer says of it. Refuses with 502, 503 or 504.
 */
export function createForwardInfer(parts: Parts): Step {
  const checkFields = createFieldCheck();
  return async (exchange) => {
    if (exchange.reply.closed) throw new Refusal('client_gone');
    requireStillLetIn(exchange, parts);
    const question = questionOf(exchange, checkFields);
    const captured = new CapturedAnswer(exchange.reply);
    const sentAt = parts.clock.monotonic();
    const { url } = need(exchange.place, 'place').replica;
    const queued = parts.pool.states().find((state) => state.url === url)?.waiting ?? 0;
    const ended = await finish(exchange, send(exchange, captured, { question, parts }), parts);
    if (ended === 'gone') return;
    const durationMs = parts.clock.monotonic() - sentAt;
    const answer = answerOf(captured, { question, model: need(exchange.model, 'model').name, durationMs });
    const success = answer?.status === 200;
    noteWorker(exchange, parts, { success, durationMs });
    const masked = answer !== null && !success && parts.orchestra.settings().maskWorkerErrors;
    if (answer === null || masked) throw badGateway(exchange, parts, `the worker answered ${captured.status}`);
    const workerId = workerIdOf(parts.pool, exchange.replica?.url ?? url);
    const members = success
      ? {
          ...answer.members,
          load_balancer_worker_id: workerId,
          lb_latency_ms: tenths(durationMs),
          lb_queue_at_dispatch: queued,
        }
      : answer.members;
    const retryAfter = captured.header('retry-after');
    const headers = retryAfter === null ? [] : ['retry-after', retryAfter];
    answerJson(exchange, members, { status: answer.status, headers });
  };
}

/** The key may have left the file while the body was read or the request waited. */
function requireStillLetIn({ caller }: Exchange, { orchestra: { keys } }: Parts): void {
  const byFile = caller?.watch !== undefined && (caller.kind === 'local' || caller.id.startsWith('orchestra:'));
  if (byFile && !keys.letsIn(caller.id))
    throw refusalBefore('key_revoked', 'the key file does not let this caller in any more');
}

function questionOf(exchange: Exchange, checkFields: FieldCheck): Question {
  const { whole, requestBody } = need(exchange.infer, 'infer request');
  const model = need(exchange.model, 'model');
  if (need(exchange.place, 'place').replica.engine === 'orchestra') {
    return {
      path: '/infer',
      body: Buffer.from(JSON.stringify({ ...whole, model_name: model.upstreamName })),
      translated: null,
    };
  }
  const { path, body } = toEngine(requestBody, model.upstreamName);
  const bytes = Buffer.from(JSON.stringify(body));
  // What is translated is bounded like what comes in that form by itself.
  return { path, body: edited(bytes, checkFields(bytes, readHead(bytes), model)), translated: requestBody };
}

function send(
  exchange: Exchange,
  captured: CapturedAnswer,
  { question, parts }: { question: Question; parts: Parts },
): Forwarding {
  const entry = need(exchange.inFlight, 'place among what runs');
  const model = need(exchange.model, 'model');
  const forwarding = parts.forwarder.forward({
    request: bare(exchange.request, question.path),
    target: model.paths[question.path] ?? question.path,
    body: question.body,
    place: need(exchange.place, 'place'),
    sending: (replica) => noteSending(exchange, replica, parts),
    about: parts.settings().identityHeaders ? aboutCaller(need(exchange.caller, 'caller')) : [],
    relay: {
      reply: captured,
      dialect: orchestra,
      requestId: exchange.request.correlationId ?? exchange.id,
      streamed: false,
      timeouts: model.timeouts,
      now: parts.clock.monotonic,
      ownHeaders: [],
      firstByte() {
        exchange.firstByteMs = parts.clock.monotonic() - exchange.startedAt;
      },
      bytes() {},
      tap: exchange.admission,
    },
  });
  entry.end = (code, reason) => forwarding.relay.stop(code, reason);
  entry.phase = 'waiting';
  return forwarding;
}

/** Only what the body needs goes to a worker: no other header of the client. */
function bare(request: CanonicalRequest, path: string): CanonicalRequest {
  const names = ['content-type', 'accept'];
  return {
    ...request,
    path,
    query: '',
    names,
    headers: ['content-type', 'application/json', 'accept', 'application/json'],
  };
}

/** Waits for the end of the exchange with the worker; throws what went wrong in Orchestra's words. */
async function finish(exchange: Exchange, { finished }: Forwarding, parts: Parts): Promise<'answered' | 'gone'> {
  const startedAt = parts.clock.monotonic();
  const failed = (): void =>
    noteWorker(exchange, parts, { success: false, durationMs: parts.clock.monotonic() - startedAt });
  try {
    const { code, reason, status } = await finished;
    if (code === null) return 'answered';
    if (code !== 'client_gone') throw brokenOff(code, reason ?? code);
    exchange.status = status;
    exchange.code = code;
    exchange.reason = reason;
    return 'gone';
  } catch (cause) {
    const code = cause instanceof Refusal ? cause.code : null;
    const reason = cause instanceof Refusal ? cause.reason : 'the worker failed';
    if (cause instanceof StatusKept || code === 'upstream_error') {
      failed();
      throw badGateway(exchange, parts, reason);
    }
    if (code === 'upstream_timeout') {
      failed();
      throw new Refusal('upstream_timeout', {
        message: `Request to worker ${idOf(exchange, parts)} timed out.`,
        reason,
      });
    }
    if (cause instanceof Refusal && code === 'no_available_replica')
      throw noWorkers(need(exchange.infer, 'infer request').modelName, cause);
    throw cause;
  }
}

/** The refusal for an answer that did not come to its end; nothing of it was passed on yet. */
function brokenOff(code: ErrorCode | StreamEnd, reason: string): Refusal {
  if (code === 'upstream_interrupted') return new Refusal('upstream_error', { reason });
  return isStreamEnd(code) ? refusalBefore(code, reason) : new Refusal(code, { reason });
}

function isStreamEnd(code: ErrorCode | StreamEnd): code is StreamEnd {
  return code in STREAM_ENDS && code !== 'upstream_timeout';
}

function badGateway(exchange: Exchange, parts: Parts, reason: string): Refusal {
  return new Refusal('upstream_error', {
    message: `Bad Gateway: Error communicating with worker ${idOf(exchange, parts)}.`,
    reason,
  });
}

function idOf({ replica }: Exchange, { pool }: Parts): number {
  return workerIdOf(pool, replica?.url ?? '');
}

function noteWorker(
  { replica, model }: Exchange,
  { orchestra: { workers } }: Parts,
  how: { success: boolean; durationMs: number },
): void {
  if (replica !== null && model !== null) workers.record({ worker: replica.url, model: model.name, ...how });
}

import { Refusal } from '../core/errors.js';
import { readHead, withModel } from '../http/read-head.js';
import type { Catalogue, OfferedModel } from '../replicas/model.js';
import { StatusKept } from '../upstream/refusals.js';
import { errorText, OriginalReply } from './authkeys-original-reply.js';
import type { Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { createAnswerModels } from './step-answer.js';
import { isJson } from './step-authkeys-gate.js';
import { answerText } from './step-authkeys-tokens.js';
import { createForward } from './step-forward.js';
import { judge } from './step-identify.js';
import { createPick } from './step-pick.js';
import type { Step } from './steps.js';

/** Asked for where a request names no model and every name is passed on. */
const ANY_NAME = 'unnamed';

/**
 * Where does it go? Adds the model: the one the body names, the default one, or whoever takes any name.
 * Refuses with 404, the same for a model that is not there and for one that is not allowed.
 */
export function createAuthkeysModel(parts: Parts): Step {
  return (exchange) => {
    readOutgoingBody(exchange);
    const { head, body } = exchange;
    const { catalogue, incomplete, authkeys } = parts.settings();
    const asked = head?.model ?? null;
    const model = modelFor(asked, catalogue);
    if (model === null && incomplete)
      throw unreachable(
        new Refusal('no_available_replica', { reason: 'the model servers did not tell their models yet' }),
        authkeys.errors_as_200 ? 200 : 502,
      );
    if (model === null && asked === null)
      throw new Refusal('invalid_value', {
        message: 'The body must name a model. GET /v1/models lists those you may use.',
        param: 'model',
      });
    judge(exchange, { scope: null, model: model ?? 'unknown', address: null }, parts);
    exchange.model = model;
    if (model === null || head === null || body === null || model.upstreamName === (asked ?? ANY_NAME)) return;
    if (asked !== null || exchange.request.method === 'POST') exchange.body = withModel(body, head, model.upstreamName);
  };
}

function modelFor(asked: string | null, catalogue: Catalogue): OfferedModel | null {
  return catalogue.resolve(asked) ?? (asked === null ? catalogue.resolve(ANY_NAME) : null);
}

/** The original sent `{}` where a request had no body; a reader is spared it. */
function readOutgoingBody(exchange: Exchange): void {
  const { method, contentLength } = exchange.request;
  const sends = method === 'POST' || method === 'PUT';
  if (exchange.body === null && contentLength !== 0 && !isJson(exchange)) throw new Refusal('unsupported_media_type');
  exchange.body ??= sends ? Buffer.from('{}') : null;
  if (exchange.body === null) return;
  exchange.head = readHead(exchange.body);
  if (exchange.head.members.length === 0 && !sends) exchange.body = null;
}

/** Takes a place, sends the request and streams the answer back, in the original's words where something fails. */
export function createAuthkeysForward(parts: Parts): Step {
  const pick = createPick(parts);
  const forward = createForward(parts);
  const send = async (exchange: Exchange): Promise<void> => {
    await pick(exchange);
    await forward(exchange);
  };
  return (exchange) =>
    parts.settings().authkeys.errors_as_200 ? sendAsOriginal(exchange, send) : send(exchange).catch(refuseAsBadGateway);
}

/** Lists the models of this caller; where any name is passed on and none is known, the server behind is asked. */
export function createAuthkeysModels(parts: Parts): Step {
  const answer = createAnswerModels(parts);
  const model = createAuthkeysModel(parts);
  const forward = createAuthkeysForward(parts);
  return async (exchange) => {
    const { catalogue } = parts.settings();
    if (catalogue.list().length > 0 || catalogue.resolve(ANY_NAME) === null) return answer(exchange);
    await model(exchange);
    await forward(exchange);
  };
}

function refuseAsBadGateway(cause: unknown): never {
  throw cause instanceof Refusal && cause.code === 'no_available_replica' ? unreachable(cause) : cause;
}

/** The contract knows one failure of the server behind: it cannot be reached, 502. */
function unreachable(cause: Refusal, status = 502): Refusal {
  const message = 'Failed to connect to LLM server: it cannot be reached now';
  return new Refusal('upstream_error', { message, status, reason: cause.reason, headers: cause.headers, cause });
}

/** Every failure of the server behind becomes a 200 with the original's text. */
async function sendAsOriginal(exchange: Exchange, send: (exchange: Exchange) => Promise<void>): Promise<void> {
  const reply = new OriginalReply(exchange.reply, exchange.ownHeaders);
  exchange.reply = reply;
  try {
    await send(exchange);
    if (reply.replaced) exchange.status = 200;
  } catch (cause) {
    const text = errorText(cause instanceof StatusKept ? cause.status : cause instanceof Refusal ? cause.code : null);
    if (text === null || exchange.reply.headSent) throw cause;
    exchange.reply = reply.inner;
    const refusal = cause instanceof StatusKept ? cause.refusal : cause;
    if (refusal instanceof Refusal) Object.assign(exchange, { code: refusal.code, reason: refusal.reason });
    answerText(exchange, 200, text);
  }
}

import { Refusal } from '../core/errors.js';
import type { BodyHead } from '../core/exchange.js';
import { readHead } from '../http/read-head.js';
import { StatusKept } from '../upstream/refusals.js';
import { errorText, OriginalReply } from './authkeys-original-reply.js';
import type { Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { createAdmit } from './step-admit.js';
import { createAnswerModels } from './step-answer.js';
import { answerText } from './step-authkeys-tokens.js';
import { requireJson } from './step-body.js';
import { createForward } from './step-forward.js';
import { createAuthorizeModel, createChooseModel } from './step-model.js';
import { createPick } from './step-pick.js';
import type { Step } from './steps.js';

/** Asked for where a request names no model, none is the default, and every name is passed on. */
const ANY_NAME = 'unnamed';

/**
 * Where does it go? Adds the model: the one the body names, the default one, or whoever takes any name.
 * Refuses with 404, the same for a model that is not there and for one that is not allowed.
 */
export function createAuthkeysModel(parts: Parts): Step {
  const authorizeModel = createAuthorizeModel(parts);
  const chooseModel = createChooseModel(parts);
  return async (exchange) => {
    const { catalogue, authkeys } = parts.settings();
    const head = readOutgoingBody(exchange);
    const isUnnamed = head.model === null && catalogue.resolve(null) === null && catalogue.resolve(ANY_NAME) !== null;
    exchange.head = isUnnamed ? { ...head, model: ANY_NAME } : head;
    try {
      if (exchange.body === null) chooseModel(exchange);
      else await authorizeModel(exchange);
    } catch (cause) {
      throw inContract(cause, authkeys.errors_as_200 ? 200 : 502);
    }
  };
}

/** The original sent `{}` where a request had no body; whoever only reads is spared it. */
function readOutgoingBody(exchange: Exchange): BodyHead {
  const { method, contentLength } = exchange.request;
  const sends = method === 'POST' || method === 'PUT';
  if (contentLength !== 0) requireJson(exchange);
  const body = exchange.body ?? Buffer.from('{}');
  const head = readHead(body);
  exchange.body = head.members.length === 0 && !sends ? null : body;
  return head;
}

/** Takes a place, sends the request and streams the answer back, in the original's words where something fails. */
export function createAuthkeysForward(parts: Parts): Step {
  const pick = createPick(parts);
  const forward = createForward(parts);
  const send = async (exchange: Exchange): Promise<void> => {
    await pick(exchange);
    await forward(exchange);
  };
  return (exchange) => {
    if (parts.settings().authkeys.errors_as_200) return sendAsOriginal(exchange, send);
    return send(exchange).catch((cause: unknown) => Promise.reject(inContract(cause)));
  };
}

/** Lists the models of this caller; where any name is passed on and none is known, the server behind is asked. */
export function createAuthkeysModels(parts: Parts): Step {
  const answer = createAnswerModels(parts);
  const model = createAuthkeysModel(parts);
  const admit = createAdmit(parts);
  const forward = createAuthkeysForward(parts);
  return async (exchange) => {
    const { catalogue } = parts.settings();
    if (catalogue.list().length > 0 || catalogue.resolve(ANY_NAME) === null) return answer(exchange);
    await model(exchange);
    await admit(exchange);
    await forward(exchange);
  };
}

/** The contract knows one failure of the server behind: it cannot be reached, 502. */
function inContract(cause: unknown, status = 502): unknown {
  if (!(cause instanceof Refusal) || cause.code !== 'no_available_replica') return cause;
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

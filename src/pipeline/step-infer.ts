import { Refusal } from '../core/errors.js';
import { isPromise } from '../core/maybe.js';
import { scanObject } from '../http/json-scan.js';
import { readInferRequest, requireRequestBody } from '../orchestra/infer-request.js';
import { refuseForeignMedia } from '../orchestra/media.js';
import { need, type Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { requireJson } from './step-body.js';
import { judge } from './step-identify.js';
import { createPick } from './step-pick.js';
import type { Step } from './steps.js';

/** Which pool, and what is asked of it? Adds the body and what it says. Refuses with 400, 408, 413 or 415. */
export function createReadInfer(parts: Parts): Step {
  return async (exchange) => {
    requireJson(exchange);
    const { source, request } = exchange;
    const body = await source.readBody({
      maxBytes: parts.settings().maxBodyBytes,
      contentLength: request.contentLength,
    });
    exchange.bodyRead = true;
    exchange.body = body;
    scanObject(body);
    exchange.infer = readInferRequest(body);
  };
}

/**
 * May this caller use this pool, and does the request carry its media? Adds the model. A pool that is
 * not there and one that is not allowed get the same bytes.
 */
export function createAuthorizeInfer(parts: Parts): Step {
  return (exchange) => {
    const infer = need(exchange.infer, 'infer request');
    const { modelName, requestBody } = infer;
    const model = parts.settings().catalogue.resolve(modelName);
    try {
      judge(exchange, { scope: null, model: model ?? 'unknown', address: null }, parts);
    } catch (cause) {
      throw cause instanceof Refusal && cause.code === 'model_not_found' ? noWorkers(modelName, cause) : cause;
    }
    requireRequestBody(infer);
    refuseForeignMedia(requestBody, model?.mediaUrls === 'any');
    exchange.model = model;
  };
}

/** Which worker, and when? As for every other request, in Orchestra's words. */
export function createPickInfer(parts: Parts): Step {
  const pick = createPick(parts);
  const inItsWords = (exchange: Exchange, cause: unknown): unknown => {
    const empty = cause instanceof Refusal && cause.code === 'no_available_replica';
    return empty ? noWorkers(need(exchange.infer, 'infer request').modelName, cause) : cause;
  };
  return (exchange) => {
    try {
      const pending = pick(exchange);
      return isPromise(pending)
        ? pending.catch((cause: unknown) => Promise.reject(inItsWords(exchange, cause)))
        : pending;
    } catch (cause) {
      throw inItsWords(exchange, cause);
    }
  };
}

/** The refusal of a pool that has nobody for this caller. */
export function noWorkers(modelName: string, { code, reason, headers }: Refusal): Refusal {
  return new Refusal(code, { status: 503, message: `No workers available for model '${modelName}'.`, reason, headers });
}

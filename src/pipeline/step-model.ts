import { Refusal } from '../core/errors.js';
import { modelEdit } from '../http/read-head.js';
import type { Catalogue, OfferedModel } from '../replicas/model.js';
import { createFieldCheck } from './field-check.js';
import { need, type Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { judge } from './step-identify.js';
import type { Step } from './steps.js';

/**
 * May this caller use this model? Adds the model and what must be replaced in the body: its server's name for it, and bounded members.
 * Refuses with 404, the same bytes for a model that is not there and for one that is not allowed.
 */
export function createAuthorizeModel(parts: Parts): Step {
  const chooseModel = createChooseModel(parts);
  const checkFields = createFieldCheck();
  return (exchange) => {
    const model = chooseModel(exchange);
    const head = need(exchange.head, 'head');
    const body = need(exchange.body, 'body');
    const edits = checkFields(body, head, model);
    if ((head.stated === undefined ? head.model : head.stated) !== model.upstreamName)
      edits.push(modelEdit(body, head, model.upstreamName));
    exchange.edits = edits;
  };
}

/** Finds the model that the head means, adds it, and throws where the caller may not use it. */
export function createChooseModel(parts: Parts): (exchange: Exchange) => OfferedModel {
  return (exchange) => {
    const head = need(exchange.head, 'head');
    const { catalogue } = parts.settings();
    const model = catalogue.resolve(head.model) ?? latestOf(catalogue, head.model);
    if (model === null && parts.settings().incomplete) throw notYetKnown(catalogue.silent);
    if (model === null && head.model === null) {
      throw new Refusal('invalid_value', {
        message: 'The body must name a model. GET /v1/models lists those you may use.',
        param: 'model',
      });
    }
    judge(exchange, { scope: null, model: model ?? 'unknown', address: null }, parts);
    exchange.model = need(model, 'model');
    return exchange.model;
  };
}

/** Ollama lists every model with a tag, and its users leave the usual one out. */
function latestOf(catalogue: Catalogue, name: string | null): OfferedModel | null {
  if (name === null || name.includes(':')) return null;
  const model = catalogue.resolve(`${name}:latest`);
  return model?.replicas[0]?.engine === 'ollama' ? model : null;
}

/** A server that was never reached may have the model: that is an outage, not a wrong name. */
function notYetKnown(silent: readonly string[]): Refusal {
  return new Refusal('no_available_replica', {
    reason: `not known yet: ${silent.join(', ')} did not tell its models`,
    headers: ['retry-after', '10'],
  });
}

/** Whose stored responses a caller may read and continue: those of its owner, or its own. */
export function holderOf(exchange: Exchange): string {
  const caller = need(exchange.caller, 'caller');
  return caller.owner === null ? `caller ${caller.id}` : `owner ${caller.owner}`;
}

/** Does the earlier response belong to this caller? Sends the request to the server that keeps it. */
export function createContinueResponse({ responseOwners }: Parts): Step {
  return (exchange) => {
    const { previousResponse } = need(exchange.head, 'head');
    if (previousResponse === null) return;
    const stored = responseOwners.find(previousResponse, holderOf(exchange));
    if (stored === null || stored.model !== exchange.model?.name) throw notFound('previous_response_id');
    exchange.replica = stored.replica;
  };
}

/** Which server keeps this response, and is it this caller's? Adds the model and the replica. */
export function createFindResponse(parts: Parts): Step {
  return (exchange) => {
    const stored = parts.responseOwners.find(exchange.param ?? '', holderOf(exchange));
    const model = stored === null ? null : parts.settings().catalogue.resolve(stored.model);
    if (stored === null || model === null) throw notFound('response_id');
    judge(exchange, { scope: null, model, address: null }, parts);
    exchange.model = model;
    exchange.replica = stored.replica;
    exchange.bodyRead = true;
  };
}

function notFound(param: string): Refusal {
  return new Refusal('not_found', {
    message: 'There is no such response. Responses are found by the caller who made them, until the gateway restarts.',
    param,
  });
}

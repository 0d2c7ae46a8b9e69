import { decide } from '../access/decide.js';
import { unixSeconds } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { OfferedModel } from '../replicas/model.js';
import { engineOf, findPath } from '../replicas/engines/table.js';
import { need, type Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import { askedRoute, judge } from './step-identify.js';
import type { Step } from './steps.js';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * May this caller use a route of a Llama Stack server that is none of ours? Only if a route rule says
 * so. Refuses with 403; with 404 what would go to a model past the rules about models.
 */
export function createAuthorizeRest(parts: Parts): Step {
  return (exchange) => {
    const { request, route, unmatched } = exchange;
    const nowhere = unmatched ?? new Refusal('unknown_url');
    judge(
      exchange,
      {
        scope: route.scope,
        model: null,
        address: request.address,
        route: askedRoute(exchange.route, exchange.request.path, parts.settings().routePolicy),
      },
      parts,
    );
    const caller = need(exchange.caller, 'caller');
    if (caller.kind === 'key') parts.lastUse.touch(caller.id, caller.secretSlot, unixSeconds(parts.clock));
    if (nowhere.code === 'method_not_allowed' || !METHODS.has(request.method) || isInference(exchange)) throw nowhere;
  };
}

/** Older spellings of inference: the model in their body is judged only under the present ones. */
function isInference({ request: { method, path } }: Exchange): boolean {
  const plain = path.replace(/\/+$/, '');
  return findPath(engineOf('llama-stack'), method, plain)?.class.startsWith('infer') === true;
}

/** Which Llama Stack server is behind us, of those whose models this caller may use? Adds the model and the replica. */
export function createFindStack(parts: Parts): Step {
  return (exchange) => {
    const caller = need(exchange.caller, 'caller');
    const nowSeconds = unixSeconds(parts.clock);
    const isFit = (model: OfferedModel): boolean =>
      model.replicas.length > 0 &&
      model.replicas.every(({ engine }) => engine === 'llama-stack') &&
      decide({ caller, asked: { scope: null, model, address: null }, nowSeconds }).allowed;
    // What such a server keeps is on it alone: always the same one.
    const [model] = parts
      .settings()
      .catalogue.list()
      .filter(isFit)
      .sort((one, other) => (one.name < other.name ? -1 : 1));
    const [replica] =
      model === undefined ? [] : [...model.replicas].sort((one, other) => (one.url < other.url ? -1 : 1));
    if (model === undefined || replica === undefined) throw exchange.unmatched ?? new Refusal('unknown_url');
    exchange.model = model;
    exchange.replica = replica;
  };
}

/** The body as it is, of any type: files are uploaded here. */
export function createReadRest(parts: Parts): Step {
  return async (exchange) => {
    const { contentLength, contentEncoding } = exchange.request;
    if (contentEncoding !== null && contentEncoding.toLowerCase() !== 'identity')
      throw new Refusal('unsupported_media_type');
    if (contentLength !== 0)
      exchange.body = await exchange.source.readBody({ maxBytes: parts.settings().maxBodyBytes, contentLength });
    exchange.bodyRead = true;
  };
}

import { decide, ROUTE_RULE, type Asked, type AskedRoute, type Decision } from '../access/decide.js';
import type { RoutePolicy } from '../access/route-policy.js';
import type { Caller } from '../core/caller.js';
import { unixSeconds } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { isPromise, type Maybe } from '../core/maybe.js';
import { need, type Exchange } from './exchange.js';
import type { Parts } from './parts.js';
import type { Route } from './routes.js';
import type { Step } from './steps.js';

/**
 * Who is calling? Adds the caller. Refuses with 401 when nobody is, 400 when several could be, 429
 * after too many wrong keys from one address.
 */
export function createIdentify({ identity, throttle }: Parts): Step {
  const note = (exchange: Exchange, caller: Caller | null): void => {
    if (caller !== null) {
      exchange.caller = caller;
      return;
    }
    throttle.failed(exchange.request.address);
    throw new Refusal('invalid_api_key', {
      reason: 'unknown or mistyped key',
      rule: 'known key',
      ...contractWords(identity),
    });
  };
  /** Somebody else was asked and said no: a wrong credential like any other. */
  const refused = (exchange: Exchange, cause: unknown): never => {
    if (cause instanceof Refusal && cause.code === 'invalid_api_key') throttle.failed(exchange.request.address);
    throw cause;
  };
  return (exchange): Maybe<void> => {
    let found;
    try {
      found = identity.identify(exchange.request);
    } catch (cause) {
      return refused(exchange, cause);
    }
    if (!isPromise(found)) return note(exchange, found);
    return found
      .then(
        (caller) => caller,
        (cause: unknown) => refused(exchange, cause),
      )
      .then((caller) => note(exchange, caller));
  };
}

function contractWords({ refusedWords }: Parts['identity']): { inContract?: string } {
  return refusedWords === undefined ? {} : { inContract: refusedWords };
}

/** May the caller use this route at all? Notes the use of the key. Refuses with 401 or 403. */
export function createAuthorize(parts: Parts): Step {
  return (exchange) => {
    if (exchange.operator) return;
    const { scope } = exchange.route;
    judge(
      exchange,
      {
        scope,
        model: null,
        address: exchange.request.address,
        route: askedRoute(exchange.route, exchange.request.path, parts.settings().routePolicy),
      },
      parts,
    );
    const caller = need(exchange.caller, 'caller');
    if (caller.kind === 'key') parts.lastUse.touch(caller.id, caller.secretSlot, unixSeconds(parts.clock));
  };
}

/** What the route rules judge: the routes of models, and nothing of the housekeeping. */
export function askedRoute(route: Route, path: string, policy: RoutePolicy): AskedRoute | undefined {
  return route.logged ? { path, policy, needsRule: route.steps.includes('authorizeRest') } : undefined;
}

/** Asks the decision and throws its refusal. */
export function judge(exchange: Exchange, asked: Asked, { clock, throttle, identity }: Parts): void {
  const decision = decide({ caller: exchange.caller, asked, nowSeconds: unixSeconds(clock) });
  if (decision.allowed) return;
  if (decision.code === 'invalid_api_key') throttle.failed(exchange.request.address);
  throw refusalOf(decision, exchange, identity.refusedWords);
}

/** The refusal a decision means on the wire: also what `explain` shows. */
export function refusalOf(
  decision: Decision,
  exchange: { route: Exchange['route']; head: Exchange['head'] },
  refusedWords?: string,
): Refusal {
  const details = {
    reason: decision.why ?? 'denied',
    ...(decision.rule === null ? {} : { rule: decision.rule }),
    ...(decision.told === null ? {} : { message: decision.told }),
  };
  if (decision.code === 'model_not_found')
    return new Refusal('model_not_found', {
      ...details,
      message: unknownModel(exchange.head?.model ?? ''),
      param: 'model',
    });
  if (decision.rule === ROUTE_RULE)
    return new Refusal('missing_scope', {
      ...details,
      ...(decision.told === null ? {} : { inContract: decision.told }),
    });
  if (decision.code === 'missing_scope') {
    const { scope } = exchange.route;
    const name = scope === null ? '' : 'needed' in scope ? scope.needed : scope.within;
    return new Refusal('missing_scope', {
      ...details,
      inContract: `Access denied: user does not have required scope: ${name}`,
      headers: ['www-authenticate', `Bearer realm="keyporter", error="insufficient_scope", scope="${name}"`],
    });
  }
  // Whoever is told more than that the key is not valid is told so in every contract.
  const inContract =
    decision.code === 'invalid_api_key' && decision.told === null && refusedWords !== undefined
      ? { inContract: refusedWords }
      : {};
  return new Refusal(decision.code ?? 'internal', { ...details, ...inContract });
}

/** One sentence for a model that is not there and for one that may not be used: the two look the same. */
export function unknownModel(name: string): string {
  return `The model "${name}" does not exist or you may not use it. GET /v1/models lists those you may use.`;
}

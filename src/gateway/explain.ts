import { decide, type RuleAnswer } from '../access/decide.js';
import { createRoutePolicy, type RouteRuleConfig } from '../access/route-policy.js';
import type { ExplainedRule, ExplainRequest, Explanation } from '../admin/explain-port.js';
import { parseRange } from '../core/address.js';
import type { Caller } from '../core/caller.js';
import { unixSeconds, type Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { canonicalTarget } from '../http/canonical-path.js';
import type { Identity } from '../identity/identify.js';
import { engineScope, readEngineAsked } from '../pipeline/engine-path.js';
import type { Match, Matcher } from '../pipeline/match.js';
import type { Route } from '../pipeline/routes.js';
import { askedRoute, refusalOf } from '../pipeline/step-identify.js';
import { noWorkers } from '../pipeline/step-infer.js';
import type { Catalogue, OfferedModel } from '../replicas/model.js';
import { askLimits, type LimitsQuestion, type LimitsVerdict, UNLIMITED } from './explain-limits.js';
import type { Limits } from './limits.js';

export interface ExplainParts {
  identity: Identity;
  match: Matcher;
  catalogue(): Catalogue;
  routeRules(): readonly RouteRuleConfig[];
  limits: Limits;
  clock: Clock;
}

/** What would happen to a request, by the very functions that serve it, with the answer of every rule asked. */
export function createExplain({
  identity,
  match,
  catalogue,
  routeRules,
  limits,
  clock,
}: ExplainParts): (request: ExplainRequest) => Promise<Explanation> {
  return async (request) => {
    const rules: RuleAnswer[] = [];
    const caller = await callerFor(request, identity);
    if (request.from !== undefined) refuseBadAddress(request.from);
    let found;
    let asked: WhatIsAsked;
    let path: string;
    try {
      const target = canonicalTarget(request.path);
      path = target.path;
      found = match({ ...NO_REQUEST, method: request.method.toUpperCase(), ...target });
      asked = whatIsAsked(found, request, catalogue());
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      rules.push({ rule: 'known route', answer: 'deny', why: refusal.publicMessage });
      return denied(refusal, rules);
    }
    const { route } = found;
    rules.push({ rule: 'known route', answer: 'allow', why: `${route.method} ${route.path}` });
    const { scope, model, name } = asked;
    const decision = decide(
      {
        caller,
        asked: {
          scope,
          model,
          address: request.from ?? null,
          route: askedRoute(route, path, createRoutePolicy(routeRules())),
        },
        nowSeconds: request.at ?? unixSeconds(clock),
      },
      rules,
    );
    if (decision.allowed) {
      const isCounted = caller !== null && route.steps.includes('admit');
      const verdict = isCounted
        ? askLimits(limits, limitsQuestion(request, { caller, model, nowMs: clock.now() }))
        : UNLIMITED;
      return decidedBy(verdict, rules);
    }
    const refusal = refusalOf(decision, {
      route,
      head: name === null ? null : { model: name, modelAt: null, stream: false, previousResponse: null, members: [] },
    });
    return denied(
      refusal.code === 'model_not_found' && isInfer(route) ? noWorkers(name ?? '', refusal) : refusal,
      rules,
    );
  };
}

/** Orchestra's route has words of its own for a pool that is not there. */
function isInfer({ steps }: Route): boolean {
  return steps.includes('authorizeInfer');
}

interface WhatIsAsked {
  scope: Route['scope'];
  model: OfferedModel | 'unknown' | null;
  name: string | null;
}

/** The scope and the model that the stages of the route would judge. */
function whatIsAsked({ route, param }: Match, request: ExplainRequest, catalogue: Catalogue): WhatIsAsked {
  const engine = route.steps.includes('findEnginePath')
    ? readEngineAsked(catalogue, request.method.toUpperCase(), param ?? '')
    : null;
  if (engine !== null)
    return { scope: engineScope(engine, request.method.toUpperCase()), model: engine.model, name: engine.model.name };
  const asksModel = param !== null || route.steps.some((step) => CHOOSES_MODEL.has(step));
  const name = param ?? request.model ?? (route.upgrades === true ? modelInQuery(request.path) : null);
  const model =
    asksModel && (name !== null || request.model !== undefined) ? (catalogue.resolve(name) ?? 'unknown') : null;
  return { scope: route.scope, model, name };
}

const CHOOSES_MODEL: ReadonlySet<string> = new Set([
  'authorizeModel',
  'authorizeParts',
  'authorizeInfer',
  'findRealtime',
]);

function modelInQuery(target: string): string | null {
  return new URLSearchParams(target.slice(target.indexOf('?') + 1)).get('model');
}

const NO_REQUEST = {
  headers: [],
  names: [],
  peer: '',
  address: '',
  forwarded: false,
  secure: false,
  contentLength: 0,
  contentType: null,
  contentEncoding: null,
  origin: null,
  host: undefined,
  correlationId: null,
  userAgent: null,
};

async function callerFor(request: ExplainRequest, identity: Identity): Promise<Caller | null> {
  if (request.secret !== undefined) return identity.callerWith(request.secret);
  if (request.keyId === null) return null;
  const caller = identity.callerOf(request.keyId);
  if (caller === null)
    throw new Refusal('not_found', {
      message: `There is no key ${request.keyId.slice(0, 64)}. \`keyporter keys list\` shows the ids.`,
    });
  return caller;
}

function refuseBadAddress(from: string): void {
  try {
    parseRange(from);
  } catch (cause) {
    throw new Refusal('invalid_value', {
      message: `"${from.slice(0, 64)}" is not an IP address.`,
      param: 'from',
      cause,
    });
  }
}

function limitsQuestion(
  { at }: ExplainRequest,
  { caller, model, nowMs }: { caller: Caller; model: OfferedModel | 'unknown' | null; nowMs: number },
): LimitsQuestion {
  return {
    caller,
    model: model === null || model === 'unknown' ? null : model.name,
    nowMs,
    isAnotherTime: at !== undefined && Math.abs(at * 1000 - nowMs) >= SAME_TIME_MS,
  };
}

const SAME_TIME_MS = 1000;

/** Every other rule lets the request pass: the limits decide. */
function decidedBy(verdict: LimitsVerdict, rules: readonly ExplainedRule[]): Explanation {
  const asked = [...rules, ...verdict.rules];
  const { refusal, standings, nextPassAt } = verdict;
  const decided = refusal === null ? { ...PASSED, rules: asked } : denied(refusal, asked);
  return { ...decided, limits: standings, nextPassAt };
}

const PASSED = { allowed: true, status: 200, code: null, message: null };

/** Time alone never lets pass what a rule denies: keys expire and do not come back by themselves. */
function denied(refusal: Refusal, rules: ExplainedRule[]): Explanation {
  return {
    allowed: false,
    status: refusal.status,
    code: refusal.code,
    message: refusal.publicMessage,
    rules,
    limits: [],
    nextPassAt: null,
  };
}

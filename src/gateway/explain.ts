import { decide, type RuleAnswer } from '../access/decide.js';
import { createRoutePolicy, type RouteRuleConfig } from '../access/route-policy.js';
import type { ExplainedRule, ExplainRequest, Explanation } from '../admin/explain-port.js';
import { parseRange } from '../core/address.js';
import type { Caller } from '../core/caller.js';
import { unixSeconds, type Clock } from '../core/clock.js';
import { ERRORS, Refusal } from '../core/errors.js';
import type { Maybe } from '../core/maybe.js';
import { canonicalTarget } from '../http/canonical-path.js';
import type { Identity } from '../identity/identify.js';
import type { Standing } from '../limits/limit-store.js';
import { engineScope, readEngineAsked } from '../pipeline/engine-path.js';
import type { Match, Matcher } from '../pipeline/match.js';
import type { Route } from '../pipeline/routes.js';
import { askedRoute, refusalOf } from '../pipeline/step-identify.js';
import type { Catalogue, OfferedModel } from '../replicas/model.js';
import { judgeLimits } from './explain-limits.js';

export interface ExplainParts {
  identity: Identity;
  match: Matcher;
  catalogue(): Catalogue;
  routeRules(): readonly RouteRuleConfig[];
  /** The limits that bind such a request, as they stand. Absent: nobody counts, as offline. */
  standings?: (asked: { caller: Caller; model: OfferedModel | null }) => Maybe<readonly Standing[]>;
  clock: Clock;
}

/** What would happen to a request, by the very functions that serve it, with the answer of every rule asked. */
export function createExplain({
  identity,
  match,
  catalogue,
  routeRules,
  standings,
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
          ...askedRoute(route, path, createRoutePolicy(routeRules())),
        },
        nowSeconds: request.at ?? unixSeconds(clock),
      },
      rules,
    );
    if (decision.allowed) {
      const counted = standings !== undefined && caller !== null && route.steps.includes('admit');
      const standing = counted ? await standings({ caller, model: model === 'unknown' ? null : model }) : [];
      return withLimits(standing, rules, { at: request.at ?? null, nowMs: clock.now() });
    }
    return denied(
      refusalOf(decision, {
        route,
        head: name === null ? null : { model: name, modelAt: null, stream: false, previousResponse: null, members: [] },
      }),
      rules,
    );
  };
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

const CHOOSES_MODEL: ReadonlySet<string> = new Set(['authorizeModel', 'authorizeParts', 'findRealtime']);

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

/** Limits are known as they stand now; of another moment they are shown and not judged. */
function withLimits(
  standings: readonly Standing[],
  rules: readonly ExplainedRule[],
  { at, nowMs }: { at: number | null; nowMs: number },
): Explanation {
  const judged = judgeLimits(standings, nowMs);
  const isNow = at === null || Math.abs(at * 1000 - nowMs) < SAME_MOMENT_MS;
  const asked = isNow
    ? judged.rules
    : judged.rules.map((rule) => ({ ...rule, answer: 'skip' as const, why: `${rule.why}, as of now` }));
  const limits = [...standings];
  if (judged.refusal === null || !isNow) {
    const passed = { allowed: true, status: 200, code: null, message: null, nextPassAt: null };
    return { ...passed, rules: [...rules, ...asked], limits };
  }
  return { ...denied(judged.refusal, [...rules, ...asked]), limits, nextPassAt: judged.nextPassAt };
}

const SAME_MOMENT_MS = 1000;

/** Time alone never lets pass what a rule denies: keys expire and do not come back by themselves. */
function denied(refusal: Refusal, rules: ExplainedRule[]): Explanation {
  return {
    allowed: false,
    status: ERRORS[refusal.code].status,
    code: refusal.code,
    message: refusal.publicMessage,
    rules,
    limits: [],
    nextPassAt: null,
  };
}

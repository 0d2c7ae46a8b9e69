import type { Caller } from '../core/caller.js';
import type { ErrorCode } from '../core/errors.js';
import type { RoutePolicy } from './route-policy.js';
import { mayUseModel } from './model-pattern.js';
import { anyCovers, anyWithin } from './scope.js';

/** What is asked for. `null` members are not judged (yet): a model is known only after the body was read. */
export interface Asked {
  /** The scope the route needs; `within` is enough when any scope under it will do. */
  scope: { needed: string } | { within: string } | null;
  /** A model by its canonical name; `unknown` when nothing goes by the name asked for. */
  model: { name: string; restricted: boolean } | 'unknown' | null;
  /** The caller's address; null = not judged. */
  address: string | null;
  /** Judged by the route rules; left out where they say nothing. */
  route?: AskedRoute | undefined;
}

export interface AskedRoute {
  path: string;
  policy: RoutePolicy;
  /** Without any rule the route is for nobody. */
  needsRule: boolean;
}

export interface RuleAnswer {
  rule: string;
  answer: 'allow' | 'deny' | 'skip';
  /** For the operator: why. */
  why: string;
}

export interface Decision {
  allowed: boolean;
  code: ErrorCode | null;
  /** The rule that denied, or null. */
  rule: string | null;
  /** For the operator: why it was denied. */
  why: string | null;
  /** What the caller may be told beyond the sentence of the code. */
  told: string | null;
}

interface Case {
  caller: Caller | null;
  asked: Asked;
  nowSeconds: number;
}

/** `null` = nothing to judge; true = allowed; otherwise why it is denied. */
type Judgement = true | null | { why: string; told?: string };

interface Rule {
  name: string;
  code: ErrorCode;
  judge(caller: Caller, asked: Asked, nowSeconds: number): Judgement;
}

/** The rule whose refusal is about no scope. */
export const ROUTE_RULE = 'route permitted';

/**
 * The rules in the order they are asked. State comes before expiry and address, so that whoever holds
 * a revoked key learns nothing else; scope and model come last, since only a known caller may hear of them.
 */
const RULES: readonly Rule[] = [
  {
    name: 'not revoked',
    code: 'invalid_api_key',
    judge: (caller) => caller.state !== 'revoked' || { why: 'the key is revoked' },
  },
  {
    name: 'not disabled',
    code: 'invalid_api_key',
    judge: (caller) => caller.state !== 'disabled' || { why: 'the key is disabled' },
  },
  {
    name: 'parents alive',
    code: 'invalid_api_key',
    judge: (caller) =>
      caller.lineage.length === 0
        ? null
        : caller.ancestorsAlive || { why: 'a key it was derived from is disabled, revoked or expired' },
  },
  {
    name: 'owner enabled',
    code: 'invalid_api_key',
    judge: (caller) =>
      caller.owner === null ? null : !caller.ownerDisabled || { why: `the owner "${caller.owner}" is disabled` },
  },
  { name: 'not expired', code: 'invalid_api_key', judge: judgeExpiry },
  { name: 'address allowed', code: 'invalid_api_key', judge: judgeAddress },
  { name: 'scope held', code: 'missing_scope', judge: judgeScope },
  { name: ROUTE_RULE, code: 'missing_scope', judge: judgeRoute },
  { name: 'model allowed', code: 'model_not_found', judge: judgeModel },
];

const ALLOWED: Decision = { allowed: true, code: null, rule: null, why: null, told: null };

/**
 * May this caller do this, now? The one decision of the product: serving, `explain` and the checks of
 * running streams all ask here. Pure; `trace`, when given, receives the answer of every rule asked.
 * Rules after the one that denies are not asked.
 */
export function decide(given: Case, trace?: RuleAnswer[]): Decision {
  const { caller, asked, nowSeconds } = given;
  if (caller === null) {
    trace?.push({ rule: 'known key', answer: 'deny', why: 'no key of this store goes by it' });
    return { allowed: false, code: 'invalid_api_key', rule: 'known key', why: 'unknown or mistyped key', told: null };
  }
  trace?.push({ rule: 'known key', answer: 'allow', why: `caller ${caller.id}` });
  for (const rule of RULES) {
    const judgement = rule.judge(caller, asked, nowSeconds);
    if (judgement === true || judgement === null) {
      trace?.push({
        rule: rule.name,
        answer: judgement === null ? 'skip' : 'allow',
        why: judgement === null ? 'nothing to judge' : 'holds',
      });
      continue;
    }
    trace?.push({ rule: rule.name, answer: 'deny', why: judgement.why });
    return { allowed: false, code: rule.code, rule: rule.name, why: judgement.why, told: judgement.told ?? null };
  }
  return ALLOWED;
}

function judgeExpiry(caller: Caller, _asked: Asked, nowSeconds: number): Judgement {
  if (caller.expiresAt === null) return null;
  if (nowSeconds < caller.expiresAt) return true;
  const since = new Date(caller.expiresAt * 1000).toISOString();
  return {
    why: `expired at ${since}`,
    told: `The API key expired at ${since}. Ask whoever gave it to you for a new one.`,
  };
}

function judgeAddress(caller: Caller, { address }: Asked): Judgement {
  if (address === null) return null;
  let judged = false;
  for (const { addresses } of caller.bounds) {
    if (addresses.empty) continue;
    judged = true;
    if (!addresses.contains(address)) return { why: `address ${address} is not in the key's list` };
  }
  return judged ? true : null;
}

function judgeScope(caller: Caller, { scope }: Asked): Judgement {
  if (scope === null) return null;
  const needed = 'needed' in scope ? scope.needed : scope.within;
  for (const { scopes } of caller.bounds) {
    if ('needed' in scope ? anyCovers(scopes, needed) : anyWithin(scopes, needed)) continue;
    return {
      why: `scope ${needed} is not held`,
      told: `This key may not use this route: it needs the scope "${needed}".`,
    };
  }
  return true;
}

/** Of callers who need no key nothing is known that a rule could ask for. */
function judgeRoute(caller: Caller, { route }: Asked): Judgement {
  if (route === undefined || (route.policy.empty && !route.needsRule)) return null;
  const path = route.path.slice(0, 200);
  const permitted = route.policy.permits(route.path, caller.kind === 'local' ? null : caller.attributes);
  return (
    permitted || {
      why: `no route rule lets the caller use ${path}`,
      told: `Access denied: insufficient permissions for route ${path}`,
    }
  );
}

function judgeModel(caller: Caller, { model }: Asked): Judgement {
  if (model === null) return null;
  if (model === 'unknown') return { why: 'no model goes by this name' };
  for (const { models } of caller.bounds) {
    if (mayUseModel(models, model.name, model.restricted)) continue;
    return {
      why:
        models.length === 0
          ? `model "${model.name}" is restricted and the key has no pattern for it`
          : `no pattern of the key matches model "${model.name}"`,
    };
  }
  return true;
}

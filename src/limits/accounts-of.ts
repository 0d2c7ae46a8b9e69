import type { Caller } from '../core/caller.js';
import { PRIORITIES, USUAL_PRIORITY, USUAL_WEIGHT } from '../core/limit-bounds.js';
import type { LimitSettings, Priority } from '../core/limits.js';
import type { Account } from './limit-store.js';

/** Where limits stand. One is made for each configuration; what stands in the store is asked for each request. */
export interface LimitSources {
  /** `limits` of the configuration: hold for every key and caller, member by member, that has no value of its own. */
  defaults: LimitSettings;
  /** `owners` of the configuration. */
  owners: ReadonlyMap<string, LimitSettings>;
  /** `limits.models`. A model that stands here is counted, one without limits too; others are not, since anybody can make up names. */
  models: ReadonlyMap<string, LimitSettings>;
  /** The own limits of a key, the same object as long as they are the same; null = there are none. */
  keyLimits(id: string): LimitSettings | null;
  /** The limits an owner was given in the store, likewise. */
  ownerLimits(name: string): LimitSettings | null;
}

/** What a request is counted in, and its place in the fair queue. */
export interface Accounting {
  /** The caller itself comes first. None stands here twice. */
  accounts: readonly Account[];
  /** Output tokens reserved when the request names no cap. */
  defaultOutputTokens: number;
  /** Share in the fair queue, at least 1. */
  weight: number;
  /** As `weight` and `defaultOutputTokens`, of a derived key never better than of the keys it comes from. */
  priority: Priority;
}

/** Puts together who is charged for a request; `model` is the canonical name, null = none is used. */
export type AccountsOf = (caller: Caller, model: string | null) => Accounting;

/** Accounts remembered of each kind. Beyond it remembering begins anew, which costs time and nothing else. */
const MOST_REMEMBERED = 10_000;
const NO_LIMITS: LimitSettings = Object.freeze({});
const DEFAULT_OUTPUT_TOKENS = 1024;

/** The same objects come back as long as nothing changed, so that a request costs look-ups and one list. */
export function createAccountsOf(sources: LimitSources): AccountsOf {
  const settle = settledOver(sources.defaults);
  const keys = remembered((id, own) => ({ id: `key:${id}`, limits: settle(own) }));
  const callers = remembered((id, own) => ({ id: `caller:${id}`, limits: settle(own) }));
  const models = remembered((id, own) => ({ id: `model:${id}`, limits: own }));
  const owners = remembered((id, own) => {
    const configured = sources.owners.get(id);
    return { id: `owner:${id}`, limits: configured === undefined ? own : merged(configured, own) };
  });
  return (caller, model) => {
    const own = (caller.kind === 'key' ? sources.keyLimits(caller.id) : null) ?? NO_LIMITS;
    const self = (caller.kind === 'key' ? keys : callers)(caller.id, own);
    const accounts = [self];
    for (const id of caller.lineage) accounts.push(keys(id, sources.keyLimits(id) ?? NO_LIMITS));
    const { owner } = caller;
    const ofOwner = owner === null ? null : owners(owner, sources.ownerLimits(owner) ?? NO_LIMITS);
    if (ofOwner !== null) accounts.push(ofOwner);
    const ofModel = model === null ? undefined : sources.models.get(model);
    if (model !== null && ofModel !== undefined) accounts.push(models(model, ofModel));
    const shareOfKey = (limits: LimitSettings): Share => shareOf([limits, ofOwner?.limits, ofModel, sources.defaults]);
    let share = shareOfKey(own);
    for (const id of caller.lineage) share = lesser(share, shareOfKey(sources.keyLimits(id) ?? NO_LIMITS));
    return { accounts, ...share };
  };
}

type Share = Omit<Accounting, 'accounts'>;

/** Nobody gains by deriving a key: it has no more than each key it comes from has at this moment. */
function lesser(one: Share, other: Share): Share {
  return {
    defaultOutputTokens: Math.min(one.defaultOutputTokens, other.defaultOutputTokens),
    weight: Math.min(one.weight, other.weight),
    priority: PRIORITIES.indexOf(one.priority) > PRIORITIES.indexOf(other.priority) ? one.priority : other.priority,
  };
}

/** The first value found counts: of the key, of its owner, of the model (which has no place in a queue), of all. */
function shareOf(places: readonly (LimitSettings | null | undefined)[]): Share {
  let tokens: number | undefined;
  let weight: number | undefined;
  let priority: Priority | undefined;
  for (const place of places) {
    tokens ??= place?.default_output_tokens;
    weight ??= place?.weight;
    priority ??= place?.priority;
  }
  return {
    defaultOutputTokens: tokens ?? DEFAULT_OUTPUT_TOKENS,
    weight: Math.max(1, weight ?? USUAL_WEIGHT),
    priority: priority ?? USUAL_PRIORITY,
  };
}

/** Own values over the defaults, made once for each object of own values. */
function settledOver(defaults: LimitSettings): (own: LimitSettings) => LimitSettings {
  const settled = new WeakMap<LimitSettings, LimitSettings>();
  return (own) => {
    const known = settled.get(own);
    if (known !== undefined) return known;
    const made = merged(defaults, own);
    settled.set(own, made);
    return made;
  };
}

function merged(under: LimitSettings, over: LimitSettings): LimitSettings {
  const given = Object.entries(over).filter(([, value]) => value !== undefined);
  return Object.freeze({ ...under, ...Object.fromEntries(given) });
}

/** Makes an account once, and anew when its own limits are another object. */
function remembered(make: (id: string, own: LimitSettings) => Account): (id: string, own: LimitSettings) => Account {
  const known = new Map<string, { own: LimitSettings; account: Account }>();
  return (id, own) => {
    const found = known.get(id);
    if (found?.own === own) return found.account;
    if (known.size >= MOST_REMEMBERED) known.clear();
    const account = make(id, own);
    known.set(id, { own, account });
    return account;
  };
}

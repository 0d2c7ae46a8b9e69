import { parseRanges } from '../../core/address.js';
import type { Caller } from '../../core/caller.js';
import type { Clock } from '../../core/clock.js';
import { Refusal } from '../../core/errors.js';
import { isPromise, type Maybe } from '../../core/maybe.js';
import { createProvider, type ProviderConfig, type ProviderParts } from './create.js';
import { principalIn } from './json.js';
import type { Roster } from './roster.js';
import type { Denied, Outage, Provider, Question, Vouched } from './provider.js';

/** What changes about a caller while somebody else vouches for it. */
export interface Standing {
  isBlocked(callerId: string): boolean;
  isOwnerDisabled(owner: string): boolean;
}

/** All that may vouch for callers without a key of ours, asked in the order of the configuration. */
export interface Vouching {
  /** Nobody may. */
  readonly none: boolean;
  /** How the first provider words a refusal before anybody is asked. */
  readonly words: Provider['words'] | null;
  /**
   * The first yes wins, a no asks the next one. Null when nobody judges a request without a credential.
   * Throws `invalid_api_key`, or `auth_unavailable` when somebody who might have said yes could not be asked.
   */
  identify(question: Question): Maybe<Caller | null>;
  /** The same caller as it stands now; null when its provider is gone. */
  present(caller: Caller): Caller | null;
}

/** Where no credential is ever shown to anybody else. */
export const NOBODY_VOUCHES: Vouching = { none: true, words: null, identify: () => null, present: () => null };

/** What is known about callers besides what their providers say. */
export interface Knowing {
  standing: Standing;
  roster: Roster;
}

const ANYWHERE = parseRanges([]);
const RETRY_AFTER: readonly string[] = ['retry-after', '5'];

type Delegate = Caller & { kind: 'delegate' };

interface Configured {
  provider: Provider;
  config: ProviderConfig;
}

export function createVouching(configs: readonly ProviderConfig[], parts: ProviderParts & Knowing): Vouching {
  const configured = configs.map((config) => ({ config, provider: createProvider(config, parts) }));
  const names = new Set(configured.map(({ provider }) => provider.name));
  const { standing } = parts;
  return {
    none: configured.length === 0,
    words: configured[0]?.provider.words ?? null,
    identify(question) {
      const asked = configured.filter(({ provider }) => question.credential !== null || !provider.needsCredential);
      return inOrder(asked, question, { ...parts, refused: [] });
    },
    present(caller) {
      if (!names.has(providerOf(caller.id))) return null;
      return {
        ...caller,
        state: standing.isBlocked(caller.id) ? 'disabled' : 'active',
        ownerDisabled: isOff(caller.owner, standing),
      };
    },
  };
}

/** The part of the id before the first colon; names of providers have none. */
function providerOf(callerId: string): string {
  return callerId.slice(0, callerId.indexOf(':'));
}

interface Asking extends Knowing {
  clock: Clock;
  /** What was said so far. */
  refused: (Denied | Outage)[];
}

function inOrder([next, ...others]: readonly Configured[], question: Question, asking: Asking): Maybe<Caller | null> {
  if (next === undefined) return nobody(question, asking.refused);
  const heard = (verdict: Vouched | Denied | Outage): Maybe<Caller | null> => {
    const said = verdict.kind === 'yes' ? callerOf(verdict, next, { question, ...asking }) : verdict;
    if (said.kind === 'delegate') {
      asking.roster.note(said);
      return said;
    }
    return inOrder(others, question, { ...asking, refused: [...asking.refused, said] });
  };
  const verdict = next.provider.ask(question);
  return isPromise(verdict) ? verdict.then(heard) : heard(verdict);
}

/** An outage counts more than a no: whoever could not be asked might have said yes. */
function nobody({ credential }: Question, refused: readonly (Denied | Outage)[]): null {
  const outage = refused.find((one) => one.kind === 'outage');
  if (outage !== undefined) {
    throw new Refusal('auth_unavailable', {
      reason: outage.reason,
      inContract: outage.words,
      status: outage.status,
      headers: outage.status === 503 ? RETRY_AFTER : [],
    });
  }
  const first = refused.find((one) => credential !== null || one.kind === 'outage' || one.nothingShown !== true);
  if (first === undefined) return null;
  throw new Refusal('invalid_api_key', {
    reason: refused.map(({ reason }) => reason).join('; '),
    inContract: first.words,
  });
}

function callerOf(
  verdict: Vouched,
  { provider, config }: Configured,
  { question, clock, standing }: Asking & { question: Question },
): Delegate | Denied {
  const owner = config.owner_from === undefined ? null : principalIn(verdict.values(config.owner_from)[0]);
  if (owner === null && config.owner_from !== undefined) {
    // Without an owner the caller would be bound to nobody, and could do more than one with an owner.
    return {
      kind: 'no',
      words: provider.words.refused,
      reason: `${provider.name} vouches for ${verdict.principal} without the attribute that names the owner`,
    };
  }
  const id = `${provider.name}:${verdict.principal}`;
  return {
    id,
    kind: 'delegate',
    owner,
    state: standing.isBlocked(id) ? 'disabled' : 'active',
    ancestorsAlive: true,
    ownerDisabled: isOff(owner, standing),
    expiresAt: verdict.expiresAt,
    bounds: [{ scopes: scopesOf(verdict, config), models: [], addresses: ANYWHERE }],
    lineage: [],
    secretSlot: 'current',
    attributes: verdict.attributes,
    watch(ended) {
      return clock.every(provider.recheckMs, () => {
        void Promise.resolve(provider.ask(question)).then((now) => {
          const same = now.kind === 'yes' && now.principal === verdict.principal;
          if (now.kind === 'no' || (now.kind === 'yes' && !same))
            ended('key_revoked', `${provider.name} vouches for ${id} no more`);
        });
      });
    },
  };
}

function isOff(owner: string | null, standing: Standing): boolean {
  return owner !== null && standing.isOwnerDisabled(owner);
}

const USUAL_SCOPES = ['infer'];

/** Given to all, and those for the values of an attribute; inference when the configuration names neither. */
function scopesOf(verdict: Vouched, { scopes, scopes_from: from }: ProviderConfig): readonly string[] {
  if (from === undefined) return scopes ?? USUAL_SCOPES;
  const mapped = verdict
    .values(from.attribute)
    .flatMap((value) => (Object.hasOwn(from.map, value) ? (from.map[value] ?? []) : []));
  return [...new Set([...(scopes ?? []), ...mapped])];
}

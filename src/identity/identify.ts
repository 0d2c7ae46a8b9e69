import { parseRanges, type AddressRanges } from '../core/address.js';
import type { Bounds, Caller } from '../core/caller.js';
import type { CanonicalRequest } from '../core/exchange.js';
import { Refusal } from '../core/errors.js';
import { isPromise, type Maybe } from '../core/maybe.js';
import type { KeyDirectory, KeyPolicy, KnownKey } from '../keys/key.js';
import { Secret } from '../core/secret.js';
import { credentialsOf, refuseKeyInQuery } from './credentials.js';
import type { Vouching } from './providers/vouching.js';

export interface IdentitySettings {
  directory: KeyDirectory;
  /** The one spelling of a well-formed key, or null. */
  canonicalKey(text: string): string | null;
  /** Networks whose callers need no key; empty = none. */
  localNetworks: AddressRanges;
  localScopes: readonly string[];
  /** Who else may vouch for a caller. */
  vouching: Vouching;
}

/** Finds out who calls. */
export interface Identity {
  /**
   * The caller, or null when a credential was shown that nobody has. Throws 401 when none was shown or
   * nobody vouches for it, 503 when that could not be asked, and 400 when several were shown. Whether the
   * caller may do anything is for the decision.
   */
  identify(request: CanonicalRequest): Maybe<Caller | null>;
  /** A caller as it stands now; null when it is gone. */
  present(caller: Caller): Caller | null;
  /** How the contract of the first provider words that a key of ours is not valid. */
  readonly refusedWords: string | undefined;
  /** The caller a key id stands for now; null when there is no such key. */
  callerOf(keyId: string): Caller | null;
  /** The caller a secret stands for; null when it is nobody's. */
  callerWith(secret: string): Maybe<Caller | null>;
}

const ANYWHERE = parseRanges([]);
const MISSING: readonly string[] = ['www-authenticate', 'Bearer realm="keyporter"'];

export function createIdentity(settings: IdentitySettings): Identity {
  const { directory, vouching } = settings;
  const toCaller = createCallers(directory);
  const withSecret = (secret: string): Maybe<Caller | null> => {
    const known = directory.identify(secret);
    return isPromise(known) ? known.then(toCaller) : toCaller(known);
  };
  return {
    identify(request) {
      refuseKeyInQuery(request.query, settings.canonicalKey);
      const shown = credentialsOf(request);
      const [first] = shown;
      if (first === undefined) return withoutCredential(request, settings);
      if (shown.length > 1) return oneOf(shown, settings, withSecret);
      const known = withSecret(first);
      if (vouching.none) return known;
      return isPromise(known)
        ? known.then((caller) => caller ?? foreign(first, request, settings))
        : (known ?? foreign(first, request, settings));
    },
    present(caller) {
      if (caller.kind === 'key') return toCaller(directory.byId(caller.id));
      return caller.kind === 'delegate' ? vouching.present(caller) : caller;
    },
    refusedWords: vouching.words?.refused,
    callerOf: (keyId) => toCaller(directory.byId(keyId)),
    callerWith: withSecret,
  };
}

/**
 * Many clients must send some key and invent one. Beside exactly one value that is well-formed or
 * known, other text is ignored; two such values are refused.
 */
async function oneOf(
  shown: readonly string[],
  settings: IdentitySettings,
  withSecret: (secret: string) => Maybe<Caller | null>,
): Promise<Caller | null> {
  const telling = new Set<string>();
  for (const value of shown) {
    const key = settings.canonicalKey(value);
    if (key !== null || (await withSecret(value)) !== null) telling.add(key ?? value);
  }
  const [only] = telling;
  if (only === undefined) return null;
  if (telling.size > 1) throw new Refusal('conflicting_credentials');
  return withSecret(only);
}

/** What is ours in any way is decided by us alone; only what is not is shown to somebody else. */
function foreign(
  credential: string,
  request: CanonicalRequest,
  { directory, vouching }: IdentitySettings,
): Maybe<Caller | null> {
  const ask = (ours: boolean): Maybe<Caller | null> =>
    ours ? null : vouching.identify({ credential: new Secret(credential), request });
  const ours = directory.recognizes(credential);
  return isPromise(ours) ? ours.then(ask) : ask(ours);
}

function withoutCredential(request: CanonicalRequest, settings: IdentitySettings): Maybe<Caller> {
  if (settings.vouching.none) return localCaller(request, settings);
  const vouched = settings.vouching.identify({ credential: null, request });
  return isPromise(vouched)
    ? vouched.then((caller) => caller ?? localCaller(request, settings))
    : (vouched ?? localCaller(request, settings));
}

/** The socket peer alone counts, and any header that speaks for another address voids the exemption. */
function localCaller(request: CanonicalRequest, settings: IdentitySettings): Caller {
  if (request.forwarded || !settings.localNetworks.contains(request.peer)) {
    throw new Refusal('missing_api_key', { headers: MISSING, ...missingWords(request, settings.vouching) });
  }
  return {
    id: `local:${request.peer}`,
    kind: 'local',
    owner: null,
    state: 'active',
    ancestorsAlive: true,
    ownerDisabled: false,
    expiresAt: null,
    bounds: [{ scopes: settings.localScopes, models: [], addresses: ANYWHERE }],
    lineage: [],
    secretSlot: 'current',
    attributes: {},
  };
}

function missingWords({ names }: CanonicalRequest, { words }: Vouching): { inContract?: string } {
  if (names.includes('authorization')) return { inContract: words?.malformed ?? 'Invalid Authorization header format' };
  return words === null ? {} : { inContract: words.missing };
}

function createCallers(directory: KeyDirectory): (known: KnownKey | null) => Caller | null {
  // Policies are shared between keys and never change, so each is read once.
  const read = new WeakMap<KeyPolicy, readonly [Bounds]>();
  const boundsOf = (policy: KeyPolicy): readonly [Bounds] => {
    const known = read.get(policy);
    if (known !== undefined) return known;
    const made = [{ scopes: policy.scopes, models: policy.models, addresses: parseRanges(policy.allowIps) }] as const;
    read.set(policy, made);
    return made;
  };
  const inherited = (id: string): readonly Bounds[] => {
    const parent = directory.byId(id);
    return parent === null ? [] : boundsOf(parent.policy);
  };
  return (known) => {
    if (known === null) return null;
    return {
      id: known.id,
      kind: 'key',
      owner: known.policy.owner,
      state: known.state,
      ancestorsAlive: known.ancestorsAlive,
      ownerDisabled: known.ownerDisabled,
      expiresAt: earliest(known.expiresAt, known.secretExpiresAt),
      bounds:
        known.lineage.length === 0
          ? boundsOf(known.policy)
          : [...boundsOf(known.policy), ...known.lineage.flatMap(inherited)],
      lineage: known.lineage,
      secretSlot: known.secretSlot,
      attributes: known.policy.attributes,
    };
  };
}

function earliest(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

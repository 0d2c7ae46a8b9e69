import { SlotIndex } from './directory-index.js';
import type { KeyPolicy } from './key.js';

type Part = KeyPolicy['scopes'] | KeyPolicy['limits'] | KeyPolicy['attributes'];

/** Parts remembered for sharing. Beyond it sharing begins anew, which costs memory and nothing else. */
const MOST_PARTS = 10_000;
/** Parts of a policy besides its owner. */
const PARTS = 5;
const EMPTY_LIST: readonly string[] = Object.freeze([]);
const EMPTY_RECORD = Object.freeze({});

/**
 * Keeps each different policy once, deeply frozen, however many keys have it. Parts that are equal
 * are shared between policies too, so that a policy that differs by its owner alone costs little.
 */
export class PolicyPool {
  readonly #policies: (KeyPolicy | null)[] = [];
  readonly #uses: number[] = [];
  readonly #free: number[] = [];
  readonly #index = new SlotIndex((at) => this.#hashAt(at));
  readonly #parts = new Map<string, Part>();
  readonly #partNumbers = new WeakMap<Part, number>();
  #nextPart = 1;

  at(index: number): KeyPolicy {
    const policy = this.#policies[index];
    if (policy === undefined || policy === null) throw new Error(`There is no policy ${index}.`);
    return policy;
  }

  /** The index of a policy equal to this one. Each call is one use, to be given back with `release`. */
  acquire(policy: KeyPolicy): number {
    const shared = this.#share(policy);
    const hash = this.#hashOf(shared);
    const index = this.#find(shared, hash) ?? this.#add(shared, hash);
    this.#uses[index] = (this.#uses[index] ?? 0) + 1;
    return index;
  }

  /** Gives one use back; a policy nobody uses is forgotten. */
  release(index: number): void {
    const left = (this.#uses[index] ?? 0) - 1;
    this.#uses[index] = left;
    if (left > 0) return;
    this.#policies[index] = null;
    this.#free.push(index);
  }

  /** What another thread needs to build the same pool. */
  pack(): PackedPolicies {
    const numbers = new Map<Part, number>([[EMPTY_LIST, 0]]);
    const numberOf = (part: Part): number => {
      const number = numbers.get(part) ?? numbers.size;
      numbers.set(part, number);
      return number;
    };
    const parts = new Uint32Array(this.#policies.length * PARTS);
    this.#policies.forEach((policy, index) => {
      if (policy !== null) parts.set(partsOf(policy).map(numberOf), index * PARTS);
    });
    const owners = this.#policies.map((policy) => policy?.owner ?? null);
    return { owners, different: [...numbers.keys()], parts, uses: Float64Array.from(this.#uses) };
  }

  static unpack(packed: PackedPolicies): PolicyPool {
    const pool = new PolicyPool();
    const different = packed.different.map((part) => pool.#sharePart(part));
    packed.owners.forEach((owner, index) => {
      const part = <P extends Part>(which: number): P => different[packed.parts[index * PARTS + which] ?? 0] as P;
      pool.#policies.push(null);
      pool.#uses.push(packed.uses[index] ?? 0);
      if (packed.uses[index] === 0) pool.#free.push(index);
      else
        pool.#put(index, {
          owner,
          scopes: part(0),
          models: part(1),
          allowIps: part(2),
          limits: part(3),
          attributes: part(4),
        });
    });
    return pool;
  }

  #add(shared: KeyPolicy, hash: number): number {
    const index = this.#free.pop() ?? this.#policies.length;
    this.#uses[index] = 0;
    this.#put(index, shared, hash);
    return index;
  }

  #put(index: number, shared: KeyPolicy, hash = this.#hashOf(shared)): void {
    this.#policies[index] = Object.freeze(shared);
    this.#index.add(hash, index);
  }

  #find(shared: KeyPolicy, hash: number): number | null {
    let position = this.#index.home(hash);
    for (let index = this.#index.valueAt(position); index >= 0; index = this.#index.valueAt(position)) {
      if (areEqual(this.#policies[index] ?? null, shared)) return index;
      position = this.#index.next(position);
    }
    return null;
  }

  #share(policy: KeyPolicy): KeyPolicy {
    return {
      owner: policy.owner,
      scopes: this.#sharePart(policy.scopes),
      models: this.#sharePart(policy.models),
      allowIps: this.#sharePart(policy.allowIps),
      limits: this.#sharePart(policy.limits),
      attributes: this.#sharePart(policy.attributes),
    };
  }

  #sharePart<P extends Part>(part: P): P {
    if (isEmpty(part)) return (Array.isArray(part) ? EMPTY_LIST : EMPTY_RECORD) as P;
    if (this.#partNumbers.has(part)) return part;
    const text = JSON.stringify(part);
    const known = this.#parts.get(text);
    if (known !== undefined) return known as P;
    if (this.#parts.size >= MOST_PARTS) this.#parts.clear();
    const kept = deeplyFrozen(structuredClone(part));
    this.#parts.set(text, kept);
    this.#partNumbers.set(kept, this.#nextPart++);
    return kept;
  }

  #hashAt(index: number): number {
    const policy = this.#policies[index];
    return policy === undefined || policy === null ? 0 : this.#hashOf(policy);
  }

  #hashOf(shared: KeyPolicy): number {
    let hash = textHash(shared.owner ?? '');
    hash = mixed(hash, this.#numberOf(shared.scopes));
    hash = mixed(hash, this.#numberOf(shared.models));
    hash = mixed(hash, this.#numberOf(shared.allowIps));
    hash = mixed(hash, this.#numberOf(shared.limits));
    return mixed(hash, this.#numberOf(shared.attributes)) >>> 0;
  }

  #numberOf(part: Part): number {
    return isEmpty(part) ? 0 : (this.#partNumbers.get(part) ?? 0);
  }
}

/** Policies as they travel between threads: as columns, since a million objects would take the other thread seconds. */
export interface PackedPolicies {
  owners: readonly (string | null)[];
  different: readonly Part[];
  /** Five a policy: which of the `different` parts it has, in the order of `partsOf`. */
  parts: Uint32Array<ArrayBuffer>;
  /** How many keys have each policy; 0 = the place is free. */
  uses: Float64Array<ArrayBuffer>;
}

function partsOf(policy: KeyPolicy): Part[] {
  return [policy.scopes, policy.models, policy.allowIps, policy.limits, policy.attributes];
}

function deeplyFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deeplyFrozen(member);
  return Object.freeze(value);
}

/** Equal owner and the same shared parts. */
function areEqual(known: KeyPolicy | null, shared: KeyPolicy): boolean {
  return (
    known !== null &&
    known.owner === shared.owner &&
    known.scopes === shared.scopes &&
    known.models === shared.models &&
    known.allowIps === shared.allowIps &&
    known.limits === shared.limits &&
    known.attributes === shared.attributes
  );
}

function isEmpty(part: Part): boolean {
  if (Array.isArray(part)) return part.length === 0;
  return Object.keys(part).length === 0;
}

function mixed(hash: number, number: number): number {
  const product = Math.imul(hash ^ number, 0x9e3779b1);
  return product ^ (product >>> 15);
}

/** FNV-1a over the UTF-16 units. */
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash;
}

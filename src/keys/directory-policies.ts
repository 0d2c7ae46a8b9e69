import type { KeyPolicy } from './key.js';

type Part = KeyPolicy['scopes'] | KeyPolicy['limits'] | KeyPolicy['attributes'];

/** Parts remembered for sharing. Beyond it sharing begins anew, which costs memory and nothing else. */
const MOST_PARTS = 10_000;

/**
 * Keeps each different policy once, deeply frozen, however many keys have it. Parts that are equal
 * are shared between policies too, so that a policy that differs by its owner alone costs little.
 */
export class PolicyPool {
  readonly #policies: (KeyPolicy | null)[] = [];
  readonly #names: string[] = [];
  readonly #uses: number[] = [];
  readonly #free: number[] = [];
  readonly #indexes = new Map<string, number>();
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
    const name = this.#nameOf(shared);
    const known = this.#indexes.get(name);
    const index = known ?? this.#free.pop() ?? this.#policies.length;
    if (known === undefined) {
      this.#policies[index] = Object.freeze(shared);
      this.#names[index] = name;
      this.#uses[index] = 0;
      this.#indexes.set(name, index);
    }
    this.#uses[index] = (this.#uses[index] ?? 0) + 1;
    return index;
  }

  /** Gives one use back; a policy nobody uses is forgotten. */
  release(index: number): void {
    const left = (this.#uses[index] ?? 0) - 1;
    this.#uses[index] = left;
    if (left > 0) return;
    this.#indexes.delete(this.#names[index] ?? '');
    this.#policies[index] = null;
    this.#free.push(index);
  }

  /** What another thread needs to build the same pool. */
  pack(): PackedPolicies {
    return { policies: this.#policies, uses: Float64Array.from(this.#uses) };
  }

  static unpack(packed: PackedPolicies): PolicyPool {
    const pool = new PolicyPool();
    packed.policies.forEach((policy, index) => {
      if (policy === null) throw new Error('A packed policy is missing.');
      const shared = pool.#share(policy);
      const name = pool.#nameOf(shared);
      pool.#policies.push(Object.freeze(shared));
      pool.#names.push(name);
      pool.#uses.push(packed.uses[index] ?? 0);
      pool.#indexes.set(name, index);
    });
    return pool;
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

  /** Equal for policies with the same owner and the same shared parts. */
  #nameOf(shared: KeyPolicy): string {
    const parts = [shared.scopes, shared.models, shared.allowIps, shared.limits, shared.attributes];
    const numbers = parts.map((part) => this.#partNumbers.get(part)).join(',');
    return shared.owner === null ? numbers : `${numbers},${shared.owner}`;
  }
}

/** Policies as they travel between threads; parts shared here stay shared there. */
export interface PackedPolicies {
  policies: readonly (KeyPolicy | null)[];
  /** How many keys have each policy. */
  uses: Float64Array<ArrayBuffer>;
}

function deeplyFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deeplyFrozen(member);
  return Object.freeze(value);
}

import { unixSeconds, type Clock } from '../core/clock.js';
import type { LimitSettings } from '../core/limits.js';
import type { Maybe } from '../core/maybe.js';
import { KeyRows, type PackedRows } from './directory-rows.js';
import { NO_ROW, type KeyTable } from './directory-table.js';
import { looksLikeKey, parseKey, resemblesKey } from './format.js';
import { digestOf, type SlowHasher } from './hash.js';
import type { KeyDirectory, KnownKey } from './key.js';
import type { PackRow } from './packed.js';

/** A chain of derived keys longer than this counts as dead; it also ends a cycle. */
const MOST_ANCESTORS = 8;
const LONGEST_IMPORTED = 4096;
const NO_LINEAGE: readonly string[] = Object.freeze([]);

/** Everything memory needs, in a form that another thread takes over without copying (see `buffersOf`). */
export interface PackedKeys extends PackedRows {
  /** Every owner that was switched or has limits. */
  owners: readonly OwnerState[];
  blockedCallers: readonly string[];
}

/** What holds for all keys of an owner. */
export interface OwnerState {
  name: string;
  disabled: boolean;
  limits: LimitSettings;
}

/** The directory and the ways to change it. Only the ordered list of changes may feed it. */
export interface LiveDirectory extends KeyDirectory {
  /** Inserts or replaces one key. An older revision than the one held changes nothing. */
  apply(row: PackRow, revision: number): void;
  /** Replaces what holds for all keys of an owner, and for the keys derived from them. */
  setOwner(owner: OwnerState, revision: number): void;
  /** Blocks a caller without a key of ours, or lets it in again. Changes of one store come one after the other. */
  setCallerBlocked(callerId: string, blocked: boolean, revision: number): void;
  /** Forgets a key; keys derived from it are dead from then on. */
  remove(id: string): void;
}

/** Packs what the store read. Runs in the worker of the store. */
export function packKeys(rows: Iterable<PackRow>, owners: Iterable<OwnerState>, revision: number): PackedKeys {
  const keys = new KeyRows(revision);
  for (const row of rows) keys.apply(row, revision);
  return { ...keys.pack(), owners: [...owners], blockedCallers: [] };
}

/** The buffers for the transfer list when packed keys are posted to another thread. */
export function buffersOf(packed: PackedKeys): ArrayBuffer[] {
  const { table, imported, policies } = packed;
  const arrays = [table.words, table.revisions, table.ids.slots, table.previous.words, table.previous.expiries];
  return [...arrays, imported.slots, policies.parts, policies.uses].map((array) => array.buffer);
}

/** The directory over packed keys, which it takes over. Without `slow`, weak imported secrets are nobody's. */
export function createDirectory(packed: PackedKeys, clock: Clock, slow?: SlowHasher): LiveDirectory {
  return new Directory(packed, clock, slow ?? null);
}

class Directory implements LiveDirectory {
  readonly #keys: KeyRows;
  readonly #table: KeyTable;
  readonly #clock: Clock;
  readonly #slow: SlowHasher | null;
  readonly #loadedRevision: number;
  #revision: number;
  readonly #disabledOwners = new Set<string>();
  readonly #ownerLimits = new Map<string, LimitSettings>();
  readonly #blockedCallers: Set<string>;
  /** Revision at which an owner was last changed, for owners changed since the load. */
  readonly #ownerRevisions = new Map<string, number>();

  constructor(packed: PackedKeys, clock: Clock, slow: SlowHasher | null) {
    this.#keys = new KeyRows(packed);
    this.#table = this.#keys.table;
    this.#clock = clock;
    this.#slow = slow;
    this.#loadedRevision = packed.revision;
    this.#revision = packed.revision;
    for (const owner of packed.owners) this.#keepOwner(owner);
    this.#blockedCallers = new Set(packed.blockedCallers);
  }

  get size(): number {
    return this.#keys.size;
  }

  get revision(): number {
    return this.#revision;
  }

  count(owner: string | null): { active: number; total: number } {
    const counts = { active: 0, total: 0 };
    for (let row = 0; row < this.#table.rows; row += 1) {
      if (!this.#table.isHeld(row) || (owner !== null && this.#keys.policy(row).owner !== owner)) continue;
      counts.total += 1;
      if (this.#isUsable(row)) counts.active += 1;
    }
    return counts;
  }

  identify(secret: string): Maybe<KnownKey | null> {
    const parsed = parseKey(secret);
    if (parsed !== null) return this.#shown(this.#table.find(parsed.id), digestOf(parsed.canonical), parsed.id);
    if (looksLikeKey(secret)) return null;
    return this.#identifyImported(secret);
  }

  byId(id: string): KnownKey | null {
    const row = this.#table.find(id);
    return this.#table.isHeld(row) ? this.#known(row, 'current', id) : null;
  }

  recognizes(secret: string): Maybe<boolean> {
    if (resemblesKey(secret)) return true;
    if (secret.length === 0 || secret.length > LONGEST_IMPORTED) return false;
    if (this.#keys.findImported(digestOf(secret)) !== NO_ROW) return true;
    if (this.#slow === null || this.#keys.slow === 0) return false;
    return this.#slow.digest(secret).then((slowDigest) => this.#keys.findImported(slowDigest) !== NO_ROW);
  }

  isOwnerDisabled(owner: string): boolean {
    return this.#disabledOwners.has(owner);
  }

  ownerLimits(owner: string): LimitSettings | null {
    return this.#ownerLimits.get(owner) ?? null;
  }

  isCallerBlocked(callerId: string): boolean {
    return this.#blockedCallers.has(callerId);
  }

  apply(row: PackRow, revision: number): void {
    this.#keys.apply(row, revision);
    this.#revision = Math.max(this.#revision, revision);
  }

  setOwner(owner: OwnerState, revision: number): void {
    if (revision < (this.#ownerRevisions.get(owner.name) ?? this.#loadedRevision)) return;
    this.#ownerRevisions.set(owner.name, revision);
    this.#keepOwner(owner);
    this.#revision = Math.max(this.#revision, revision);
  }

  setCallerBlocked(callerId: string, blocked: boolean, revision: number): void {
    if (blocked) this.#blockedCallers.add(callerId);
    else this.#blockedCallers.delete(callerId);
    this.#revision = Math.max(this.#revision, revision);
  }

  remove(id: string): void {
    this.#keys.remove(id, this.#revision);
  }

  #keepOwner({ name, disabled, limits }: OwnerState): void {
    if (disabled) this.#disabledOwners.add(name);
    else this.#disabledOwners.delete(name);
    if (Object.keys(limits).length > 0) this.#ownerLimits.set(name, Object.freeze({ ...limits }));
    else this.#ownerLimits.delete(name);
  }

  #identifyImported(secret: string): Maybe<KnownKey | null> {
    if (secret.length === 0 || secret.length > LONGEST_IMPORTED) return null;
    const digest = digestOf(secret);
    const row = this.#keys.findImported(digest);
    if (row !== NO_ROW) return this.#shown(row, digest);
    if (this.#slow === null || this.#keys.slow === 0) return null;
    return this.#slow.digest(secret).then((slowDigest) => this.#shown(this.#keys.findImported(slowDigest), slowDigest));
  }

  /** The key in this row if the digest is that of one of its secrets that still works. */
  #shown(row: number, digest: Uint8Array, id?: string): KnownKey | null {
    const slot = this.#table.match(row, digest);
    if (slot === null) return null;
    const known = this.#known(row, slot, id ?? this.#table.id(row));
    if (slot === 'current') return known;
    const ends = known.secretExpiresAt;
    return ends !== null && unixSeconds(this.#clock) < ends ? known : null;
  }

  #known(row: number, slot: 'current' | 'previous', id: string): KnownKey {
    const policy = this.#keys.policy(row);
    const known: KnownKey = {
      id,
      policy,
      state: this.#table.state(row),
      expiresAt: this.#table.expiresAt(row),
      ancestorsAlive: true,
      ownerDisabled: this.#isDisabled(policy.owner),
      lineage: NO_LINEAGE,
      secretSlot: slot,
      secretExpiresAt: slot === 'previous' ? this.#table.previousExpiresAt(row) : null,
    };
    const parent = this.#table.parent(row);
    if (parent !== NO_ROW) this.#addAncestors(known, parent);
    return known;
  }

  /** Walks up from `parent`. A key whose ancestor could not be used itself is dead too. */
  #addAncestors(known: KnownKey, parent: number): void {
    const lineage: string[] = [];
    let row = parent;
    for (; row !== NO_ROW && lineage.length < MOST_ANCESTORS; row = this.#table.parent(row)) {
      lineage.push(this.#table.id(row));
      if (this.#table.isHeld(row)) this.#addAncestor(known, row);
      else known.ancestorsAlive = false;
    }
    if (row !== NO_ROW) known.ancestorsAlive = false;
    known.lineage = lineage;
  }

  #addAncestor(known: KnownKey, row: number): void {
    const expiresAt = this.#table.expiresAt(row);
    if (expiresAt !== null) known.expiresAt = Math.min(expiresAt, known.expiresAt ?? expiresAt);
    const isExpired = expiresAt !== null && expiresAt <= unixSeconds(this.#clock);
    if (this.#table.state(row) !== 'active' || isExpired) known.ancestorsAlive = false;
    known.ownerDisabled ||= this.#isDisabled(this.#keys.policy(row).owner);
  }

  #isUsable(row: number): boolean {
    const now = unixSeconds(this.#clock);
    if (this.#table.state(row) !== 'active' || (this.#table.expiresAt(row) ?? now + 1) <= now) return false;
    if (this.#isDisabled(this.#keys.policy(row).owner)) return false;
    if (this.#table.parent(row) === NO_ROW) return true;
    const { ancestorsAlive, ownerDisabled } = this.#known(row, 'current', '');
    return ancestorsAlive && !ownerDisabled;
  }

  #isDisabled(owner: string | null): boolean {
    return owner !== null && this.isOwnerDisabled(owner);
  }
}

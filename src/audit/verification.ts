import type { AuditVerdict } from '../admin/ports.js';
import { EMPTY_CHAIN, follows, type AuditRow, type ChainHead } from './chain.js';

/** Walks the chain a page at a time, from its first row to its last. */
export class ChainWalk {
  readonly #outside: ChainHead | null;
  #head: ChainHead = EMPTY_CHAIN;
  #brokenAt: number | null = null;
  #outsideSeen = false;

  constructor(outside: ChainHead | null) {
    this.#outside = outside;
    this.#outsideSeen = outside !== null && sameHead(outside, EMPTY_CHAIN);
  }

  /** Rows in their stored order; answers whether to go on. */
  take(rows: readonly AuditRow[]): boolean {
    for (const row of rows) {
      if (!follows(this.#head, row)) {
        this.#brokenAt = this.#head.sequence + 1;
        return false;
      }
      this.#head = { sequence: row.sequence, hash: row.hash };
      if (this.#outside !== null && sameHead(this.#head, this.#outside)) this.#outsideSeen = true;
    }
    return true;
  }

  /** To be called after the last page. */
  verdict(stored: ChainHead): AuditVerdict {
    const brokenAt = this.#brokenAt ?? this.#missingAt(stored);
    return {
      intact: brokenAt === null,
      entries: this.#head.sequence,
      brokenAt,
      head: this.#head.hash,
      notProven: this.#notProven(),
    };
  }

  /** The first row that ought to be there and is not, or does not lead to where the chain once was. */
  #missingAt(stored: ChainHead): number | null {
    if (!sameHead(stored, this.#head)) return Math.min(stored.sequence, this.#head.sequence) + 1;
    if (this.#outside === null || this.#outsideSeen) return null;
    return Math.min(this.#outside.sequence, this.#head.sequence + 1);
  }

  #notProven(): string[] {
    const since = this.#outside === null ? null : this.#outside.sequence;
    const rewritten =
      since === null
        ? 'Whoever can write the database can cut rows off its end, or rewrite the chain from any row on. Compare with a head kept elsewhere: "keyporter audit verify --against FILE".'
        : `Rows after ${since} are not covered by the recorded head: whoever can write the database could have cut or rewritten them.`;
    return [rewritten, 'That something was done without Keyporter, directly in the database, leaves no row here.'];
  }
}

function sameHead(left: ChainHead, right: ChainHead): boolean {
  return left.sequence === right.sequence && left.hash === right.hash;
}

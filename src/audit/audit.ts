import type { AuditEntry, AuditPort, AuditVerdict } from '../admin/ports.js';
import { unixSeconds, type Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { AuditAct, ChainHead } from './chain.js';

const MOST_ON_A_PAGE = 1000;
const CURSOR = /^[1-9]\d{0,15}$/;

/** Where the chain is kept. */
export interface AuditStore {
  /** Newest first, before the row with this sequence. */
  list(query: {
    limit: number;
    before: number | null;
    action?: string;
    target?: string;
    actor?: string;
  }): Promise<AuditEntry[]>;
  verify(outside: ChainHead | null): Promise<AuditVerdict>;
  /** Resolves when the row is durable. */
  record(act: AuditAct): Promise<void>;
}

/** The audit trail as the admin plane uses it. */
export function createAudit(clock: Clock, store: AuditStore): AuditPort {
  return {
    async list(page, filter = {}) {
      const { limit, after } = page;
      if (!Number.isInteger(limit) || limit < 1 || limit > MOST_ON_A_PAGE)
        throw invalid('limit', `limit must be 1 to ${MOST_ON_A_PAGE}.`);
      if (after !== undefined && !CURSOR.test(after))
        throw invalid('after', 'after must be the "next" of an earlier page.');
      const rows = await store.list({
        ...filter,
        limit: limit + 1,
        before: after === undefined ? null : Number(after),
      });
      const data = rows.slice(0, limit);
      return { data, next: rows.length > limit ? String(data.at(-1)?.sequence) : null };
    },
    verify: (outside) => store.verify(outside ?? null),
    record: (act) => store.record({ ...act, at: unixSeconds(clock) }),
  };
}

function invalid(param: string, message: string): Refusal {
  return new Refusal('invalid_value', { message, param });
}

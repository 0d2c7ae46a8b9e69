import type { CallerInfo, CallersPort } from '../admin/ports.js';
import type { Roster } from '../identity/providers/roster.js';
import type { InFlightRegistry } from '../inflight/registry.js';
import type { CallerBlocks } from '../keys/key.js';

export interface CallersParts {
  blocks: CallerBlocks;
  /** Null offline. */
  roster: Roster | null;
  inFlight: InFlightRegistry | null;
}

/** Callers without a key of ours: those seen since the start, and all that are blocked. */
export function createCallersPort({ blocks, roster, inFlight }: CallersParts): CallersPort {
  const list = async (): Promise<CallerInfo[]> => {
    const blocked = new Map((await blocks.list()).map((one) => [one.id, one]));
    const seen = (roster?.list() ?? []).map(({ id, owner, lastSeenAt }) =>
      info({ id, owner, lastSeenAt, block: blocked.get(id) }),
    );
    const known = new Set(seen.map(({ id }) => id));
    const others = [...blocked.values()].filter(({ id }) => !known.has(id));
    return [...seen, ...others.map((block) => info({ id: block.id, owner: null, lastSeenAt: null, block }))];
  };
  return {
    list,
    async set(id, wanted, actor) {
      await blocks.set(id, wanted, actor);
      const ended = wanted ? (inFlight?.endCallers([id], 'key_disabled', 'the caller was blocked') ?? 0) : 0;
      const found =
        (await list()).find((one) => one.id === id) ?? info({ id, owner: null, lastSeenAt: null, block: undefined });
      return { ...found, streamsEnded: ended };
    },
  };
}

interface Known {
  id: string;
  owner: string | null;
  lastSeenAt: number | null;
  block: { blockedAt: number; blockedBy: string } | undefined;
}

function info({ id, owner, lastSeenAt, block }: Known): CallerInfo {
  return {
    id,
    owner,
    lastSeenAt,
    blocked: block !== undefined,
    blockedAt: block?.blockedAt ?? null,
    blockedBy: block?.blockedBy ?? null,
  };
}

import type { LastUse } from '../usage/request-row.js';
import { prefixOf } from './format.js';
import type { KeyRecord } from './key.js';
import type { StoredKey } from './stored-key.js';

/** Characters of an imported key's id that are shown as its prefix. */
const SHOWN_OF_IMPORTED = 8;

/** The key as administrators see it: what is stored, and when it was last used. */
export function keyRecord(key: StoredKey, lastUse: LastUse): KeyRecord {
  const { previousExpiresAt, revision: _revision, ...shown } = key;
  const used = lastUse.of(key.id);
  return {
    ...shown,
    prefix: key.imported ? key.id.slice(0, SHOWN_OF_IMPORTED) : prefixOf(key.id),
    previous:
      previousExpiresAt === null
        ? null
        : { expiresAt: previousExpiresAt, lastUsedAt: sinceRotation(key, used.previous) },
    lastUsedAt: latest([used.current, used.previous]),
  };
}

/** The latest use of any of these keys, Unix seconds. */
export function lastUseOf(ids: readonly string[], lastUse: LastUse): number | null {
  return latest(ids.flatMap((id) => Object.values(lastUse.of(id))));
}

/** Uses of the old secret of an earlier rotation say nothing about the present one. */
function sinceRotation(key: StoredKey, usedAt: number | null): number | null {
  return usedAt !== null && usedAt >= (key.rotatedAt ?? 0) ? usedAt : null;
}

function latest(times: readonly (number | null)[]): number | null {
  return times.reduce((last, at) => (at !== null && (last === null || at > last) ? at : last), null);
}

import { unixSeconds, type Clock } from '../core/clock.js';
import type { LastUse } from '../usage/request-row.js';
import { invalid } from './check-text.js';
import type { KeyFilter, KeyRecord, OwnerRecord, Page, PageRequest } from './key.js';
import type { KeyStore } from './key-store.js';
import { keyRecord, lastUseOf } from './record.js';
import type { KeyPosition, StoredFilter, StoredKey, StoredOwner } from './stored-key.js';

const MOST_ON_A_PAGE = 1000;

interface ListingParts {
  store: KeyStore;
  clock: Clock;
  lastUse: LastUse;
}

/** One page of keys, oldest first. Last use is known outside the store, so that filter is applied here. */
export async function listKeys(parts: ListingParts, filter: KeyFilter, page: PageRequest): Promise<Page<KeyRecord>> {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > MOST_ON_A_PAGE) {
    throw invalid('limit', `limit must be 1 to ${MOST_ON_A_PAGE}.`);
  }
  const now = unixSeconds(parts.clock);
  const usedBefore = filter.unusedForSeconds === undefined ? null : now - filter.unusedForSeconds;
  const data: KeyRecord[] = [];
  let after = page.after === undefined ? null : readCursor(page.after);
  for (;;) {
    const keys = await parts.store.list(storedFilter(filter, now), { after, limit: page.limit + 1 });
    for (const key of keys) {
      if (data.length === page.limit && after !== null) return { data, next: cursorOf(after) };
      const record = keyRecord(key, parts.lastUse);
      if (usedBefore === null || record.lastUsedAt === null || record.lastUsedAt <= usedBefore) data.push(record);
      after = positionOf(key);
    }
    if (keys.length <= page.limit) return { data, next: null };
  }
}

export function ownerRecord(owner: StoredOwner, lastUse: LastUse): OwnerRecord {
  const { name, disabled, limits, keyIds } = owner;
  return { name, disabled, limits, keys: keyIds.length, lastUsedAt: lastUseOf(keyIds, lastUse) };
}

function storedFilter(filter: KeyFilter, now: number): StoredFilter {
  const { unusedForSeconds: _unused, expiringSeconds, ...stored } = filter;
  return expiringSeconds === undefined ? stored : { ...stored, expiring: { from: now, to: now + expiringSeconds + 1 } };
}

function positionOf(key: StoredKey): KeyPosition {
  return { createdAt: key.createdAt, id: key.id };
}

function cursorOf(position: KeyPosition): string {
  return Buffer.from(`${position.createdAt}.${position.id}`).toString('base64url');
}

function readCursor(cursor: string): KeyPosition {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const dot = text.indexOf('.');
  const createdAt = Number(text.slice(0, Math.max(dot, 0)));
  if (dot < 1 || !Number.isSafeInteger(createdAt))
    throw invalid('after', 'after must be the "next" of an earlier page.');
  return { createdAt, id: text.slice(dot + 1) };
}

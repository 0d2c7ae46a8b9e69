import type { KeyFilter, KeyRecord } from '../keys/key.js';
import type { AdminContext } from './operation.js';

const ROWS_AT_A_TIME = 1000;

/** Every key that fits the filter, read page by page. */
export async function* eachKey({ ports }: AdminContext, filter: KeyFilter): AsyncGenerator<KeyRecord> {
  for (let after: string | undefined; ;) {
    const page = await ports.keys.list(
      filter,
      after === undefined ? { limit: ROWS_AT_A_TIME } : { limit: ROWS_AT_A_TIME, after },
    );
    yield* page.data;
    if (page.next === null) return;
    after = page.next;
  }
}

/** These keys and everything derived from them: all of them stop together. */
export async function withDescendants(context: AdminContext, keys: readonly KeyRecord[]): Promise<KeyRecord[]> {
  const family = new Map(keys.map((key) => [key.id, key]));
  // A map can grow while it is walked: each child found is visited in its turn.
  for (const id of family.keys()) {
    for await (const child of eachKey(context, { parentId: id })) family.set(child.id, child);
  }
  return [...family.values()];
}

/** True when the key can be used: it and all it was derived from are active and not expired. */
export async function isUsable(key: KeyRecord, context: AdminContext): Promise<boolean> {
  for (
    let at: KeyRecord | null = key;
    at !== null;
    at = at.parentId === null ? null : await context.ports.keys.get(at.parentId)
  ) {
    const expired = at.expiresAt !== null && at.expiresAt * 1000 <= context.settings.clock.now();
    if (at.state !== 'active' || expired) return false;
  }
  return true;
}

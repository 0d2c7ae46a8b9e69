import { type Acting, reaches } from './rights.js';

/** Questions to the store that are under way at once. */
const AT_ONCE = 50;

/**
 * Names of the keys among these callers. A caller that is no key of ours, or one that belongs to
 * another owner than the asker's, has none here.
 */
export async function keyNames({ caller, context }: Acting, ids: Iterable<string>): Promise<Map<string, string>> {
  const wanted = [...new Set(ids)].filter((id) => !id.includes(':'));
  const names = new Map<string, string>();
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    const records = await Promise.all(wanted.slice(at, at + AT_ONCE).map((id) => context.ports.keys.get(id)));
    for (const record of records)
      if (record !== null && reaches(caller, record.owner)) names.set(record.id, record.name);
  }
  return names;
}

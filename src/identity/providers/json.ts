/** The object in a body, or null when the body is anything else. */
export function objectIn(body: Buffer): Record<string, unknown> | null {
  try {
    return asObject(JSON.parse(body.toString('utf8')));
  } catch {
    return null;
  }
}

export function asObject(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

const LONGEST_PRINCIPAL = 256;

/** A name fit for ids, headers and logs: 1 to 256 characters in one line. Null when it is anything else. */
export function principalIn(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > LONGEST_PRINCIPAL || /\p{C}/u.test(value))
    return null;
  return value.trim() === value ? value : null;
}

/** Lists of texts by name; null when the value is not an object of these. */
export function attributesIn(value: unknown): Record<string, string[]> | null {
  if (value === undefined || value === null) return {};
  const object = asObject(value);
  if (object === null) return null;
  const lists: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const [name, list] of Object.entries(object)) {
    if (list === null) continue;
    if (!Array.isArray(list) || !list.every((entry) => typeof entry === 'string')) return null;
    lists[name] = list;
  }
  return lists;
}

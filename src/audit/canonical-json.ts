/**
 * JSON with one spelling for one value: members sorted by name, no spaces. Members that are undefined
 * are left out, as `JSON.stringify` does. Throws a `TypeError` for what JSON cannot hold.
 */
export function canonicalJson(value: unknown): string {
  const text = JSON.stringify(value, (_name, member: unknown) => sorted(member));
  if (text === undefined) throw new TypeError('This value cannot be written as JSON.');
  return text;
}

function sorted(member: unknown): unknown {
  if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
  return Object.fromEntries(Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1)));
}

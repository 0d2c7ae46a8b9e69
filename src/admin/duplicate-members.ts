/** Strings, and what opens, closes and separates. The form of the string part cannot be matched in two ways. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g;

/** The names seen in each open object; null for an open list. */
type Open = (Set<string> | null)[];

/**
 * The name of the first member that an object of this JSON text has twice, or null. Parsers keep one
 * of the two and do not say which; another reader of the same body could take the other one.
 *
 * @param json Text that is known to be valid JSON.
 */
export function duplicateMember(json: string): string | null {
  const open: Open = [];
  let nameComes = false;
  for (const [token] of json.matchAll(TOKENS)) {
    const names = nameComes ? open.at(-1) : null;
    nameComes = !token.startsWith('"') && step(open, token);
    if (!names || !token.startsWith('"')) continue;
    const name = JSON.parse(token) as string;
    if (names.has(name)) return name;
    names.add(name);
  }
  return null;
}

/** Follows one bracket or comma; answers whether the name of a member comes next. */
function step(open: Open, token: string): boolean {
  if (token === '{') open.push(new Set());
  else if (token === '[') open.push(null);
  else if (token !== ',') open.pop();
  return (token === '{' || token === ',') && open.at(-1) instanceof Set;
}

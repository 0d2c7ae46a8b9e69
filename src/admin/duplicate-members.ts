/**
 * The name of the first member that an object of this JSON text has twice, or null. Parsers keep one
 * of the two and do not say which; another reader of the same body could take the other one.
 *
 * @param json Text that is known to be valid JSON.
 */
export function duplicateMember(json: string): string | null {
  /** The names seen in each open object; null for an open list. */
  const open: (Set<string> | null)[] = [];
  let nameComes = false;
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (character === '"') {
      const end = endOfString(json, at);
      const names = open.at(-1);
      if (nameComes && names) {
        const name = JSON.parse(json.slice(at, end)) as string;
        if (names.has(name)) return name;
        names.add(name);
      }
      nameComes = false;
      at = end - 1;
    } else if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : null);
      nameComes = character === '{';
    } else if (character === '}' || character === ']') {
      open.pop();
    } else if (character === ',') {
      nameComes = open.at(-1) instanceof Set;
    }
  }
  return null;
}

/** The position behind the closing quote of the string that begins here. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

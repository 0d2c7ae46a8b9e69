/** `$NAME` and `${NAME}`; one brace alone belongs to the name too, as in the original. */
const REFERENCE = /\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?/g;

/** What stands for a variable; undefined leaves the text as it is. */
export type Resolve = (name: string) => string | undefined;

/** Fills variables into one text. What is filled in is never read again. */
export function fillText(text: string, resolve: Resolve): string {
  return text.replaceAll(REFERENCE, (whole, name: string) => resolve(name) ?? whole);
}

/** Fills variables into every text of a parsed value, so that a value can never become a member. */
export function fillValues<Value>(value: Value, resolve: Resolve): Value {
  return filled(value, resolve) as Value;
}

function filled(value: unknown, resolve: Resolve): unknown {
  if (typeof value === 'string') return fillText(value, resolve);
  if (Array.isArray(value)) return value.map((item) => filled(item, resolve));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, filled(member, resolve)]));
}

/** The variable in a text that is `Bearer $NAME` and nothing else. */
export function bearerVariable(text: string): string | null {
  return /^Bearer \$\{?([A-Za-z_][A-Za-z0-9_]*)\}?$/i.exec(text.trim())?.[1] ?? null;
}

/** The variable a script hands to its engine with `--api-key`. */
export function keyVariable(script: string): string | null {
  return /--api-key[\s=]+["']?\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?/.exec(script)?.[1] ?? null;
}

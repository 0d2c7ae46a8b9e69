/** One setting, under its whole name. */
export interface Setting {
  /** As in `listeners[0].serve`. */
  name: string;
  value: string;
}

/** The configuration as rows that can be searched. Lists of plain values stay together; what is empty is shown as such. */
export function flatConfig(config: Readonly<Record<string, unknown>>): Setting[] {
  return Object.entries(config).flatMap(([name, value]) => settingsIn(name, value));
}

function settingsIn(name: string, value: unknown): Setting[] {
  if (Array.isArray(value) && value.some(isComposed))
    return value.flatMap((member, at) => settingsIn(`${name}[${at}]`, member));
  if (isComposed(value) && !Array.isArray(value)) {
    const members = Object.entries(value);
    if (members.length > 0) return members.flatMap(([member, inner]) => settingsIn(`${name}.${member}`, inner));
  }
  return [{ name, value: shown(value) }];
}

function isComposed(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'not set';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(String).join(', ');
  if (isComposed(value)) return 'none';
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : JSON.stringify(value).replaceAll(/^"|"$/g, '');
}

/** A request to be judged, whatever framework it came through. */
export interface AskedRequest {
  method: string;
  /** Path and query as the client sent them. */
  target: string;
  /** Names in lower case; values of one name in their order. */
  headers: ReadonlyMap<string, readonly string[]>;
  /** The socket peer; null where the framework does not tell. */
  peer: string | null;
}

/** Headers as Node has them on the wire: name, value, name, value. */
export function fromRawHeaders(raw: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let at = 0; at + 1 < raw.length; at += 2) add(headers, raw[at] ?? '', raw[at + 1] ?? '');
  return headers;
}

/** Headers of the fetch API, which joins values of one name. */
export function fromFetchHeaders(fetched: Iterable<[string, string]>): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (const [name, value] of fetched) add(headers, name, value);
  return headers;
}

function add(headers: Map<string, string[]>, name: string, value: string): void {
  const key = name.toLowerCase();
  const known = headers.get(key);
  if (known === undefined) headers.set(key, [value]);
  else known.push(value);
}

/** The path of the target, decoded, without the query. */
export function pathOf({ target }: AskedRequest): string {
  const path = target.split('?', 1)[0] ?? '';
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Every value of every name in the query; names without a value are left out. */
export function paramsOf({ target }: AskedRequest): Record<string, string[]> {
  const params = new Map<string, string[]>();
  const at = target.indexOf('?');
  for (const [name, value] of new URLSearchParams(at < 0 ? '' : target.slice(at + 1))) {
    if (value !== '') params.set(name, [...(params.get(name) ?? []), value]);
  }
  return Object.fromEntries(params);
}

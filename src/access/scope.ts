/** Every scope a key can have, in the order they are explained. */
export const KNOWN_SCOPES: readonly string[] = [
  'infer',
  'infer:chat',
  'infer:embeddings',
  'infer:rerank',
  'infer:audio',
  'infer:images',
  'infer:realtime',
  'engine:read',
  'engine:control',
  'keys:read',
  'keys:write',
  'keys:revoke',
  'usage:read',
  'audit:read',
  'metrics:read',
  'replicas:read',
  'replicas:write',
  'auth:verify',
  'admin',
];

const KNOWN = new Set(KNOWN_SCOPES);

export function isKnownScope(scope: string): boolean {
  return KNOWN.has(scope);
}

/** True when `granted` is `needed`, stands above it (`infer` over `infer:chat`), or is `admin`. */
export function covers(granted: string, needed: string): boolean {
  if (granted === needed || granted === 'admin') return true;
  return needed.length > granted.length && needed.charCodeAt(granted.length) === 58 && needed.startsWith(granted);
}

/** True when one of `granted` covers `needed`. */
export function anyCovers(granted: readonly string[], needed: string): boolean {
  for (const scope of granted) if (covers(scope, needed)) return true;
  return false;
}

/** True when `granted` holds `family` or anything under it: what tokenizing asks for. */
export function anyWithin(granted: readonly string[], family: string): boolean {
  return granted.some((scope) => covers(scope, family) || covers(family, scope));
}

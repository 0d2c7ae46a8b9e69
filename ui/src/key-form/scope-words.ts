export interface ScopeGroup {
  name: string;
  scopes: readonly { scope: string; words: string }[];
}

/** Every scope, grouped by what it is for. */
export const SCOPE_GROUPS: readonly ScopeGroup[] = [
  {
    name: 'Use models',
    scopes: [
      { scope: 'infer', words: 'everything below' },
      { scope: 'infer:chat', words: 'chat and completions' },
      { scope: 'infer:embeddings', words: 'embeddings' },
      { scope: 'infer:rerank', words: 'rerank and score' },
      { scope: 'infer:audio', words: 'audio' },
      { scope: 'infer:images', words: 'images' },
      { scope: 'infer:realtime', words: 'realtime' },
    ],
  },
  {
    name: 'Administer Keyporter',
    scopes: [
      { scope: 'admin', words: 'everything' },
      { scope: 'keys:read', words: 'see keys' },
      { scope: 'keys:write', words: 'make and change keys' },
      { scope: 'keys:revoke', words: 'end keys' },
      { scope: 'usage:read', words: 'see usage' },
      { scope: 'audit:read', words: 'see the audit trail' },
      { scope: 'metrics:read', words: 'read metrics' },
      { scope: 'replicas:read', words: 'see model servers' },
      { scope: 'replicas:write', words: 'drain and restart them' },
    ],
  },
  {
    name: 'Other',
    scopes: [
      { scope: 'engine:read', words: 'read engine state' },
      { scope: 'engine:control', words: 'change engine state' },
      { scope: 'auth:verify', words: 'ask about other keys' },
    ],
  },
];

import * as z from 'zod';
import { choice, flag, group, httpUrl, listOf, path, secret, text, textLike, wholeNumber } from './members.js';
import { scopes } from './scopes.js';

function headerName() {
  return textLike(
    (value) => /^[A-Za-z0-9-]{1,64}$/.test(value),
    'must be the name of a header: letters, digits and hyphens',
  );
}

function statusOfOutage() {
  return z.literal([401, 503], { error: 'must be 401 or 503' });
}

/** First parts of ids that mean something else already. */
const TAKEN_NAMES = new Set(['local', 'operator', 'orchestra']);

/** All members any type of provider has; `provider-rules.ts` tells which belong to which. */
export const provider = group({
  type: choice(['delegated', 'jwt', 'introspection', 'github_token', 'kubernetes', 'upstream_header']).describe(
    'What decides about the credential.',
  ),
  name: textLike(
    (value) => /^[a-z0-9][a-z0-9_-]{0,31}$/.test(value) && !TAKEN_NAMES.has(value),
    'must be 1 to 32 small letters, digits, `-` or `_`, and none of `local`, `operator` and `orchestra`',
  )
    .optional()
    .meta({
      description: 'First part of the ids of its callers. Left out = the type. Two providers need two names.',
      examples: ['staff'],
    }),
  endpoint: httpUrl()
    .optional()
    .meta({
      description:
        '`delegated`: URL that is asked about a credential. Its host stands in error texts: never put a secret into it.',
      examples: ['https://auth.example.com/validate'],
    }),
  contract: choice(['llama-stack-1626', 'ogx'])
    .optional()
    .meta({
      description:
        '`delegated`: form of question and answer. `llama-stack-1626` sends the `authorization` header along and takes any 200; `ogx` wants the name of the caller.',
      examples: ['ogx'],
    }),
  timeout_ms: wholeNumber(1, 60_000, 'milliseconds').default(2000).describe('How long an answer may take.'),
  cache_seconds: wholeNumber(0, 60, 'seconds')
    .default(30)
    .describe('How long a yes is remembered, and how often a running answer is asked about again.'),
  outage_status: statusOfOutage()
    .optional()
    .meta({
      description: '`delegated`: status when the endpoint does not answer. 503; 401 for `llama-stack-1626`.',
      examples: [503],
    }),
  allow_plain_http: flag().default(false).describe('Lets credentials travel without TLS to another machine.'),
  ca_file: path()
    .optional()
    .meta({
      description: 'PEM file of authorities whose certificates are believed besides the usual ones.',
      examples: ['/var/run/secrets/kubernetes.io/serviceaccount/ca.crt'],
    }),
  issuer: text()
    .optional()
    .meta({ description: '`jwt`: required `iss`.', examples: ['https://login.example.com'] }),
  audience: text()
    .optional()
    .meta({ description: '`jwt`: required `aud`.', examples: ['keyporter'] }),
  jwks_uri: httpUrl()
    .optional()
    .meta({ description: '`jwt`: where the public keys are.', examples: ['https://login.example.com/jwks.json'] }),
  jwks_token: secret()
    .optional()
    .meta({
      description: '`jwt`: bearer token that the server of the keys wants to see.',
      examples: ['${JWKS_TOKEN}'],
    }),
  algorithms: listOf(choice(['RS256', 'ES256', 'EdDSA']), 1)
    .default(['RS256', 'ES256', 'EdDSA'])
    .describe('`jwt`: accepted signatures.'),
  url: httpUrl()
    .optional()
    .meta({ description: '`introspection`: RFC 7662 endpoint.', examples: ['https://login.example.com/introspect'] }),
  client_id: text()
    .optional()
    .meta({ description: '`introspection`: our name there.', examples: ['keyporter'] }),
  client_secret: secret()
    .optional()
    .meta({ description: '`introspection`: our secret there.', examples: ['${INTROSPECTION_SECRET}'] }),
  github_api_base_url: httpUrl()
    .optional()
    .meta({
      description: '`github_token`: another GitHub than https://api.github.com.',
      examples: ['https://github.example.com/api/v3'],
    }),
  api_server_url: httpUrl()
    .optional()
    .meta({
      description: '`kubernetes`: the API server. Left out = https://kubernetes.default.svc.',
      examples: ['https://kubernetes.default.svc'],
    }),
  principal_header: headerName()
    .optional()
    .meta({
      description: '`upstream_header`: header with the name of the caller, from `trusted_proxies` only.',
      examples: ['x-user'],
    }),
  attributes_header: headerName()
    .optional()
    .meta({ description: '`upstream_header`: header with attributes, a JSON object.', examples: ['x-attributes'] }),
  claims_mapping: z
    .record(text(256), text(256))
    .optional()
    .meta({
      description:
        'Which claim gives which attribute. A dotted name walks into objects first and is tried as it stands second.',
      examples: [{ groups: 'teams', 'resource_access.app.roles': 'roles' }],
    }),
  scopes: scopes()
    .optional()
    .meta({
      description:
        'Scopes of every caller this provider vouches for. Left out, together with `scopes_from`: `[infer]`.',
      examples: [['infer']],
    }),
  owner_from: text()
    .optional()
    .meta({
      description: 'Claim or attribute that names the owner. A caller without it is refused.',
      examples: ['email'],
    }),
  scopes_from: group({
    attribute: text().meta({ description: 'Claim or attribute whose values give scopes.', examples: ['roles'] }),
    map: z
      .record(z.string(), scopes())
      .meta({ description: 'Scopes for each value.', examples: [{ admin: ['admin'] }] }),
  })
    .optional()
    .meta({ description: 'Scopes by attribute.', examples: [{ attribute: 'roles', map: { admin: ['admin'] } }] }),
});

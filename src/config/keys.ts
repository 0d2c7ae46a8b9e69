import { KNOWN_SCOPES } from '../access/scope.js';
import { DURATION_FORM, parseDuration } from '../core/duration.js';
import {
  choice,
  flag,
  group,
  httpUrl,
  listOf,
  network,
  notYet,
  section,
  text,
  textLike,
  wholeNumber,
} from './members.js';
import * as z from 'zod';

function scopes() {
  return listOf(choice(KNOWN_SCOPES).meta({ kind: 'scope' }), 1);
}

function duration() {
  return textLike(
    (value) => parseDuration(value) !== null,
    `must be ${DURATION_FORM}, at most 100 years; or null`,
    'duration',
  );
}

/** All members any type of provider has; which belong to which is judged when providers become available. */
const provider = group({
  type: choice(['delegated', 'jwt', 'introspection', 'github_token', 'kubernetes', 'upstream_header']).describe(
    'What decides about the credential.',
  ),
  endpoint: httpUrl()
    .optional()
    .meta({
      description: '`delegated`: URL that is asked about a credential.',
      examples: ['https://auth.example.com/validate'],
    }),
  contract: choice(['llama-stack-1626', 'ogx']).optional().describe('`delegated`: form of question and answer.'),
  timeout_ms: wholeNumber(1, 60_000, 'milliseconds')
    .default(2000)
    .describe('`delegated`: how long an answer may take.'),
  cache_seconds: wholeNumber(0, 60, 'seconds').default(30).describe('`delegated`: how long an answer is remembered.'),
  outage_status: wholeNumber(400, 599)
    .optional()
    .meta({
      description: '`delegated`: status when the endpoint does not answer. 503; 401 for `llama-stack-1626`.',
      examples: [503],
    }),
  allow_plain_http: flag().default(false).describe('`delegated`: lets credentials travel to the endpoint without TLS.'),
  issuer: text()
    .optional()
    .meta({ description: '`jwt`: required `iss`.', examples: ['https://login.example.com'] }),
  audience: text()
    .optional()
    .meta({ description: '`jwt`: required `aud`.', examples: ['keyporter'] }),
  jwks_uri: httpUrl()
    .optional()
    .meta({ description: '`jwt`: where the public keys are.', examples: ['https://login.example.com/jwks.json'] }),
  algorithms: listOf(choice(['RS256', 'ES256', 'EdDSA']), 1)
    .default(['RS256', 'ES256', 'EdDSA'])
    .describe('`jwt`: accepted signatures.'),
  url: httpUrl()
    .optional()
    .meta({ description: '`introspection`: RFC 7662 endpoint.', examples: ['https://login.example.com/introspect'] }),
  client_id: text()
    .optional()
    .meta({ description: '`introspection`: our name there.', examples: ['keyporter'] }),
  client_secret: text()
    .optional()
    .meta({ description: '`introspection`: our secret there.', examples: ['${INTROSPECTION_SECRET}'] }),
  api_server_url: httpUrl()
    .optional()
    .meta({ description: '`kubernetes`: the API server.', examples: ['https://kubernetes.default.svc'] }),
  principal_header: text()
    .optional()
    .meta({
      description: '`upstream_header`: header with the name of the caller, from `trusted_proxies` only.',
      examples: ['x-user'],
    }),
  attributes_header: text()
    .optional()
    .meta({ description: '`upstream_header`: header with attributes.', examples: ['x-attributes'] }),
  scopes: scopes()
    .optional()
    .meta({ description: 'Scopes of every caller this provider vouches for.', examples: [['infer']] }),
  owner_from: text()
    .optional()
    .meta({ description: 'Attribute that names the owner.', examples: ['email'] }),
  scopes_from: group({
    attribute: text().meta({ description: 'Attribute whose values give scopes.', examples: ['roles'] }),
    map: z
      .record(z.string(), scopes())
      .meta({ description: 'Scopes for each value.', examples: [{ admin: ['admin'] }] }),
  })
    .optional()
    .meta({ description: 'Scopes by attribute.', examples: [{ attribute: 'roles', map: { admin: ['admin'] } }] }),
});

export const auth = section({
  local_networks: listOf(network())
    .default([])
    .meta({
      description:
        'Networks whose clients need no key. Judged by the socket peer only, and void for a request with any forwarding header. Off by default.',
      examples: [['127.0.0.1/32', '::1']],
    }),
  local_scopes: scopes().default(['infer']).describe('What clients from `local_networks` may do.'),
  failures_per_minute: wholeNumber(1, 1_000_000, 'failures a minute')
    .nullable()
    .default(20)
    .describe('Failed credentials one address may send in a minute before it gets 429. `null` = no limit.'),
  providers: notYet(
    listOf(provider).default([]).describe('Who else may vouch for a caller. Asked in order; the first yes wins.'),
    'ask other systems about credentials that are not Keyporter keys',
  ),
  route_policy: notYet(
    listOf(z.record(z.string(), z.unknown()))
      .default([])
      .meta({
        description: 'Llama Stack route rules. Empty = only public and inference routes.',
        examples: [[{ permit: { paths: '/v1/files*' } }]],
      }),
    'decide about routes by the rules of Llama Stack',
  ),
}).describe('Who may come in.');

export const keys = section({
  default_scopes: scopes().default(['infer']).describe('Scopes of a key that is made without any.'),
  default_expires: duration()
    .nullable()
    .default(null)
    .meta({ description: 'Life of a key that is made without an expiry. `null` = no end.', examples: ['90d'] }),
  max_lifetime: duration()
    .nullable()
    .default(null)
    .meta({ description: 'Longest life a new key may be given. `null` = no limit.', examples: ['1y'] }),
  require: listOf(choice(['owner', 'scopes', 'models', 'allow_ips', 'limits', 'expires_at', 'labels', 'attributes']))
    .default([])
    .meta({
      description: 'What must be given, besides the name, when a key is made.',
      examples: [['owner', 'expires_at']],
    }),
  self_service: listOf(choice(['revoke', 'rotate', 'derive']))
    .default(['revoke'])
    .describe('What a holder may do with his own key through `/me`. `[]` = nothing.'),
}).describe('Rules for keys.');

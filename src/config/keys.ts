import { DURATION_FORM, parseDuration } from '../core/duration.js';
import { choice, listOf, network, section, textLike, wholeNumber } from './members.js';
import { provider } from './providers.js';
import { routePolicy } from './route-policy.js';
import { scopes } from './scopes.js';

function duration() {
  return textLike(
    (value) => parseDuration(value) !== null,
    `must be ${DURATION_FORM}, at most 100 years; or null`,
    'duration',
  );
}

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
  providers: listOf(provider)
    .default([])
    .meta({
      description:
        'Who else may vouch for a caller. Asked in order about a credential that is none of ours: the first yes wins, a no asks the next, and when one cannot be asked and no later one says yes, the request is refused with 503.',
      examples: [
        [
          {
            type: 'jwt',
            issuer: 'https://login.example.com',
            audience: 'keyporter',
            jwks_uri: 'https://login.example.com/jwks.json',
          },
        ],
      ],
    }),
  route_policy: routePolicy,
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

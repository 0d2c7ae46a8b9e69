import { parseListen } from './listen.js';
import { choice, group, listOf, network, path, section, textLike } from './members.js';

function listenAddress() {
  return textLike(
    (value) => parseListen(value) !== null,
    'must be ADDRESS:PORT, such as 127.0.0.1:5390, [::1]:5390 or :5390 for every IPv4 address',
  ).meta({ examples: ['127.0.0.1:5390'] });
}

const tlsMembers = {
  cert_file: path()
    .nullable()
    .default(null)
    .meta({
      description: 'PEM file with the certificate and its chain. Relative to the configuration file. Needs `key_file`.',
      examples: ['/etc/keyporter/tls/fullchain.pem'],
    }),
  key_file: path()
    .nullable()
    .default(null)
    .meta({
      description: 'PEM file with the private key. Keep it readable by its owner only.',
      examples: ['/etc/keyporter/tls/privkey.pem'],
    }),
  client_ca_file: path()
    .nullable()
    .default(null)
    .meta({
      description: 'PEM file of authorities. When set, only clients with a certificate from one of them may connect.',
      examples: ['/etc/keyporter/tls/clients.pem'],
    }),
  min_version: choice(['1.2', '1.3']).default('1.2').describe('Oldest TLS version that is accepted. Put it in quotes.'),
};

export const tls = section(tlsMembers).describe(
  'TLS for every listener that has no `tls` of its own. The files are watched and swapped without dropping streams.',
);

export const listen = listenAddress()
  .nullable()
  .default(null)
  .describe(
    'Shorthand for one listener. It serves the API, and the administration and the metrics too where that is allowed (on loopback, with TLS, or with `admin.allow_plain_http`). An error together with `listeners`.',
  );

const listener = group({
  listen: listenAddress().describe('Address and port to listen on. Port 0 lets the system choose one.'),
  serve: listOf(choice(['api', 'admin', 'verify', 'metrics']), 1)
    .default(['api'])
    .meta({
      description:
        'What is served here: `api` the inference routes, `admin` the admin API, `verify` answers for proxies and other servers that ask about a key, `metrics` Prometheus metrics at `/metrics`, for keys with the scope `metrics:read`.',
      examples: [['api', 'admin']],
    }),
  profile: choice(['openai', 'authkeys', 'orchestra', 'skyserve', 'llama-stack'])
    .default('openai')
    .describe('Whose routes, errors and `/` the whole listener has.'),
  tls: group(tlsMembers)
    .nullable()
    .optional()
    .describe(
      'TLS for this listener alone, with the members of the top-level `tls`. `null` = plain. Left out = the top-level `tls`.',
    ),
  verify_networks: listOf(network())
    .default([])
    .meta({
      description:
        'Networks whose programs may ask about keys without a key of their own, judged by the socket peer. Only on a listener with `serve: [verify]`.',
      examples: [['127.0.0.1/32']],
    }),
});

export const listeners = listOf(listener, 1, 64)
  .optional()
  .describe(
    'Where the gateway listens. Left out, together with `listen`: one listener on 127.0.0.1:5390 with `serve: [api, admin, metrics]`.',
  );

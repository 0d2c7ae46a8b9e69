import { isHostName, isOrigin, isPublicUrl } from './forms.js';
import { flag, listOf, network, section, textLike, wholeNumber } from './members.js';

export const publicUrl = textLike(isPublicUrl, 'must be a full http:// or https:// URL without user, query or fragment')
  .transform((value) => value.replace(/\/+$/, ''))
  .nullable()
  .default(null)
  .meta({
    description: 'How clients reach the gateway from outside: used in printed lines, links and the Origin check.',
    examples: ['https://llm.example.com'],
  });

export const allowedHosts = listOf(
  textLike(
    (value) => isHostName(value.toLowerCase()),
    'must be a host name or IP address without scheme and port, such as llm.example.com',
  ).transform((value) => value.toLowerCase()),
)
  .default([])
  .meta({
    description:
      'Names the gateway answers to in the `Host` header, besides loopback names, IP addresses, the name of this machine, the host of `public_url` and the names in its certificates. Others are refused, so that a web page cannot reach it through a name of its own.',
    examples: [['llm.example.com']],
  });

export const trustedProxies = listOf(network())
  .default([])
  .meta({
    description: 'Networks of reverse proxies whose `X-Forwarded-For` and `Forwarded` headers are believed.',
    examples: [['10.0.0.0/8', '127.0.0.1']],
  });

export const cors = section({
  allow_origins: listOf(
    textLike(isOrigin, 'must be an origin exactly as browsers send it, such as https://app.example.com, or "*"'),
  )
    .default([])
    .meta({
      description: 'Web pages that may call the API from a browser. `"*"` = any.',
      examples: [['https://app.example.com']],
    }),
}).describe('Cross-origin requests from browsers.');

export const server = section({
  max_body_bytes: wholeNumber(1024, 1_073_741_824, 'bytes')
    .default(33_554_432)
    .describe('Largest request body that is read, in bytes. Larger ones get 413.'),
  max_connections: wholeNumber(1, 1_000_000, 'connections')
    .default(20_000)
    .describe('Most client connections open at one time.'),
  drain_seconds: wholeNumber(1, 86_400, 'seconds')
    .default(300)
    .describe(
      'How long running answers may go on after SIGTERM, in seconds, before they are ended with a readable last event.',
    ),
  pre_stop_seconds: wholeNumber(0, 3600, 'seconds')
    .default(0)
    .describe(
      'How long `/readyz` says no before the gateway stops accepting connections, in seconds. For load balancers that need time to notice.',
    ),
}).describe('Bounds of the front door.');

export const admin = section({
  allow_plain_http: flag()
    .default(false)
    .describe(
      'Lets the admin API be served without TLS on an address other machines can reach. Admin keys then travel readable.',
    ),
}).describe('The admin API.');

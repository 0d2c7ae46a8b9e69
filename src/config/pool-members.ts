import * as z from 'zod';
import { Secret } from '../core/secret.js';
import { choice, section, textLike, told, wholeNumber } from './members.js';

const queue = section({
  max_waiting: wholeNumber(1, 1_000_000, 'requests')
    .default(256)
    .describe(
      'Most requests that wait. For one more, the newest of the key with the most waiting for its `weight` is refused with 503 `queue_full`.',
    ),
  max_wait_seconds: wholeNumber(1, 86_400, 'seconds')
    .default(300)
    .describe(
      'Longest wait; then 503 `queue_full`. A client that says in `X-Stainless-Timeout` for how long it waits is refused before it gives up. A key that had no turn for a third of this time moves up one class of `priority`, for one turn.',
    ),
  heartbeat_after_seconds: wholeNumber(1, 3600, 'seconds')
    .nullable()
    .default(15)
    .meta({
      description:
        'Silence on an event stream after which status 200 and a heartbeat are sent to keep it open, then one every 10 seconds of silence; what fails later comes as the last event. `null` = none.',
      examples: [15],
    }),
}).describe(
  'Waiting for a replica with room. Keys take turns: by `priority`, then by the tokens their requests cost, for their `weight`.',
);

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
/** Set by Keyporter itself, or by the connection. */
const TAKEN_HEADERS = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'accept-encoding',
]);

/** Values are kept like secrets, because a probe may carry a credential. */
const probeHeaders = z
  .record(
    z.string(),
    textLike(
      (value) => /^[\x21-\x7e]([\x20-\x7e]{0,4094}[\x21-\x7e])?$/.test(value),
      'must be printable ASCII text of 1 to 4096 characters (put numbers in quotes)',
    ).transform((value) => new Secret(value)),
    told('must be a map from header names to text'),
  )
  .superRefine((map, context) => {
    for (const name of Object.keys(map)) {
      const isTaken = TAKEN_HEADERS.has(name.toLowerCase());
      if (HEADER_NAME.test(name) && !isTaken) continue;
      const message = isTaken ? 'is set by Keyporter itself; leave it out' : 'must be named as a header may be';
      context.addIssue({ code: 'custom', path: [name], message, input: name, continue: true });
    }
  })
  .default({})
  .meta({
    description: 'Headers of the question. Their values are never shown.',
    examples: [{ 'x-probe': 'keyporter' }],
  });

const readinessProbe = section({
  path: textLike((value) => /^\/[\x21-\x7e]{0,1023}$/.test(value), 'must be a path that begins with /, such as /health')
    .nullable()
    .default(null)
    .meta({
      description:
        'Path that is asked, with the key of the replica. Only status 200 means ready. `null` = what fits the engine.',
      examples: ['/health'],
    }),
  method: choice(['GET', 'HEAD', 'POST']).default('GET').describe('Method of the question.'),
  headers: probeHeaders,
  body: textLike((value) => value.length > 0 && value.length <= 65_536, 'must be text of 1 to 65536 characters')
    .nullable()
    .default(null)
    .meta({ description: 'Body of the question.', examples: ['{}'] }),
  interval_seconds: wholeNumber(1, 3600, 'seconds').default(10).describe('Time between two questions.'),
  timeout_seconds: wholeNumber(1, 3600, 'seconds').default(15).describe('Longest wait for the answer.'),
  startup_grace_seconds: wholeNumber(1, 86_400, 'seconds')
    .default(1200)
    .describe('How long a server that was never ready counts as starting; afterwards as down.'),
}).describe('How readiness of a replica is found out.');

/** Members of a model about the choice of its replicas, their health, and waiting for them. */
export const poolMembers = {
  balance: choice(['least_load', 'round_robin', 'weighted_least_load', 'prefix_affinity'])
    .default('least_load')
    .describe(
      'How a replica is chosen: the one with the fewest running requests; each in turn; the fewest for its `weight`; or the one that holds the beginning of the conversation, unless it is much busier than the others.',
    ),
  max_in_flight: wholeNumber(1, 100_000, 'requests')
    .nullable()
    .default(null)
    .meta({
      description:
        'Most requests at one time on each replica; others wait. `null` = the number of slots the engine tells, else 8.',
      examples: [8],
    }),
  queue,
  readiness_probe: readinessProbe,
};

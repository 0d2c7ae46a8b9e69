import * as z from 'zod';
import { choice, flag, listOf, notYet, section, text, textLike, wholeNumber } from './members.js';

const queue = section({
  max_waiting: wholeNumber(1, 1_000_000, 'requests')
    .default(256)
    .describe('Most requests that wait for a free replica.'),
  max_wait_seconds: wholeNumber(1, 86_400, 'seconds').default(300).describe('Longest wait.'),
  heartbeat_after_seconds: wholeNumber(1, 3600, 'seconds')
    .default(15)
    .describe('Silence on a stream after which a comment is sent to keep it open.'),
}).describe('Waiting for a free replica.');

const readinessProbe = section({
  path: text()
    .nullable()
    .default(null)
    .meta({ description: 'Path that is asked. `null` = what fits the engine.', examples: ['/health'] }),
  method: choice(['GET', 'HEAD', 'POST']).default('GET').describe('Method of the question.'),
  headers: z
    .record(z.string(), z.string())
    .default({})
    .meta({ description: 'Headers of the question.', examples: [{ 'x-probe': 'keyporter' }] }),
  body: text(65_536)
    .nullable()
    .default(null)
    .meta({ description: 'Body of the question.', examples: ['{}'] }),
  interval_seconds: wholeNumber(1, 3600, 'seconds').default(10).describe('Time between two questions.'),
  timeout_seconds: wholeNumber(1, 3600, 'seconds').default(15).describe('Longest wait for the answer.'),
  startup_grace_seconds: wholeNumber(1, 86_400, 'seconds')
    .default(1200)
    .describe('How long a starting server may say no.'),
}).describe('How readiness of a replica is found out.');

const fields = section({
  deny: listOf(text(256))
    .default([])
    .meta({ description: 'Members of the body that are refused.', examples: [['logit_bias']] }),
  clamp: z
    .record(z.string(), z.number())
    .default({ n: 8, best_of: 8 })
    .meta({ description: 'Largest values of members of the body.', examples: [{ n: 4 }] }),
}).describe('What a request may ask of the engine.');

/** Engines that Keyporter starts by itself. */
const started = {
  command: notYet(
    text(8192)
      .nullable()
      .default(null)
      .meta({
        description:
          'Command that starts a server of this model, split without a shell. `{port}`, `{index}` and `{api_key}` are filled in.',
        examples: ['llama-server -m gemma3.gguf --port {port} --host 127.0.0.1'],
      }),
    'start and watch model servers',
  ),
  shell: notYet(flag().default(false).describe('Runs `command` as shell text.'), 'start and watch model servers'),
  processes: notYet(wholeNumber(1, 1000).default(1).describe('How many are started.'), 'start and watch model servers'),
  env: notYet(
    z
      .record(z.string(), z.string())
      .default({})
      .meta({ description: 'Environment of the processes.', examples: [{ LLAMA_API_KEY: '{api_key}' }] }),
    'start and watch model servers',
  ),
  ports: notYet(
    textLike((value) => /^\d{1,5}-\d{1,5}$/.test(value), 'must be a range of ports, such as 9100-9199')
      .nullable()
      .default(null)
      .meta({
        description: 'Ports given to the processes.',
        examples: ['9100-9199'],
      }),
    'start and watch model servers',
  ),
  gpus: notYet(
    listOf(wholeNumber(0, 1023))
      .default([])
      .meta({ description: 'One for each process, through CUDA_VISIBLE_DEVICES.', examples: [[0, 1]] }),
    'start and watch model servers',
  ),
  takeover_seconds: notYet(
    wholeNumber(1, 3600, 'seconds').default(10).describe('How long processes outlive a restart of the gateway.'),
    'start and watch model servers',
  ),
};

/** Members of a model whose features come later: several replicas, waiting, engines that Keyporter starts itself. */
export const laterModelMembers = {
  balance: notYet(
    choice(['least_load', 'round_robin', 'weighted_least_load', 'prefix_affinity'])
      .default('least_load')
      .describe('How a replica is chosen.'),
    'choose between several replicas',
  ),
  max_in_flight: notYet(
    wholeNumber(1, 100_000, 'requests')
      .nullable()
      .default(null)
      .meta({ description: 'Most requests at one time on a replica; others wait.', examples: [8] }),
    'let requests wait for a free replica',
  ),
  queue: notYet(queue, 'let requests wait for a free replica'),
  readiness_probe: notYet(readinessProbe, 'ask replicas whether they are ready'),
  fields: notYet(fields, 'bound what a request may ask of the engine'),
  media_urls: notYet(
    choice(['data_only', 'any']).default('data_only').describe('Whether the engine may be sent to fetch media by URL.'),
    'keep engines from fetching URLs',
  ),
  ...started,
};

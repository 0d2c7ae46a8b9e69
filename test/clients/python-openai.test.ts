import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorld, type World } from '../support/start-gateway.js';

const SCRIPT = fileURLToPath(new URL('../support/openai_tour.py', import.meta.url));
const present = spawnSync('python3', ['-c', 'import openai']).status === 0;

describe.skipIf(!present)(
  'Python with the openai package works through the gateway (python3 and openai have to be installed)',
  () => {
    let world: World;
    beforeAll(async () => {
      world = await startWorld();
    });
    afterAll(() => world.close());

    test('list, retrieve, chat, streamed chat with usage, embeddings, and every error class', async () => {
      world.upstream.onRequest = ((answerAsModel) => (exchange) => {
        const asked = exchange.json()['user'];
        if (typeof asked !== 'string' || !asked.startsWith('refuse-')) return answerAsModel(exchange);
        return exchange.answer(Number(asked.slice(7)), {
          error: { message: 'engine', type: 't', param: null, code: 'engine_code' },
        });
      })(world.upstream.onRequest);
      const narrow = await world.admin.createKey({ scopes: ['infer:embeddings'] });
      const env = {
        PATH: process.env['PATH'],
        KEYPORTER_TOUR_URL: `${world.gateway.url}/v1`,
        KEYPORTER_TOUR_KEY: world.key,
        KEYPORTER_TOUR_NARROW_KEY: narrow.key,
      };
      const { stdout } = await promisify(execFile)('python3', [SCRIPT], { env });
      expect(JSON.parse(stdout)).toEqual({
        models: ['org/model-b', 'renamed', 'test-alias', 'test-model'],
        retrieved: 'org/model-b',
        chat: 'Hello there',
        streamed: ['Hello there', 7],
        embedding: [0.25, -0.5, 1],
        unauthorized: ['AuthenticationError', 'invalid_api_key'],
        forbidden: ['PermissionDeniedError', 'missing_scope'],
        unknown: ['NotFoundError', 'model_not_found'],
        limited: ['RateLimitError', 'engine_code'],
        unavailable: ['InternalServerError', 'engine_code'],
      });
    });
  },
);

import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { send, wellFormed } from '../support/hostile-row.js';
import { repeats } from '../support/rounds.js';
import { startWorld, type World } from '../support/start-gateway.js';

let world: World;

beforeAll(async () => {
  world = await startWorld({ auth: { failures_per_minute: null } });
  world.upstream.onRequest = (exchange) => exchange.answer(200, { ok: true });
});
afterAll(() => world.close());

const key = fc.record({
  scopes: fc.constantFrom(
    ['infer'],
    ['infer:chat'],
    ['infer:embeddings'],
    ['infer:rerank', 'usage:read'],
    ['keys:read'],
  ),
  models: fc.constantFrom([], ['*'], ['test-*'], ['org/*', 'renamed'], ['secret-model']),
  allow_ips: fc.constantFrom([], ['127.0.0.0/8'], ['10.0.0.0/8']),
});
const question = fc.record({
  path: fc.constantFrom(
    '/v1/chat/completions',
    '/v1/embeddings',
    '/v1/messages',
    '/v1/rerank',
    '/v1/messages/count_tokens',
    '/chat/completions',
    '/v1/chat//completions',
  ),
  model: fc.constantFrom('test-model', 'test-alias', 'org/model-b', 'secret-model', 'renamed', 'nothing'),
  state: fc.constantFrom('active', 'disabled', 'revoked'),
});

test('explain says exactly what serving does, for every key, route and model', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(key, question, async (given, { path, model, state }) => {
      const made = await world.admin.createKey(given);
      if (state !== 'active')
        await world.admin.must('POST', `/keys/${made.id}/${state === 'disabled' ? 'disable' : 'revoke'}`, {});
      const served = await send(world, wellFormed(made.key, { path, body: JSON.stringify({ model }) }));
      const explained = await world.admin.must('POST', '/explain', {
        key_id: made.id,
        method: 'POST',
        path,
        model,
        from: '127.0.0.1',
      });
      expect({ status: explained['status'], allowed: explained['allowed'] }).toEqual({
        status: served.status,
        allowed: served.status === 200,
      });
    }),
    { numRuns: repeats(60, 2000) },
  );
});

import { afterAll, afterEach, expect, test } from 'vitest';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { startWorld } from '../support/start-gateway.js';
import { ask, enginesOn } from './ask.js';

const upstream = await RecordingUpstream.start({ models: [] });
const world = await startWorld({ models: enginesOn(upstream.url), limits: { default_output_tokens: 100 } });

afterAll(async () => {
  await world.close();
  await upstream.close();
});
afterEach(() => upstream.forget());

const LEFT = 50;

test('the background of a picture is no work in the background', async () => {
  upstream.onRequest = (exchange) => exchange.answer(200, { data: [] });
  const body = { model: 'on-openai', prompt: 'a', background: 'transparent' };
  expect((await ask(world, 'POST /v1/images/generations', { body })).status).toBe(200);
});

test.each([
  // Ollama reads one of the two names of OpenAI, and 0 as no end.
  ['on-ollama', '/v1/chat/completions', { max_completion_tokens: 1 }, { max_completion_tokens: 1, max_tokens: LEFT }],
  ['on-ollama', '/v1/chat/completions', { max_tokens: 0 }, { max_tokens: LEFT }],
  ['on-ollama', '/v1/completions', { prompt: 'a', max_tokens: 0 }, { max_tokens: LEFT }],
  ['on-ollama', '/v1/responses', { input: 'a', max_output_tokens: 0 }, { max_output_tokens: LEFT }],
  ['on-ollama', '/api/chat', { options: { num_predict: 0 } }, { options: { num_predict: LEFT } }],
  // llama.cpp has the path of Ollama and the members of OpenAI there, and 0 is none but the prompt.
  ['on-llama.cpp', '/api/chat', { options: { num_predict: 1 } }, { options: { num_predict: 1 }, max_tokens: LEFT }],
  ['on-llama.cpp', '/api/chat', { n_predict: 5000 }, { n_predict: LEFT }],
  ['on-llama.cpp', '/completion', { prompt: 'a', n_predict: 0 }, { n_predict: 0 }],
  ['on-vllm', '/v1/chat/completions', { max_completion_tokens: 1 }, { max_completion_tokens: 1 }],
])('%s %s %j is held to what is left by what that engine reads', async (model, path, more, sent) => {
  upstream.onRequest = (exchange) => exchange.answer(400, { error: { message: 'seen' } });
  const { key } = await world.admin.createKey({ scopes: ['infer'], limits: { output_tokens_per_day: LEFT } });
  await ask(world, `POST ${path}`, { key, body: { model, messages: [], ...more } });
  expect((await upstream.next()).json()).toMatchObject(sent);
});

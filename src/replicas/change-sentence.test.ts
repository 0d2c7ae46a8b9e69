import { expect, it } from 'vitest';
import { changeSentence } from './change-sentence.js';
import type { ReplicaState } from './model.js';

const up: ReplicaState = {
  url: 'http://a',
  state: 'up',
  engine: 'vllm',
  detail: null,
  models: ['m'],
  answersWithoutKey: false,
};
const down: ReplicaState = { ...up, state: 'down', detail: 'refuses connections' };

it.each<[string, ReplicaState | null, ReplicaState | null]>([
  ['vLLM at http://a is up with the model m.', null, up],
  ['vLLM at http://a is up with the model m.', down, up],
  ['vLLM at http://a is up with no models.', null, { ...up, models: [] }],
  [
    'A model server at http://a is up; it wants a key.',
    null,
    { ...up, engine: 'unknown', models: [], detail: 'wants a key' },
  ],
  ['vLLM at http://a changed: now up with 2 models: m, n.', up, { ...up, models: ['m', 'n'] }],
  [
    'vLLM at http://a changed: now up with 7 models: 1, 2, 3, 4, 5 and 2 more.',
    up,
    { ...up, models: ['1', '2', '3', '4', '5', '6', '7'] },
  ],
  ['http://a refuses connections.', null, { ...down, models: [] }],
  [
    'vLLM at http://a went down: it refuses connections. Requests for its models are answered with 503 until it is back.',
    up,
    down,
  ],
  ['http://a is gone; its models are no longer offered.', down, null],
])('%s', (sentence, before, after) => {
  expect(changeSentence(before, after)).toBe(sentence);
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isModelName, readModelList } from './model-list.js';

it.each<[string, string]>([
  ['OpenAI', '{"object":"list","data":[{"id":"a/b","object":"model","created":1700000000.5,"owned_by":"vllm"}]}'],
  ['with a byte order mark', '\uFEFF{"data":[{"id":"a/b","created":1700000000,"owned_by":"vllm"}]}'],
])('reads a list: %s', (_, body) => {
  expect(readModelList(body)).toEqual({ models: [{ id: 'a/b', created: 1_700_000_000, ownedBy: 'vllm' }], leftOut: 0 });
});

it('reads the list of Ollama, and an empty one', () => {
  expect(readModelList('{"models":[{"name":"llama3.2:latest","model":"llama3.2:latest"}]}')?.models).toEqual([
    { id: 'llama3.2:latest', created: 0, ownedBy: '' },
  ]);
  expect(readModelList('{"object":"list","data":[]}')).toEqual({ models: [], leftOut: 0 });
});

it.each([
  '',
  'null',
  '[]',
  '"data"',
  '<html>',
  '{}',
  '{"data":{}}',
  '{"data":null}',
  '{"error":"no"}',
  '{"data":[',
  '{"__proto__":{"data":[]}}',
])('%s is no list', (body) => {
  expect(readModelList(body)).toBeNull();
});

it('takes no number that is not a time and no owner that could not be printed', () => {
  const body = JSON.stringify({
    data: [
      { id: 'a', created: -1, owned_by: 'x\ny' },
      { id: 'b', created: 1e300, owned_by: 7 },
      { id: 'c', created: '17' },
    ],
  });
  expect(readModelList(body)?.models).toEqual(['a', 'b', 'c'].map((id) => ({ id, created: 0, ownedBy: '' })));
});

it('every name it lets through can be printed, and what it leaves out is counted', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constant(null), fc.integer())), (ids) => {
      const list = readModelList(JSON.stringify({ data: ids.map((id) => ({ id })) }));
      const names = list?.models.map(({ id }) => id) ?? [];
      expect(names.every(isModelName)).toBe(true);
      expect(new Set(names).size).toBe(names.length);
      expect(list?.leftOut).toBe(ids.filter((id) => typeof id !== 'string' || !isModelName(id)).length);
    }),
  );
});

it('never fails, whatever the bytes', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void readModelList(Buffer.from(bytes))));
});

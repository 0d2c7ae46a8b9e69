import { describe, expect, it } from 'vitest';
import { Refusal } from '../core/errors.js';
import type { FieldRule } from '../core/field-rule.js';
import { boundFields } from './bound-fields.js';
import { edited } from './edit.js';
import { scanObject } from './json-scan.js';

const RULES: Record<string, FieldRule> = {
  api_base: { kind: 'refuse', why: 'it leads elsewhere' },
  id_slot: { kind: 'refuse', why: 'slots', unless: /^-1$/ },
  n: { kind: 'most', most: 8 },
  n_discard: { kind: 'least', least: 0 },
  grammar: { kind: 'bytes', most: 10 },
  stop: { kind: 'entries', most: 2 },
  options: {
    kind: 'members',
    members: { num_gpu: { kind: 'refuse', why: 'reloads' }, num_ctx: { kind: 'most', most: 100 } },
  },
};

function bounded(text: string): string {
  const body = Buffer.from(text);
  return edited(body, boundFields(body, scanObject(body), new Map(Object.entries(RULES)))).toString();
}

function paramOf(text: string): string | null {
  try {
    bounded(text);
    return null;
  } catch (error) {
    if (error instanceof Refusal && error.status === 400) return error.param;
    throw error;
  }
}

describe('members of a body', () => {
  it.each([
    ['{"api_base":"http://x"}', 'api_base'],
    ['{"API_BASE":"http://x"}', 'api_base'],
    ['{"\\u0061pi_base":"http://x"}', 'api_base'],
    ['{"id_slot":0}', 'id_slot'],
    ['{"id_slot":-1.0}', 'id_slot'],
    ['{"n":"9"}', 'n'],
    ['{"n_discard":-1}', 'n_discard'],
    ['{"n_discard":"-1"}', 'n_discard'],
    ['{"grammar":"0123456789"}', 'grammar'],
    ['{"stop":["a","b","c"]}', 'stop'],
    ['{"options":{"num_gpu":0}}', 'num_gpu'],
    ['{"options":{"num_ctx":101}}', 'options'],
  ])('%s is refused, and the refusal names the member', (text, param) => {
    expect(paramOf(text)).toBe(param);
  });

  it.each([
    '{"api_base":null,"id_slot":-1,"n":8,"n_discard":0,"grammar":"root","stop":["a","b"],"options":{"num_ctx":100,"seed":1}}',
    '{ "stop" : "a, b, c, d, e, f" , "unknown" : [ 1 , 2 ] }',
    '{}',
  ])('%s goes on as it came, byte for byte', (text) => {
    expect(bounded(text)).toBe(text);
  });

  it('a number that is too large or negative is replaced, and no other byte changes', () => {
    expect(bounded('{ "x": 1e9, "n" : 1000000000 , "y":[9] }')).toBe('{ "x": 1e9, "n" : 8 , "y":[9] }');
    expect(bounded('{"n":-1}')).toBe('{"n":8}');
    expect(bounded('{"n":1e400}')).toBe('{"n":8}');
  });
});

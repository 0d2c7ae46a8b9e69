import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { requestToWire } from '../../src/admin/wire-activity.js';
import { csv as commandLineCsv } from '../../src/cli/csv.js';
import { fits, type RequestFilter } from '../../ui/src/pages/requests/request-filter.js';
import { flatConfig } from '../../ui/src/pages/settings/flat-config.js';
import { csv } from '../../ui/src/parts/csv.js';
import { requestRow } from '../usage/usage-world.js';

test('the CSV that the browser makes is the one that the command line prints', () => {
  const cell = fc.oneof(fc.string({ unit: fc.constantFrom(...'=+-@\t\r\n",\'ab1 ') }), fc.integer(), fc.constant(null));
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.array(cell)), (header, rows) => {
      expect(csv(header, rows)).toBe(commandLineCsv(header, rows));
    }),
  );
});

describe('a request that comes live is shown when the list of the gateway would have it', () => {
  const row = requestToWire(requestRow(1, { status: 404, owner: 'alice', model: 'qwen3' }));
  const filter: RequestFilter = { status: '', keyId: '', owner: '', model: '' };

  test.each<[Partial<RequestFilter>, boolean]>([
    [{}, true],
    [{ status: '404' }, true],
    [{ status: '4xx' }, true],
    [{ status: '5xx' }, false],
    [{ status: '40' }, true],
    [{ owner: 'alice', model: 'qwen3' }, true],
    [{ owner: 'ali' }, false],
    [{ keyId: 'other' }, false],
  ])('%j: %s', (changed, shown) => {
    expect(fits(row, { ...filter, ...changed })).toBe(shown);
  });
});

test('every value of a configuration is shown once, under its whole name', () => {
  const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.string()));
  const name = fc.stringMatching(/^[a-z_]{1,8}$/);
  const section = fc.dictionary(
    name,
    fc.oneof(value, fc.dictionary(name, value), fc.array(fc.dictionary(name, value))),
  );
  fc.assert(
    fc.property(fc.dictionary(name, section), (config) => {
      const names = flatConfig(config).map((setting) => setting.name);
      expect(new Set(names).size).toBe(names.length);
      for (const top of Object.keys(config)) expect(names.some((one) => one.split(/[.[]/)[0] === top)).toBe(true);
    }),
  );
  expect(
    flatConfig({
      listeners: [{ listen: 'x', serve: ['api', 'admin'] }],
      tls: null,
      keys: { default_scopes: [], a: true },
    }),
  ).toEqual([
    { name: 'listeners[0].listen', value: 'x' },
    { name: 'listeners[0].serve', value: 'api, admin' },
    { name: 'tls', value: 'not set' },
    { name: 'keys.default_scopes', value: 'none' },
    { name: 'keys.a', value: 'yes' },
  ]);
});

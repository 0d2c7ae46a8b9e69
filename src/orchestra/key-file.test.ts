import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKeyFile, readLocalNetworks } from './key-file.js';

describe('parseKeyFile', () => {
  it('either answers keys that stand in the file as texts, or a fault, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), keyFileText()), (text) => {
        const reading = parseKeyFile(text);
        if (reading.fault !== undefined) return reading.fault !== '';
        const { valid_keys: written } = JSON.parse(text) as { valid_keys: unknown[] };
        return reading.file.keys.every((key) => key !== '' && written.includes(key));
      }),
    );
  });

  it('never takes a text for a list of keys, nor any part of it for a key', () => {
    for (const keys of ['k1', '', 5, null, true, { 0: 'k1' }, [['k1']], ['k1', 5]])
      expect(parseKeyFile(JSON.stringify({ valid_keys: keys }))).toHaveProperty('fault');
  });

  it('asks for keys unless the file says false and nothing else', () => {
    expect(parseKeyFile('{"valid_keys":[]}').file?.requireAuth).toBe(true);
    expect(parseKeyFile('{"valid_keys":[],"require_auth_for_external":false}').file?.requireAuth).toBe(false);
    for (const value of ['"false"', '0', 'null'])
      expect(parseKeyFile(`{"valid_keys":[],"require_auth_for_external":${value}}`)).toHaveProperty('fault');
  });
});

describe('readLocalNetworks', () => {
  it('takes any word for loopback for both addresses of it and no other', () => {
    for (const word of ['localhost', '127.0.0.1', '::1']) {
      const { ranges } = readLocalNetworks([word]);
      expect(
        ['127.0.0.1', '::1', '127.0.0.2', '::2', 'localhost', ''].map((address) => ranges.contains(address)),
      ).toEqual([true, true, false, false, false, false]);
    }
  });

  it('ignores whatever is neither an address nor a network', () => {
    const odd = [
      'myhost',
      '',
      '127.1',
      '0x7f000001',
      '2130706433',
      '10.0.0.0/33',
      '10.0.0.0/-1',
      '10.0.0.0/8/8',
      'fe80::1%eth0',
      '*',
      '[::1]',
    ];
    const { ranges, ignored } = readLocalNetworks(odd);
    expect(ignored).toEqual(odd);
    expect(ranges.empty).toBe(true);
  });
});

function keyFileText(): fc.Arbitrary<string> {
  return fc
    .record(
      { valid_keys: fc.anything(), require_auth_for_external: fc.anything(), local_networks: fc.anything() },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value));
}

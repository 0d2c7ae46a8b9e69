import fc from 'fast-check';
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openRevokedLog } from '../../src/storage/revoked-log.js';
import { RECORD_BYTES, decodeRecord, encodeRecord, type RevokedRecord } from '../../src/storage/revoked-record.js';
import { freshDirectory } from './fresh-directory.js';

function record(id: string): RevokedRecord {
  return { id, at: 1_800_000_000, actor: 'local:test', address: '10.0.0.1', requestId: 'req_1', reason: 'lost' };
}

function ids(file: string): string[] {
  const log = openRevokedLog(file);
  const found = [...log.records()].map((known) => known.id);
  log.close();
  return found;
}

describe('one record', () => {
  it('comes back whole, or with a shorter reason, and is never mistaken when a bit flips', () => {
    const line = fc.string({ unit: 'binary', maxLength: 200 });
    const records = fc.record({
      id: fc.stringMatching(/^[0-9A-Za-z]{12}$/),
      at: fc.nat(),
      actor: line,
      address: fc.option(line),
      requestId: fc.option(line),
      reason: fc.option(line),
    });
    fc.assert(
      fc.property(records, fc.nat({ max: RECORD_BYTES * 8 - 1 }), (written, bit) => {
        const bytes = encodeRecord(written);
        expect(bytes).toHaveLength(RECORD_BYTES);
        expect(decodeRecord(bytes)).toMatchObject({ id: written.id, at: written.at });
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(decodeRecord(bytes)).toBe('damaged');
      }),
    );
    expect(decodeRecord(encodeRecord(record('abc')))).toEqual(record('abc'));
    expect(decodeRecord(Buffer.alloc(RECORD_BYTES))).toBe('free');
  });
});

describe('the list of revoked keys', () => {
  it('keeps every id once, in a file whose size is fixed ahead, and grows before it is full', () => {
    const file = join(freshDirectory(), 'revoked.log');
    const log = openRevokedLog(file);
    const size = statSync(file).size;
    const many = Array.from({ length: 400 }, (_, n) => record(`key${n}`));
    log.append(many);
    log.append(many);
    expect(statSync(file).size).toBe(size);
    log.append(Array.from({ length: 5000 }, (_, n) => record(`more${n}`)));
    expect(statSync(file).size).toBeGreaterThan(size);
    expect(log.has('more4999')).toBe(true);
    log.close();
    expect(ids(file)).toHaveLength(5400);
  });

  it('skips a torn or damaged record, keeps all others, and goes on behind it', () => {
    const file = join(freshDirectory(), 'revoked.log');
    const log = openRevokedLog(file);
    log.append(['a', 'b', 'c'].map(record));
    log.close();
    const bytes = readFileSync(file);
    bytes[RECORD_BYTES * 2 + 20] = 0xff;
    bytes.copy(bytes, RECORD_BYTES * 4, RECORD_BYTES, RECORD_BYTES + 100);
    writeFileSync(file, bytes);
    const damaged = openRevokedLog(file);
    expect(damaged.damaged).toBe(2);
    damaged.append([record('d')]);
    damaged.close();
    expect(ids(file)).toEqual(['a', 'c', 'd']);
  });

  it('is read after being cut at any place: what was written before the cut is there', () => {
    const file = join(freshDirectory(), 'revoked.log');
    const log = openRevokedLog(file);
    log.append(Array.from({ length: 10 }, (_, n) => record(`k${n}`)));
    log.close();
    const whole = readFileSync(file);
    for (let size = 0; size <= RECORD_BYTES * 12; size += 64) {
      writeFileSync(file, whole);
      truncateSync(file, size);
      const expected = Math.max(0, Math.min(10, Math.floor(size / RECORD_BYTES) - 1));
      expect(ids(file)).toHaveLength(expected);
      expect(ids(file)).toHaveLength(expected);
    }
  });

  it('is refused when it is something else, and stays as it is', () => {
    const file = join(freshDirectory(), 'revoked.log');
    appendFileSync(file, 'my notes\n'.repeat(100));
    const before = readFileSync(file);
    expect(() => openRevokedLog(file)).toThrow('store_unavailable');
    expect(readFileSync(file).equals(before)).toBe(true);
  });
});

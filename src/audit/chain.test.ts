import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EMPTY_CHAIN, nextRow, type AuditAct, type AuditRow } from './chain.js';
import { ChainWalk } from './verification.js';

const text = fc.string({ maxLength: 10 });
const acts = fc.array(
  fc.record({
    at: fc.nat(),
    actor: text,
    address: fc.option(text),
    requestId: fc.option(text),
    action: text,
    target: text,
    result: text,
    details: fc.jsonValue(),
  }),
  { minLength: 1, maxLength: 12 },
);

function chainOf(list: readonly AuditAct[]): AuditRow[] {
  const rows: AuditRow[] = [];
  for (const act of list) rows.push(nextRow(rows.at(-1) ?? EMPTY_CHAIN, act));
  return rows;
}

function headOf(rows: readonly AuditRow[]): { sequence: number; hash: string } {
  const { sequence, hash } = rows.at(-1) ?? EMPTY_CHAIN;
  return { sequence, hash };
}

function verdictOf(rows: readonly AuditRow[], stored = headOf(rows), outside: ReturnType<typeof headOf> | null = null) {
  const walk = new ChainWalk(outside);
  for (const row of rows) if (!walk.take([row])) break;
  return walk.verdict(stored);
}

describe('the chain', () => {
  it('is intact as written, and every change of any row shows at that row', () => {
    fc.assert(
      fc.property(
        acts,
        fc.nat(),
        fc.constantFrom(
          'at',
          'actor',
          'address',
          'requestId',
          'action',
          'target',
          'result',
          'details',
          'hash',
          'sequence',
        ),
        (list, pick, column) => {
          const rows = chainOf(list);
          expect(verdictOf(rows)).toMatchObject({
            intact: true,
            brokenAt: null,
            entries: rows.length,
            head: headOf(rows).hash,
          });
          const index = pick % rows.length;
          const row = rows[index];
          if (row === undefined) return;
          const value =
            typeof row[column as keyof AuditRow] === 'number'
              ? Number(row[column as keyof AuditRow]) + 1
              : `${String(row[column as keyof AuditRow])}!`;
          const forged = rows.with(index, { ...row, [column]: value });
          expect(verdictOf(forged, headOf(rows))).toMatchObject({ intact: false, brokenAt: index + 1 });
        },
      ),
    );
  });

  it('a row taken out, doubled or moved shows', () => {
    const rows = chainOf(Array.from({ length: 5 }, (_, n) => act(`a${n}`)));
    expect(verdictOf(rows.toSpliced(2, 1), headOf(rows))).toMatchObject({ intact: false, brokenAt: 3 });
    expect(verdictOf(rows.toSpliced(2, 0, ...rows.slice(1, 2)), headOf(rows))).toMatchObject({
      intact: false,
      brokenAt: 3,
    });
    expect(verdictOf(rows.toReversed(), headOf(rows))).toMatchObject({ intact: false, brokenAt: 1 });
  });

  it('a cut end shows against the stored head; with that forged too, only against a head kept outside', () => {
    const rows = chainOf(Array.from({ length: 5 }, (_, n) => act(`a${n}`)));
    const cut = rows.slice(0, 3);
    expect(verdictOf(cut, headOf(rows))).toMatchObject({ intact: false, brokenAt: 4 });
    const forged = verdictOf(cut, headOf(cut));
    expect(forged.intact).toBe(true);
    expect(forged.notProven.join()).toContain('--against');
    expect(verdictOf(cut, headOf(cut), headOf(rows))).toMatchObject({ intact: false, brokenAt: 4 });
    expect(verdictOf(rows, headOf(rows), headOf(cut))).toMatchObject({ intact: true });
    const rewritten = chainOf(Array.from({ length: 5 }, (_, n) => act(`b${n}`)));
    expect(verdictOf(rewritten, headOf(rewritten), headOf(cut))).toMatchObject({ intact: false, brokenAt: 3 });
  });

  it('an empty chain is intact', () => {
    expect(verdictOf([])).toMatchObject({ intact: true, entries: 0 });
  });
});

function act(actor: string): AuditAct {
  return {
    at: 1,
    actor,
    address: null,
    requestId: null,
    action: 'key.create',
    target: 'key:x',
    result: 'done',
    details: { b: 1, a: [2] },
  };
}

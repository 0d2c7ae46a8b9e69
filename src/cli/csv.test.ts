import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csv } from './csv.js';

/** Reads CSV as RFC 4180 has it. */
function read(text: string): string[][] {
  const rows: string[][] = [];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  let row: string[] = [];
  for (let found = cells.exec(text); found !== null; found = cells.exec(text)) {
    row.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    if (found[3] === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

test('every text comes back as it was, but for the apostrophe in front of what could be a formula', () => {
  const table = fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string(), fc.string()));
  fc.assert(
    fc.property(table, (rows) => {
      const back = read(csv(['a', 'b', 'c'], rows));
      expect(back.length).toBe(rows.length + 1);
      back.slice(1).forEach((cells, at) =>
        cells.forEach((cell, column) => {
          expect(cell).not.toMatch(/^[=+\-@\t\r]/);
          expect([rows[at]?.[column], `'${rows[at]?.[column]}`]).toContain(cell);
        }),
      );
    }),
  );
});

test('what a spreadsheet would run is text, numbers stay numbers and nothing stays empty', () => {
  const names = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '"=1', 'plain', '-'];
  expect(csv(['name', 'count'], [...names.map((name) => [name, -1]), [null, 0.5]])).toBe(
    [
      'name,count',
      "'=1+1,-1",
      "'+1,-1",
      "'-1,-1",
      "'@SUM(A1),-1",
      "'\tx,-1",
      '"\'\rx",-1',
      '"""=1",-1',
      'plain,-1',
      "'-,-1",
      ',0.5',
      '',
    ].join('\r\n'),
  );
});

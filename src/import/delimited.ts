/** Reads CSV with a heading into one object a row. Quotes may hold commas, line breaks and doubled quotes. */
export function readDelimited(text: string): Record<string, string>[] {
  const [heading = [], ...rows] = rowsOf(text);
  return rows.map((row) => Object.fromEntries(heading.map((name, index) => [name.trim(), row[index] ?? ''])));
}

function rowsOf(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, plain = '', end = ''] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}

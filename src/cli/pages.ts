import type { Answer } from './ask.js';

interface PageBody<Row> {
  data: Row[];
  next: string | null;
}

const MOST_A_PAGE = 1000;

/**
 * Reads a list: one page when the command names a limit that fits in one, every page otherwise. The
 * text is the admin API's own as long as one page held it all.
 */
export async function gather<Row>(
  page: (limit: number, after: string | undefined) => Promise<Answer<PageBody<Row>>>,
  asked: { limit?: number; after?: string },
): Promise<{ text: string; rows: Row[] }> {
  const rows: Row[] = [];
  const most = asked.limit ?? Infinity;
  for (let after = asked.after; ;) {
    const { body, text } = await page(Math.min(MOST_A_PAGE, most - rows.length), after);
    const first = rows.length === 0;
    for (const row of body.data) rows.push(row);
    const done = body.next === null || rows.length >= most;
    if (done) return { rows, text: first ? text : JSON.stringify({ data: rows, next: body.next }) };
    after = body.next ?? undefined;
  }
}

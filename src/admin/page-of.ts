import type { z } from '@hono/zod-openapi';
import { Refusal } from '../core/errors.js';
import type { memoryPageQuery } from './contract.js';

/**
 * One page of a list that stands whole in memory; all of it unless a limit is asked for. The cursor names the last row of its page, and
 * where that stood: rows that went away meanwhile, as streams do, do not make the next page impossible.
 */
export function pageOf<Row>(
  rows: readonly Row[],
  { limit, after }: z.output<typeof memoryPageQuery>,
  idOf: (row: Row) => string,
): { data: Row[]; next: string | null } {
  const from = after === undefined ? 0 : placeBehind(after, rows.map(idOf));
  const to = limit === undefined ? rows.length : Math.min(from + limit, rows.length);
  const last = rows[to - 1];
  return { data: rows.slice(from, to), next: to < rows.length && last !== undefined ? cursorOf(to, idOf(last)) : null };
}

function cursorOf(place: number, id: string): string {
  return Buffer.from(`${place}.${id}`).toString('base64url');
}

function placeBehind(cursor: string, ids: readonly string[]): number {
  const [, place = '', id = ''] = /^(\d{1,9})\.(.+)$/s.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  if (place === '')
    throw new Refusal('invalid_value', { message: 'after must be the "next" of an earlier page.', param: 'after' });
  const found = ids.indexOf(id);
  return found === -1 ? Math.min(Number(place), ids.length) : found + 1;
}

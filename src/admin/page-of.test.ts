import { expect, it } from 'vitest';
import { pageOf } from './page-of.js';

const idOf = (row: string): string => row;

it('a page goes on behind its last row, and behind where that stood when the row is gone', () => {
  const first = pageOf(['a', 'b', 'c', 'd', 'e'], { limit: 2 }, idOf);
  expect(first.data).toEqual(['a', 'b']);
  const after = first.next ?? '';
  expect(pageOf(['b', 'c', 'd'], { limit: 2, after }, idOf).data).toEqual(['c', 'd']);
  expect(pageOf(['x', 'y', 'c', 'd'], { limit: 2, after }, idOf).data).toEqual(['c', 'd']);
  expect(pageOf(['a'], { limit: 2, after }, idOf)).toEqual({ data: [], next: null });
});

it('a page that ends with the list is the last one, and no page is the whole list', () => {
  expect(pageOf(['a', 'b'], { limit: 2 }, idOf)).toEqual({ data: ['a', 'b'], next: null });
  expect(pageOf(['a', 'b', 'c'], {}, idOf)).toEqual({ data: ['a', 'b', 'c'], next: null });
  expect(pageOf([], { limit: 1 }, idOf)).toEqual({ data: [], next: null });
});

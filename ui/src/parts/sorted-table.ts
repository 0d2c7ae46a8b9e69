import {
  createSortedRowModel,
  rowSortingFeature,
  tableFeatures,
  useTable,
  type ColumnDef,
} from '@tanstack/react-table';
import { useMemo, useState, type ReactNode } from 'react';

export interface Column<Row> {
  id: string;
  header: string;
  cell: (row: Row) => ReactNode;
  /** What the column is sorted by; null comes last. Absent: it is not sorted. */
  sort?: (row: Row) => string | number | null;
  /** A track of a CSS grid, `minmax(7rem, 1fr)` unless given. */
  width?: string;
  align?: 'end';
  /** The header is for screen readers alone, as over buttons. */
  hideHeader?: boolean;
}

export interface Sorted {
  id: string;
  descending: boolean;
}

/** Rows in their order, and how they are ordered. */
export interface SortedTable<Row> {
  columns: readonly Column<Row>[];
  rows: readonly { key: string; value: Row }[];
  sorted: Sorted | null;
  sortBy(sorted: Sorted | null): void;
}

interface Wanted<Row> {
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  sort: Sorted | undefined;
}

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });

export function useSortedTable<Row>({ rows, columns, rowKey, sort }: Wanted<Row>): SortedTable<Row> {
  const [sorted, setSorted] = useState<Sorted | null>(sort ?? null);
  const definitions = useMemo(() => columns.map((column) => definitionOf(column, sorted)), [columns, sorted]);
  const sorting = useMemo(() => (sorted === null ? [] : [{ id: sorted.id, desc: sorted.descending }]), [sorted]);
  const table = useTable<typeof features, { value: Row }>({
    features,
    data: useMemo(() => rows.map((value) => ({ value })), [rows]),
    columns: definitions,
    state: { sorting },
    getRowId: ({ value }) => rowKey(value),
  });
  const ordered = table.getRowModel().rows;
  return {
    columns,
    rows: useMemo(() => ordered.map(({ id, original }) => ({ key: id, value: original.value })), [ordered]),
    sorted,
    sortBy: setSorted,
  };
}

/** What has no value stands last, however the rest is sorted; the library turns our answer round for `desc`. */
function definitionOf<Row>(column: Column<Row>, sorted: Sorted | null): ColumnDef<typeof features, { value: Row }> {
  const last = sorted?.descending === true ? -1 : 1;
  return {
    id: column.id,
    accessorFn: ({ value }: { value: Row }) => column.sort?.(value) ?? null,
    sortFn: (left, right) => compare(left.getValue(column.id), right.getValue(column.id), last),
  };
}

const WORDS = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

function compare(left: string | number | null, right: string | number | null, last: number): number {
  if (left === null || right === null) return left === right ? 0 : left === null ? last : -last;
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return WORDS.compare(String(left), String(right));
}

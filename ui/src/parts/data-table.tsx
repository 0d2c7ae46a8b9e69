import { Button, NativeSelect, Skeleton, TextInput } from '@mantine/core';
import { useDeferredValue, useMemo, useState, type ReactNode } from 'react';
import { DataRows } from './data-rows.js';
import { wholeNumber } from './format.js';
import { SearchIcon } from './icons.js';
import { ErrorNotice } from './notices.js';
import { type Column, type SortedTable, useSortedTable } from './sorted-table.js';

export type { Column } from './sorted-table.js';

export interface DataTableProps<Row> {
  /** What the rows are, in the plural and small letters: "keys". */
  what: string;
  /** Keep the same array while nothing changed: a new one is sorted anew. Undefined while it is read. */
  rows: readonly Row[] | undefined;
  /** Keep at module scope or in a memo. */
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  /** Column and direction at the start. */
  sort?: { id: string; descending: boolean };
  /** The text a search looks in. Absent: there is no search box. */
  searchText?: (row: Row) => string;
  /** More filters, at the right of the search box. The page applies them to `rows` itself. */
  filters?: ReactNode;
  error?: Error | null;
  retry?: () => void;
  /** There are more rows than were read. */
  cut?: boolean;
  /** Stands in place of the table when `rows` is empty. */
  empty: ReactNode;
  /** Height of the scrolled part, as CSS. */
  height?: string;
}

/**
 * A table that sorts, searches and scrolls. Only the rows in view are in the page, so ten thousand
 * are as quick as ten. On a phone each row becomes a card.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { rows, error = null, what, retry } = props;
  if (error !== null && rows === undefined)
    return <ErrorNotice error={error} what={`The ${what} could not be read`} {...(retry ? { retry } : {})} />;
  return (
    <>
      {error !== null && <ErrorNotice error={error} what={`The ${what} could not be read anew`} />}
      {rows === undefined ? <Loading what={what} /> : <LoadedTable {...props} rows={rows} />}
    </>
  );
}

function Loading({ what }: { what: string }) {
  return (
    <div role="status" aria-label={`The ${what} are being read`} className="kp-loading">
      {[0, 1, 2, 3, 4].map((line) => (
        <Skeleton key={line} height={28} />
      ))}
    </div>
  );
}

function LoadedTable<Row>(props: DataTableProps<Row> & { rows: readonly Row[] }) {
  const { what, rows, columns, rowKey, searchText, filters, empty } = props;
  const [search, setSearch] = useState('');
  const found = useSearched(rows, useDeferredValue(search), searchText);
  const table = useSortedTable({ rows: found, columns, rowKey, sort: props.sort });
  const nothingYet = rows.length === 0;
  return (
    <div className="kp-table-frame">
      <div className="kp-table-tools">
        {searchText !== undefined && (
          <TextInput
            className="kp-table-search"
            type="search"
            aria-label={`Search the ${what}`}
            placeholder="Search"
            leftSection={<SearchIcon />}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
        )}
        {filters}
        <PhoneSort table={table} />
        <span className="kp-table-count" role="status">
          {countOf(found.length, rows.length)} {what}
          {props.cut === true && ' so far'}
        </span>
      </div>
      {nothingYet && empty}
      {!nothingYet && found.length === 0 && <NoMatch what={what} onClear={() => setSearch('')} />}
      {found.length > 0 && <DataRows table={table} what={what} height={props.height ?? 'calc(100dvh - 16rem)'} />}
    </div>
  );
}

function countOf(found: number, all: number): string {
  return found === all ? wholeNumber(all) : `${wholeNumber(found)} of ${wholeNumber(all)}`;
}

function NoMatch({ what, onClear }: { what: string; onClear: () => void }) {
  return (
    <div className="kp-empty">
      <p>None of the {what} match.</p>
      <Button variant="default" size="xs" onClick={onClear}>
        Clear the search
      </Button>
    </div>
  );
}

function useSearched<Row>(
  rows: readonly Row[],
  search: string,
  searchText: ((row: Row) => string) | undefined,
): readonly Row[] {
  const words = search.trim().toLowerCase();
  return useMemo(
    () =>
      words === '' || searchText === undefined
        ? rows
        : rows.filter((row) => searchText(row).toLowerCase().includes(words)),
    [rows, words, searchText],
  );
}

/** On a phone there are no column heads to press. */
function PhoneSort<Row>({ table }: { table: SortedTable<Row> }) {
  const sortable = table.columns.filter(({ sort }) => sort !== undefined);
  if (sortable.length === 0) return null;
  const choices = sortable.flatMap(({ id, header }) => [
    { value: `${id} up`, label: `${header} ↑` },
    { value: `${id} down`, label: `${header} ↓` },
  ]);
  const chosen = table.sorted === null ? '' : `${table.sorted.id} ${table.sorted.descending ? 'down' : 'up'}`;
  return (
    <NativeSelect
      className="kp-phone-only"
      aria-label="Sort by"
      data={[{ value: '', label: 'Sort by…' }, ...choices]}
      value={chosen}
      onChange={(event) => {
        const [id = '', direction] = event.currentTarget.value.split(' ');
        table.sortBy(id === '' ? null : { id, descending: direction === 'down' });
      }}
    />
  );
}

import { useMediaQuery } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useRef, type CSSProperties } from 'react';
import type { Column, SortedTable } from './sorted-table.js';

const ROW_HEIGHT_PX = 44;
const OVERSCAN_ROWS = 12;

/** The rows in view, under their heads. */
export function DataRows<Row>({ table, what, height }: { table: SortedTable<Row>; what: string; height: string }) {
  const scroller = useRef<HTMLDivElement>(null);
  const onPhone = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  const virtual = useVirtualizer({
    count: table.rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT_PX,
    overscan: OVERSCAN_ROWS,
    getItemKey: (at) => table.rows[at]?.key ?? at,
  });
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const tracks = table.columns.map(({ width }) => width ?? 'minmax(7rem, 1fr)').join(' ');
  return (
    <section
      ref={scroller}
      className="kp-table-scroll"
      // A part that scrolls must be reachable by keyboard.
      tabIndex={0}
      aria-label={`Table of ${what}`}
      style={{ maxHeight: height, '--kp-tracks': tracks } as CSSProperties}
    >
      <div role="table" aria-label={what} aria-rowcount={table.rows.length + 1} className="kp-table">
        <Heads table={table} />
        <div role="rowgroup" style={{ paddingTop: before, paddingBottom: after }}>
          {items.map((item) => {
            const row = table.rows[item.index];
            return (
              row !== undefined && (
                <TableRow
                  key={row.key}
                  value={row.value}
                  columns={table.columns}
                  at={item.index}
                  measure={onPhone ? virtual.measureElement : undefined}
                />
              )
            );
          })}
        </div>
      </div>
    </section>
  );
}

interface RowParts<Row> {
  value: Row;
  columns: readonly Column<Row>[];
  at: number;
  /** Only cards on a phone differ in height. */
  measure: ((element: HTMLElement | null) => void) | undefined;
}

function PlainRow<Row>({ value, columns, at, measure }: RowParts<Row>) {
  return (
    <div role="row" className="kp-row" ref={measure} data-index={at} aria-rowindex={at + 2}>
      {columns.map((column) => (
        <div key={column.id} role="cell" className="kp-cell" data-label={column.header} data-align={column.align}>
          <div className="kp-cell-text">{column.cell(value)}</div>
        </div>
      ))}
    </div>
  );
}

/** Drawn once while it is in view, however far the table scrolls. */
const TableRow = memo(PlainRow) as typeof PlainRow;

function Heads<Row>({ table }: { table: SortedTable<Row> }) {
  return (
    <div role="rowgroup" className="kp-heads">
      <div role="row" className="kp-row kp-head-row" aria-rowindex={1}>
        {table.columns.map((column) => {
          const sorted = table.sorted?.id === column.id ? table.sorted : null;
          return (
            <div
              key={column.id}
              role="columnheader"
              className="kp-cell"
              data-align={column.align}
              aria-sort={sorted === null ? undefined : sorted.descending ? 'descending' : 'ascending'}
            >
              {column.sort === undefined ? (
                <span className={column.hideHeader === true ? 'kp-hidden' : undefined}>{column.header}</span>
              ) : (
                <button
                  type="button"
                  className="kp-sort"
                  onClick={() =>
                    table.sortBy({ id: column.id, descending: sorted === null ? false : !sorted.descending })
                  }
                >
                  {column.header}
                  <span aria-hidden="true">{sorted === null ? '' : sorted.descending ? ' ↓' : ' ↑'}</span>
                </button>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

import type { Migration } from './migration.js';

/** Version 2: callers without a key of ours that were blocked. A program of version 1 knows no such callers and lets none in. */
export const blockedCallers: Migration = {
  version: 2,
  minReaderVersion: 1,
  up: ({ schema }) => [
    schema
      .createTable('blocked_callers')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('blocked_at', 'bigint', (column) => column.notNull())
      .addColumn('blocked_by', 'text', (column) => column.notNull()),
  ],
};

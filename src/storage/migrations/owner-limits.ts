import type { Migration } from './migration.js';

/** Version 3: limits of all keys of an owner together. A program of version 2 holds nobody to limits, those of keys included. */
export const ownerLimits: Migration = {
  version: 3,
  minReaderVersion: 1,
  up: ({ schema }) => [
    schema.alterTable('owners').addColumn('limits', 'text', (column) => column.notNull().defaultTo('{}')),
  ],
};

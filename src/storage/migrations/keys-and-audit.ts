import type { Compilable, SchemaModule } from 'kysely';
import type { Migration } from './migration.js';

/** Version 1: keys with their secrets, owners, the list of changes and the audit chain. */
export const keysAndAudit: Migration = {
  version: 1,
  minReaderVersion: 1,
  up: ({ schema }) => [
    ...aboutTheStore(schema),
    ...keys(schema),
    ...secrets(schema),
    ...owners(schema),
    ...audit(schema),
  ],
};

function aboutTheStore(schema: SchemaModule): Compilable[] {
  return [
    schema
      .createTable('meta')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('schema_version', 'integer', (column) => column.notNull())
      .addColumn('min_reader_version', 'integer', (column) => column.notNull())
      .addColumn('revision', 'bigint', (column) => column.notNull())
      .addColumn('installation_id', 'text', (column) => column.notNull())
      .addColumn('salt', 'blob', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('first_key_at', 'bigint')
      .addColumn('audit_sequence', 'bigint', (column) => column.notNull())
      .addColumn('audit_head', 'text', (column) => column.notNull()),
    schema
      .createTable('changes')
      .addColumn('revision', 'bigint', (column) => column.primaryKey().notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull()),
  ];
}

function keys(schema: SchemaModule): Compilable[] {
  return [
    schema
      .createTable('keys')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('owner', 'text')
      .addColumn('scopes', 'text', (column) => column.notNull())
      .addColumn('models', 'text', (column) => column.notNull())
      .addColumn('allow_ips', 'text', (column) => column.notNull())
      .addColumn('limits', 'text', (column) => column.notNull())
      .addColumn('attributes', 'text', (column) => column.notNull())
      .addColumn('labels', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('imported', 'integer', (column) => column.notNull())
      .addColumn('parent_id', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint')
      .addColumn('disabled_at', 'bigint')
      .addColumn('revoked_at', 'bigint')
      .addColumn('revoke_reason', 'text')
      .addColumn('rotated_at', 'bigint')
      .addColumn('revision', 'bigint', (column) => column.notNull()),
    schema.createIndex('keys_by_age').on('keys').columns(['created_at', 'id']),
    schema.createIndex('keys_by_parent').on('keys').column('parent_id'),
    schema.createIndex('keys_by_owner').on('keys').column('owner'),
  ];
}

function secrets(schema: SchemaModule): Compilable[] {
  return [
    schema
      .createTable('secrets')
      .addColumn('key_id', 'text', (column) => column.notNull())
      .addColumn('slot', 'text', (column) => column.notNull())
      .addColumn('digest', 'blob', (column) => column.notNull())
      .addColumn('verifier', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint')
      .addPrimaryKeyConstraint('secrets_key', ['key_id', 'slot']),
    schema.createIndex('secrets_by_digest').unique().on('secrets').column('digest'),
  ];
}

function owners(schema: SchemaModule): Compilable[] {
  return [
    schema
      .createTable('owners')
      .addColumn('name', 'text', (column) => column.primaryKey().notNull())
      .addColumn('disabled', 'integer', (column) => column.notNull())
      .addColumn('updated_at', 'bigint', (column) => column.notNull())
      .addColumn('revision', 'bigint', (column) => column.notNull()),
  ];
}

function audit(schema: SchemaModule): Compilable[] {
  return [
    schema
      .createTable('audit')
      .addColumn('sequence', 'bigint', (column) => column.primaryKey().notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('address', 'text')
      .addColumn('request_id', 'text')
      .addColumn('action', 'text', (column) => column.notNull())
      .addColumn('target', 'text', (column) => column.notNull())
      .addColumn('result', 'text', (column) => column.notNull())
      .addColumn('details', 'text', (column) => column.notNull())
      .addColumn('hash', 'text', (column) => column.notNull()),
  ];
}

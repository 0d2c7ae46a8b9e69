import type { Compilable, Kysely } from 'kysely';
import type { StoreSchema } from '../schema.js';

/** One step of the schema, forward only: a restored backup is brought forward, never back. */
export interface Migration {
  version: number;
  /** The oldest schema version whose programs can still use the store after this step. */
  minReaderVersion: number;
  /** The statements of this step, written for the database behind `db`. */
  up(db: Kysely<StoreSchema>): readonly Compilable[];
}

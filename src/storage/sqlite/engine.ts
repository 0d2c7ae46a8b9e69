import * as nodeModule from 'node:module';
import { Refusal } from '../../core/errors.js';

/** The part of `node:sqlite` that we use; @photostructure/sqlite has the same shape. */
export interface Engine {
  DatabaseSync: new (path: string, options: { readOnly: boolean }) => EngineDatabase;
}

export interface EngineDatabase {
  exec(sql: string): void;
  prepare(sql: string): EngineStatement;
  close(): void;
}

export interface EngineStatement {
  run(...params: EngineValue[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  get(...params: EngineValue[]): unknown;
  all(...params: EngineValue[]): unknown[];
  iterate(...params: EngineValue[]): IterableIterator<unknown>;
}

export type EngineValue = string | number | bigint | Uint8Array | null;

const PACKAGE = '@photostructure/sqlite';

/**
 * SQLite as this runtime has it: built in from Node.js 22.13, else the optional package.
 * Throws a `store_unavailable` refusal when neither is there.
 */
export function sqliteEngine(): Engine {
  return builtIn() ?? packaged();
}

function builtIn(): Engine | null {
  return (process.getBuiltinModule?.('node:sqlite') as unknown as Engine | undefined) ?? null;
}

function packaged(): Engine {
  try {
    return nodeModule.createRequire(import.meta.url)(PACKAGE) as Engine;
  } catch (cause) {
    throw new Refusal('store_unavailable', {
      message: `SQLite is missing: run "npm install" without --omit=optional so that ${PACKAGE} is installed, or use Node.js 22.13 or newer.`,
      reason: `${PACKAGE} could not be loaded: ${String(cause)}`,
      cause,
    });
  }
}

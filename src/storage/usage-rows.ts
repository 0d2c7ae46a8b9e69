import type { RequestRow } from '../usage/request-row.js';
import type { SqlRow, SqlValue } from './sqlite/driver.js';

/**
 * The columns of the table `requests` after `position`, with the member of a row each one holds. One
 * order for the message between the threads and for the statement that writes it.
 */
const COLUMNS = [
  ['id', 'id'],
  ['started_at_ms', 'startedAtMs'],
  ['method', 'method'],
  ['path', 'path'],
  ['status', 'status'],
  ['code', 'code'],
  ['reason', 'reason'],
  ['key_id', 'keyId'],
  ['previous_secret', 'previousSecret'],
  ['owner', 'owner'],
  ['address', 'address'],
  ['model', 'model'],
  ['replica', 'replica'],
  ['streamed', 'streamed'],
  ['first_byte_ms', 'firstByteMs'],
  ['duration_ms', 'durationMs'],
  ['bytes_in', 'bytesIn'],
  ['bytes_out', 'bytesOut'],
  ['attempts', 'attempts'],
  ['correlation_id', 'correlationId'],
  ['user_agent', 'userAgent'],
] as const satisfies readonly (readonly [string, keyof RequestRow])[];

/** The values of a row in the order of the columns: four times cheaper to post than an object. */
export type RequestTuple = readonly SqlValue[];

export const COLUMN_NAMES: readonly string[] = COLUMNS.map(([column]) => column);

const PLACES = new Map<keyof RequestRow, number>(COLUMNS.map(([, member], at) => [member, at]));

/** One member of a tuple. */
export function memberOf(tuple: RequestTuple, member: keyof RequestRow): SqlValue {
  return tuple[PLACES.get(member) ?? -1];
}

export function tupleOf(row: RequestRow): RequestTuple {
  return [
    row.id,
    row.startedAtMs,
    row.method,
    row.path,
    row.status,
    row.code,
    row.reason,
    row.keyId,
    row.previousSecret,
    row.owner,
    row.address,
    row.model,
    row.replica,
    row.streamed,
    row.firstByteMs,
    row.durationMs,
    row.bytesIn,
    row.bytesOut,
    row.attempts,
    row.correlationId,
    row.userAgent,
  ];
}

/** A row as the store hands it out; columns that are missing or odd become null or empty. */
export function rowOf(stored: SqlRow): RequestRow {
  const text = (column: string): string => String(stored[column] ?? '');
  const number = (column: string): number => Number(stored[column] ?? 0);
  const textOrNull = (column: string): string | null => (stored[column] === null ? null : text(column));
  return {
    id: text('id'),
    startedAtMs: number('started_at_ms'),
    method: text('method'),
    path: text('path'),
    status: number('status'),
    code: textOrNull('code'),
    reason: textOrNull('reason'),
    keyId: textOrNull('key_id'),
    previousSecret: number('previous_secret') === 1,
    owner: textOrNull('owner'),
    address: text('address'),
    model: textOrNull('model'),
    replica: textOrNull('replica'),
    streamed: number('streamed') === 1,
    firstByteMs: stored['first_byte_ms'] === null ? null : number('first_byte_ms'),
    durationMs: number('duration_ms'),
    bytesIn: number('bytes_in'),
    bytesOut: number('bytes_out'),
    attempts: number('attempts'),
    correlationId: textOrNull('correlation_id'),
    userAgent: textOrNull('user_agent'),
  };
}

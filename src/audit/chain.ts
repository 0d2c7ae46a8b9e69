import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';

/** Who did what, before it has a place in the chain. */
export interface AuditAct {
  /** Unix seconds. */
  at: number;
  actor: string;
  address: string | null;
  requestId: string | null;
  action: string;
  target: string;
  result: string;
  details: unknown;
}

/** A row as it is stored: details are canonical JSON text. */
export interface AuditRow extends Omit<AuditAct, 'details'> {
  sequence: number;
  details: string;
  /** Hex SHA-256 over the hash before it and this row. */
  hash: string;
}

/** A place in the chain: how many rows, and the hash of the last one. */
export interface ChainHead {
  sequence: number;
  hash: string;
}

/** The head of an empty chain. */
export const EMPTY_CHAIN: ChainHead = Object.freeze({ sequence: 0, hash: '0'.repeat(64) });

/** The act as the next row of the chain. */
export function nextRow(head: ChainHead, act: AuditAct): AuditRow {
  const row = { ...act, sequence: head.sequence + 1, details: canonicalJson(act.details ?? null) };
  return { ...row, hash: hashOf(head.hash, row) };
}

/** True when `row` is what stands after `head` if nobody changed it. */
export function follows(head: ChainHead, row: AuditRow): boolean {
  return row.sequence === head.sequence + 1 && row.hash === hashOf(head.hash, row);
}

function hashOf(previousHash: string, row: Omit<AuditRow, 'hash'>): string {
  const { sequence, at, actor, address, requestId, action, target, result, details } = row;
  const text = JSON.stringify([previousHash, sequence, at, actor, address, requestId, action, target, result, details]);
  return createHash('sha256').update(text).digest('hex');
}

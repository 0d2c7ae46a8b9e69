import { closeSync, fdatasyncSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Refusal } from '../core/errors.js';
import { RECORD_BYTES, decodeRecord, encodeRecord, type RevokedRecord } from './revoked-record.js';
import { sqliteFault, storeRefusal } from './sqlite/faults.js';

/** Places added at once. They are written ahead, so that a full disk does not stop a revocation. */
const GROWTH_RECORDS = 1024;
/** New places are made when fewer than this are free. */
const LEAST_FREE_RECORDS = 512;
const HEADER = Buffer.from(
  'Keyporter list of revoked keys, version 1. Do not edit.\n'.padEnd(RECORD_BYTES, '\0'),
  'latin1',
);

/**
 * The second life of every revocation, beside the database: a file of equal records, each with a
 * checksum. A key in it is revoked whatever the database says, also after a restore.
 */
export interface RevokedLog {
  has(id: string): boolean;
  /** Every record in the order written. */
  records(): IterableIterator<RevokedRecord>;
  /** Durable when it returns. Ids that are in the list already are left out. Throws when the disk does not take it. */
  append(records: readonly RevokedRecord[]): void;
  /** Records that cannot be read, left where they are. */
  readonly damaged: number;
  close(): void;
}

/** Opens the list, or makes it. Throws a `Refusal` when the file cannot be read or is something else. */
export function openRevokedLog(path: string): RevokedLog {
  const descriptor = openFile(path);
  try {
    return new Log(descriptor);
  } catch (error) {
    closeSync(descriptor);
    throw sqliteFault(error) === 'full' ? storeRefusal(error, path) : unreadable(path, error);
  }
}

class Log implements RevokedLog {
  readonly #descriptor: number;
  readonly #records = new Map<string, RevokedRecord>();
  #damaged = 0;
  /** Index of the first place after everything written. */
  #next = 0;
  /** Places on disk, written or free. */
  #places: number;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.#places = Math.floor(fstatSync(descriptor).size / RECORD_BYTES) - 1;
    this.#checkHeader();
    if (this.#places < 0) this.#begin();
    else this.#read();
    if (this.#places - this.#next < LEAST_FREE_RECORDS) this.#tryToGrow();
  }

  get damaged(): number {
    return this.#damaged;
  }

  has(id: string): boolean {
    return this.#records.has(id);
  }

  records(): IterableIterator<RevokedRecord> {
    return this.#records.values();
  }

  append(records: readonly RevokedRecord[]): void {
    const fresh = records.filter((record) => !this.#records.has(record.id));
    if (fresh.length === 0) return;
    if (this.#next + fresh.length > this.#places) this.#grow(fresh.length);
    writeFully(this.#descriptor, Buffer.concat(fresh.map(encodeRecord)), offsetOf(this.#next));
    fdatasyncSync(this.#descriptor);
    this.#next += fresh.length;
    for (const record of fresh) this.#records.set(record.id, record);
    if (this.#places - this.#next < LEAST_FREE_RECORDS) this.#tryToGrow();
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #begin(): void {
    writeFully(this.#descriptor, HEADER, 0);
    this.#places = 0;
    this.#grow(0);
    fsyncSync(this.#descriptor);
  }

  /** What is there must be the header, or the beginning of one when the power went while the file was made. */
  #checkHeader(): void {
    const header = Buffer.alloc(RECORD_BYTES);
    const bytes = readSync(this.#descriptor, header, 0, RECORD_BYTES, 0);
    if (!header.subarray(0, bytes).equals(HEADER.subarray(0, bytes)))
      throw new Error('the first line is not that of a list of revoked keys');
  }

  #read(): void {
    const block = Buffer.alloc(RECORD_BYTES * GROWTH_RECORDS);
    for (let place = 0; place < this.#places; place += GROWTH_RECORDS) {
      const bytes = readSync(this.#descriptor, block, 0, block.length, offsetOf(place));
      for (let at = 0; at + RECORD_BYTES <= bytes; at += RECORD_BYTES)
        this.#take(block.subarray(at, at + RECORD_BYTES), place + at / RECORD_BYTES);
    }
  }

  #take(bytes: Buffer, place: number): void {
    const record = decodeRecord(bytes);
    if (record === 'free') return;
    this.#next = place + 1;
    if (record === 'damaged') this.#damaged += 1;
    else if (!this.#records.has(record.id)) this.#records.set(record.id, record);
  }

  /** Writes zeros ahead. On a full disk this fails while there are still free places. */
  #grow(needed: number): void {
    const added = Math.max(needed, GROWTH_RECORDS);
    writeFully(this.#descriptor, Buffer.alloc(added * RECORD_BYTES), offsetOf(this.#places));
    fsyncSync(this.#descriptor);
    this.#places += added;
  }

  #tryToGrow(): void {
    try {
      this.#grow(GROWTH_RECORDS);
    } catch {
      // There are free places left; the next append tries again.
      return;
    }
  }
}

function offsetOf(place: number): number {
  return (place + 1) * RECORD_BYTES;
}

function writeFully(descriptor: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;)
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(path, error);
  }
  const descriptor = openSync(path, 'wx+', 0o600);
  syncDirectory(dirname(path));
  return descriptor;
}

/** Makes the creation or renaming of a file durable. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function unreadable(path: string, cause: unknown): Refusal {
  return new Refusal('store_unavailable', {
    message: `The list of revoked keys ${path} cannot be read, and without it revoked keys could work again. Give the user that runs Keyporter the right to read and write it, or bring it back from a copy.`,
    reason: String(cause),
    cause,
  });
}

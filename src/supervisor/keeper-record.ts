import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../core/clock.js';
import { endGroup, startMark } from './process-group.js';
import { isRecord } from './protocol.js';

/** What a keeper writes down of its processes, for the case that it is killed itself and cannot end them. */
export interface RecordedProcess {
  pid: number;
  /** See `startMark`. */
  mark: string | null;
}

/** Replaces the record; an empty one is removed. */
export function writeRecord(file: string, processes: readonly RecordedProcess[]): void {
  if (processes.length === 0) return rmSync(file, { force: true });
  writeFileSync(`${file}.new`, `${JSON.stringify({ keeper: process.pid, processes })}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Removes the record unless another keeper has written it since. */
export function dropRecord(file: string): void {
  try {
    const read: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isRecord(read) && read['keeper'] === process.pid) rmSync(file, { force: true });
  } catch {
    // There is none, or one that nobody can use.
  }
}

/**
 * Ends what a dead keeper left behind, and answers how many groups that were. Call it only when no
 * keeper answers. A number that another process has by now is left alone.
 */
export async function endOrphans(file: string, clock: Clock): Promise<number> {
  const orphans = (await Promise.all((await readRecord(file)).map(stillThere))).filter((one) => one !== null);
  await Promise.all(orphans.map(({ pid }) => endGroup(pid, clock)));
  rmSync(file, { force: true });
  return orphans.length;
}

async function readRecord(file: string): Promise<RecordedProcess[]> {
  try {
    const read: unknown = JSON.parse(await readFile(file, 'utf8'));
    const list: unknown = isRecord(read) ? read['processes'] : null;
    return Array.isArray(list) ? list.filter(isRecorded) : [];
  } catch {
    return [];
  }
}

function isRecorded(value: unknown): value is RecordedProcess {
  return isRecord(value) && Number.isInteger(value['pid']) && Number(value['pid']) > 1;
}

/** Where the system does not tell when a process started, it is not touched. */
async function stillThere(recorded: RecordedProcess): Promise<RecordedProcess | null> {
  return recorded.mark !== null && (await startMark(recorded.pid)) === recorded.mark ? recorded : null;
}

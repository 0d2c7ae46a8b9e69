import { open } from 'node:fs/promises';
import type { Cancel, Clock } from '../core/clock.js';

/** The end of a log that is looked at; more lines than fit are not answered. */
const LARGEST_TAIL_BYTES = 4 * 1024 * 1024;
const LOOK_AGAIN_MS = 250;
const MOST_BYTES_A_LOOK = 1024 * 1024;

/** A place in a log that other files may follow. */
export interface LogPosition {
  /** Tells the file from those that come after it under the same name; 0 = there is none yet. */
  inode: number;
  offset: number;
}

export interface LogTail {
  lines: string[];
  /** Where they end. */
  end: LogPosition;
}

/** The last lines of a log, the older file included when the newer has too few. */
export async function lastLines(path: string, count: number): Promise<LogTail> {
  const newer = await tail(path);
  if (newer.lines.length >= count) return { lines: newer.lines.slice(-count), end: newer.end };
  const older = await tail(`${path}.1`);
  return { lines: [...older.lines, ...newer.lines].slice(-count), end: newer.end };
}

async function tail(path: string): Promise<LogTail> {
  const file = await open(path).catch(() => null);
  if (file === null) return { lines: [], end: { inode: 0, offset: 0 } };
  try {
    const { size, ino: inode } = await file.stat();
    const from = Math.max(0, size - LARGEST_TAIL_BYTES);
    const bytes = Buffer.alloc(size - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    const lines = bytes.toString('utf8', 0, bytesRead).split('\n');
    if (lines.at(-1) === '') lines.pop();
    // What was cut off in front is no whole line.
    return { lines: from === 0 ? lines : lines.slice(1), end: { inode, offset: from + bytesRead } };
  } finally {
    await file.close();
  }
}

/** Calls back with every line that is written behind a place, over the change of the file too. */
export function followLines(
  path: string,
  from: LogPosition,
  following: { clock: Clock; line(text: string): void },
): Cancel {
  let at = from;
  let rest = '';
  let looking = false;
  const take = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(following.line);
  };
  const look = async (): Promise<void> => {
    const newer = await readFrom(path, at);
    if (newer === null) return;
    // The file was put aside since the last look: its last lines come first.
    const older = newer.end.inode === at.inode || at.inode === 0 ? null : await readFrom(`${path}.1`, at);
    if (older !== null && older.end.inode === at.inode) take(older.text);
    take(newer.text);
    at = newer.end;
  };
  const round = (): void => {
    if (looking) return;
    looking = true;
    void look()
      // A log that cannot be read now may be readable at the next look.
      .catch(() => {})
      .finally(() => (looking = false));
  };
  return following.clock.every(LOOK_AGAIN_MS, round);
}

/** What stands behind a place; the whole file when it is another one. Null when there is none. */
async function readFrom(path: string, at: LogPosition): Promise<{ text: string; end: LogPosition } | null> {
  const file = await open(path).catch(() => null);
  if (file === null) return null;
  try {
    const { ino: inode, size } = await file.stat();
    const offset = inode === at.inode && size >= at.offset ? at.offset : 0;
    const bytes = Buffer.alloc(Math.min(size - offset, MOST_BYTES_A_LOOK));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
    return { text: bytes.toString('utf8', 0, bytesRead), end: { inode, offset: offset + bytesRead } };
  } finally {
    await file.close();
  }
}

import { open } from 'node:fs/promises';
import type { Cancel, Clock } from '../core/clock.js';

/** The end of a log that is looked at; more lines than fit are not answered. */
const LARGEST_TAIL_BYTES = 4 * 1024 * 1024;
const LOOK_AGAIN_MS = 250;
const MOST_BYTES_A_LOOK = 1024 * 1024;

/** The last lines of a log, the older file included when the newer has too few. */
export async function lastLines(path: string, count: number): Promise<string[]> {
  const newer = linesOf(await tail(path));
  if (newer.length >= count) return newer.slice(-count);
  return [...linesOf(await tail(`${path}.1`)), ...newer].slice(-count);
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

async function tail(path: string): Promise<string> {
  const file = await open(path).catch(() => null);
  if (file === null) return '';
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - LARGEST_TAIL_BYTES);
    const bytes = Buffer.alloc(size - from);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    const text = bytes.toString('utf8', 0, bytesRead);
    // What was cut off in front is no whole line.
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}

/** Calls back with every line that is written from now on, over the change of the file too. */
export function followLines(path: string, clock: Clock, line: (text: string) => void): Cancel {
  let at: { inode: number; offset: number } | null = null;
  let rest = '';
  let looking = false;
  const look = async (): Promise<void> => {
    const file = await open(path).catch(() => null);
    if (file === null) {
      at ??= { inode: 0, offset: 0 };
      return;
    }
    try {
      const { ino: inode, size } = await file.stat();
      at ??= { inode, offset: size };
      if (at.inode !== inode || size < at.offset) at = { inode, offset: 0 };
      const bytes = Buffer.alloc(Math.min(size - at.offset, MOST_BYTES_A_LOOK));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, at.offset);
      at.offset += bytesRead;
      const lines = (rest + bytes.toString('utf8', 0, bytesRead)).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(line);
    } finally {
      await file.close();
    }
  };
  const round = (): void => {
    if (looking) return;
    looking = true;
    void look()
      // A log that cannot be read now may be readable at the next look.
      .catch(() => {})
      .finally(() => (looking = false));
  };
  round();
  return clock.every(LOOK_AGAIN_MS, round);
}

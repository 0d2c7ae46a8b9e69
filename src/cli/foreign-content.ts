import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { SQLITE_MARK, type ForeignFile } from '../import/import-file.js';
import { UnreadableFile } from '../import/reading.js';
import { Failure } from './failure.js';

const LARGEST_FILE_BYTES = 64 * 1024 * 1024;

/** What stands in a foreign file. Databases are only recognised here: they may be large, and in use. Throws an `UnreadableFile`. */
export async function foreignContent(path: string): Promise<ForeignFile> {
  // A pipe without a writer must not be waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw new Failure(`${path} cannot be read (${codeOf(cause)}). Nothing was imported.`, { cause });
  });
  try {
    const found = await file.stat();
    if (found.isDirectory()) throw new UnreadableFile('is a directory: name the files in it');
    if (!found.isFile()) throw new UnreadableFile('is no regular file: save what it gives to one, and name that');
    const mark = Buffer.alloc(SQLITE_MARK.length);
    await file.read(mark, 0, mark.length, 0);
    if (mark.toString('latin1') === SQLITE_MARK) return { path, text: null };
    if (found.size > LARGEST_FILE_BYTES) throw new UnreadableFile(`is larger than ${LARGEST_FILE_BYTES} bytes`);
  } finally {
    await file.close();
  }
  return { path, text: textOf(await readFile(path)) };
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes) || bytes.includes(0)) throw new UnreadableFile('is no UTF-8 text: save it as UTF-8 first');
  return bytes.toString('utf8');
}

/** The code of a system error, else the error itself. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

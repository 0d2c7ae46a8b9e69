import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** What was read, or why not as a clause: "it does not exist". */
export type FileText = { text: string; mode: number; fault?: undefined } | { fault: string };

/** Without O_NONBLOCK a named pipe would hold the start for ever. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** Reads a regular file of at most `mostBytes` as UTF-8. Follows links. Never throws. */
export async function readText(path: string, mostBytes: number): Promise<FileText> {
  try {
    const file = await open(path, READ);
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return { fault: 'it is not a regular file' };
      const bytes = Buffer.alloc(mostBytes + 1);
      let length = 0;
      for (let more = 1; more > 0 && length < bytes.length; length += more) {
        more = (await file.read(bytes, length, bytes.length - length, null)).bytesRead;
      }
      if (length > mostBytes) return { fault: `it is larger than ${mostBytes} bytes` };
      return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length)), mode: stats.mode };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { fault: whyUnreadable(error) };
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of its path is not a directory',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  ELOOP: 'its links lead in a circle',
  EISDIR: 'it is a directory',
  ENAMETOOLONG: 'its name is too long',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8 text',
  ERR_INVALID_ARG_VALUE: 'its name holds a NUL character',
};

function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return REASONS[code] ?? `the system says ${code}`;
}

import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { parseKeyFile, type KeyFileReading } from './key-file.js';

/** More than a hundred thousand keys. */
const LARGEST_BYTES = 16_777_216;

/** Reads a key file; never rejects. */
export async function readKeyFile(path: string): Promise<KeyFileReading> {
  try {
    return parseKeyFile(await readBounded(path));
  } catch (error) {
    return { fault: faultOf(error) };
  }
}

/** What changes whenever a file is written or replaced; empty when it is not there. */
export async function markOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return '';
  }
}

async function readBounded(path: string): Promise<string> {
  // Opening a pipe would wait for its other end.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) throw new Error('is not a file');
    if (facts.size > LARGEST_BYTES) throw new Error(`is larger than ${LARGEST_BYTES} bytes`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

function faultOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return message;
  if (code === 'ENOENT') return 'does not exist';
  return code === 'EACCES' ? 'may not be read by the user of this process' : `cannot be read (${code})`;
}

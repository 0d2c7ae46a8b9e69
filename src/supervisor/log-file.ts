import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

/** A log and the one before it take twice this at most. */
export const LARGEST_LOG_BYTES = 8 * 1024 * 1024;
/** A line without an end is cut here. */
const LONGEST_LINE = 65_536;
/** So much of a cut line waits for the rest, so that a secret across the cut is still found. */
const HELD_BACK = 512;

export interface LogFile {
  write(chunk: Buffer): void;
  close(): void;
}

export interface LogFileOptions {
  path: string;
  /** Cut out wherever it appears: engines like to print their settings. */
  secret: string | null;
  largestBytes?: number;
}

/**
 * Where the output of a process goes. A full one becomes `<path>.1`, in place of the one before. A disk
 * that is full or broken loses lines and never holds the process up.
 */
export function openLogFile({ path, secret, largestBytes = LARGEST_LOG_BYTES }: LogFileOptions): LogFile {
  const decoder = new StringDecoder('utf8');
  const file = rotating(path, largestBytes);
  let rest = '';
  const clean = (text: string): string => (secret === null ? text : text.replaceAll(secret, '[secret]'));
  const take = (text: string): void => {
    rest = clean(rest + text);
    const end = rest.lastIndexOf('\n') + 1;
    const ready = rest.length - end > LONGEST_LINE ? rest.length - HELD_BACK : end;
    if (ready === 0) return;
    file.append(rest.slice(0, ready));
    rest = rest.slice(ready);
  };
  return {
    write: (chunk) => take(decoder.write(chunk)),
    close() {
      take(decoder.end());
      if (rest !== '') file.append(`${rest}\n`);
      rest = '';
      file.close();
    },
  };
}

function rotating(path: string, largestBytes: number): { append(text: string): void; close(): void } {
  let handle: number | null = null;
  let size = 0;
  const open = (): number => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const opened = openSync(path, 'a', 0o600);
    size = fstatSync(opened).size;
    return opened;
  };
  const close = (): void => {
    if (handle !== null) closeSync(handle);
    handle = null;
  };
  const append = (bytes: Buffer): void => {
    handle ??= open();
    if (size > 0 && size + bytes.length > largestBytes) {
      close();
      renameSync(path, `${path}.1`);
      handle = open();
    }
    size += writeSync(handle, bytes);
  };
  return {
    append(text) {
      try {
        append(Buffer.from(text));
      } catch {
        // Nobody could be told: the log is where it would stand.
      }
    },
    close,
  };
}

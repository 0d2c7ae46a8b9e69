import { resolve } from 'node:path';
import { readText } from './read-file.js';

const LARGEST_BYTES = 65_536;
/** Owner and group may read a secret, as systemd and Kubernetes set it up; other users may not. */
const OTHERS = 0o007;

export type SecretFileText =
  | { text: string; warning?: string; fault?: undefined }
  | { fault: string; warning?: undefined };

/**
 * The text of a file named in `${file:...}`, without the line break at its end. Fault and warning are
 * predicates to put behind the name of a member; they hold the path, never the content.
 */
export async function readSecretFile(path: string, directory: string): Promise<SecretFileText> {
  if (path === '') return { fault: 'names no file in `${file:...}`' };
  const full = resolve(directory, path);
  const read = await readText(full, LARGEST_BYTES);
  if (read.fault !== undefined) return { fault: `needs the file ${full}, but ${read.fault}` };
  const text = read.text.replace(/\r?\n$/, '');
  return isReadableByOthers(read.mode)
    ? { text, warning: `comes from ${full}, which every user of this machine can read; run \`chmod o= ${full}\`` }
    : { text };
}

/** Whether users besides owner and group may read or write a file of this mode. */
export function isReadableByOthers(mode: number): boolean {
  return (mode & OTHERS) !== 0;
}

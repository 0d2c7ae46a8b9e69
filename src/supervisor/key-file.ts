import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const DIRECTORY = 'engine-keys';

/** Where the private key of a process stands, for engines that read it from a file. */
export function keyFileOf(dataDir: string, id: string): string {
  return join(dataDir, DIRECTORY, id);
}

/** Writes a private key where only this user can read it. */
export async function writeKeyFile(file: string, key: string): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, `${key}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Takes the key of one process away. */
export async function removeKeyFile(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** Takes all of them away. */
export async function removeKeyFiles(dataDir: string): Promise<void> {
  await rm(join(dataDir, DIRECTORY), { recursive: true, force: true });
}

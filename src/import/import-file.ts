import { readAuthkeysConfig } from './authkeys-config.js';
import { readAuthkeysDatabase } from './authkeys-database.js';
import { readKeyLines } from './key-lines.js';
import { readLitellmKeys } from './litellm-keys.js';
import { readOrchestraKeys } from './orchestra-keys.js';
import { isObject, UnreadableFile, type ImportOptions, type Reading } from './reading.js';
import { readYamlFile, refuseBrokenYaml } from './yaml-file.js';

/** The foreign file as it lies on the disk. */
export interface ForeignFile {
  path: string;
  /** Null for a database, which is read through its own engine. */
  text: string | null;
}

/** The first bytes of every SQLite database. */
export const SQLITE_MARK = 'SQLite format 3\0';

/**
 * Reads a file of another system; what kind it is shows in what it holds. Never changes it. Throws an
 * `UnreadableFile`.
 */
export function readForeignFile({ path, text }: ForeignFile, options: ImportOptions): Reading {
  if (text === null) return readAuthkeysDatabase(path, options.now);
  const bare = text.replace(/^\uFEFF/, '').trimStart();
  if (bare === '') throw new UnreadableFile('is empty');
  if (/^[ \t]*\[(APP|DB|INFER|DEFAULT)\]/m.test(bare)) return readAuthkeysConfig(text, options);
  if (bare.startsWith('{') && isOrchestra(bare)) return readOrchestraKeys(text);
  const reading = readLitellmKeys(text) ?? readYamlFile(text, options);
  if (reading !== null) return reading;
  if (/\.ya?ml$/i.test(path)) refuseBrokenYaml(text);
  return readKeyLines(text);
}

function isOrchestra(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && 'valid_keys' in value;
  } catch {
    return text.includes('"valid_keys"');
  }
}

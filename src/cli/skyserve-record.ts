import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The service that the gateway of a data directory serves. */
export interface ServiceRecord {
  name: string;
  pid: number;
  url: string;
}

const FILE = 'service.json';

export async function writeServiceRecord(dataDir: string, record: ServiceRecord): Promise<void> {
  await writeFile(join(dataDir, FILE), `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

export async function removeServiceRecord(dataDir: string): Promise<void> {
  await rm(join(dataDir, FILE), { force: true });
}

/** The record of the gateway with this process number; one that a killed gateway left behind does not count. */
export async function readServiceRecord(dataDir: string, pid: number): Promise<ServiceRecord | null> {
  try {
    const {
      name,
      pid: writer,
      url,
    } = JSON.parse(await readFile(join(dataDir, FILE), 'utf8')) as Partial<ServiceRecord>;
    return typeof name === 'string' && typeof url === 'string' && writer === pid ? { name, pid, url } : null;
  } catch {
    return null;
  }
}

import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import { unixSeconds, type Clock } from '../core/clock.js';
import type { KeyLife, KeyRecord } from '../keys/key.js';
import type { CertificateFacts, FileFacts, HostFacts, KeyFacts } from './facts.js';

const PAGE_SIZE = 1000;
const UNUSED_SECONDS = 90 * 86_400;

/** Reads what the machine shows. What cannot be read is null, never an error. */
export async function gatherHost({
  config,
  configFile,
  dataDir,
  clock,
}: {
  config: Config;
  configFile: string | null;
  dataDir: string;
  clock: Clock;
}): Promise<HostFacts> {
  return {
    nodeVersion: process.versions.node,
    userId: process.getuid?.() ?? null,
    openFiles: await openFilesLimit(),
    nowMs: clock.now(),
    configFile: configFile === null ? null : await fileFacts(configFile),
    dataDirectory: await directoryFacts(dataDir),
    certificates: await certificateFacts(config),
  };
}

/** Walks all keys that are not revoked, page by page. */
export async function gatherKeys(life: Pick<KeyLife, 'list'>, clock: Clock): Promise<KeyFacts> {
  const facts = {
    active: 0,
    admins: [] as string[],
    endless: [] as string[],
    unused: [] as string[],
    newestChangeAt: null as number | null,
  };
  let after: string | undefined;
  do {
    const page = await life.list({ state: 'active' }, { limit: PAGE_SIZE, ...(after === undefined ? {} : { after }) });
    for (const record of page.data) addKey(facts, record, unixSeconds(clock));
    after = page.next ?? undefined;
  } while (after !== undefined);
  return facts;
}

function addKey(
  facts: { active: number; admins: string[]; endless: string[]; unused: string[]; newestChangeAt: number | null },
  record: KeyRecord,
  now: number,
): void {
  facts.newestChangeAt = Math.max(facts.newestChangeAt ?? 0, record.updatedAt);
  if (record.expiresAt !== null && record.expiresAt <= now) return;
  facts.active += 1;
  if (record.scopes.includes('admin')) facts.admins.push(record.name);
  if (record.expiresAt === null) facts.endless.push(record.name);
  if (Math.max(record.createdAt, record.lastUsedAt ?? 0) <= now - UNUSED_SECONDS) facts.unused.push(record.name);
}

async function fileFacts(path: string): Promise<FileFacts | null> {
  const found = await stat(path).catch(() => null);
  return found === null ? null : { path, mode: found.mode & 0o7777, ownerId: found.uid };
}

async function directoryFacts(path: string): Promise<HostFacts['dataDirectory']> {
  const [own, space, names] = await Promise.all([
    fileFacts(path),
    statfs(path).catch(() => null),
    readdir(path).catch(() => []),
  ]);
  if (own === null) return null;
  const files = await Promise.all(names.map((name) => fileFacts(join(path, name))));
  return {
    ...own,
    freeBytes: space === null ? Number.POSITIVE_INFINITY : space.bavail * space.bsize,
    files: files.filter((file) => file !== null),
  };
}

async function certificateFacts(config: Config): Promise<CertificateFacts[]> {
  const named = new Map(
    [config.tls, ...config.listeners.map(({ tls }) => tls)].flatMap((tls) =>
      tls?.cert_file ? [[tls.cert_file, tls.key_file] as const] : [],
    ),
  );
  return Promise.all(
    [...named].map(async ([file, keyFile]) => ({
      file,
      validUntilMs: await validUntil(file),
      key: keyFile === null ? null : await fileFacts(keyFile),
    })),
  );
}

async function validUntil(file: string): Promise<number | null> {
  try {
    const until = Date.parse(new X509Certificate(await readFile(file)).validTo);
    return Number.isNaN(until) ? null : until;
  } catch {
    return null;
  }
}

/** Node tells the limit nowhere else without a subprocess; other systems than Linux answer null. */
async function openFilesLimit(): Promise<number | null> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return null;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}

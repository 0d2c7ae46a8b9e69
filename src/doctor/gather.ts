import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import { unixSeconds, type Clock } from '../core/clock.js';
import type { KeyLife, KeyRecord } from '../keys/key.js';
import type { CertificateFacts, FileFacts, HostFacts, KeyFacts } from './facts.js';

const PAGE_SIZE = 1000;
const UNUSED_SECONDS = 90 * 86_400;
/** Keys that somebody uses are worth a word this long before they end. */
const SOON_SECONDS = 14 * 86_400;

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
  const facts = new Gathered(unixSeconds(clock));
  let after: string | undefined;
  do {
    const page = await life.list({ state: 'active' }, { limit: PAGE_SIZE, ...(after === undefined ? {} : { after }) });
    for (const record of page.data) facts.add(record);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return facts.all();
}

/** Key facts, key by key. */
class Gathered {
  readonly #now: number;
  readonly #owners = new Set<string>();
  readonly #admins: string[] = [];
  readonly #endless: string[] = [];
  readonly #unused: string[] = [];
  readonly #expiring: string[] = [];
  #active = 0;
  #newestChangeAt: number | null = null;

  /** @param now Unix seconds */
  constructor(now: number) {
    this.#now = now;
  }

  add({ name, owner, scopes, createdAt, updatedAt, lastUsedAt, expiresAt }: KeyRecord): void {
    this.#newestChangeAt = Math.max(this.#newestChangeAt ?? 0, updatedAt);
    if (expiresAt !== null && expiresAt <= this.#now) return;
    this.#active += 1;
    if (owner !== null) this.#owners.add(owner);
    if (scopes.includes('admin')) this.#admins.push(name);
    if (expiresAt === null) this.#endless.push(name);
    if (Math.max(createdAt, lastUsedAt ?? 0) <= this.#now - UNUSED_SECONDS) this.#unused.push(name);
    const isUsed = lastUsedAt !== null && lastUsedAt > this.#now - SOON_SECONDS;
    if (isUsed && expiresAt !== null && expiresAt <= this.#now + SOON_SECONDS) this.#expiring.push(name);
  }

  all(): KeyFacts {
    return {
      active: this.#active,
      admins: this.#admins,
      endless: this.#endless,
      unused: this.#unused,
      expiring: this.#expiring,
      owners: [...this.#owners],
      newestChangeAt: this.#newestChangeAt,
    };
  }
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

import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configSchema, type Config } from '../../src/config/schema.js';
import { systemClock, unixSeconds } from '../../src/core/clock.js';
import type { KeyRecord } from '../../src/keys/key.js';
import { gatherHost, gatherKeys } from '../../src/doctor/gather.js';
import { makeCertificate } from './certificate.js';

function configOf(tls: object): Config {
  const { listen: _, ...parsed } = configSchema.parse({ tls });
  return { ...parsed, listeners: [] };
}

function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'keyporter-doctor-'));
}

describe('what the machine shows', () => {
  it('is read from its files', async () => {
    const folder = makeFolder();
    const [configFile, cert, key, other] = ['keyporter.yaml', 'cert.pem', 'key.pem', 'other.pem'].map((name) =>
      join(folder, name),
    ) as [string, string, string, string];
    writeFileSync(configFile, '', { mode: 0o600 });
    writeFileSync(other, 'no certificate');
    const made = makeCertificate('x', 5);
    writeFileSync(cert, made.cert);
    writeFileSync(key, made.key);
    const host = await gatherHost({
      config: configOf({ cert_file: cert, key_file: key }),
      configFile,
      dataDir: folder,
      clock: systemClock,
    });
    expect(host.nodeVersion).toBe(process.versions.node);
    expect(host.configFile).toEqual({ path: configFile, mode: 0o600, ownerId: process.getuid?.() });
    expect(host.dataDirectory).toMatchObject({ path: folder, mode: 0o700 });
    expect(host.dataDirectory?.freeBytes).toBeGreaterThan(0);
    expect(host.dataDirectory?.files.map(({ path }) => path).toSorted()).toEqual(
      [cert, key, configFile, other].toSorted(),
    );
    const [certificate] = host.certificates;
    expect((certificate?.validUntilMs ?? 0) - host.nowMs).toBeGreaterThan(4 * 86_400_000);
    expect((certificate?.validUntilMs ?? 0) - host.nowMs).toBeLessThan(6 * 86_400_000);
    const broken = await gatherHost({
      config: configOf({ cert_file: other, key_file: null }),
      configFile: null,
      dataDir: join(folder, 'none'),
      clock: systemClock,
    });
    expect(broken).toMatchObject({
      configFile: null,
      dataDirectory: null,
      certificates: [{ file: other, validUntilMs: null, key: null }],
    });
  });

  it.runIf(process.platform === 'linux')('holds the limit of open files', async () => {
    const host = await gatherHost({
      config: configOf({}),
      configFile: null,
      dataDir: makeFolder(),
      clock: systemClock,
    });
    const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
    expect(String(host.openFiles)).toBe(limit === 'unlimited' ? 'Infinity' : limit);
  });
});

describe('what the keys show', () => {
  const now = unixSeconds(systemClock);
  const old = now - 91 * 86_400;

  function record(name: string, entry: Partial<KeyRecord> = {}): KeyRecord {
    return {
      id: name,
      name,
      owner: null,
      scopes: ['infer'],
      models: [],
      allowIps: [],
      limits: {},
      attributes: {},
      labels: {},
      state: 'active',
      prefix: `kp_${name}`,
      imported: false,
      parentId: null,
      createdAt: now,
      createdBy: 'local:test',
      updatedAt: now,
      expiresAt: now + 60,
      disabledAt: null,
      revokedAt: null,
      revokeReason: null,
      rotatedAt: null,
      previous: null,
      lastUsedAt: null,
      ...entry,
    };
  }

  it('is gathered from every page', async () => {
    const pages = [
      [record('root', { scopes: ['admin'], expiresAt: null }), record('idle', { createdAt: old })],
      [
        record('used', { owner: 'alice', createdAt: old, lastUsedAt: now }),
        record('over', { expiresAt: now, createdAt: old, updatedAt: now + 5 }),
      ],
    ];
    const list = async (_: object, { after }: { after?: string }) => ({
      data: pages[Number(after ?? 0)] ?? [],
      next: after === undefined ? '1' : null,
    });
    expect(await gatherKeys({ list }, systemClock)).toEqual({
      active: 3,
      admins: ['root'],
      endless: ['root'],
      unused: ['idle'],
      expiring: ['used'],
      owners: ['alice'],
      newestChangeAt: now + 5,
    });
  });
});

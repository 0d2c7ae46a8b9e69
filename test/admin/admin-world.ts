import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { lacking } from '../../src/access/grant.js';
import { covers, isKnownScope } from '../../src/access/scope.js';
import { createAdminApp } from '../../src/admin/app.js';
import type { AdminApp, AdminCaller } from '../../src/admin/caller.js';
import type { Operation } from '../../src/admin/operation.js';
import { adminOperations, ownOperations } from '../../src/admin/operations.js';
import type { AdminPorts, RunningRequest } from '../../src/admin/ports.js';
import { loadConfig } from '../../src/config/load.js';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import type { KeyRecord, NewKey } from '../../src/keys/key.js';
import { createCallersPort } from '../../src/gateway/callers-port.js';
import { openStores, type Stores } from '../../src/gateway/stores.js';
import { createUsagePort } from '../../src/gateway/usage-port.js';

export interface Reply {
  status: number;
  text: string;
  headers: Headers;
  body: Record<string, unknown>;
}

export interface Asked {
  body?: unknown;
  headers?: Record<string, string>;
}

/** The admin API over a real store in a directory of its own. Every answer is checked against the schema it is documented with. */
export interface AdminWorld {
  app: AdminApp;
  ports: AdminPorts;
  stores: Stores;
  /** What "runs"; ended ones are taken out. */
  running: RunningRequest[];
  endedKeys: { ids: readonly string[]; reason: string }[];
  key(key: Partial<NewKey>): Promise<{ record: KeyRecord; secret: string }>;
  ask(caller: AdminCaller, method: string, path: string, asked?: Asked): Promise<Reply>;
  close(): Promise<void>;
}

export const OPERATOR: AdminCaller = {
  actor: { id: 'operator', address: null, requestId: 'req_operator' },
  holder: 'operator',
  keyId: null,
  reach: 'admin',
};

/** A caller who has shown this key. */
export function holderOf(record: KeyRecord, reach: AdminCaller['reach'] = 'admin'): AdminCaller {
  return {
    actor: { id: record.id, address: '192.0.2.7', requestId: 'req_holder' },
    holder: record,
    keyId: record.id,
    reach,
  };
}

export async function openAdminWorld(
  changes: Partial<AdminPorts> = {},
  keysConfig: Record<string, unknown> = {},
): Promise<AdminWorld> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kp-'));
  const outcome = await loadConfig({ text: JSON.stringify({ keys: keysConfig }), env: {}, cwd: dataDir });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
  const { config } = outcome.loaded;
  const stores = await openStores({ dataDir, create: true, config: () => config, clock: systemClock, log: silentLog });
  const running: RunningRequest[] = [];
  const endedKeys: AdminWorld['endedKeys'] = [];
  const ports: AdminPorts = {
    keys: stores.keys.life,
    callers: createCallersPort({ blocks: stores.keys.callers, roster: null, inFlight: null }),
    audit: stores.keys.audit,
    requests: stores.usage.requests,
    usage: createUsagePort({
      ledger: stores.usage.ledger,
      directory: stores.keys.directory,
      clock: systemClock,
    }),
    streams: {
      list: () => [...running],
      end: (id) => takeOut(running, (one) => one.id === id) > 0,
      endKeys(ids, reason) {
        endedKeys.push({ ids, reason });
        return takeOut(running, (one) => ids.includes(one.keyId));
      },
    },
    recent: null,
    keyCounts: (owner) => stores.keys.directory.count(owner),
    replicas: {
      list: () => [],
      drain: () => false,
      resume: () => false,
      restart: () => false,
      logs: async () => null,
    },
    explain: async () => ({
      allowed: true,
      status: 200,
      code: null,
      message: null,
      rules: [],
      limits: [],
      nextPassAt: null,
    }),
    models: () => [
      {
        id: 'm',
        aliases: [],
        restricted: false,
        origin: 'found',
        replicas: [{ url: 'http://127.0.0.1:1', state: 'up', detail: null }],
      },
    ],
    status: () => ({
      version: '0',
      pid: 1,
      startedAt: 1,
      dataDir,
      configFile: null,
      listeners: [],
      draining: false,
      keys: 0,
      revision: 0,
      running: 0,
      requestLogDropped: 0,
      warnings: [],
      upstreams: [],
      lastReload: null,
    }),
    doctor: async () => [],
    maskedConfig: () => ({ listen: 'x' }),
    reload: async () => ({ ok: true, faults: [] }),
    backup: (file) => stores.keys.backup(file),
    stop: () => undefined,
    policy: {
      defaultScopes: config.keys.default_scopes,
      defaultExpirySeconds: null,
      maxLifetimeSeconds: null,
      usualLimits: config.limits,
      required: config.keys.require,
      selfService: config.keys.self_service,
    },
    ...changes,
  };
  const app = createAdminApp(ports, {
    clock: systemClock,
    log: silentLog,
    version: '0',
    covers,
    isKnownScope,
    lacking,
  });
  return {
    app,
    ports,
    stores,
    running,
    endedKeys,
    async key(key) {
      const { record, secret } = await stores.keys.life.create({ name: 'a key', ...key }, OPERATOR.actor);
      return { record, secret: secret.reveal() };
    },
    ask: (caller, method, path, asked) => ask(app, caller, { method, path, ...asked }),
    async close() {
      await stores.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function ask(
  app: AdminApp,
  caller: AdminCaller,
  { method, path, body, headers = {} }: { method: string; path: string } & Asked,
): Promise<Reply> {
  const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
  const sent = text === null ? headers : { 'content-type': 'application/json', ...headers };
  const response = await app.fetch(
    new Request(`http://keyporter${path}`, { method, headers: sent, body: text }),
    caller,
  );
  const answer = await wholeText(response);
  const isJson =
    response.headers.get('content-type')?.includes('json') === true &&
    !response.headers.get('content-type')?.includes('ndjson');
  const parsed = isJson ? (JSON.parse(answer) as Record<string, unknown>) : {};
  if (response.ok && isJson) checkReply(method, path, parsed);
  return { status: response.status, text: answer, headers: response.headers, body: parsed };
}

/** What goes on until its reader leaves is left at once. */
async function wholeText(response: Response): Promise<string> {
  if (response.headers.get('content-type') !== 'text/event-stream') return response.text();
  await response.body?.cancel();
  return '';
}

/** An answer that its schema does not describe is a fault of the documentation or of the answer. */
function checkReply(method: string, path: string, body: unknown): void {
  const operation = operationFor(method, path);
  if (operation?.schemas.reply == null) return;
  expect(operation.schemas.reply.safeParse(body).error?.issues ?? []).toEqual([]);
}

export function operationFor(method: string, path: string): Operation | undefined {
  const plain = path.split('?')[0] ?? '';
  const fits = [...adminOperations, ...ownOperations].filter(
    (operation) =>
      operation.method === method.toLowerCase() &&
      new RegExp(`^${operation.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(plain),
  );
  return fits.find((operation) => !operation.path.includes('{')) ?? fits[0];
}

function takeOut(running: RunningRequest[], which: (one: RunningRequest) => boolean): number {
  const kept = running.filter((one) => !which(one));
  const out = running.length - kept.length;
  running.splice(0, running.length, ...kept);
  return out;
}

export function runningRequest(keyId: string, owner: string | null = null): RunningRequest {
  return {
    id: `req_${keyId}`,
    keyId,
    owner,
    model: 'm',
    replica: null,
    method: 'POST',
    path: '/v1/chat/completions',
    address: '192.0.2.9',
    phase: 'streaming',
    position: null,
    waitingMs: null,
    startedAt: 1,
    bytesOut: 0,
  };
}

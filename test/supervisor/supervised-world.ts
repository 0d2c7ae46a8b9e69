import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { GatewayHome, SpawnedGateway } from '../support/spawn-gateway.js';
import { BLOCK, freeBlock } from '../support/free-ports.js';
import { until } from '../support/patience.js';

const ENGINE = fileURLToPath(new URL('fake-engine.mjs', import.meta.url));

/** The command of the fake engine. */
export function engineCommand(...options: string[]): string {
  return [`'${process.execPath}'`, `'${ENGINE}'`, '--port={port}', ...options].join(' ');
}

/** A model that is served by fake engines on ports of their own. */
export async function engineModel(
  members: Record<string, unknown> = {},
  ...options: string[]
): Promise<Record<string, unknown>> {
  return {
    command: engineCommand(...options),
    env: { FAKE_API_KEY: '{api_key}' },
    ports: await freePortRange(),
    takeover_seconds: 2,
    ...members,
  };
}

/** A range of ports that nobody uses now. */
export async function freePortRange(): Promise<string> {
  const first = await freeBlock();
  return `${first}-${first + BLOCK - 1}`;
}

export interface ReplicaRow {
  id: string;
  url: string | null;
  state: string;
  detail: string | null;
  in_flight: number;
  waiting: number;
  process: { pid: number | null; restarts: number; answers_without_key: boolean | null; public_at: string[] } | null;
}

export async function replicas({ admin }: Pick<SpawnedGateway, 'admin'>): Promise<ReplicaRow[]> {
  return (await admin.must('GET', '/replicas'))['data'] as ReplicaRow[];
}

/** Waits until the replica fits, and answers it. */
export async function replicaThat(
  gateway: SpawnedGateway,
  id: string,
  fits: (row: ReplicaRow) => boolean,
  limitMs = 15_000,
): Promise<ReplicaRow> {
  let found: ReplicaRow | undefined;
  try {
    await until(limitMs, `the state of ${id}`, async () => {
      found = (await replicas(gateway)).find((row) => row.id === id);
      return found !== undefined && fits(found);
    });
  } catch (error) {
    throw new Error(`${String(error)}; last seen: ${JSON.stringify(found)}\n${gateway.output()}`, { cause: error });
  }
  return found as ReplicaRow;
}

export const ready = (row: ReplicaRow): boolean => row.state === 'ready';

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** False for a process that ended and was not read by its parent yet. */
export async function isRunning(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return isAlive(pid) && !/\) [ZX] /.test(status);
}

/** The pid of the keeper of a home, while it has processes. */
export async function keeperPid(home: GatewayHome): Promise<number> {
  const record = JSON.parse(await readFile(`${home.dataDir}/keeper.json`, 'utf8')) as { keeper: number };
  return record.keeper;
}

export interface Chatted {
  status: number;
  text: string;
}

export async function chat(gateway: SpawnedGateway, key: string, body: Record<string, unknown> = {}): Promise<Chatted> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }], ...body }),
  });
  return { status: response.status, text: await response.text() };
}

/** The pid of the engine that wrote an answer. */
export function pidIn(text: string): number {
  return Number(/pid (\d+)/.exec(text)?.[1]);
}

/** Waits until a process is ready, and answers its pid. */
export async function pidOf(gateway: SpawnedGateway, id: string): Promise<number> {
  return (await replicaThat(gateway, id, ready)).process?.pid ?? 0;
}

/** The variables a process was started with. */
export async function environmentOf(pid: number | null | undefined): Promise<Map<string, string>> {
  const text = await readFile(`/proc/${pid ?? 0}/environ`, 'utf8');
  return new Map(
    text
      .split('\0')
      .filter((pair) => pair !== '')
      .map((pair): [string, string] => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

/** Everything that runs in the process groups of these leaders. */
export async function membersOf(leaders: readonly number[]): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const groups = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      return Number(status.slice(status.lastIndexOf(')') + 2).split(' ')[2]);
    }),
  );
  return pids.filter((_, index) => leaders.includes(groups[index] ?? 0));
}

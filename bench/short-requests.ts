import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PacedSettings } from './paced.js';
import { chatBody } from './payload.js';
import { processorMicroseconds } from './processor-time.js';
import { LOAD_CORE, startRole } from './role.js';
import type { Subject } from './world.js';

const CONNECTIONS = 32;

export interface ShortRun {
  microsecondsPerRequest: number;
  requestsPerSecond: number;
}

export const wrkIsPresent = spawnSync('wrk', ['--version']).error === undefined;

/** P1: as many short requests as 32 connections get answered, and the processor time of the subject for each. */
export async function shortRequests(subject: Subject, key: string, windowMs: number): Promise<ShortRun> {
  return wrkIsPresent ? await withWrk(subject, key, { windowMs }) : await withOwnClient(subject, key, { windowMs });
}

/** P9: the same with a key that is none. */
export async function refusals(subject: Subject, windowMs: number): Promise<ShortRun> {
  const key = 'sk-no-such-key';
  const how = { windowMs, refused: true };
  return wrkIsPresent ? await withWrk(subject, key, how) : await withOwnClient(subject, key, how);
}

interface How {
  windowMs: number;
  /** Every request is to be refused, instead of none. */
  refused?: boolean;
}

async function withOwnClient(subject: Subject, key: string, { windowMs, refused = false }: How): Promise<ShortRun> {
  const settings: PacedSettings = {
    port: subject.port,
    key,
    connections: CONNECTIONS,
    rate: null,
    warmUpMs: 300,
    windowMs,
  };
  const role = startRole('paced', settings);
  await role.hear('begin');
  const before = processorMicroseconds(subject.pid);
  const end = await role.hear('end');
  const used = processorMicroseconds(subject.pid) - before;
  role.stop();
  const requests = Number(end['requests']);
  if (end['refused'] !== (refused ? requests : 0))
    throw new Error(`${subject.name} refused ${String(end['refused'])} of ${requests} requests`);
  return { microsecondsPerRequest: used / requests, requestsPerSecond: (requests / windowMs) * 1000 };
}

async function withWrk(subject: Subject, key: string, { windowMs, refused = false }: How): Promise<ShortRun> {
  const dir = await mkdtemp(join(tmpdir(), 'kp-wrk-'));
  const script = join(dir, 'chat.lua');
  const lines = [
    'wrk.method = "POST"',
    `wrk.body = '${chatBody('short')}'`,
    `wrk.headers["Authorization"] = "Bearer ${key}"`,
    'wrk.headers["Content-Type"] = "application/json"',
  ];
  await writeFile(script, lines.join('\n'), { mode: 0o600 });
  try {
    const before = processorMicroseconds(subject.pid);
    const run = [
      '-t1',
      `-c${CONNECTIONS}`,
      `-d${Math.max(1, Math.round(windowMs / 1000))}s`,
      '-s',
      script,
      `http://127.0.0.1:${subject.port}/v1/chat/completions`,
    ];
    const { stdout } = await promisify(execFile)(...onLoadCore('wrk', run));
    const used = processorMicroseconds(subject.pid) - before;
    if (stdout.includes('Non-2xx') !== refused || stdout.includes('Socket errors'))
      throw new Error(`${subject.name}: ${stdout}`);
    const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
    return {
      microsecondsPerRequest: used / requests,
      requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function onLoadCore(program: string, words: string[]): [string, string[]] {
  const pinned = spawnSync('taskset', ['--version']).error === undefined;
  return pinned ? ['taskset', ['-c', String(LOAD_CORE), program, ...words]] : [program, words];
}

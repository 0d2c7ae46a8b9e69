import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { firstByte } from './measures.js';
import type { LargeSettings } from './large.js';
import { startRole } from './role.js';
import type { StreamsSettings } from './streams.js';
import type { BenchWorld, Subject } from './world.js';

/** Each is two connections of the process. */
const IDLE_STREAMS = 9000;
/** Of the others, beside the tenant with large prompts. */
const OTHERS_PER_SECOND = 200;
const KEYS_IN_MEMORY = fileURLToPath(new URL('keys-memory.ts', import.meta.url));

/** P5: resident bytes for each stream that is open and silent, and how many of them were held. */
export async function idleStreams(subject: Subject, key: string): Promise<{ bytes: number; streams: number }> {
  const before = residentBytes(subject.pid);
  const settings: StreamsSettings = {
    port: subject.port,
    key,
    streams: IDLE_STREAMS,
    kind: 'silent',
    warmUpMs: 3000,
    windowMs: 1000,
  };
  const role = startRole('streams', settings);
  await role.hear('begin');
  const bytes = (residentBytes(subject.pid) - before) / IDLE_STREAMS;
  const { lost } = await role.hear('end');
  role.stop();
  return { bytes, streams: IDLE_STREAMS - Number(lost) };
}

function residentBytes(pid: number): number {
  const kib = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}

/** P6: a line for each size, as the program of its own prints it. */
export function keysInMemory(): string[] {
  const run = ['--expose-gc', '--import', 'tsx', KEYS_IN_MEMORY];
  const { stdout, status, stderr } = spawnSync(process.execPath, run, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split('\n');
}

/** P10: how long the first byte takes for others, 99th of 100, alone and beside a tenant who sends large prompts. */
export async function besideLargePrompts(
  port: number,
  { key, largeKey }: Pick<BenchWorld, 'key' | 'largeKey'>,
  windowMs: number,
): Promise<{ aloneMs: number; besideMs: number }> {
  const pace = { rate: OTHERS_PER_SECOND, windowMs };
  const alone = await firstByte(port, key, pace);
  const settings: LargeSettings = { port, key: largeKey };
  const role = startRole('large', settings);
  await role.hear('begin');
  const beside = await firstByte(port, key, pace);
  role.stop();
  return { aloneMs: alone.p99Ms, besideMs: beside.p99Ms };
}

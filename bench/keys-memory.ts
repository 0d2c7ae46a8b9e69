/**
 * Figures of the keys in memory: what one costs, how long a load takes, and whether a look-up stays
 * flat. Run with `npx tsx --expose-gc bench/keys-memory.ts`.
 */
import { randomBytes } from 'node:crypto';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { systemClock } from '../src/core/clock.js';
import { buffersOf, createDirectory, packKeys, type LiveDirectory, type PackedKeys } from '../src/keys/directory.js';
import { makeKey } from '../src/keys/format.js';
import { digestOf } from '../src/keys/hash.js';
import type { PackRow } from '../src/keys/packed.js';

const SHOWN = 500;
const LOOK_UPS = 200_000;
const ROUNDS = 7;
const ID_LENGTH = 12;
const NOISE_BYTES = 1_000_000;
const NOISE = randomBytes(NOISE_BYTES + 32);
const SCOPES = [['infer'], ['infer:chat'], ['infer', 'usage:read'], ['admin']];

interface Loaded {
  directory: LiveDirectory;
  secrets: string[];
  loadMs: number;
  bytes: number;
}

/** Rows as a store would hand them over; every so often one whose secret we keep. */
function* rowsOf(count: number, owners: number, secrets: string[]): Iterable<PackRow> {
  const every = Math.max(1, Math.floor(count / SHOWN));
  for (let at = 0; at < count; at++) {
    const key = makeKeyFor(at, every, secrets);
    const scopes = SCOPES[at % SCOPES.length] ?? [];
    const policy = { owner: `owner-${at % owners}`, scopes, models: [], allowIps: [], limits: {}, attributes: {} };
    yield {
      id: key.id,
      policy,
      state: 'active',
      expiresAt: null,
      parentId: null,
      digest: key.digest,
      verifier: 'sha256',
      imported: false,
      previousDigest: null,
      previousExpiresAt: null,
    };
  }
}

function makeKeyFor(at: number, every: number, secrets: string[]): { id: string; digest: Uint8Array } {
  if (at % every !== 0)
    return { id: ((at * 2654435761) % 2 ** 48).toString(16).padStart(ID_LENGTH, '0'), digest: digestAt(at) };
  const { id, secret } = makeKey();
  secrets.push(secret.reveal());
  return { id, digest: digestOf(secret.reveal()) };
}

function digestAt(at: number): Uint8Array {
  return NOISE.subarray(at % NOISE_BYTES, (at % NOISE_BYTES) + 32);
}

/** Packs and hands over through a message, as the worker does. */
function handOver(packed: PackedKeys): PackedKeys {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(packed, buffersOf(packed));
  const received = receiveMessageOnPort(port2) as { message: PackedKeys };
  port1.close();
  return received.message;
}

function load(count: number, owners: number): Loaded {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const started = systemClock.monotonic();
  const secrets: string[] = [];
  const directory = createDirectory(handOver(packKeys(rowsOf(count, owners, secrets), [], 1)), systemClock);
  const loadMs = systemClock.monotonic() - started;
  globalThis.gc?.();
  return { directory, secrets, loadMs, bytes: process.memoryUsage().rss - before };
}

/** Nanoseconds of CPU for one identification, the least of several rounds. */
function lookUpNs({ directory, secrets }: Loaded): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    for (let at = 0; at < LOOK_UPS; at++) void directory.identify(secrets[(at * 7) % secrets.length] ?? '');
    const used = process.cpuUsage(before);
    best = Math.min(best, ((used.user + used.system) * 1000) / LOOK_UPS);
  }
  return best;
}

load(2000, 10);
const sizes = [10, 10_000, 1_000_000, 1_000_000];
const owners = [5, 500, 1000, 1_000_000];
sizes.forEach((count, at) => {
  const loaded = load(count, owners[at] ?? 1);
  const perKey = count >= 1_000_000 ? `${Math.round(loaded.bytes / count)} bytes of RSS a key, ` : '';
  const ns = Math.round(lookUpNs(loaded));
  process.stdout.write(
    `${count} keys of ${owners[at]} owners: loaded in ${Math.round(loaded.loadMs)} ms, ${perKey}${ns} ns a look-up\n`,
  );
});

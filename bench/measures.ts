import { connect } from 'node:net';
import { GatewayHome } from '../test/support/spawn-gateway.js';
import type { PacedSettings } from './paced.js';
import { processorMicroseconds } from './processor-time.js';
import { startRole } from './role.js';
import type { StreamsSettings } from './streams.js';
import type { Subject } from './world.js';

const STREAMS = 200;

export interface StreamRun {
  microsecondsPerEvent: number;
  eventsPerSecond: number;
}

/** P2: processor time for each event that 200 streams deliver, at 50 events a second each. */
export async function streamedEvents(subject: Subject, key: string, windowMs: number): Promise<StreamRun> {
  const settings: StreamsSettings = {
    port: subject.port,
    key,
    streams: STREAMS,
    kind: 'streamed',
    warmUpMs: 500,
    windowMs,
  };
  const role = startRole('streams', settings);
  await role.hear('begin');
  const before = processorMicroseconds(subject.pid);
  const end = await role.hear('end');
  const used = processorMicroseconds(subject.pid) - before;
  role.stop();
  if (end['lost'] !== 0) throw new Error(`${subject.name} lost ${String(end['lost'])} of ${STREAMS} streams`);
  const events = Number(end['events']);
  return { microsecondsPerEvent: used / events, eventsPerSecond: (events / windowMs) * 1000 };
}

export interface LatencyRun {
  p50Ms: number;
  p99Ms: number;
}

/** P4: how long the first byte takes at a given rate. */
export async function firstByte(
  port: number,
  key: string,
  pace: { rate: number; windowMs: number },
): Promise<LatencyRun> {
  const settings: PacedSettings = {
    port,
    key,
    connections: 64,
    rate: pace.rate,
    warmUpMs: 500,
    windowMs: pace.windowMs,
  };
  const role = startRole('paced', settings);
  await role.hear('begin');
  const end = await role.hear('end');
  role.stop();
  if (end['refused'] !== 0) throw new Error(`port ${port} refused ${String(end['refused'])} requests`);
  return { p50Ms: Number(end['p50']), p99Ms: Number(end['p99']) };
}

/** P7: milliseconds from starting the process to its port taking connections, with 1,000 keys in the store. */
export async function startTimes(times: number, keys: number): Promise<number[]> {
  const home = await GatewayHome.make({ models: { bench: { replicas: [{ url: 'http://127.0.0.1:9' }] } } });
  try {
    const first = await home.start();
    for (let made = 0; made < keys; made += 50) {
      await Promise.all(
        Array.from({ length: Math.min(50, keys - made) }, (_, at) =>
          first.admin.createKey({ name: `bench ${made + at}` }),
        ),
      );
    }
    const { port } = new URL(first.url);
    await first.end('SIGTERM');
    await home.configure({
      listen: `127.0.0.1:${port}`,
      models: { bench: { replicas: [{ url: 'http://127.0.0.1:9' }] } },
    });
    const took: number[] = [];
    for (let round = 0; round < times; round += 1) {
      const start = performance.now();
      const listening = listensOn(Number(port)).then((at) => at - start);
      const gateway = await home.start();
      took.push(await listening);
      await gateway.end('SIGTERM');
    }
    return took;
  } finally {
    await home.remove();
  }
}

/** Resolves with the monotonic time at which a connection to the port succeeds. */
async function listensOn(port: number): Promise<number> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: '127.0.0.1' });
      socket.once('connect', () => (resolve(true), socket.destroy()));
      socket.once('error', () => resolve(false));
    });
    if (open) return performance.now();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** How many ports in a row one block has. */
export const BLOCK = 20;
/** Below the ports that the system hands out to whoever asks for any. */
const FIRST = 10_080;
const END = 29_920;

/** Test files run in several processes at a time: each of them looks at blocks of its own. */
const PROCESSES = 8;
const OURS = Number(process.env['VITEST_POOL_ID'] ?? 0) % PROCESSES;
const ROUND = PROCESSES * BLOCK;

const taken = new Set<number>();

/**
 * The first of `BLOCK` ports in a row that nobody uses, for what must know its port before it listens. Nobody
 * else of this run gets any of them, and the system gives none of them to somebody who asks for any port.
 */
export async function freeBlock(): Promise<number> {
  for (;;) {
    const first = randomInt(FIRST / ROUND, END / ROUND) * ROUND + OURS * BLOCK;
    if (taken.has(first)) continue;
    taken.add(first);
    const free = await Promise.all(Array.from({ length: BLOCK }, (_, at) => isFree(first + at)));
    if (!free.includes(false)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

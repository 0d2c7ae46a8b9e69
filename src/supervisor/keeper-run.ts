import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../core/clock.js';
import { jsonLines, type JsonLines } from './json-lines.js';
import { createLease, type Lease } from './keeper-lease.js';
import { dropRecord, writeRecord } from './keeper-record.js';
import { startProcess, type OwnedProcess } from './owned-process.js';
import { startMark } from './process-group.js';
import { PROTOCOL_VERSION, readAsked, type Asked, type KeptProcess, type ProcessOrder, type Told } from './protocol.js';

export interface KeeperOptions {
  /** Where the gateway reaches it; the directory belongs to this user alone. */
  socket: string;
  /** Where its processes are written down. */
  record: string;
  clock: Clock;
}

/** One is the gateway's. */
const MOST_CONNECTIONS = 16;

type Answer = Omit<Extract<Told, { fault?: undefined; re: number }>, 're'>;

interface Kept {
  process: OwnedProcess;
  takeoverMs: number;
  stopping: boolean;
  mark: string | null;
}

/** Owns processes for one gateway at a time. Resolves when it has nothing more to do. */
export async function runKeeper(options: KeeperOptions): Promise<void> {
  const keeper = new Keeper(options);
  const server = createServer((socket) => keeper.serve(socket));
  server.maxConnections = MOST_CONNECTIONS;
  await listen(server, options.socket);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void keeper.end());
  // It outlives the terminal it was started from.
  process.on('SIGHUP', () => {});
  await keeper.done;
  server.close();
  rmSync(options.socket, { force: true });
  dropRecord(options.record);
}

class Keeper {
  readonly done: Promise<void>;
  readonly #options: KeeperOptions;
  readonly #kept = new Map<string, Kept>();
  /** Starts under way: their processes may be there already and are not among the kept ones yet. */
  readonly #starting = new Set<Promise<Answer>>();
  readonly #lease: Lease;
  #gateway: JsonLines | null = null;
  #finish = (): void => {};

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.done = new Promise((resolve) => (this.#finish = resolve));
    this.#lease = createLease({
      clock: options.clock,
      processes: () => [...this.#kept].map(([name, { takeoverMs }]) => ({ name, takeoverMs })),
      stop: (name) => void this.#stop(name),
      over: () => {
        if (this.#starting.size === 0) this.#finish();
      },
    });
  }

  serve(socket: Socket): void {
    const lines = jsonLines(socket, {
      message: (value) => void this.#hear(lines, readAsked(value)),
      closed: () => {
        if (this.#gateway !== lines) return;
        this.#gateway = null;
        this.#lease.lost();
      },
    });
  }

  async end(): Promise<void> {
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#kept.keys()].map((name) => this.#stop(name)));
    this.#finish();
  }

  /** Who says hello is the gateway from then on, and the one before is not any more: only the holder of the data directory gets here. */
  async #hear(from: JsonLines, asked: Asked | null): Promise<void> {
    if (asked?.ask === 'hello' && this.#gateway !== from) {
      const before = this.#gateway;
      this.#gateway = from;
      this.#lease.taken();
      before?.close();
    }
    if (asked === null || this.#gateway !== from) return from.close();
    await this.#answer(from, asked);
  }

  async #answer(to: JsonLines, asked: Asked): Promise<void> {
    try {
      to.send({ re: asked.id, ...(await this.#obey(asked)) } satisfies Told);
    } catch (error) {
      to.send({ re: asked.id, fault: faultOf(error) } satisfies Told);
    }
  }

  async #obey(asked: Asked): Promise<Answer> {
    switch (asked.ask) {
      case 'hello':
        return { version: PROTOCOL_VERSION, processes: this.#running() };
      case 'start':
        return await this.#started(this.#start(asked.order));
      case 'stop':
        await this.#stop(asked.name);
        return {};
      case 'keep': {
        const kept = this.#kept.get(asked.name);
        if (kept !== undefined) kept.takeoverMs = asked.takeoverMs;
        return {};
      }
      case 'end':
        await this.end();
        return {};
    }
  }

  #running(): KeptProcess[] {
    return [...this.#kept.values()]
      .filter(({ stopping }) => !stopping)
      .map(({ process: { order, pid, startedAtMs } }) => {
        const { name, fingerprint, port, apiKey } = order;
        return { name, fingerprint, port, apiKey, pid, startedAtMs };
      });
  }

  /** Waits for a start; the keeper does not end before it, or nobody would own what was started. */
  async #started(start: Promise<Answer>): Promise<Answer> {
    this.#starting.add(start);
    try {
      return await start;
    } finally {
      this.#starting.delete(start);
      this.#lease.fewer();
    }
  }

  async #start(order: ProcessOrder): Promise<Answer> {
    await this.#stop(order.name);
    const started = await startProcess(order, this.#options.clock);
    const { pid, startedAtMs } = started;
    const kept = { process: started, takeoverMs: order.takeoverMs, stopping: false, mark: await startMark(pid) };
    this.#kept.set(order.name, kept);
    this.#writeDown();
    void started.gone.then((exit) => {
      this.#kept.delete(order.name);
      this.#writeDown();
      this.#gateway?.send({ exited: order.name, pid, exit } satisfies Told);
      this.#lease.fewer();
    });
    // The gateway may have gone while this one started.
    if (this.#gateway === null) this.#lease.lost();
    return { pid, startedAtMs };
  }

  async #stop(name: string): Promise<void> {
    const kept = this.#kept.get(name);
    if (kept === undefined) return;
    kept.stopping = true;
    await kept.process.stop();
  }

  #writeDown(): void {
    try {
      writeRecord(
        this.#options.record,
        [...this.#kept.values()].map(({ process: { pid }, mark }) => ({ pid, mark })),
      );
    } catch {
      // A full disk takes the safety net away, not the engines.
    }
  }
}

function faultOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** The directory is this gateway's, so a socket that lies there is a dead one. */
async function listen(server: Server, path: string): Promise<void> {
  rmSync(path, { force: true });
  const before = process.umask(0o077);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
  chmodSync(path, 0o600);
  // What engines write is theirs to guard.
  process.umask(before);
}

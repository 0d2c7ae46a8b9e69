import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import { jsonLines, type JsonLines } from './json-lines.js';
import { endOrphans } from './keeper-record.js';
import {
  PROTOCOL_VERSION,
  readTold,
  type Ask,
  type Exit,
  type KeptProcess,
  type ProcessOrder,
  type Told,
} from './protocol.js';

/** What can be asked of a keeper. Everything rejects with a `KeeperFault`. */
export interface Keeper {
  start(order: ProcessOrder): Promise<{ pid: number; startedAtMs: number }>;
  /** Resolves when nothing of it is left. */
  stop(name: string): Promise<void>;
  /** Changes how long a process goes on without a gateway. */
  keep(name: string, takeoverMs: number): Promise<void>;
}

/** The way to the keeper. While it is open, the engines live. */
export interface KeeperLink extends Keeper {
  /** What an earlier gateway left running. */
  found: readonly KeptProcess[];
  /** Ends every process and the keeper. */
  end(): Promise<void>;
  /** Leaves: the engines have their time now. */
  close(): void;
}

export interface KeeperPlaces {
  socket: string;
  record: string;
  /** What the keeper itself says, which is nothing while all is well. */
  log: string;
}

export interface LinkOptions {
  places: KeeperPlaces;
  clock: Clock;
  exited(name: string, pid: number, exit: Exit): void;
  /** The keeper is gone without having been told to. */
  lost(): void;
}

/** What the keeper could not do: the code of the system, or `lost`. */
export class KeeperFault extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`the keeper answered ${code}`);
    this.code = code;
  }
}

const START_WAIT_MS = 10_000;
const RETRY_MS = 25;

/**
 * Reaches the keeper of this data directory, or starts one. With `onlyFound`, answers null when none
 * runs. Processes that a killed keeper left are ended first.
 */
export async function openKeeper(options: LinkOptions, onlyFound = false): Promise<KeeperLink | null> {
  const { places, clock } = options;
  const deadlineMs = clock.monotonic() + START_WAIT_MS;
  let spawned = false;
  while (clock.monotonic() < deadlineMs) {
    const socket = await reach(places.socket);
    const link = socket === null ? null : await greet(socket, options);
    if (link !== null) return link;
    if (socket === null && !spawned) {
      await endOrphans(places.record, clock);
      if (onlyFound) return null;
      spawnKeeper(places);
      spawned = true;
    }
    await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
  }
  throw new Refusal('internal', {
    message: `The process that keeps the model servers does not answer. What it said is in ${places.log}.`,
  });
}

/** Null when nobody listens. */
function reach(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(null));
  });
}

/** Null when this keeper is of another version, or just ending: it is told to end, and another one follows it. */
async function greet(socket: Socket, options: LinkOptions): Promise<KeeperLink | null> {
  const link = new Link(socket, options);
  try {
    const { version, processes = [] } = await link.ask({ ask: 'hello' });
    if (version === PROTOCOL_VERSION) return link.opened(processes);
    await link.end();
  } catch {
    // It went away; the next round finds out.
  }
  link.close();
  return null;
}

type Done = Extract<Told, { re: number; fault?: undefined }>;

class Link implements KeeperLink {
  found: readonly KeptProcess[] = [];
  readonly #lines: JsonLines;
  readonly #options: LinkOptions;
  readonly #waiting = new Map<number, { resolve(told: Done): void; reject(fault: KeeperFault): void }>();
  #next = 1;
  #watched = false;
  #over = false;

  constructor(socket: Socket, options: LinkOptions) {
    this.#options = options;
    this.#lines = jsonLines(socket, { message: (value) => this.#take(readTold(value)), closed: () => this.#closed() });
  }

  opened(found: readonly KeptProcess[]): this {
    this.found = found;
    this.#watched = true;
    return this;
  }

  ask(asked: Ask): Promise<Done> {
    if (this.#over) return Promise.reject(new KeeperFault('lost'));
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#lines.send({ ...asked, id });
    });
  }

  async start(order: ProcessOrder): Promise<{ pid: number; startedAtMs: number }> {
    const { pid = 0, startedAtMs = 0 } = await this.ask({ ask: 'start', order });
    return { pid, startedAtMs };
  }

  async stop(name: string): Promise<void> {
    await this.ask({ ask: 'stop', name });
  }

  async keep(name: string, takeoverMs: number): Promise<void> {
    await this.ask({ ask: 'keep', name, takeoverMs });
  }

  async end(): Promise<void> {
    this.#watched = false;
    // It may be gone before its answer is read, which is as good.
    await this.ask({ ask: 'end' }).catch(() => {});
    this.#lines.close();
  }

  close(): void {
    this.#watched = false;
    this.#lines.close();
  }

  #take(told: Told | null): void {
    if (told === null) return this.#lines.close();
    if ('exited' in told) return this.#options.exited(told.exited, told.pid, told.exit);
    const waiting = this.#waiting.get(told.re);
    this.#waiting.delete(told.re);
    if (told.fault === undefined) waiting?.resolve(told);
    else waiting?.reject(new KeeperFault(told.fault));
  }

  #closed(): void {
    this.#over = true;
    for (const { reject } of this.#waiting.values()) reject(new KeeperFault('lost'));
    this.#waiting.clear();
    if (this.#watched) this.#options.lost();
    this.#watched = false;
  }
}

/** In a session of its own, so that neither a signal to the gateway's group nor a closed terminal reaches it. */
function spawnKeeper({ socket, record, log }: KeeperPlaces): void {
  mkdirSync(dirname(log), { recursive: true, mode: 0o700 });
  const out = openSync(log, 'a', 0o600);
  try {
    const child = spawn(process.execPath, [keeperFile(), socket, record], {
      detached: true,
      stdio: ['ignore', out, out],
      env: {},
      cwd: '/',
    });
    child.on('error', () => {});
    child.unref();
  } finally {
    closeSync(out);
  }
}

/** Beside the bundle when we run from one, in `dist` when we run from `src`. */
function keeperFile(): string {
  const places = ['./keeper.js', '../keeper.js', '../../dist/keeper.js'];
  const found = places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Refusal('internal', { message: 'The file keeper.js is missing. Run "npm run build".' });
}

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { MessagePort, Transferable } from 'node:worker_threads';
import { Refusal, type ErrorCode } from '../core/errors.js';

/** What a worker offers: named functions of one argument. Argument and result are copied between threads. */
export type WorkerApi<Api> = { [Name in keyof Api]: (args: never) => unknown };

type Argument<Handler> = Handler extends (args: infer Args) => unknown ? Args : never;
type Answer<Handler> = Handler extends (args: never) => infer Result ? Awaited<Result> : never;

/** The functions inside the worker. `close` is called last, once, when the main side closes the link. */
export type WorkerHandlers<Api> = {
  [Name in keyof Api]: (
    args: Argument<Api[Name]>,
  ) => Answer<Api[Name]> | Promise<Answer<Api[Name]>> | Moved<Answer<Api[Name]>>;
};

export interface WorkerLink<Api extends WorkerApi<Api>> {
  /** Asks and waits. Rejects with the `Refusal` thrown in the worker, or `store_unavailable` when the worker is gone. */
  call<Name extends keyof Api & string>(name: Name, args: Argument<Api[Name]>): Promise<Answer<Api[Name]>>;
  /** Calls that have no answer yet. */
  readonly waiting: number;
  /** Tells without an answer. What fails in the worker comes back as nothing, so the handler must keep count itself. */
  post<Name extends keyof Api & string>(name: Name, args: Argument<Api[Name]>): void;
  /** Called with everything the worker emits, in order and before answers that were sent later. */
  onEvent(watcher: (event: unknown) => void): void;
  /** Called once if the worker dies by itself. It is not started again: what it held in memory is gone with it. */
  onCrash(watcher: (reason: Refusal) => void): void;
  /** Lets the worker finish what it was given and ends it; one that cannot close in order is ended by force. */
  close(): Promise<void>;
}

/** A result whose buffers are handed over instead of copied. Made by `moved`. */
class Moved<T> {
  readonly value: T;
  readonly buffers: readonly Transferable[];

  constructor(value: T, buffers: readonly Transferable[]) {
    this.value = value;
    this.buffers = buffers;
  }
}

/** Marks a handler's result: `buffers` inside `value` move to the main thread without a copy. */
export function moved<T>(value: T, buffers: readonly Transferable[]): Moved<T> {
  return new Moved(value, buffers);
}

type Request =
  | { kind: 'call'; id: number; name: string; args: unknown }
  | { kind: 'post'; name: string; args: unknown }
  | { kind: 'close'; id: number };

type Reply =
  | { kind: 'done'; id: number; value: unknown }
  | { kind: 'failed'; id: number; fault: Fault }
  | { kind: 'event'; event: unknown };

/** An error on its way between threads: class instances do not survive the copy. */
interface Fault {
  code: ErrorCode;
  message: string;
  reason: string;
  param: string | null;
}

/**
 * Runs in the worker: answers calls with what `open` returns. Calls wait until `open` is done; when it
 * fails, every call fails with its error. `emit` sends events to the main side.
 */
export function serveWorker<Api extends WorkerApi<Api>>(
  open: (
    data: never,
    emit: (event: unknown) => void,
  ) =>
    | (WorkerHandlers<Api> & { close?: () => void | Promise<void> })
    | Promise<WorkerHandlers<Api> & { close?: () => void | Promise<void> }>,
): void {
  const port = parentPort;
  if (isMainThread || port === null) throw new Error('This file runs as a worker thread only.');
  const opened = Promise.resolve().then(() =>
    open(workerData as never, (event) => port.postMessage({ kind: 'event', event } satisfies Reply)),
  );
  // Each request tells of the failure; none need be there yet when it happens.
  opened.catch(() => undefined);
  const running = new Set<Promise<void>>();
  port.on('message', (request: Request) => {
    const earlier = request.kind === 'close' ? Promise.all(running) : Promise.resolve();
    const served = earlier.then(() => serve(port, opened, request)).finally(() => running.delete(served));
    running.add(served);
  });
}

type AnyHandlers = Record<string, ((args: unknown) => unknown) | undefined>;

async function serve(port: MessagePort, opened: Promise<unknown>, request: Request): Promise<void> {
  try {
    const result = await handle((await opened) as AnyHandlers, request);
    if (request.kind !== 'post') answer(port, request.id, result);
  } catch (error) {
    if (request.kind !== 'post')
      port.postMessage({ kind: 'failed', id: request.id, fault: faultOf(error) } satisfies Reply);
  } finally {
    if (request.kind === 'close') port.close();
  }
}

function handle(handlers: AnyHandlers, request: Request): unknown {
  if (request.kind === 'close') return handlers['close']?.(undefined);
  const handler = handlers[request.name];
  if (handler === undefined) throw new Error(`This worker does not know ${request.name}.`);
  return handler.call(handlers, request.args);
}

function answer(port: MessagePort, id: number, result: unknown): void {
  const buffers = result instanceof Moved ? result.buffers : [];
  const value: unknown = result instanceof Moved ? result.value : result;
  port.postMessage({ kind: 'done', id, value } satisfies Reply, buffers);
}

function faultOf(error: unknown): Fault {
  if (error instanceof Refusal)
    return { code: error.code, message: error.publicMessage, reason: error.reason, param: error.param };
  const { publicMessage: message } = new Refusal('internal');
  return {
    code: 'internal',
    message,
    reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
    param: null,
  };
}

function refusalOf(fault: Fault): Refusal {
  const param = fault.param === null ? {} : { param: fault.param };
  return new Refusal(fault.code, { message: fault.message, reason: fault.reason, ...param });
}

/** Starts the worker `dist/workers/<entry>.js`. What goes wrong while it opens rejects the first call. */
export function startWorker<Api extends WorkerApi<Api>>(entry: 'key-store' | 'usage', data: unknown): WorkerLink<Api> {
  return linkWorker<Api>(new Worker(workerFile(entry), { workerData: data, name: entry, execArgv: [] }));
}

/** The link to a worker that runs `serveWorker`. */
export function linkWorker<Api extends WorkerApi<Api>>(worker: Worker): WorkerLink<Api> {
  return new Link<Api>(worker);
}

/** Beside the bundle when we run from one, in `dist` when we run from `src`. */
function workerFile(entry: string): string {
  const candidates = [`./workers/${entry}.js`, `../workers/${entry}.js`, `../../dist/workers/${entry}.js`];
  const found = candidates
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Refusal('internal', { message: `The file workers/${entry}.js is missing. Run "npm run build".` });
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: Refusal) => void;
}

class Link<Api extends WorkerApi<Api>> implements WorkerLink<Api> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #eventWatchers: ((event: unknown) => void)[] = [];
  readonly #crashWatchers: ((reason: Refusal) => void)[] = [];
  readonly #exited: Promise<void>;
  #lastId = 0;
  #closing = false;
  #gone: Refusal | null = null;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (reply: Reply) => this.#take(reply));
    worker.on('error', (error) => this.#lose(`the worker failed: ${error.stack ?? String(error)}`));
    this.#exited = new Promise((resolve) => {
      worker.once('exit', (code) => {
        this.#lose(`the worker ended with code ${code}`);
        resolve();
      });
    });
  }

  call<Name extends keyof Api & string>(name: Name, args: Argument<Api[Name]>): Promise<Answer<Api[Name]>> {
    return this.#ask((id) => ({ kind: 'call', id, name, args }));
  }

  post<Name extends keyof Api & string>(name: Name, args: Argument<Api[Name]>): void {
    if (this.#gone === null) this.#worker.postMessage({ kind: 'post', name, args } satisfies Request);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  onEvent(watcher: (event: unknown) => void): void {
    this.#eventWatchers.push(watcher);
  }

  onCrash(watcher: (reason: Refusal) => void): void {
    this.#crashWatchers.push(watcher);
  }

  async close(): Promise<void> {
    if (this.#gone === null && !this.#closing) {
      this.#closing = true;
      await this.#ask<void>((id) => ({ kind: 'close', id })).catch(() => this.#worker.terminate());
    }
    await this.#exited;
  }

  #ask<T>(request: (id: number) => Request): Promise<T> {
    if (this.#gone !== null) return Promise.reject(this.#gone);
    const id = ++this.#lastId;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: never) => void, reject });
      this.#worker.postMessage(request(id));
    });
  }

  #take(reply: Reply): void {
    if (reply.kind === 'event') {
      for (const watcher of this.#eventWatchers) watcher(reply.event);
      return;
    }
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.kind === 'done') waiting?.resolve(reply.value as never);
    else waiting?.reject(refusalOf(reply.fault));
  }

  /** The worker is gone: nobody waits for ever, and nobody believes that a change was made. */
  #lose(reason: string): void {
    if (this.#gone !== null) return;
    const gone = new Refusal('store_unavailable', { reason });
    this.#gone = gone;
    for (const waiting of this.#waiting.values()) waiting.reject(gone);
    this.#waiting.clear();
    if (this.#closing) return;
    for (const watcher of this.#crashWatchers) watcher(gone);
  }
}

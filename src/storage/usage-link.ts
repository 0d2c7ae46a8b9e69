import { randomInt } from 'node:crypto';
import type { Cancel, Clock } from '../core/clock.js';
import type { Refusal } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { OpenedUsage, UsageApi, UsageWorkerData } from './usage-api.js';
import { startWorker, type WorkerLink } from './worker-link.js';

const RETRY_MS = 1000;
const RUNS = 2 ** 47;

/** The worker of `usage.db`, started again when it dies and opened again until that succeeds. */
export class UsageLink {
  readonly #data: UsageWorkerData;
  readonly #clock: Clock;
  readonly #log: Log;
  #worker: WorkerLink<UsageApi>;
  #cancelRetry: Cancel | null = null;
  #closing = false;

  constructor(path: string, { clock, log }: { clock: Clock; log: Log }) {
    this.#data = { path, run: randomInt(RUNS) };
    this.#clock = clock;
    this.#log = log;
    this.#worker = this.#startWorker();
  }

  /** Opens the store and hands over what it tells, later if it cannot be opened now. Rejects when it never can. */
  async open(onOpened: (opened: OpenedUsage) => void): Promise<void> {
    const { opened, pending } = await this.#ask();
    if (opened !== null) {
      onOpened(opened);
      return;
    }
    this.#log.warn(
      { reason: pending },
      'The request log and the ledger cannot be opened now and are tried again every second. Look at the disk under the data directory.',
    );
    this.#retry(onOpened);
  }

  call<Name extends keyof UsageApi>(
    name: Name,
    args: Parameters<UsageApi[Name]>[0],
  ): Promise<ReturnType<UsageApi[Name]>> {
    return this.#worker.call(name, args as never) as Promise<ReturnType<UsageApi[Name]>>;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#cancelRetry?.();
    await this.#worker.close();
  }

  #ask(): Promise<ReturnType<UsageApi['open']>> {
    return this.#worker.call('open', { nowMs: this.#clock.now() });
  }

  #retry(onOpened: (opened: OpenedUsage) => void): void {
    if (this.#closing) return;
    this.#cancelRetry = this.#clock.after(RETRY_MS, () => {
      this.#ask().then(
        ({ opened }) => (opened === null ? this.#retry(onOpened) : onOpened(opened)),
        () => this.#retry(onOpened),
      );
    });
  }

  #startWorker(): WorkerLink<UsageApi> {
    const worker = startWorker<UsageApi>('usage', this.#data);
    worker.onCrash((reason) => this.#restart(reason));
    return worker;
  }

  #restart(reason: Refusal): void {
    if (this.#closing) return;
    this.#log.error(
      { reason: reason.reason },
      'The thread of the request log and the ledger died and is started again.',
    );
    this.#cancelRetry = this.#clock.after(RETRY_MS, () => {
      this.#worker = this.#startWorker();
    });
  }
}

import type { Cancel, Clock } from '../core/clock.js';
import type { Refusal } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { LastUses } from '../usage/last-use-map.js';
import type { UsageApi, UsageWorkerData } from './usage-api.js';
import { startWorker, type WorkerLink } from './worker-link.js';

const RETRY_MS = 1000;

/** The worker of `usage.db`, started again when it dies and opened again until that succeeds. */
export class UsageLink {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #worker: WorkerLink<UsageApi>;
  #cancelRetry: Cancel | null = null;
  #closing = false;

  constructor(path: string, { clock, log }: { clock: Clock; log: Log }) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
    this.#worker = this.#startWorker();
  }

  /** Opens the store and hands over the last uses, later if it cannot be opened now. Rejects when it never can. */
  async open(onUses: (uses: LastUses) => void): Promise<void> {
    const opened = await this.#worker.call('open', null);
    if (opened.uses !== null) {
      onUses(opened.uses);
      return;
    }
    this.#log.warn(
      { reason: opened.pending },
      'The request log cannot be opened now and is tried again every second. Look at the disk under the data directory.',
    );
    this.#retry(onUses);
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

  #retry(onUses: (uses: LastUses) => void): void {
    if (this.#closing) return;
    this.#cancelRetry = this.#clock.after(RETRY_MS, () => {
      this.#worker.call('open', null).then(
        (opened) => (opened.uses === null ? this.#retry(onUses) : onUses(opened.uses)),
        () => this.#retry(onUses),
      );
    });
  }

  #startWorker(): WorkerLink<UsageApi> {
    const data: UsageWorkerData = { path: this.#path };
    const worker = startWorker<UsageApi>('usage', data);
    worker.onCrash((reason) => this.#restart(reason));
    return worker;
  }

  #restart(reason: Refusal): void {
    if (this.#closing) return;
    this.#log.error({ reason: reason.reason }, 'The thread of the request log died and is started again.');
    this.#cancelRetry = this.#clock.after(RETRY_MS, () => {
      this.#worker = this.#startWorker();
    });
  }
}

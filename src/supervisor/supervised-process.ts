import { join } from 'node:path';
import { createBackoff } from './backoff.js';
import { findingsOf } from './findings-of.js';
import { keyFileOf, removeKeyFile } from './key-file.js';
import { launch, type Place } from './launch.js';
import { continuedLife, seenOf, type Life } from './life.js';
import { lockOf, lookIntoLock, type LockView } from './lock-view.js';
import type { Offered, ProcessParts } from './process-parts.js';
import { createPause, type Pause } from './pause.js';
import type { ProcessState } from './process-state.js';
import { exitSentence } from './process-sentences.js';
import type { Exit, KeptProcess } from './protocol.js';
import type { Specification } from './specification.js';
import { Standing } from './standing.js';
import { emptied } from './surroundings.js';
import { askOnce, watchLife, type Watching } from './watch-life.js';

/** Keeps one process running: starts it, asks whether it is ready, starts it again when it ends. */
export class SupervisedProcess {
  readonly logFile: string;
  #specification: Specification;
  readonly #parts: ProcessParts;
  readonly #backoff = createBackoff();
  readonly #pause: Pause;
  readonly #standing: Standing;
  #life: Life | null = null;
  #place: Place | null = null;
  #lock: LockView | null = null;
  #offered: Offered | null = null;
  #lastExit: { pid: number; exit: Exit } | null = null;
  #starts = 0;
  #wanted = true;
  #loop: Promise<void> = Promise.resolve();
  #restarting: Promise<void> | null = null;

  constructor(specification: Specification, parts: ProcessParts) {
    this.#specification = specification;
    this.#parts = parts;
    this.#standing = new Standing(parts.changed);
    this.#pause = createPause(parts.world.clock);
    this.logFile = join(parts.world.dataDir, 'logs', `${specification.id}.log`);
  }

  get specification(): Specification {
    return this.#specification;
  }

  /** Where requests are sent once it was ready. It stays over restarts: requests may wait for it, and find it again. */
  get offered(): Offered | null {
    return this.#offered;
  }

  state(): ProcessState {
    const { id, model, index } = this.specification;
    const { condition, detail } = this.#standing;
    const restarts = Math.max(0, this.#starts - 1);
    return {
      id,
      model,
      index,
      condition,
      restarts,
      ...seenOf(this.#life),
      ...lockOf(this.#lock),
      detail: detail ?? this.#lock?.detail ?? null,
    };
  }

  /** Begins to keep it running. One that runs already is asked once before this resolves, so that it serves without a gap. */
  async begin(found: KeptProcess | null): Promise<void> {
    const life = found === null ? null : this.#takeOver(found);
    if (life !== null) await askOnce(life, this.#watching(life));
    this.#loop = this.#keepRunning(life);
  }

  /** Goes on under a specification that needs no other process. */
  use(specification: Specification): void {
    this.#specification = specification;
    // Without a keeper there is nothing that could outlive us.
    void this.#parts.keeper.keep(specification.id, specification.takeoverMs).catch(() => {});
  }

  /** Resolves when it is ready, or known not to be. */
  async settled(): Promise<void> {
    if (!this.#standing.settled) await this.#standing.next();
  }

  exited(pid: number, exit: Exit): void {
    // It may be told before the answer to its start is read.
    this.#lastExit = { pid, exit };
    if (this.#life?.pid === pid) this.#life.end(exit);
  }

  /** The keeper was lost; these are all that still run. */
  lost(found: readonly KeptProcess[]): void {
    const life = this.#life;
    if (life !== null && !found.some(({ pid }) => pid === life.pid)) life.end({ code: null, signal: 'SIGKILL' });
  }

  /** Lets what runs there finish, for at most `drainMs`, and starts it anew. Resolves when it is ready, or known not to be. */
  restart(drainMs: number): Promise<void> {
    return (this.#restarting ??= this.#restart(drainMs).finally(() => (this.#restarting = null)));
  }

  /** Ends it for good, after what runs there. */
  async end(drainMs: number): Promise<void> {
    this.#wanted = false;
    this.#pause.over();
    await this.#leave('operator', drainMs);
    await this.#loop;
    this.#offered = null;
    this.#parts.ports.giveBack(this.specification.id);
    await removeKeyFile(this.#keyFile);
  }

  /** Stops looking after it; the process itself goes on. */
  forget(): void {
    this.#wanted = false;
    this.#pause.over();
    this.#life?.end({ code: null, signal: null });
  }

  get #keyFile(): string {
    return keyFileOf(this.#parts.world.dataDir, this.specification.id);
  }

  async #restart(drainMs: number): Promise<void> {
    const url = this.#offered?.url;
    await this.#leave('restart', drainMs);
    const settled = this.#standing.next();
    this.#pause.over();
    await settled;
    if (url !== undefined) this.#parts.world.traffic.resume(url);
  }

  async #leave(reason: 'restart' | 'operator', drainMs: number): Promise<void> {
    const life = this.#life;
    if (life === null) return;
    this.#standing.set('shutting_down', 'It takes no new requests, and is ended when those that run have finished.');
    await emptied(this.#parts.world, life, { reason, atMostMs: drainMs });
    await this.#stop();
    await life.ended;
  }

  /** A keeper that went away took the process with it. */
  async #stop(): Promise<void> {
    await this.#parts.keeper.stop(this.specification.id).catch(() => {});
  }

  #takeOver(found: KeptProcess): Life {
    this.#place = { port: found.port, key: found.apiKey ?? '' };
    this.#parts.ports.hold(this.specification.id, found.port);
    this.#starts = 1;
    this.#standing.set('starting', null);
    this.#life = continuedLife(found, this.#parts.world.clock.monotonic());
    return this.#life;
  }

  async #keepRunning(first: Life | null): Promise<void> {
    let life = first;
    while (this.#wanted) {
      life ??= await this.#start();
      if (life !== null && !this.#wanted) await this.#stop();
      const readyForMs = life === null ? 0 : await this.#follow(life);
      life = null;
      if (this.#wanted && this.#restarting === null) await this.#waitBeforeNext(readyForMs);
    }
  }

  /** Null when it cannot be started; the state then says why. */
  async #start(): Promise<Life | null> {
    this.#starts += 1;
    this.#standing.set('starting', null);
    const { specification, logFile } = this;
    const { world, keeper, ports } = this.#parts;
    const launched = await launch({
      specification,
      world,
      keeper,
      ports,
      place: this.#place,
      logFile,
      keyFile: this.#keyFile,
    });
    if (launched.fault !== undefined) {
      this.#standing.set('failed', launched.fault);
      return null;
    }
    if (this.#place?.port !== launched.place.port) this.#offered = null;
    this.#place = launched.place;
    this.#life = launched.life;
    if (this.#lastExit?.pid === launched.life.pid) launched.life.end(this.#lastExit.exit);
    world.log.info(
      { process: specification.id, pid: launched.life.pid, port: launched.place.port },
      'a model server was started',
    );
    this.#parts.changed();
    return launched.life;
  }

  /** Watches a run to its end; answers for how many milliseconds it had been ready. */
  async #follow(life: Life): Promise<number> {
    const cancel = watchLife(life, this.#watching(life));
    const exit = await life.ended;
    cancel();
    const { clock } = this.#parts.world;
    this.#life = null;
    this.#lock = null;
    if (this.#standing.condition === 'shutting_down' || !this.#wanted) this.#standing.set('pending', null);
    else if (!this.#standing.givenUp)
      this.#standing.set('failed', exitSentence(this.specification.id, exit, clock.now() - life.startedAtMs));
    return life.readyMs === null ? 0 : clock.monotonic() - life.readyMs;
  }

  async #waitBeforeNext(readyForMs: number): Promise<void> {
    const pauseMs = this.#backoff.next(readyForMs);
    const { log } = this.#parts.world;
    log.warn(
      { process: this.specification.id, state: this.#standing.condition, againInMs: pauseMs },
      this.#standing.detail ?? 'a model server ended',
    );
    await this.#pause.wait(pauseMs);
  }

  #watching(life: Life): Watching {
    const { world } = this.#parts;
    const specification = this.#specification;
    const findings = findingsOf({
      specification,
      life,
      standing: this.#standing,
      ready: () => this.#becameReady(life),
      stop: () => void this.#stop(),
    });
    return { specification, world, findings };
  }

  #becameReady(life: Life): void {
    if (this.#standing.condition === 'ready' || this.#standing.condition === 'shutting_down') return;
    this.#offered ??= { url: life.url, apiKey: life.apiKey };
    this.#standing.set('ready', null);
    if (this.#lock !== null) return;
    void lookIntoLock(this.specification, life, this.#parts.world).then((lock) => {
      if (this.#life !== life) return;
      this.#lock = lock;
      if (lock.detail !== null) this.#parts.world.log.warn({ process: this.specification.id }, lock.detail);
      this.#parts.changed();
    });
  }
}

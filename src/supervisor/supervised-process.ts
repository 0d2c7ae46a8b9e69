import { join } from 'node:path';
import { Secret } from '../core/secret.js';
import { createBackoff } from './backoff.js';
import { keyFileOf, removeKeyFile } from './key-file.js';
import type { Ports } from './free-port.js';
import type { Keeper } from './keeper-link.js';
import { launch, type Place } from './launch.js';
import { createLife, type Life } from './life.js';
import { lookIntoLock, type LockView } from './lock-view.js';
import { createPause, type Pause } from './pause.js';
import type { ProcessCondition, ProcessState } from './process-state.js';
import { exitSentence, hangSentence, tooSlowSentence } from './process-sentences.js';
import type { Exit, KeptProcess } from './protocol.js';
import type { Specification } from './specification.js';
import type { Surroundings } from './surroundings.js';
import { askOnce, watchLife, type Findings } from './watch-life.js';

/** What a process needs of those around it. */
export interface ProcessParts {
  world: Surroundings;
  keeper: Keeper;
  ports: Ports;
  changed(): void;
}

/** A place for requests. */
export interface Offered {
  url: string;
  apiKey: Secret | null;
}

/** It was given up, and the state says why better than its exit code. */
const GIVEN_UP: readonly ProcessCondition[] = ['failed_initial_delay', 'failed_probing'];
const SETTLED: readonly ProcessCondition[] = ['ready', 'failed', ...GIVEN_UP];

/** Keeps one process running: starts it, asks whether it is ready, starts it again when it ends. */
export class SupervisedProcess {
  readonly logFile: string;
  #specification: Specification;
  readonly #parts: ProcessParts;
  readonly #backoff = createBackoff();
  readonly #pause: Pause;
  readonly #whenSettled = new Set<() => void>();
  #condition: ProcessCondition = 'pending';
  #detail: string | null = null;
  #life: Life | null = null;
  #place: Place | null = null;
  #lock: LockView | null = null;
  #offered: Offered | null = null;
  #starts = 0;
  #wanted = true;
  #loop: Promise<void> = Promise.resolve();
  #restarting: Promise<void> | null = null;

  constructor(specification: Specification, parts: ProcessParts) {
    this.#specification = specification;
    this.#parts = parts;
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
    const life = this.#life;
    return {
      id,
      model,
      index,
      condition: this.#condition,
      detail: this.#detail ?? this.#lock?.detail ?? null,
      url: life?.url ?? null,
      pid: life?.pid ?? null,
      startedAt: life === null ? null : Math.floor(life.startedAtMs / 1000),
      restarts: Math.max(0, this.#starts - 1),
      answersWithoutKey: this.#lock?.open ?? null,
      publicAt: this.#lock?.publicAt ?? [],
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
  settled(): Promise<void> {
    if (SETTLED.includes(this.#condition)) return Promise.resolve();
    return new Promise((resolve) => this.#whenSettled.add(resolve));
  }

  exited(pid: number, exit: Exit): void {
    if (this.#life?.pid === pid) this.#life.end(exit);
  }

  /** The keeper is gone, and everything it kept was ended. */
  lost(): void {
    this.#life?.end({ code: null, signal: 'SIGKILL' });
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
    const settled = new Promise<void>((resolve) => this.#whenSettled.add(resolve));
    this.#pause.over();
    await settled;
    if (url !== undefined) this.#parts.world.traffic.resume(url);
  }

  async #leave(reason: 'restart' | 'operator', drainMs: number): Promise<void> {
    const life = this.#life;
    if (life === null) return;
    this.#set('shutting_down', 'It takes no new requests, and is ended when those that run have finished.');
    const { traffic, clock } = this.#parts.world;
    const late = new Promise<void>((resolve) => void clock.after(drainMs, resolve));
    await Promise.race([traffic.drain(life.url, reason), late, life.ended]);
    await this.#stop();
    await life.ended;
  }

  /** A keeper that went away took the process with it. */
  async #stop(): Promise<void> {
    await this.#parts.keeper.stop(this.specification.id).catch(() => {});
  }

  #takeOver({ pid, port, apiKey, startedAtMs }: KeptProcess): Life {
    const secret = apiKey === null ? null : new Secret(apiKey);
    this.#place = { port, key: apiKey ?? '' };
    this.#parts.ports.hold(this.specification.id, port);
    this.#starts = 1;
    this.#condition = 'starting';
    this.#life = createLife({ pid, port, startedAtMs, apiKey: secret, beganMs: this.#parts.world.clock.monotonic() });
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
    this.#set('starting', null);
    const { specification, logFile } = this;
    const { world, keeper, ports } = this.#parts;
    const launched = await launch({ specification, world, keeper, ports, place: this.#place, logFile, keyFile: this.#keyFile });
    if (launched.fault !== undefined) {
      this.#set('failed', launched.fault);
      return null;
    }
    if (this.#place?.port !== launched.place.port) this.#offered = null;
    this.#place = launched.place;
    this.#life = launched.life;
    world.log.info({ process: specification.id, pid: launched.life.pid, port: launched.place.port }, 'a model server was started');
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
    if (this.#condition === 'shutting_down' || !this.#wanted) this.#set('pending', null);
    else if (!GIVEN_UP.includes(this.#condition)) this.#set('failed', exitSentence(this.specification.id, exit, clock.now() - life.startedAtMs));
    return life.readyMs === null ? 0 : clock.monotonic() - life.readyMs;
  }

  async #waitBeforeNext(readyForMs: number): Promise<void> {
    const pauseMs = this.#backoff.next(readyForMs);
    const { log } = this.#parts.world;
    log.warn({ process: this.specification.id, state: this.#condition, againInMs: pauseMs }, this.#detail ?? 'a model server ended');
    await this.#pause.wait(pauseMs);
  }

  #watching(life: Life): { specification: Specification; world: Surroundings; findings: Findings } {
    return { specification: this.specification, world: this.#parts.world, findings: this.#findings(life) };
  }

  #findings(life: Life): Findings {
    const giveUp = (condition: ProcessCondition, sentence: string): void => {
      this.#set(condition, sentence);
      void this.#stop();
    };
    return {
      ready: () => this.#becameReady(life),
      notReady: (said) => {
        if (this.#condition !== 'shutting_down') this.#set(life.readyMs === null ? 'starting' : 'not_ready', `It ${said}.`);
      },
      tooSlow: (said) => giveUp('failed_initial_delay', tooSlowSentence(this.specification, said)),
      hangs: (said) => giveUp('failed_probing', hangSentence(this.specification, said)),
    };
  }

  #becameReady(life: Life): void {
    if (this.#condition === 'ready' || this.#condition === 'shutting_down') return;
    this.#offered ??= { url: life.url, apiKey: life.apiKey };
    this.#set('ready', null);
    if (this.#lock !== null) return;
    void lookIntoLock(this.specification, life, this.#parts.world).then((lock) => {
      if (this.#life !== life) return;
      this.#lock = lock;
      if (lock.detail !== null) this.#parts.world.log.warn({ process: this.specification.id }, lock.detail);
      this.#parts.changed();
    });
  }

  #set(condition: ProcessCondition, detail: string | null): void {
    const before = this.#condition;
    this.#condition = condition;
    this.#detail = detail;
    if (before === condition) return;
    if (SETTLED.includes(condition)) {
      for (const resolve of this.#whenSettled) resolve();
      this.#whenSettled.clear();
    }
    this.#parts.changed();
  }
}

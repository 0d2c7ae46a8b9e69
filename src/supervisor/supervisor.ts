import type { Cancel } from '../core/clock.js';
import type { Replica } from '../replicas/model.js';
import { createPorts } from './free-port.js';
import { KeeperHold } from './keeper-hold.js';
import type { KeeperPlaces } from './keeper-link.js';
import { removeKeyFiles } from './key-file.js';
import { followLines, lastLines, type LogPosition, type LogTail } from './log-tail.js';
import type { ProcessState } from './process-state.js';
import type { Exit, KeptProcess } from './protocol.js';
import { specificationsOf, type Specification, type StartedModel } from './specification.js';
import { SupervisedProcess } from './supervised-process.js';
import type { Surroundings } from './surroundings.js';

/** The model servers that Keyporter starts itself. */
export interface Supervisor {
  /** Those of a model that were ready once. They stay over restarts; whether one takes requests now is the pool's to know. */
  replicasOf(model: string): Replica[];
  processes(): ProcessState[];
  onChange(changed: () => void): Cancel;
  /** After a reload: starts what is new, ends what is not wanted, replaces what is changed, one process of a model at a time. */
  use(models: Readonly<Record<string, StartedModel>>): void;
  /** Lets its requests finish and starts it anew. Those of one model wait for each other. Null = there is no such process. */
  restart(id: string): Promise<void> | null;
  /** What a process wrote. Null = there is no such process. */
  logs(id: string): ProcessLog | null;
  /** Leaves the processes to the next gateway, which has `takeover_seconds` to come. */
  leave(): void;
  /** Ends them all. */
  end(): Promise<void>;
}

export interface ProcessLog {
  last(lines: number): Promise<LogTail>;
  /** Calls back with every line behind a place. */
  follow(from: LogPosition, line: (text: string) => void): Cancel;
}

export interface SupervisorOptions {
  models: Readonly<Record<string, StartedModel>>;
  places: KeeperPlaces;
  world: Surroundings;
  /** How long running requests may take to finish before a process is ended. */
  drainMs(): number;
}

/** A process that was taken over and answers late does not hold the start up longer. */
const FIRST_LOOK_MS = 2000;

/** Takes over what an earlier gateway left running, and begins to start the rest. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const supervisor = new Processes(options);
  await supervisor.begin();
  return supervisor;
}

class Processes implements Supervisor {
  readonly #options: SupervisorOptions;
  readonly #hold: KeeperHold;
  readonly #ports = createPorts();
  readonly #changed = new Set<() => void>();
  readonly #processes = new Map<string, SupervisedProcess>();
  /** One change of a model at a time. */
  readonly #turns = new Map<string, Promise<void>>();
  /** Ends of processes that were found and not taken over yet. */
  readonly #early = new Map<number, Exit>();
  #uses: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#hold = new KeeperHold(options.places, options.world, {
      exited: (name, pid, exit) => this.#exited(name, pid, exit),
      lost: (found) => this.#processes.forEach((one) => one.lost(found)),
    });
  }

  #exited(name: string, pid: number, exit: Exit): void {
    const one = this.#processes.get(name);
    if (one === undefined) this.#early.set(pid, exit);
    else one.exited(pid, exit);
  }

  async begin(): Promise<void> {
    const wanted = this.#specifications(this.#options.models);
    const link = await this.#hold.open(wanted.length === 0);
    if (link === null) return;
    if (wanted.length === 0) return this.#hold.end();
    const kept = new Map(link.found.filter((found) => isWanted(found, wanted)).map((found) => [found.name, found]));
    await Promise.all(link.found.filter(({ name }) => !kept.has(name)).map(({ name }) => link.stop(name)));
    const { log } = this.#options.world;
    if (kept.size > 0) log.info({ processes: [...kept.keys()] }, 'model servers that run already were taken over');
    const stillThere = (found: KeptProcess | undefined): KeptProcess | null =>
      found === undefined || this.#early.has(found.pid) ? null : found;
    await Promise.all(
      wanted.map((specification) => this.#begin(specification, stillThere(kept.get(specification.id)))),
    );
    this.#early.clear();
  }

  replicasOf(model: string): Replica[] {
    return [...this.#processes.values()].flatMap(({ specification: { model: own, engine }, offered }) => {
      if (own !== model || offered === null) return [];
      return [{ ...offered, engine: engine === 'auto' ? 'unknown' : engine, caFile: null, weight: 1 }];
    });
  }

  processes(): ProcessState[] {
    return [...this.#processes.values()].map((one) => one.state());
  }

  onChange(changed: () => void): Cancel {
    this.#changed.add(changed);
    return () => this.#changed.delete(changed);
  }

  use(models: Readonly<Record<string, StartedModel>>): void {
    this.#uses = this.#uses
      .then(() => this.#use(this.#specifications(models)))
      .catch((error: unknown) => {
        this.#options.world.log.error(
          { error: String(error) },
          'the model servers could not be brought to the new configuration',
        );
      });
  }

  restart(id: string): Promise<void> | null {
    const one = this.#processes.get(id);
    return one === undefined ? null : this.#inTurn(one.specification.model, () => one.restart(this.#options.drainMs()));
  }

  logs(id: string): ProcessLog | null {
    const one = this.#processes.get(id);
    if (one === undefined) return null;
    const { clock } = this.#options.world;
    return {
      last: (lines) => lastLines(one.logFile, lines),
      follow: (from, line) => followLines(one.logFile, from, { clock, line }),
    };
  }

  leave(): void {
    this.#processes.forEach((one) => one.forget());
    this.#hold.leave();
  }

  async end(): Promise<void> {
    this.#processes.forEach((one) => one.forget());
    await this.#hold.end();
    await removeKeyFiles(this.#options.world.dataDir);
  }

  #specifications(models: Readonly<Record<string, StartedModel>>): Specification[] {
    return specificationsOf(models, this.#options.world.cwd);
  }

  /** Resolves when it has begun, and when it ran already, when it was asked once. */
  async #begin(specification: Specification, found: KeptProcess | null): Promise<SupervisedProcess> {
    const one = new SupervisedProcess(specification, {
      world: this.#options.world,
      keeper: this.#hold.keeper,
      ports: this.#ports,
      changed: () => this.#changed.forEach((tell) => tell()),
    });
    this.#processes.set(specification.id, one);
    if (found !== null) one.use(specification);
    const late = new Promise<void>((resolve) => void this.#options.world.clock.after(FIRST_LOOK_MS, resolve));
    await Promise.race([one.begin(found), late]);
    return one;
  }

  async #use(wanted: readonly Specification[]): Promise<void> {
    if (wanted.length > 0) await this.#hold.open();
    const byId = new Map(wanted.map((specification) => [specification.id, specification]));
    const gone = [...this.#processes.values()].filter(({ specification }) => !byId.has(specification.id));
    await Promise.all(gone.map((one) => this.#end(one)));
    for (const specification of wanted) {
      const one = this.#processes.get(specification.id);
      if (one === undefined) await this.#begin(specification, null);
      else if (one.specification.fingerprint === specification.fingerprint) one.use(specification);
      else void this.#inTurn(specification.model, () => this.#replace(one, specification));
    }
  }

  async #replace(old: SupervisedProcess, specification: Specification): Promise<void> {
    await this.#end(old);
    const fresh = await this.#begin(specification, null);
    await fresh.settled();
  }

  async #end(one: SupervisedProcess): Promise<void> {
    await one.end(this.#options.drainMs());
    if (this.#processes.get(one.specification.id) === one) this.#processes.delete(one.specification.id);
    this.#changed.forEach((tell) => tell());
  }

  #inTurn(model: string, act: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(model) ?? Promise.resolve()).then(act);
    // A turn that failed is its own caller's matter.
    this.#turns.set(
      model,
      turn.catch(() => {}),
    );
    return turn;
  }
}

/** It runs what the file says, on a port the file allows. */
function isWanted(found: KeptProcess, wanted: readonly Specification[]): boolean {
  return wanted.some(
    ({ id, fingerprint, ports: { from, to } }) =>
      id === found.name && fingerprint === found.fingerprint && found.port >= from && found.port <= to,
  );
}

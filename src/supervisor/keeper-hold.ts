import type { Cancel } from '../core/clock.js';
import { KeeperFault, openKeeper, type Keeper, type KeeperLink, type KeeperPlaces } from './keeper-link.js';
import type { Exit, KeptProcess } from './protocol.js';
import type { Surroundings } from './surroundings.js';

const AGAIN_MS = 3000;

export interface Held {
  exited(name: string, pid: number, exit: Exit): void;
  /** The way to the keeper was lost, and is there again; these are all that still run. */
  lost(found: readonly KeptProcess[]): void;
}

/** Holds on to a keeper: opened when it is first needed, and another one when it is lost. */
export class KeeperHold {
  readonly #places: KeeperPlaces;
  readonly #world: Surroundings;
  readonly #held: Held;
  #link: KeeperLink | null = null;
  #opening: Promise<KeeperLink | null> | null = null;
  #cancelAgain: Cancel = () => {};
  #closed = false;

  constructor(places: KeeperPlaces, world: Surroundings, held: Held) {
    this.#places = places;
    this.#world = world;
    this.#held = held;
  }

  /** The keeper as it is at each moment. */
  readonly keeper: Keeper = {
    start: async (order) => await this.#present().start(order),
    stop: async (name) => await this.#present().stop(name),
    keep: async (name, takeoverMs) => await this.#present().keep(name, takeoverMs),
  };

  #present(): KeeperLink {
    if (this.#link === null) throw new KeeperFault('lost');
    return this.#link;
  }

  /** Reaches the keeper or starts one; with `onlyFound`, null when none runs. */
  open(onlyFound = false): Promise<KeeperLink | null> {
    if (this.#link !== null) return Promise.resolve(this.#link);
    return (this.#opening ??= this.#open(onlyFound).finally(() => (this.#opening = null)));
  }

  /** Ends every process and the keeper. */
  async end(): Promise<void> {
    this.#closed = true;
    this.#cancelAgain();
    await this.#link?.end();
    this.#link = null;
  }

  /** Leaves the engines to themselves, for their time. */
  leave(): void {
    this.#closed = true;
    this.#cancelAgain();
    this.#link?.close();
    this.#link = null;
  }

  async #open(onlyFound: boolean): Promise<KeeperLink | null> {
    const { clock } = this.#world;
    const places = this.#places;
    this.#link = await openKeeper(
      { places, clock, exited: this.#held.exited, lost: () => void this.#replace() },
      onlyFound,
    );
    if (this.#closed) this.leave();
    return this.#link;
  }

  async #replace(): Promise<void> {
    this.#link = null;
    if (this.#closed || this.#world.ending()) return;
    const { log, clock } = this.#world;
    log.error({}, 'the way to the keeper of the model servers was lost: what ended with it is started anew');
    try {
      const link = await this.open();
      this.#held.lost(link?.found ?? []);
    } catch (error) {
      log.error(
        { error: String(error) },
        'the process that keeps the model servers cannot be started; it is tried again',
      );
      this.#cancelAgain = clock.after(AGAIN_MS, () => void this.#replace());
    }
  }
}

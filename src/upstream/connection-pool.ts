import type { Clock } from '../core/clock.js';
import { Connection, type ConnectionParts } from './connection.js';
import type { Delivery } from './delivery.js';
import type { ServerAddress } from './server-address.js';

/** Below the five seconds after which common engines close an idle connection, so that we close it first. */
const IDLE_MS = 4000;
/** What a server says about its own patience is not taken to the last moment. */
const MARGIN_MS = 1000;
/** No server is that impatient: what closes sooner was ended for another reason. */
const LEAST_PATIENCE_MS = 50;
/** What a server showed of its patience counts so long: it may have closed for another reason. */
const REMEMBERED_MS = 60_000;

/** An open connection without a request, and until when it is kept, in monotonic milliseconds. */
interface Idle {
  connection: Connection;
  since: number;
  until: number;
}

/** The connections to one server. As many as are needed at one time; idle ones are used again, the freshest first. */
export class ConnectionPool {
  readonly #parts: ConnectionParts;
  readonly #all = new Set<Connection>();
  readonly #idle: Idle[] = [];
  #due: Delivery[] = [];
  #whenEmpty: () => void = () => {};
  /** Half the shortest time after which the server closed an idle connection by itself. */
  #shown = { patienceMs: IDLE_MS, until: Number.POSITIVE_INFINITY };

  constructor(address: ServerAddress, clock: Clock, memory: Buffer) {
    this.#parts = {
      address,
      clock,
      memory,
      free: (connection) => this.#keep(connection),
      gone: (connection) => this.#forget(connection),
    };
  }

  /**
   * Sends at the end of this turn of the event loop: a connection that the server has closed meanwhile
   * is found out until then, and is not taken for a request that could not be sent twice.
   */
  send(delivery: Delivery): void {
    if (this.#due.length === 0) setImmediate(this.#sendDue);
    this.#due.push(delivery);
  }

  get isEmpty(): boolean {
    return this.#all.size === 0 && this.#due.length === 0;
  }

  /** Closes what has been idle for long. */
  sweep(now: number): void {
    for (const { connection, until } of this.#idle) if (until <= now) connection.destroy();
  }

  /** Breaks everything. Resolves when all is closed. */
  async close(): Promise<void> {
    for (const delivery of this.#due) delivery.abort();
    const empty = new Promise<void>((resolve) => (this.#whenEmpty = resolve));
    for (const connection of this.#all) connection.destroy();
    if (this.#all.size > 0) await empty;
  }

  readonly #sendDue = (): void => {
    const due = this.#due;
    this.#due = [];
    for (const delivery of due) {
      if (delivery.over) continue;
      const connection = delivery.request.upgrade === undefined ? this.#takeIdle() : null;
      if (connection === null) this.#open(delivery);
      else connection.take(delivery);
    }
  };

  #open(delivery: Delivery): void {
    try {
      this.#all.add(new Connection(this.#parts, delivery));
    } catch (error) {
      delivery.fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #takeIdle(): Connection | null {
    const now = this.#parts.clock.monotonic();
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (now >= idle.until) idle.connection.destroy();
      else if (idle.connection.open) return idle.connection;
    }
    return null;
  }

  #keep(connection: Connection): void {
    const said = connection.keepAliveSeconds;
    const now = this.#parts.clock.monotonic();
    if (now >= this.#shown.until) this.#shown = { patienceMs: IDLE_MS, until: Number.POSITIVE_INFINITY };
    const keptMs = Math.min(this.#shown.patienceMs, said === null ? IDLE_MS : said * 1000 - MARGIN_MS);
    if (keptMs <= 0) return connection.destroy();
    this.#idle.push({ connection, since: now, until: now + keptMs });
  }

  #forget(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.findIndex((idle) => idle.connection === connection);
    if (at >= 0) this.#learn(this.#idle.splice(at, 1));
    if (this.#all.size === 0) this.#whenEmpty();
  }

  /** It closed while it was idle and before we had had enough: from now on we close first. */
  #learn([idle]: readonly Idle[]): void {
    const now = this.#parts.clock.monotonic();
    if (idle === undefined || now >= idle.until || now - idle.since < LEAST_PATIENCE_MS) return;
    const patienceMs = Math.min(this.#shown.patienceMs, (now - idle.since) / 2);
    this.#shown = { patienceMs, until: now + REMEMBERED_MS };
  }
}

import type { Cancel } from '../core/clock.js';
import { Refusal } from '../core/errors.js';
import type { AdminCaller } from './caller.js';
import type { Topic } from './contract-live.js';
import { Follower } from './follower.js';
import { holdsScope, LiveView, type Holder, type ViewParts } from './live-view.js';

export interface Following {
  topics: readonly Topic[];
  caller: AdminCaller;
  /** Aborted when the client leaves. */
  signal: AbortSignal;
}

/** Tells whoever looks at the web UI what goes on. Costs nothing while nobody does. */
export interface Live {
  /** An answer that goes on until the client leaves, or may not know any more. Throws a `Refusal` when too many follow. */
  follow(following: Following): Response;
}

const TICK_MS = 1000;
const MOST_FOLLOWERS = 100;
/** Events that wait for a slow reader. What is newer replaces what would come after them. */
const MOST_WAITING = 8;
/** How long a browser waits until it connects anew. */
const RETRY_MS = 5000;

export function createLive(parts: ViewParts): Live {
  return new LiveEvents(parts);
}

interface Connection {
  follower: Follower;
  caller: AdminCaller;
  controller: ReadableStreamDefaultController<Uint8Array>;
  end(): void;
}

class LiveEvents implements Live {
  readonly #parts: ViewParts;
  readonly #open = new Set<Connection>();
  #stopTicking: Cancel | null = null;
  #stopWatching: Cancel | null = null;

  constructor(parts: ViewParts) {
    this.#parts = parts;
  }

  follow({ topics, caller, signal }: Following): Response {
    if (this.#open.size >= MOST_FOLLOWERS) {
      throw new Refusal('overloaded', {
        message: `${MOST_FOLLOWERS} connections follow events already. Close a page of the web interface and try again.`,
        headers: ['retry-after', '10'],
      });
    }
    let connection: Connection | null = null;
    const leave = (): void => {
      signal.removeEventListener('abort', leave);
      if (connection !== null) this.#leave(connection);
    };
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          connection = this.#enter({ topics, caller, controller, end: leave });
          signal.addEventListener('abort', leave, { once: true });
          if (signal.aborted) leave();
        },
        cancel: leave,
      },
      new CountQueuingStrategy({ highWaterMark: MOST_WAITING }),
    );
    // nginx would gather events before it passes them on.
    return new Response(body, { headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' } });
  }

  #enter({ topics, caller, controller, end }: Omit<Connection, 'follower'> & { topics: readonly Topic[] }): Connection {
    const send = (text: string): void => controller.enqueue(Buffer.from(text));
    const connection = { follower: new Follower(topics, caller.holder, send), caller, controller, end };
    send(`retry: ${RETRY_MS}\n\n`);
    this.#open.add(connection);
    this.#stopTicking ??= this.#parts.settings.clock.every(TICK_MS, () => this.#tick());
    if (connection.follower.wantsRows) this.#stopWatching ??= this.#watch();
    connection.follower.tell(new LiveView(this.#parts), caller.holder);
    return connection;
  }

  #leave(connection: Connection): void {
    if (!this.#open.delete(connection)) return;
    try {
      connection.controller.close();
    } catch {
      // The reader has cancelled it.
    }
    if (this.#open.size > 0) return;
    this.#stopTicking?.();
    this.#stopTicking = null;
    this.#stopWatching?.();
    this.#stopWatching = null;
  }

  #watch(): Cancel {
    return this.#parts.ports.requests.watch((row) => {
      for (const { follower } of this.#open) if (follower.wantsRows) follower.noteRow(row);
    });
  }

  #tick(): void {
    const view = new LiveView(this.#parts);
    const { draining } = this.#parts.ports.status();
    for (const connection of this.#open) {
      try {
        this.#tellOne(connection, { view, draining });
      } catch (error) {
        // One that cannot be told takes nobody else with it; its browser connects anew.
        this.#parts.settings.log.error({ error: String(error) }, 'somebody who follows events could not be told');
        connection.end();
      }
    }
  }

  #tellOne({ caller, controller, follower, end }: Connection, now: { view: LiveView; draining: boolean }): void {
    const holder = now.draining ? null : this.#holderNow(caller);
    if (holder === null) end();
    else if ((controller.desiredSize ?? 0) > 0) follower.tell(now.view, holder);
  }

  /** What the caller holds at this moment; null when he may not follow any more. */
  #holderNow(caller: AdminCaller): Holder | null {
    const holder = caller.holdsNow === undefined ? caller.holder : caller.holdsNow();
    return holder !== null && holdsScope(holder, 'usage:read', this.#parts.settings) ? holder : null;
  }
}

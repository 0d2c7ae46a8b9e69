import type { Clock } from '../core/clock.js';
import { Crowd } from '../core/crowd.js';
import type { OfferedModel } from '../replicas/model.js';
import type { Exchange } from './exchange.js';
import { HeartbeatReply } from './heartbeat-reply.js';

/** Keeps silent streams open. */
export interface Heartbeats {
  /** From here on the client of this request hears something while it waits, if it asked for events of a stream. */
  keepAlive(exchange: Exchange, model: OfferedModel): void;
  close(): void;
}

/** How often it is looked whether a heartbeat is due; one timer serves all requests. */
const TICK_MS = 250;

export function createHeartbeats(clock: Clock): Heartbeats {
  const replies = new Crowd<HeartbeatReply>();
  const stop = clock.every(TICK_MS, () => {
    const now = clock.monotonic();
    for (const reply of replies.list()) reply.tick(now);
  });
  return {
    keepAlive(exchange, { queue: { heartbeatAfterMs: afterMs } }) {
      const { dialect } = exchange.route;
      const { heartbeat } = dialect;
      if (heartbeat === undefined || afterMs === null || exchange.head?.stream !== true) return;
      const { id: requestId, ownHeaders } = exchange;
      const now = clock.monotonic;
      const reply = new HeartbeatReply(exchange.reply, { dialect, heartbeat, requestId, ownHeaders, afterMs, now });
      exchange.reply = reply;
      exchange.holds.push(replies.add(reply));
    },
    close: stop,
  };
}

import { connect, type Socket } from 'node:net';
import { chatRequest } from './payload.js';
import { tell } from './role.js';
import { quantile } from './statistics.js';

export interface PacedSettings {
  port: number;
  key: string;
  connections: number;
  /** Requests a second over all connections; null = each sends again as soon as it has its answer. */
  rate: number | null;
  warmUpMs: number;
  windowMs: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');

/**
 * Sends the measured request at a given rate over keep-alive connections, or as fast as they answer,
 * and reports how long the first byte took.
 */
export function paced(settings: PacedSettings): void {
  const request = chatRequest(settings.key, 'short');
  const free: Socket[] = [];
  let times: number[] = [];
  let refused = 0;
  let late = 0;

  const ready = (socket: Socket): void => {
    if (settings.rate === null) socket.emit('ask');
    else free.push(socket);
  };
  for (let at = 0; at < settings.connections; at += 1) {
    const socket = connect({ port: settings.port, host: '127.0.0.1', noDelay: true });
    let sentAt = 0;
    let received: Buffer = Buffer.alloc(0);
    socket.on('connect', () => ready(socket));
    socket.on('ask', () => {
      sentAt = performance.now();
      socket.write(request);
    });
    socket.on('data', (data) => {
      if (received.length === 0) times.push(performance.now() - sentAt);
      received = received.length === 0 ? data : Buffer.concat([received, data]);
      const answer = wholeAnswer(received);
      if (answer === null) return;
      received = Buffer.alloc(0);
      if (answer !== 200) refused += 1;
      ready(socket);
    });
  }

  if (settings.rate !== null) pace(settings.rate, free, () => (late += 1));
  setTimeout(() => {
    times = [];
    late = 0;
    tell({ what: 'begin' });
    setTimeout(() => {
      const sorted = [...times].sort((a, b) => a - b);
      tell({
        what: 'end',
        requests: sorted.length,
        p50: quantile(sorted, 0.5),
        p99: quantile(sorted, 0.99),
        refused,
        late,
      });
    }, settings.windowMs);
  }, settings.warmUpMs);
}

/** Asks on a free connection whenever one is due; one that finds none free is late and left out. */
function pace(rate: number, free: Socket[], wasLate: () => void): void {
  const start = performance.now();
  let sent = 0;
  setInterval(() => {
    const due = Math.floor(((performance.now() - start) / 1000) * rate);
    for (; sent < due; sent += 1) {
      const socket = free.shift();
      if (socket === undefined) wasLate();
      else socket.emit('ask');
    }
  }, 1);
}

/** The status of a complete answer, or null while it is not. Answers here have a content-length. */
function wholeAnswer(received: Buffer): number | null {
  const end = received.indexOf(HEAD_END);
  if (end < 0) return null;
  const head = received.toString('latin1', 0, end);
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return received.length >= end + 4 + length ? Number(head.slice(9, 12)) : null;
}

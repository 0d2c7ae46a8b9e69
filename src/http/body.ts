import type { IncomingMessage } from 'node:http';
import type { Clock } from '../core/clock.js';
import { Refusal } from '../core/errors.js';

export interface BodyBounds {
  /** Bytes. */
  maxBytes: number;
  /** Length the head announced; null = in chunks. */
  contentLength: number | null;
}

/** A body must arrive at this pace at least, once the grace is over. */
const GRACE_MS = 60_000;
const SLOWEST_BYTES_PER_SECOND = 1024;
const CHECK_MS = 5000;
/** Chunk sizes and extensions may take this many bytes for each byte of the body, and this many besides. */
const MOST_RAW_PER_BYTE = 4;
const RAW_ALLOWANCE_BYTES = 131_072;

/**
 * Reads the whole body, within its bound in bytes and in time. Rejects with 413, 408 or `client_gone`;
 * nothing is sent anywhere before it is whole.
 */
export function readBody(incoming: IncomingMessage, bounds: BodyBounds, clock: Clock): Promise<Buffer> {
  if (bounds.contentLength !== null && bounds.contentLength > bounds.maxBytes) return Promise.reject(tooLarge(bounds.maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const startedAt = clock.monotonic();
    const readBefore = incoming.socket.bytesRead;
    const stopWatching = clock.every(CHECK_MS, () => {
      const seconds = (clock.monotonic() - startedAt) / 1000;
      if (seconds * 1000 > GRACE_MS && received / seconds < SLOWEST_BYTES_PER_SECOND) refuse(new Refusal('request_timeout'));
    });
    const refuse = (refusal: Refusal): void => {
      stopWatching();
      incoming.off('data', take);
      incoming.off('end', done);
      incoming.off('close', gone);
      incoming.pause();
      reject(refusal);
    };
    const take = (chunk: Buffer): void => {
      received += chunk.length;
      const raw = incoming.socket.bytesRead - readBefore;
      if (received > bounds.maxBytes) refuse(tooLarge(bounds.maxBytes));
      else if (raw > received * MOST_RAW_PER_BYTE + RAW_ALLOWANCE_BYTES) refuse(new Refusal('request_too_large', { message: 'The chunks of the body are mostly framing. Send larger chunks.' }));
      else chunks.push(chunk);
    };
    const done = (): void => {
      stopWatching();
      incoming.off('close', gone);
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
    };
    const gone = (): void => refuse(new Refusal('client_gone', { reason: 'the client went away while it sent the body' }));
    incoming.on('data', take);
    incoming.once('end', done);
    incoming.once('close', gone);
    // A framing error in the middle of the body surfaces here; the connection is closed with 400 by the listener.
    incoming.on('error', () => {});
  });
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal('request_too_large', { message: `The body is larger than the ${maxBytes} bytes this server accepts.` });
}

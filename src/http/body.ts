import type { IncomingMessage } from 'node:http';
import type { Clock } from '../core/clock.js';
import { Crowd } from '../core/crowd.js';
import { Refusal } from '../core/errors.js';

export interface BodyBounds {
  /** Bytes. */
  maxBytes: number;
  /** Length the head announced; null = in chunks. */
  contentLength: number | null;
}

/** Reads bodies; one timer watches the pace of all of them. */
export interface BodyReader {
  /**
   * Reads the whole body, within its bound in bytes and in time. Rejects with 413, 408 or
   * `client_gone`; nothing is sent anywhere before it is whole.
   */
  read(incoming: IncomingMessage, bounds: BodyBounds): Promise<Buffer>;
  /**
   * Hands the body over as it comes, within the same bounds; `take` answers false to hold it back until
   * `resume`, and throws to refuse the rest.
   */
  stream(incoming: IncomingMessage, bounds: BodyBounds, take: (chunk: Buffer) => boolean): StreamedBody;
  close(): void;
}

/** A body on its way. */
export interface StreamedBody {
  /** Resolves when all of it was taken; rejects as `read` does. */
  whole: Promise<void>;
  resume(): void;
}

/** A body must arrive at this pace at least, once the grace is over. */
const GRACE_MS = 60_000;
const SLOWEST_BYTES_PER_SECOND = 1024;
const CHECK_MS = 5000;
/** Chunk sizes and extensions may take this many bytes for each byte of the body, and this many besides. */
const MOST_RAW_PER_BYTE = 4;
const RAW_ALLOWANCE_BYTES = 131_072;

export function createBodyReader(clock: Clock): BodyReader {
  const reading = new Crowd<Reading>();
  const close = clock.every(CHECK_MS, () => {
    const now = clock.monotonic();
    for (const one of reading.list()) one.checkPace(now);
  });
  return {
    read(incoming, bounds) {
      if (bounds.contentLength !== null && bounds.contentLength > bounds.maxBytes)
        return Promise.reject(tooLarge(bounds.maxBytes));
      return new Promise((resolve, reject) => {
        const one = new Reading(incoming, { maxBytes: bounds.maxBytes, startedAt: clock.monotonic(), resolve, reject });
        one.leave = reading.add(one);
      });
    },
    stream(incoming, bounds, take) {
      if (bounds.contentLength !== null && bounds.contentLength > bounds.maxBytes) {
        return { whole: Promise.reject(tooLarge(bounds.maxBytes)), resume() {} };
      }
      const whole = new Promise<void>((resolve, reject) => {
        const one = new Reading(incoming, {
          maxBytes: bounds.maxBytes,
          startedAt: clock.monotonic(),
          resolve: () => resolve(),
          reject,
          take,
        });
        one.leave = reading.add(one);
      });
      return { whole, resume: () => void incoming.resume() };
    },
    close,
  };
}

interface ReadingParts {
  maxBytes: number;
  startedAt: number;
  resolve(body: Buffer): void;
  reject(refusal: Refusal): void;
  /** Gets the pieces in place of the whole. */
  take?: (chunk: Buffer) => boolean;
}

class Reading {
  leave: () => void = () => {};
  readonly #incoming: IncomingMessage;
  readonly #parts: ReadingParts;
  readonly #rawBefore: number;
  readonly #chunks: Buffer[] = [];
  #received = 0;

  constructor(incoming: IncomingMessage, parts: ReadingParts) {
    this.#incoming = incoming;
    this.#parts = parts;
    this.#rawBefore = incoming.socket.bytesRead;
    incoming.on('data', this.#take);
    incoming.on('end', this.#done);
    incoming.on('close', this.#gone);
    // A framing error in the middle of the body surfaces here; the connection is closed with 400 by the listener.
    incoming.on('error', ignore);
  }

  checkPace(now: number): void {
    // Whoever is held back sends nothing, and that is not the sender's pace.
    if (this.#incoming.isPaused()) return;
    const seconds = (now - this.#parts.startedAt) / 1000;
    if (seconds * 1000 > GRACE_MS && this.#received / seconds < SLOWEST_BYTES_PER_SECOND)
      this.#refuse(new Refusal('request_timeout'));
  }

  readonly #take = (chunk: Buffer): void => {
    this.#received += chunk.length;
    const raw = this.#incoming.socket.bytesRead - this.#rawBefore;
    if (this.#received > this.#parts.maxBytes) this.#refuse(tooLarge(this.#parts.maxBytes));
    else if (raw > this.#received * MOST_RAW_PER_BYTE + RAW_ALLOWANCE_BYTES) this.#refuse(mostlyFraming());
    else if (this.#parts.take === undefined) this.#chunks.push(chunk);
    else this.#handOver(chunk, this.#parts.take);
  };

  #handOver(chunk: Buffer, take: (chunk: Buffer) => boolean): void {
    try {
      if (!take(chunk)) this.#incoming.pause();
    } catch (cause) {
      this.#refuse(cause instanceof Refusal ? cause : new Refusal('internal', { cause }));
    }
  }

  readonly #done = (): void => {
    this.#stop();
    const [only] = this.#chunks;
    this.#parts.resolve(this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks));
  };

  readonly #gone = (): void =>
    this.#refuse(new Refusal('client_gone', { reason: 'the client went away while it sent the body' }));

  #refuse(refusal: Refusal): void {
    this.#stop();
    this.#incoming.pause();
    this.#parts.reject(refusal);
  }

  #stop(): void {
    this.leave();
    this.#incoming.off('data', this.#take);
    this.#incoming.off('end', this.#done);
    this.#incoming.off('close', this.#gone);
  }
}

function ignore(): void {}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal('request_too_large', {
    message: `The body is larger than the ${maxBytes} bytes this server accepts.`,
  });
}

function mostlyFraming(): Refusal {
  return new Refusal('request_too_large', {
    message: 'The chunks of the body are mostly framing. Send larger chunks.',
  });
}

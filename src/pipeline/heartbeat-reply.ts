import type { Dialect, Reply, SaidError } from '../core/exchange.js';
import { headerValue, type FlatHeaders } from '../core/headers.js';

export interface HeartbeatSettings {
  dialect: Dialect;
  /** Sent to keep the stream alive: a whole event of the dialect that means nothing, or a comment. */
  heartbeat: string;
  requestId: string;
  /** Headers of ours for the answer, flat. */
  ownHeaders: FlatHeaders;
  /** Silence before the first heartbeat, in milliseconds. */
  afterMs: number;
  /** Monotonic milliseconds. */
  now: () => number;
}

/** Silence between two heartbeats: some clients give up after 20 s. */
const EVERY_MS = 10_000;
/** An error of a model server is read so far for its sentence. */
const MOST_ERROR_BYTES = 65_536;

/**
 * - `waiting`: nothing of the answer is there; what was sent, if anything, are heartbeats.
 * - `streaming`: whole events pass through, and heartbeats between them.
 * - `failing`: heartbeats were sent, and what comes is no stream: it is read for the last event.
 * - `passing`: nothing of ours is added any more.
 */
type State = 'waiting' | 'streaming' | 'failing' | 'passing';

/**
 * The way back to a client that asked for an event stream. While nothing comes, it sends heartbeats: the first
 * one commits the status to 200, and whatever fails afterwards is told as the last event of the dialect, in
 * front of a broken connection. Heartbeats are neither first byte nor counted.
 */
export class HeartbeatReply implements Reply {
  readonly #inner: Reply;
  readonly #set: HeartbeatSettings;
  #state: State = 'waiting';
  /** Our own head was sent. */
  #begun = false;
  #nextAt: number;
  /** The client does not read; nothing is piled up for it. */
  #full = false;
  #status = 0;
  #error: Buffer[] = [];
  #errorBytes = 0;

  constructor(inner: Reply, settings: HeartbeatSettings) {
    this.#inner = inner;
    this.#set = settings;
    this.#nextAt = settings.now() + settings.afterMs;
    inner.onDrain(() => (this.#full = false));
  }

  get headSent(): boolean {
    return this.#inner.headSent;
  }

  get closed(): boolean {
    return this.#inner.closed;
  }

  get keptAlive(): boolean {
    return this.#begun && this.#state === 'waiting' && !this.closed;
  }

  /** Sends a heartbeat when it is time for one; called a few times a second. */
  tick(now: number): void {
    const isSilent = this.#state === 'waiting' || this.#state === 'streaming';
    if (!isSilent || now < this.#nextAt || this.#full || this.closed) return;
    this.#nextAt = now + EVERY_MS;
    if (this.#state === 'waiting' && !this.#begun) {
      this.#begun = true;
      this.#inner.head(200, [...STREAM_HEADERS, ...this.#set.ownHeaders]);
    }
    this.#full = !this.#inner.write(Buffer.from(this.#set.heartbeat));
  }

  head(status: number, headers: FlatHeaders): void {
    const isStream = status === 200 && isEventStream(headers);
    if (!this.#begun) this.#inner.head(status, headers);
    this.#status = status;
    if (isStream) this.#state = 'streaming';
    else this.#state = this.#begun ? 'failing' : 'passing';
    this.#heard();
  }

  flush(): void {
    this.#inner.flush();
  }

  write(chunk: Buffer): boolean {
    if (this.#state === 'failing') return this.#keep(chunk);
    this.#heard();
    const goOn = this.#inner.write(chunk);
    this.#full = !goOn;
    return goOn;
  }

  end(chunk?: Buffer): void {
    if (this.#state !== 'failing') {
      this.#state = 'passing';
      this.#inner.end(chunk);
      return;
    }
    if (chunk !== undefined) this.#keep(chunk);
    this.#fail();
  }

  destroy(last?: string): void {
    if (this.#state === 'failing') return this.#fail();
    this.#state = 'passing';
    this.#inner.destroy(last);
  }

  onDrain(resume: () => void): void {
    this.#inner.onDrain(resume);
  }

  onClose(closed: (finished: boolean) => void): void {
    this.#inner.onClose(closed);
  }

  #heard(): void {
    this.#nextAt = this.#set.now() + this.#set.afterMs;
  }

  /** Always true: an error is short, and what is beyond its beginning is not kept. */
  #keep(chunk: Buffer): true {
    if (this.#errorBytes < MOST_ERROR_BYTES) this.#error.push(Buffer.from(chunk));
    this.#errorBytes += chunk.length;
    return true;
  }

  #fail(): void {
    this.#state = 'passing';
    const { dialect, requestId } = this.#set;
    const said = this.#status < 300 ? null : saidIn(Buffer.concat(this.#error));
    this.#inner.destroy(
      said === null || dialect.saidEvent === undefined
        ? dialect.lastEvent('upstream_error', said?.message ?? sentenceOf(this.#status), requestId)
        : dialect.saidEvent(said, requestId),
    );
  }
}

const STREAM_HEADERS: FlatHeaders = [
  'content-type',
  'text/event-stream',
  'cache-control',
  'no-cache, no-transform',
  'x-accel-buffering',
  'no',
];

function isEventStream(headers: FlatHeaders): boolean {
  return headerValue(headers, 'content-type')?.toLowerCase().startsWith('text/event-stream') === true;
}

/** What can be said where the model server said nothing. */
function sentenceOf(status: number): string {
  return status < 300
    ? 'The model server answered without a stream. Send the request without "stream".'
    : `The model server answered with status ${status}.`;
}

/** What an error body says, in the forms model servers give it; null when it has no sentence. */
function saidIn(body: Buffer): SaidError | null {
  try {
    const { error, message, detail } = Object(JSON.parse(body.toString('utf8'))) as Record<string, unknown>;
    const inner = Object(error) as Record<string, unknown>;
    const sentence = [inner['message'], error, message, detail].map(textOf).find((text) => text !== null) ?? null;
    if (sentence === null) return null;
    const { code } = inner;
    return {
      message: sentence,
      type: textOf(inner['type']),
      code: typeof code === 'number' ? code : textOf(code),
      param: textOf(inner['param']),
    };
  } catch {
    return null;
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

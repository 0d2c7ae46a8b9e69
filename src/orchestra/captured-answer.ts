import type { Reply } from '../core/exchange.js';
import { headerValue, type FlatHeaders } from '../core/headers.js';

const MOST_BYTES = 67_108_864;

/** Takes an answer in whole, so that it can be changed before the client gets any of it. */
export class CapturedAnswer implements Reply {
  readonly #client: Reply;
  #status = 0;
  #headers: FlatHeaders = [];
  #pieces: Buffer[] = [];
  #bytes = 0;
  #broken = false;

  constructor(client: Reply) {
    this.#client = client;
  }

  get headSent(): boolean {
    return this.#status !== 0;
  }

  get closed(): boolean {
    return this.#broken || this.#client.closed;
  }

  get status(): number {
    return this.#status;
  }

  /** Null when it was larger than we keep. */
  get body(): Buffer | null {
    return this.#bytes > MOST_BYTES ? null : Buffer.concat(this.#pieces);
  }

  header(name: string): string | null {
    return headerValue(this.#headers, name) ?? null;
  }

  head(status: number, headers: FlatHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  flush(): void {}

  write(chunk: Uint8Array): boolean {
    this.#bytes += chunk.length;
    // The transport may use the memory of a chunk again.
    if (this.#bytes <= MOST_BYTES) this.#pieces.push(Buffer.from(chunk));
    else this.#pieces = [];
    return true;
  }

  end(chunk?: Buffer): void {
    if (chunk !== undefined) this.write(chunk);
  }

  destroy(): void {
    this.#broken = true;
  }

  onDrain(): void {}

  onClose(closed: (finished: boolean) => void): void {
    this.#client.onClose(closed);
  }
}

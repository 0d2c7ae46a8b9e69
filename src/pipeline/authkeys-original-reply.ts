import { STATUS_CODES } from 'node:http';
import type { ErrorCode } from '../core/errors.js';
import type { Reply } from '../core/exchange.js';
import { headerValue, type FlatHeaders } from '../core/headers.js';

/** What the original said of failures that have no status. */
const FAILURES: Partial<Record<ErrorCode, string>> = {
  no_available_replica: 'Failed to connect to LLM server: <urlopen error [Errno 111] Connection refused>',
  upstream_timeout: 'Failed to connect to LLM server: <urlopen error timed out>',
  upstream_error: 'Unexpected error: Remote end closed connection without response',
};

/** The original's body for a failure of the server behind, by its status or by our code; null for a failure it does not know. */
export function errorText(failure: number | ErrorCode | null): string | null {
  if (failure === null) return null;
  if (typeof failure === 'number')
    return written(`Failed to connect to LLM server: HTTP Error ${failure}: ${STATUS_CODES[failure] ?? ''}`);
  const sentence = FAILURES[failure];
  return sentence === undefined ? null : written(sentence);
}

/** Proxied answers have a space behind the colon and no newline. */
function written(sentence: string): string {
  return `{"error": ${JSON.stringify(sentence)}}`;
}

const UNREADABLE = written('Failed to parse response from LLM server');

/** A way back on which what the server behind refuses, and what is no JSON, becomes a 200 with an error inside. Streams pass. */
export class OriginalReply implements Reply {
  readonly inner: Reply;
  /** The answer of the server was taken away and ours was sent. */
  replaced = false;
  readonly #ownHeaders: FlatHeaders;

  constructor(inner: Reply, ownHeaders: FlatHeaders) {
    this.inner = inner;
    this.#ownHeaders = ownHeaders;
  }

  get headSent(): boolean {
    return this.inner.headSent;
  }

  get closed(): boolean {
    return this.inner.closed;
  }

  head(status: number, headers: FlatHeaders): void {
    const text = status < 300 ? textFor(headers) : errorText(status);
    if (text === null) {
      this.inner.head(status, headers);
      return;
    }
    this.replaced = true;
    const bytes = Buffer.from(text);
    this.inner.head(200, [
      'content-type',
      'application/json',
      'content-length',
      String(bytes.length),
      ...this.#ownHeaders,
    ]);
    this.inner.end(bytes);
  }

  flush(): void {
    if (!this.replaced) this.inner.flush();
  }

  write(chunk: Buffer): boolean {
    return this.replaced || this.inner.write(chunk);
  }

  end(chunk?: Buffer): void {
    if (!this.replaced) this.inner.end(chunk);
  }

  destroy(last?: string): void {
    if (!this.replaced) this.inner.destroy(last);
  }

  onDrain(resume: () => void): void {
    this.inner.onDrain(resume);
  }

  onClose(closed: (finished: boolean) => void): void {
    this.inner.onClose(closed);
  }
}

function textFor(headers: FlatHeaders): string | null {
  const type = headerValue(headers, 'content-type')?.toLowerCase() ?? '';
  return type.includes('json') || type.startsWith('text/event-stream') ? null : UNREADABLE;
}

import type { FlatHeaders } from '../core/headers.js';
import { BrokenAnswer } from './broken-answer.js';
import { checkTrailers, parseResponseHead, type ResponseHead } from './response-head.js';

/** Is told what a response is made of, in its order. */
export interface ResponseSink {
  head(status: number, headers: FlatHeaders): void;
  /** The server switched protocols, as was asked; `rest` came right behind the head. */
  switched(headers: FlatHeaders, rest: Buffer): void;
  /** The piece has memory of its own: what the parser reads from is used again. */
  data(piece: Buffer): void;
  end(): void;
}

/** What of a request decides how its response is read. */
export interface Expected {
  /** The head alone was asked for. */
  headOnly: boolean;
  /** It was asked to switch protocols. */
  maySwitch: boolean;
}

/** Status line, headers and everything that came before the final head, and trailers, in bytes. */
const MOST_HEAD_BYTES = 16_384;
const MOST_CHUNK_LINE_BYTES = 256;
/** A size of at most 13 hexadecimal digits, which a number holds exactly; extensions mean nothing to us. */
const CHUNK_LINE = /^([0-9A-Fa-f]{1,13})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const LINE_END = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
const BEGINNING = 'HTTP/1.';
const NOTHING: Buffer = Buffer.alloc(0);

type State = 'head' | 'length' | 'chunk-line' | 'chunk' | 'chunk-end' | 'trailers' | 'close' | 'over';

/**
 * Reads responses in HTTP/1.1 off the bytes of one connection, cut anywhere. Strict: whatever two readers
 * could take differently throws a `BrokenAnswer`. The connection is of no use behind such an error.
 */
export class ResponseParser {
  readonly #sink: ResponseSink;
  #state: State = 'over';
  #expected: Expected = { headOnly: false, maySwitch: false };
  /** The beginning of a head or of a line whose end has not come yet. */
  #held = NOTHING;
  #headBytes = 0;
  /** Of the body or of the chunk. */
  #left = 0;
  #reusable = false;
  #keepAliveSeconds: number | null = null;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** A response is expected from here on. */
  begin(expected: Expected): void {
    this.#state = 'head';
    this.#expected = expected;
    this.#headBytes = 0;
    this.#held = NOTHING;
  }

  /** Takes what came; answers how many bytes of it lie behind the end of the response. */
  push(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && this.#state !== 'over') at = this.#step(bytes, at);
    return bytes.length - at;
  }

  /** Once it came to its end: another request may follow on the connection. */
  get reusable(): boolean {
    return this.#reusable;
  }

  /** Seconds after which the server closes an idle connection, where it said so. */
  get keepAliveSeconds(): number | null {
    return this.#keepAliveSeconds;
  }

  /** The server sends no more. True = that was the end of the response. */
  finish(): boolean {
    if (this.#state !== 'close') return false;
    this.#end();
    return true;
  }

  #step(bytes: Buffer, at: number): number {
    if (this.#state === 'head') return this.#head(bytes, at);
    if (this.#state === 'chunk-line') return this.#chunkLine(bytes, at);
    if (this.#state === 'trailers') return this.#trailers(bytes, at);
    if (this.#state === 'chunk-end') return this.#chunkEnd(bytes, at);
    return this.#body(bytes, at);
  }

  #head(bytes: Buffer, at: number): number {
    const block = this.#block(bytes, at, { mark: HEAD_END, most: MOST_HEAD_BYTES - this.#headBytes });
    if (block === null) return bytes.length;
    const head = parseResponseHead(block.text);
    this.#headBytes += block.text.length;
    if (head.status >= 200) this.#begun(head);
    if (head.status !== 101) return block.next;
    if (!this.#expected.maySwitch) throw new BrokenAnswer('it switches protocols, which was not asked for');
    this.#state = 'over';
    this.#sink.switched(head.headers, Buffer.from(bytes.subarray(block.next)));
    return bytes.length;
  }

  #begun({ status, headers, framing, keepsConnection, keepAliveSeconds }: ResponseHead): void {
    const { kind, bytes } = framing;
    const { headOnly } = this.#expected;
    const isBare = headOnly || status === 204 || status === 304;
    if (isBare && !headOnly && bytes > 0) throw new BrokenAnswer('it has a length where there can be no body');
    // Some servers send a body all the same: nothing that follows it could be told from it.
    this.#reusable = keepsConnection && (isBare ? !headOnly && kind !== 'chunked' : kind !== 'close');
    this.#keepAliveSeconds = keepAliveSeconds;
    this.#sink.head(status, headers);
    if (isBare || (kind === 'length' && bytes === 0)) return this.#end();
    this.#left = bytes;
    this.#state = kind === 'chunked' ? 'chunk-line' : kind;
  }

  #body(bytes: Buffer, at: number): number {
    const isBounded = this.#state !== 'close';
    const to = isBounded ? Math.min(bytes.length, at + this.#left) : bytes.length;
    const piece = Buffer.allocUnsafe(to - at);
    bytes.copy(piece, 0, at, to);
    if (isBounded) this.#left -= piece.length;
    this.#sink.data(piece);
    if (isBounded && this.#left === 0) {
      if (this.#state === 'length') this.#end();
      else this.#state = 'chunk-end';
    }
    return to;
  }

  #chunkLine(bytes: Buffer, at: number): number {
    const block = this.#block(bytes, at, { mark: LINE_END, most: MOST_CHUNK_LINE_BYTES });
    if (block === null) return bytes.length;
    const found = CHUNK_LINE.exec(block.text);
    if (found === null) throw new BrokenAnswer('a chunk does not begin with its size');
    this.#left = Number.parseInt(found[1] ?? '', 16);
    this.#state = this.#left === 0 ? 'trailers' : 'chunk';
    return block.next;
  }

  #chunkEnd(bytes: Buffer, at: number): number {
    const block = this.#block(bytes, at, { mark: LINE_END, most: 0 });
    if (block === null) return bytes.length;
    this.#state = 'chunk-line';
    return block.next;
  }

  #trailers(bytes: Buffer, at: number): number {
    const block = this.#block(bytes, at, { mark: LINE_END, most: MOST_HEAD_BYTES - this.#headBytes });
    if (block === null) return bytes.length;
    this.#headBytes += block.text.length + LINE_END.length;
    if (block.text === '') this.#end();
    else checkTrailers(block.text);
    return block.next;
  }

  #end(): void {
    this.#state = 'over';
    this.#sink.end();
  }

  /**
   * The text up to `mark`, which may have begun in bytes that came before, and where it goes on behind it.
   * Null while the mark has not come; throws when more than `most` bytes stand before it.
   */
  #block(
    bytes: Buffer,
    at: number,
    { mark, most }: { mark: Buffer; most: number },
  ): { text: string; next: number } | null {
    const held = this.#held.length;
    const whole = held === 0 ? bytes : Buffer.concat([this.#held, bytes.subarray(at)]);
    const from = held === 0 ? at : 0;
    const end = whole.indexOf(mark, Math.max(from, held - mark.length + 1));
    if ((end < 0 ? whole.length - mark.length + 1 : end) - from > most)
      throw new BrokenAnswer('its head, a chunk or a trailer is longer than it may be');
    if (end < 0) {
      refuseEarly(whole.toString('latin1', from), mark === HEAD_END);
      this.#held = held === 0 ? Buffer.from(bytes.subarray(at)) : whole;
      return null;
    }
    this.#held = NOTHING;
    return { text: whole.toString('latin1', from, end), next: at + end - from - held + mark.length };
  }
}

/** What can become no head or line any more is not waited for. */
function refuseEarly(text: string, isHead: boolean): void {
  if (isHead && !text.startsWith(BEGINNING.slice(0, text.length)))
    throw new BrokenAnswer('it does not begin with a status line');
  if (/(?:^|[^\r])\n/.test(text)) throw new BrokenAnswer('a line ends with a line feed alone');
}

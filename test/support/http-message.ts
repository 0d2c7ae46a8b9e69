/** A request or response head as it was on the wire. */
export interface Head {
  startLine: string;
  /** Name, value, name, value, in the spelling and order of the wire. */
  headers: string[];
}

/** Takes the first complete head off `buffered`, or answers null while it is incomplete. */
export function takeHead(buffered: Buffer): { head: Head; rest: Buffer } | null {
  const end = buffered.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [startLine = '', ...lines] = buffered.subarray(0, end).toString('latin1').split('\r\n');
  const headers = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { head: { startLine, headers }, rest: buffered.subarray(end + 4) };
}

/** Every value of a header, in order. `name` in lower case. */
export function headerValues(headers: readonly string[], name: string): string[] {
  return headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name);
}

export type Framing = { kind: 'length'; bytes: number } | { kind: 'chunked' } | { kind: 'until-close' };

/** How long the body is, by its head. `whenSilent` says what a head without length and chunking means. */
export function framingOf(headers: readonly string[], whenSilent: Framing): Framing {
  if (headerValues(headers, 'transfer-encoding').length > 0) return { kind: 'chunked' };
  const length = headerValues(headers, 'content-length')[0];
  return length === undefined ? whenSilent : { kind: 'length', bytes: Number(length) };
}

/** Takes a body out of a byte stream piece by piece. */
export class BodyDecoder {
  /** True when the body ended as its framing says; what arrives afterwards is in `rest`. */
  done: boolean;
  rest: Buffer = Buffer.alloc(0);
  readonly #framing: Framing;
  #buffered: Buffer = Buffer.alloc(0);
  #left: number;

  constructor(framing: Framing) {
    this.#framing = framing;
    this.#left = framing.kind === 'length' ? framing.bytes : 0;
    this.done = framing.kind === 'length' && framing.bytes === 0;
  }

  /** The body bytes that `data` completes. */
  push(data: Buffer): Buffer {
    if (this.done) {
      this.rest = Buffer.concat([this.rest, data]);
      return Buffer.alloc(0);
    }
    if (this.#framing.kind === 'until-close') return data;
    if (this.#framing.kind === 'length') return this.#pushLength(data);
    return this.#pushChunked(data);
  }

  #pushLength(data: Buffer): Buffer {
    const taken = data.subarray(0, this.#left);
    this.#left -= taken.length;
    this.done = this.#left === 0;
    this.rest = data.subarray(taken.length);
    return taken;
  }

  #pushChunked(data: Buffer): Buffer {
    this.#buffered = Buffer.concat([this.#buffered, data]);
    const out: Buffer[] = [];
    for (let piece = this.#takeChunk(); piece !== null; piece = this.#takeChunk()) out.push(piece);
    return Buffer.concat(out);
  }

  #takeChunk(): Buffer | null {
    const lineEnd = this.#buffered.indexOf('\r\n');
    if (this.done || lineEnd < 0) return null;
    const size = Number.parseInt(this.#buffered.subarray(0, lineEnd).toString('latin1'), 16);
    if (Number.isNaN(size))
      throw new Error(`not a chunk size: ${this.#buffered.subarray(0, lineEnd).toString('latin1')}`);
    const end = lineEnd + 2 + size + 2;
    if (this.#buffered.length < end) return null;
    const chunk = this.#buffered.subarray(lineEnd + 2, end - 2);
    this.#buffered = this.#buffered.subarray(end);
    if (size > 0) return chunk;
    this.done = true;
    this.rest = this.#buffered;
    return null;
  }
}

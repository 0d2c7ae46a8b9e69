import { Refusal } from '../core/errors.js';
import { readPartHead, type PartHead } from './part-head.js';

/** One part of a form, by its place in the bytes of the body. */
export interface FormPart extends PartHead {
  /** First byte of the value, and first byte after it. */
  from: number;
  to: number;
  /** The value; null for a file, and for a value too long to mean anything to us. */
  text: string | null;
}

const CONTENT_TYPE =
  /^multipart\/form-data *; *boundary=(?:"([0-9A-Za-z'()+_,./:=?-]{1,70})"|([0-9A-Za-z'()+_./:=?-]{1,70}))$/i;
const MAX_PARTS = 128;
const MAX_HEAD_BYTES = 4096;
/** Longer values are passed on unread: they are prompts. */
const LONGEST_READ_BYTES = 65_536;
const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** The boundary a content type names. Refuses with 415 whatever is no form. */
export function boundaryOf(contentType: string | null): string {
  const found = CONTENT_TYPE.exec(contentType ?? '');
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) {
    throw new Refusal('unsupported_media_type', {
      message: 'Send the body as multipart/form-data with a boundary, and nothing else in content-type.',
    });
  }
  return boundary;
}

type State = 'head' | 'value' | 'after' | 'end';

/**
 * Reads a form as it comes, and tells each part when it is whole. Takes only the one form that every
 * reader of it understands alike, and refuses everything else with 400: preambles, folded headers, a
 * boundary with blanks, no last boundary. Files are never kept.
 */
export class PartReader {
  readonly #delimiter: Buffer;
  readonly #onPart: (part: FormPart) => void;
  #state: State = 'after';
  #held: Buffer = Buffer.alloc(0);
  /** Place of the first held byte in the body. */
  #at = 0;
  #begun = false;
  #parts = 0;
  #head: (PartHead & { from: number }) | null = null;
  #value: Buffer[] = [];
  #valueBytes = 0;

  constructor(boundary: string, onPart: (part: FormPart) => void) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
    this.#onPart = onPart;
  }

  push(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    if (!this.#begun && !this.#begin()) return;
    while (this.#step()) {
      // Goes on as long as something was understood.
    }
  }

  /** No more comes. Refuses a form that is not whole. */
  end(): void {
    if (this.#state !== 'end') throw broken('it ends before its last boundary');
  }

  /** The body begins with a boundary, and nothing stands before it. */
  #begin(): boolean {
    const first = this.#delimiter.subarray(2);
    if (this.#held.length < first.length) return false;
    if (this.#held.compare(first, 0, first.length, 0, first.length) !== 0)
      throw broken('it does not begin with its boundary');
    this.#begun = true;
    this.#take(first.length);
    return true;
  }

  #step(): boolean {
    switch (this.#state) {
      case 'after':
        return this.#afterBoundary();
      case 'head':
        return this.#readHead();
      case 'value':
        return this.#readValue();
      case 'end':
        return this.#behindEnd();
    }
  }

  #afterBoundary(): boolean {
    if (this.#held.length < 2) return false;
    const next = this.#held.toString('latin1', 0, 2);
    if (next !== '\r\n' && next !== '--') throw broken('a boundary is followed by something else');
    if (next === '--' && this.#parts === 0) throw broken('it has no part');
    this.#state = next === '--' ? 'end' : 'head';
    this.#take(2);
    return true;
  }

  #readHead(): boolean {
    const end = this.#held.indexOf(END_OF_HEAD);
    if (end > MAX_HEAD_BYTES || (end < 0 && this.#held.length > MAX_HEAD_BYTES))
      throw broken('a part has too long headers');
    if (end < 0) return false;
    this.#parts += 1;
    if (this.#parts > MAX_PARTS) throw broken(`it has more than ${MAX_PARTS} parts`);
    const head = readPartHead(this.#held.toString('utf8', 0, end));
    // The blank line stays: a boundary right behind it would be one for some readers and text for others.
    this.#take(end + 2);
    this.#head = { ...head, from: this.#at + 2 };
    this.#value = [];
    this.#valueBytes = 0;
    this.#state = 'value';
    return true;
  }

  #readValue(): boolean {
    const end = this.#held.indexOf(this.#delimiter);
    const known = end < 0 ? Math.max(0, this.#held.length - this.#delimiter.length + 1) : end;
    if (end === 0 && this.#valueBytes === 0) throw broken('a part ends before its value');
    this.#keep(this.#held.subarray(0, known));
    this.#take(known);
    if (end < 0) return false;
    this.#tell();
    this.#take(this.#delimiter.length);
    this.#state = 'after';
    return true;
  }

  #tell(): void {
    const head = this.#head;
    if (head === null) return;
    const kept = !head.isFile && this.#valueBytes <= LONGEST_READ_BYTES;
    const text = kept ? Buffer.concat(this.#value).toString('utf8', 2) : null;
    this.#onPart({ ...head, to: Math.max(this.#at, head.from), text });
  }

  #keep(bytes: Buffer): void {
    this.#valueBytes += bytes.length;
    if (this.#head?.isFile === false && this.#valueBytes <= LONGEST_READ_BYTES + 2) this.#value.push(bytes);
  }

  #behindEnd(): boolean {
    if (this.#held.length === 0) return false;
    if (!'\r\n'.startsWith(this.#held.toString('latin1'))) throw broken('something stands behind its last boundary');
    return false;
  }

  #take(count: number): void {
    this.#held = this.#held.subarray(count);
    this.#at += count;
  }
}

export function broken(what: string): Refusal {
  return new Refusal('bad_request', { message: `The form was refused: ${what}.` });
}

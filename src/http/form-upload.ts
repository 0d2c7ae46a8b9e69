import { Refusal } from '../core/errors.js';
import { edited, type Edit } from './edit.js';
import { PartReader, type FormPart } from './multipart.js';
import { FormReading } from './read-form.js';

/** Where the bytes of an upload come from, as they come. */
export interface UploadSource {
  /** Resolves when all of it came; rejects with a Refusal. */
  whole: Promise<void>;
  /** Goes on after `take` answered false. */
  resume(): void;
}

/** So much of a form is held while its model is not known. Behind that, all of it is. */
const HELD_BYTES = 65_536;

/**
 * A form on its way: held until its model is known, then passed on piece by piece as the model server
 * takes it, and read all the while. What is found wrong later breaks it off before its last boundary.
 */
export class FormUpload {
  readonly form = new FormReading();
  /** Bytes that came so far. */
  received = 0;
  /** Bytes that had come when the beginning was taken. */
  begunBytes = 0;
  /** Judges parts that come when the beginning is already on its way. */
  judgeLate: (part: FormPart) => void = () => {};
  readonly #reader: PartReader;
  readonly #source: UploadSource;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #ended = false;
  #failure: Refusal | null = null;
  #begun = false;
  #unwanted = false;
  #wake: () => void = () => {};

  constructor(boundary: string, open: (take: (chunk: Buffer) => boolean) => UploadSource) {
    this.#reader = new PartReader(boundary, (part) => {
      this.form.take(part);
      if (this.#begun) this.judgeLate(part);
    });
    this.#source = open((chunk) => this.#take(chunk));
    this.#source.whole.then(
      () => this.#finish(),
      (cause: unknown) => this.#fail(cause),
    );
  }

  /** Resolves when the model is known, or all of it came. */
  async known(): Promise<void> {
    await this.#until(() => this.#ended || this.form.head.modelAt !== null);
  }

  /** All of it is here, so it can be sent again. */
  get isWhole(): boolean {
    return this.#ended;
  }

  /** What came so far, with these places replaced, as the beginning of what is sent. Call once. */
  begin(edits: readonly Edit[]): Buffer {
    this.#begun = true;
    this.begunBytes = this.#heldBytes;
    const first = edited(Buffer.concat(this.#held), edits);
    this.#drop();
    return first;
  }

  /** The rest, as it comes. Throws the Refusal of whatever is found wrong. */
  async *rest(): AsyncGenerator<Buffer> {
    for (;;) {
      const pieces = this.#held;
      this.#drop();
      yield* pieces;
      if (this.#held.length > 0) continue;
      if (this.#failure !== null) throw this.#failure;
      if (this.#ended || this.#unwanted) return;
      this.#source.resume();
      await this.#until(() => this.#held.length > 0 || this.#ended || this.#unwanted);
    }
  }

  /** Nobody takes it any more: what still comes is thrown away, so that the connection lives on. */
  discard(): void {
    this.#unwanted = true;
    this.#drop();
    this.#wake();
    this.#source.resume();
  }

  #take(chunk: Buffer): boolean {
    this.received += chunk.length;
    if (this.#unwanted) return true;
    this.#reader.push(chunk);
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    this.#wake();
    return this.#heldBytes < HELD_BYTES || (!this.#begun && this.form.head.modelAt === null);
  }

  #finish(): void {
    try {
      if (!this.#unwanted) this.#reader.end();
    } catch (cause) {
      return this.#fail(cause);
    }
    this.#ended = true;
    this.#wake();
  }

  #fail(cause: unknown): void {
    this.#failure = cause instanceof Refusal ? cause : new Refusal('internal', { cause });
    this.#ended = true;
    this.#wake();
  }

  #drop(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  /** Waits for something true; throws what went wrong before it was. */
  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#failure !== null) throw this.#failure;
  }
}

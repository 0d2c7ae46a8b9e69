import type { IncomingAnswer, OutgoingRequest } from './transport.js';

/** The request was broken off on our side. */
export class Aborted extends Error {
  override readonly name = 'Aborted';
  readonly code = 'ABORTED';
}

/** One request on its way and the answer to it, until either of them is over. */
export class Delivery {
  readonly request: OutgoingRequest;
  /** The head of the request as it travels. */
  readonly head: string;
  readonly answer: IncomingAnswer;
  /** Breaks the connection it is on; does nothing while it has none. */
  disconnect: () => void = nothing;
  #over = false;

  constructor(request: OutgoingRequest, head: string, answer: IncomingAnswer) {
    this.request = request;
    this.head = head;
    this.answer = answer;
  }

  /** Nothing more is told to the answer. */
  get over(): boolean {
    return this.#over;
  }

  /** The answer came to its end. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.answer.end();
  }

  fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.answer.fail(error);
  }

  /** The connection is somebody else's now. */
  handOver(): void {
    this.#over = true;
  }

  /** Breaks it off, in any phase. */
  abort(): void {
    if (this.#over) return;
    this.disconnect();
    this.fail(new Aborted());
  }
}

function nothing(): void {}

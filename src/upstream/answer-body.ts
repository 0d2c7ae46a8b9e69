import { EndMarks, JsonBalance } from './completeness.js';
import { LineFrames } from './line-frames.js';
import { SseFrames, type Frames } from './sse-frames.js';

export interface BodyKind {
  /** Media type in lower case. */
  type: string;
  /** Its head tells where it ends. */
  framed: boolean;
  /** Byte strings one of which stands in the last event of a complete stream; none = the framing decides. */
  endMarks: readonly Buffer[];
}

/** The body of an answer on its way: in whole events where it is a stream of them, and watched for its end. */
export class AnswerBody {
  readonly isStream: boolean;
  readonly #frames: Frames | null;
  readonly #marks: EndMarks | null = null;
  readonly #balance: JsonBalance | null = null;

  constructor({ type, framed, endMarks }: BodyKind) {
    this.#frames = framesOf(type);
    this.isStream = this.#frames !== null;
    if (this.isStream) {
      this.#marks = new EndMarks(endMarks);
    } else if (!framed && type.includes('json')) {
      this.#balance = new JsonBalance();
    }
  }

  /** What may travel on now; empty while an event is not whole. */
  push(chunk: Buffer): Buffer {
    this.#balance?.push(chunk);
    if (this.#frames === null) return chunk;
    const events = this.#frames.push(chunk);
    if (events.length > 0) this.#marks?.push(events);
    return events;
  }

  /** An event is longer than an event may be. */
  get overfull(): boolean {
    return this.#frames?.overfull === true;
  }

  /** The end was reached: what of it has not travelled on. */
  end(): Buffer | undefined {
    const rest = this.#frames?.held;
    if (rest === undefined || rest.length === 0) return undefined;
    this.#marks?.push(rest);
    return rest;
  }

  /** Why it is not whole, or null. */
  get cutReason(): string | null {
    if (this.#marks !== null && !this.#marks.finished) return 'the stream ended without its end mark';
    if (this.#balance !== null && !this.#balance.whole) return 'the connection closed in the middle of the answer';
    return null;
  }
}

/** Streams come as events, or as one JSON object a line. */
function framesOf(type: string): Frames | null {
  if (type.startsWith('text/event-stream')) return new SseFrames();
  return type.startsWith('application/x-ndjson') ? new LineFrames() : null;
}

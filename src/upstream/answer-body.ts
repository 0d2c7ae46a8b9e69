import { EndMarks, JsonBalance } from './completeness.js';
import { LineFrames } from './line-frames.js';
import type { AnswerTap, RelaySettings } from './relay-settings.js';
import { SseFrames, type Frames } from './sse-frames.js';

export interface BodyKind {
  status: number;
  /** Media type in lower case. */
  type: string;
  /** Its head tells where it ends. */
  framed: boolean;
}

/** The body of an answer on its way: in whole events where it is a stream of them, and watched for its end. */
export class AnswerBody {
  readonly isStream: boolean;
  readonly #frames: Frames | null;
  readonly #marks: EndMarks | null = null;
  readonly #balance: JsonBalance | null = null;
  readonly #tap: AnswerTap | null;

  /** An end mark stands in the last event of a complete stream; where the dialect has none, the framing decides. */
  constructor({ status, type, framed }: BodyKind, { dialect, tap = null }: Pick<RelaySettings, 'dialect' | 'tap'>) {
    this.#tap = tap;
    this.#frames = framesOf(type);
    this.isStream = this.#frames !== null;
    if (this.isStream) {
      this.#marks = new EndMarks(status === 200 ? dialect.endMarks : []);
    } else if (!framed && type.includes('json')) {
      this.#balance = new JsonBalance();
    }
    tap?.begin({ status, type, isStream: this.isStream });
  }

  /** What may travel on now; empty while an event is not whole. */
  push(chunk: Buffer): Buffer {
    this.#balance?.push(chunk);
    if (this.#frames === null) return this.#tapped(chunk);
    const events = this.#frames.push(chunk);
    if (events.length === 0) return events;
    this.#marks?.push(events);
    return this.#tapped(events);
  }

  /** What may travel on has travelled on: the rest is more than the caller may have. */
  get spent(): boolean {
    return this.#tap?.spent === true;
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
    return this.#tapped(rest);
  }

  /** Why it is not whole, or null. */
  get cutReason(): string | null {
    if (this.#marks !== null && !this.#marks.finished) return 'the stream ended without its end mark';
    if (this.#balance !== null && !this.#balance.whole) return 'the connection closed in the middle of the answer';
    return null;
  }

  #tapped(bytes: Buffer): Buffer {
    return this.#tap === null ? bytes : this.#tap.push(bytes);
  }
}

/** Streams come as events, or as one JSON object a line. */
function framesOf(type: string): Frames | null {
  if (type.startsWith('text/event-stream')) return new SseFrames();
  return type.startsWith('application/x-ndjson') ? new LineFrames() : null;
}

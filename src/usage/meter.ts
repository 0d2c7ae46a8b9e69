import type { Certainty } from './ledger.js';

/** What an answer used, as far as it went by. */
export interface Counted {
  /** Null = the answer did not tell. */
  inputTokens: number | null;
  outputTokens: number;
  cachedTokens: number | null;
  /** Of the output tokens. */
  certainty: Certainty;
  /** Seconds the engine worked, where it told. */
  gpuSeconds: number | null;
}

/** Reads the use of one answer on its way. Works on bytes, keeps numbers and never text, and holds a bounded piece at most. */
export interface Meter {
  /**
   * Whole events of a stream, or a piece of any other body. Answers what may travel on: the same bytes,
   * without what the client did not ask for and we did.
   */
  push(bytes: Buffer): Buffer;
  /**
   * Output tokens that went by so far, for holding a stream to its budget: an event that carries no output
   * of the model never raises it, whatever total it tells.
   */
  readonly outputTokens: number;
  /** Of everything pushed so far. */
  counted(): Counted;
}

/** What the meter of an answer has to know. */
export interface MeterSettings {
  /** The contract the answer is written in. */
  words: 'openai' | 'responses' | 'anthropic' | 'ollama' | 'llama.cpp' | 'websocket' | 'own';
  /** Of the answer, as it came. */
  contentType: string;
  /** Whole events or lines are pushed, not pieces cut anywhere. */
  stream: boolean;
  /** An event that holds nothing but the usage is there because we asked, and does not travel on. */
  hideUsage: boolean;
  /** The answer is made of tokens, unlike vectors and scores: those of it that nobody tells are counted. */
  countOutput: boolean;
}

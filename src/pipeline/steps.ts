import type { Maybe } from '../core/maybe.js';
import type { Exchange } from './exchange.js';
import type { StepName } from './routes.js';

/** One stage: answers one question, adds one thing to the record, refuses by throwing a `Refusal`. */
export type Step = (exchange: Exchange) => Maybe<void>;

export type Steps = Readonly<Record<StepName, Step>>;

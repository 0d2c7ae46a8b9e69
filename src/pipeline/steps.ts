import type { Maybe } from '../core/maybe.js';
import type { Exchange } from './exchange.js';

/** One stage: answers one question, adds one thing to the record, refuses by throwing a `Refusal`. */
export type Step = (exchange: Exchange) => Maybe<void>;

export type StepName =
  | 'identify'
  | 'identifyAdmin'
  | 'authorize'
  | 'readBody'
  | 'readAdminBody'
  | 'authorizeModel'
  | 'continueResponse'
  | 'findResponse'
  | 'forward'
  | 'answerModels'
  | 'answerAdmin'
  | 'answerAlive'
  | 'answerReady'
  | 'answerName';

export type Steps = Readonly<Record<StepName, Step>>;

import type { Parts } from './parts.js';
import { createAuthkeysGate } from './step-authkeys-gate.js';
import { createAuthkeysForward, createAuthkeysModel, createAuthkeysModels } from './step-authkeys-proxy.js';
import {
  answerAuthkeysOptions,
  createAuthkeysCreate,
  createAuthkeysList,
  createAuthkeysRevoke,
  refuseUnmatched,
} from './step-authkeys-tokens.js';
import type { Steps } from './steps.js';

/** The stages of authkeys listeners. */
export function createAuthkeysSteps(parts: Parts): Pick<Steps, Extract<keyof Steps, `authkeys${string}`>> {
  return {
    authkeysOptions: answerAuthkeysOptions,
    authkeysGate: createAuthkeysGate(parts),
    authkeysUnmatched: refuseUnmatched,
    authkeysList: createAuthkeysList(parts),
    authkeysCreate: createAuthkeysCreate(parts),
    authkeysRevoke: createAuthkeysRevoke(parts),
    authkeysModels: createAuthkeysModels(parts),
    authkeysModel: createAuthkeysModel(parts),
    authkeysForward: createAuthkeysForward(parts),
  };
}

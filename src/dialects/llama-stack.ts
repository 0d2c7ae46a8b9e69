import type { Dialect } from '../core/exchange.js';
import type { Refusal } from '../core/errors.js';
import { openai, plain, responses } from './openai.js';

const MISSING = 'Authentication required. Please provide your API key as a Bearer token in the Authorization header';

/** The words of the contract where it has any, ours where it has none; members that would be null are left out. */
function errorBody(refusal: Refusal): string {
  const usual = refusal.code === 'missing_api_key' ? MISSING : refusal.publicMessage;
  return JSON.stringify({ error: { message: refusal.inContract ?? usual } });
}

/** A Llama Stack or OGX server: refusals of its own, answers and streams of OpenAI. */
export const llamaStack: Dialect = { ...openai, errorBody, unchallenged: true };
export const llamaStackResponses: Dialect = { ...responses, errorBody, unchallenged: true };
export const llamaStackPlain: Dialect = { ...plain, errorBody, unchallenged: true };

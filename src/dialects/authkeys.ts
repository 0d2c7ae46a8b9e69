import type { ErrorCode } from '../core/errors.js';
import type { Dialect } from '../core/exchange.js';
import { plain } from './openai.js';

/** The sentences clients of Llama-Server-AuthKeys know. */
const SENTENCES: Partial<Record<ErrorCode, string>> = {
  missing_api_key: 'Authentication token required',
  invalid_api_key: 'Invalid token',
  missing_scope: 'Insufficient permissions',
};

/** JSON as Llama-Server-AuthKeys writes it: compact, ASCII alone, a newline at the end. Members must come in the order of the alphabet. */
export function authkeysJson(value: object): string {
  return `${inAscii(JSON.stringify(value))}\n`;
}

function inAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The refusals of Llama-Server-AuthKeys, over the streams of the API that is behind. */
export function authkeysOver(base: Dialect): Dialect {
  return {
    ...base,
    errorType: 'application/json',
    unchallenged: true,
    errorBody: (refusal) =>
      authkeysJson({ error: SENTENCES[refusal.code] ?? refusal.inContract ?? refusal.publicMessage }),
  };
}

/** Refusals of Llama-Server-AuthKeys where nothing is streamed. */
export const authkeys: Dialect = authkeysOver(plain);

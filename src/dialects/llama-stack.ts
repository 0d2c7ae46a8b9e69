import type { Dialect } from '../core/exchange.js';
import type { Refusal } from '../core/errors.js';
import { openai, plain, responses } from './openai.js';

const MISSING = 'Authentication required. Please provide your API key as a Bearer token in the Authorization header';

/** How the routes of a Llama Stack or OGX server word their refusals; answers and streams are those of OpenAI. */
export interface StackDialects {
  usual: Dialect;
  responses: Dialect;
  plain: Dialect;
}

/** Members that would be null are left out. */
export const llamaStack = dialects((message) => JSON.stringify({ error: { message } }));

/** The same as the first generations wrote it: with spaces between the members. */
export const firstLlamaStack = dialects((message) => `{"error": {"message": ${JSON.stringify(message)}}}`);

function dialects(written: (message: string) => string): StackDialects {
  const words = { errorBody: (refusal: Refusal) => written(messageOf(refusal)), unchallenged: true } as const;
  return { usual: { ...openai, ...words }, responses: { ...responses, ...words }, plain: { ...plain, ...words } };
}

/** The words of the contract where it has any, ours where it has none. */
function messageOf({ code, inContract, publicMessage }: Refusal): string {
  return inContract ?? (code === 'missing_api_key' ? MISSING : publicMessage);
}

import type { Dialect } from '../core/exchange.js';
import { openai } from './openai.js';

const UNAUTHORIZED = JSON.stringify({ error: 'Unauthorized' });
const NO_REPLICA = JSON.stringify({
  detail: 'No ready replicas. Use "sky serve status [SERVICE_NAME]" to check the replica status.',
});

/** A dialect with the two bodies that clients of a SkyServe endpoint know: vLLM's 401, which goes without a challenge, and the balancer's 503. */
export function withSkyserveWords(dialect: Dialect): Dialect {
  return {
    ...dialect,
    unchallenged: true,
    errorBody(refusal, requestId) {
      if (refusal.status === 401) return UNAUTHORIZED;
      if (refusal.code === 'no_available_replica') return NO_REPLICA;
      return dialect.errorBody(refusal, requestId);
    },
  };
}

export const skyserve: Dialect = withSkyserveWords(openai);

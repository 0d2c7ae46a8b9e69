import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './problem.js';
import { SESSION } from './session.js';

/** What was read stays good this long; what changes by the second comes over the live stream instead. */
const FRESH_MS = 5_000;

/** Made once by main. A 401 anywhere means that the session ended: the sign-in page takes over. */
export function createQueryClient(): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({ onError: (error, query) => query.queryKey[0] !== SESSION[0] && noticeEnd(error) }),
    mutationCache: new MutationCache({
      // Of four arguments the last is the mutation: only a refused sign-in does not mean that a session ended.
      onError: (...[error, , , mutation]) => mutation.meta?.['signIn'] !== true && noticeEnd(error),
    }),
    defaultOptions: {
      queries: { staleTime: FRESH_MS, retry: (failures, error) => failures < 1 && !(error instanceof ApiProblem) },
    },
  });
  const noticeEnd = (error: Error): void => {
    if (error instanceof ApiProblem && error.status === 401) client.setQueryData(SESSION, null);
  };
  return client;
}

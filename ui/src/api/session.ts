import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, use } from 'react';
import type { SessionBody } from '../../../src/admin/contract-session.js';
import { api, pathOf } from './client.js';
import { ApiProblem } from './problem.js';

/** A one-time link, a key, or neither: then a proxy in front has to say who asks. */
export type Proof = { link: string } | { key: string } | Record<string, never>;

export const SESSION = ['session'] as const;

/**
 * The session, or null when nobody is signed in. `enabled` is false while a link is used: an answer from
 * before would say "nobody" after the link signed in.
 */
export function useSessionQuery(enabled: boolean) {
  return useQuery({ queryKey: SESSION, queryFn: ({ signal }) => presentSession(signal), staleTime: 60_000, enabled });
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (proof: Proof) => api.post<SessionBody>(pathOf('/session'), proof),
    meta: { signIn: true },
    // The query was begun before there was a session; its late answer must not sign out again.
    onMutate: () => client.cancelQueries({ queryKey: SESSION }),
    onSuccess: (session) => client.setQueryData(SESSION, session),
  });
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.delete(pathOf('/session')),
    onSettled: () => {
      client.setQueryData(SESSION, null);
      // What was read belongs to who was signed in.
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION[0] });
    },
  });
}

async function presentSession(signal: AbortSignal): Promise<SessionBody | null> {
  try {
    return await api.get<SessionBody>(pathOf('/session'), signal);
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return sessionByProxy();
    throw error;
  }
}

/** Where a trusted proxy says who asks, nobody has to sign in by hand. */
async function sessionByProxy(): Promise<SessionBody | null> {
  try {
    return await api.post<SessionBody>(pathOf('/session'), {});
  } catch (error) {
    if (error instanceof ApiProblem) return null;
    throw error;
  }
}

export const SessionContext = createContext<SessionBody | null>(null);

/** The session of a page behind the sign-in. */
export function useSession(): SessionBody {
  const session = use(SessionContext);
  if (session === null) throw new Error('useSession is for pages that stand behind the sign-in');
  return session;
}

/** True when one of the session's scopes is `needed`, stands above it, or is `admin`. */
export function holds(session: SessionBody, needed: string): boolean {
  return (
    session.kind === 'operator' ||
    session.scopes.some((scope) => scope === needed || scope === 'admin' || needed.startsWith(`${scope}:`))
  );
}

/**
 * Why the session may not do something that needs `scope`, as a sentence for a tooltip; null = it may.
 * `installation` marks what concerns all owners, which a key that has an owner cannot do.
 */
export function refusalOf(session: SessionBody, scope: string, installation = false): string | null {
  if (!holds(session, scope)) return `Needs the scope ${scope}, which this session does not have.`;
  if (installation && session.owner !== null) return 'Concerns the whole installation: needs a key that has no owner.';
  return null;
}

/** The same for the session of this page. */
export function useRefusal(scope: string, installation = false): string | null {
  return refusalOf(useSession(), scope, installation);
}

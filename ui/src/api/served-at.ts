import { useQuery } from '@tanstack/react-query';
import type { StatusBody } from '../../../src/admin/contract-gateway.js';
import { api, pathOf } from './client.js';
import { refusalOf, useSession } from './session.js';

/** Where the inference API is served, as far as the session may know: null = it is not known. */
interface ServedAt {
  here: boolean | null;
  elsewhere: readonly string[];
}

/** A page may speak to its own address only, so a chat needs a listener that serves `admin` and `api`. */
export function useServedAt(): ServedAt {
  const allowed = refusalOf(useSession(), 'replicas:read', true) === null;
  const { data } = useQuery({
    queryKey: ['status'],
    queryFn: ({ signal }) => api.get<StatusBody>(pathOf('/status'), signal),
    enabled: allowed,
  });
  if (data === undefined) return { here: null, elsewhere: [] };
  const mine = data.listeners.find(({ url }) => portOf(new URL(url)) === portOf(window.location));
  const elsewhere = data.listeners
    .filter(({ serve, profile }) => serve.includes('api') && profile === 'openai')
    .map(({ url }) => url);
  // Behind a proxy the port of this page is not one of ours.
  return { here: mine === undefined ? null : mine.serve.includes('api'), elsewhere };
}

function portOf({ port, protocol }: { port: string; protocol: string }): string {
  return port === '' ? (protocol === 'https:' ? '443' : '80') : port;
}

/** Where programs reach the inference API, for examples: this page's own address unless it is known to be another. */
export function useApiOrigin(): string {
  const { here, elsewhere } = useServedAt();
  return here === false ? (elsewhere[0] ?? window.location.origin) : window.location.origin;
}

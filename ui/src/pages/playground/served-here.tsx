import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { StatusBody } from '../../../../src/admin/contract-gateway.js';
import { api, pathOf } from '../../api/client.js';
import { refusalOf, useSession } from '../../api/session.js';

/** Where the inference API is served, as far as the session may know: null = it is not known. */
export interface ServedAt {
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
  const elsewhere = data.listeners.filter(({ serve }) => serve.includes('api')).map(({ url }) => url);
  // Behind a proxy the port of this page is not one of ours.
  return { here: mine === undefined ? null : mine.serve.includes('api'), elsewhere };
}

function portOf({ port, protocol }: { port: string; protocol: string }): string {
  return port === '' ? (protocol === 'https:' ? '443' : '80') : port;
}

/** Says that the chat cannot work at this address, and what to do. */
export function NotServedHere({ elsewhere }: { elsewhere: readonly string[] }) {
  return (
    <Alert color="yellow" title="This address does not serve the inference API">
      A page may only speak to its own address, so the playground needs a listener with <code>serve: [api, admin]</code>
      . Open the web UI at such a listener, or send the same with curl
      {elsewhere.length > 0 && (
        <>
          {' '}
          to <code>{elsewhere.join(', ')}</code>
        </>
      )}
      .
    </Alert>
  );
}

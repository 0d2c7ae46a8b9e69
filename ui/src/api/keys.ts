import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type {
  CreatedKeyBody,
  KeyBody,
  KeyChangeBody,
  NewKeyBody,
  RevokedBody,
  RotatedKeyBody,
} from '../../../src/admin/contract-key.js';
import { api, freshToken, pathOf } from './client.js';
import { everyPage } from './every-page.js';

export type { CreatedKeyBody, KeyBody, KeyChangeBody, NewKeyBody, RevokedBody, RotatedKeyBody };

const MOST_KEYS = 20_000;
const KEYS = 'keys';
const KEY = 'key';

/** All keys as far as they fit. `complete` is false when there are more than twenty thousand. */
export interface AllKeys {
  keys: readonly KeyBody[];
  complete: boolean;
}

export const allKeysQuery = queryOptions({
  queryKey: [KEYS],
  queryFn: async ({ signal }): Promise<AllKeys> => {
    const { rows, cut } = await everyPage<KeyBody>({ path: '/keys', signal, most: MOST_KEYS });
    return { keys: rows, complete: !cut };
  },
  staleTime: 30_000,
});

/** One key, with what is stored about it. */
export function useKey(id: string) {
  return useQuery({
    queryKey: [KEY, id],
    queryFn: ({ signal }) => api.get<KeyBody>(pathOf(`/keys/${encodeURIComponent(id)}`), signal),
  });
}

/** The keys that die with this one: derived from it, and from those. */
export function descendantsOf(id: string, keys: readonly KeyBody[]): KeyBody[] {
  const children = Map.groupBy(keys, (key) => key.parent_id);
  const below = (parent: string): KeyBody[] =>
    (children.get(parent) ?? []).flatMap((child) => [child, ...below(child.id)]);
  return below(id);
}

/** What every change of keys makes out of date. */
function useAfterChange(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await Promise.all([KEYS, KEY, 'streams'].map((name) => client.invalidateQueries({ queryKey: [name] })));
  };
}

/** Answers hold the secret: they are kept out of every cache and die with the dialog. */
const SECRET = { gcTime: 0 } as const;

export function useCreateKey() {
  const onSuccess = useAfterChange();
  return useMutation({
    // Sent once more by the network it makes no second key.
    mutationFn: (wanted: NewKeyBody) =>
      api.post<CreatedKeyBody>(pathOf('/keys'), wanted, { 'idempotency-key': freshToken() }),
    onSuccess,
    ...SECRET,
  });
}

export function useDeriveKey(parentId: string) {
  const onSuccess = useAfterChange();
  return useMutation({
    mutationFn: (wanted: NewKeyBody) => api.post<CreatedKeyBody>(keyPath(parentId, 'derive'), wanted),
    onSuccess,
    ...SECRET,
  });
}

export function useRotateKey(id: string) {
  const onSuccess = useAfterChange();
  return useMutation({
    mutationFn: (overlapSeconds: number) =>
      api.post<RotatedKeyBody>(keyPath(id, 'rotate'), { overlap_seconds: overlapSeconds }),
    onSuccess,
    ...SECRET,
  });
}

export function useChangeKey(id: string) {
  const onSuccess = useAfterChange();
  return useMutation({ mutationFn: (change: KeyChangeBody) => api.patch<KeyBody>(keyPath(id), change), onSuccess });
}

export function useSwitchKey(id: string) {
  const onSuccess = useAfterChange();
  return useMutation({
    mutationFn: (act: 'enable' | 'disable') => api.post<KeyBody & { streams_ended: number }>(keyPath(id, act)),
    onSuccess,
  });
}

export function useRevokeKey(id: string) {
  const onSuccess = useAfterChange();
  return useMutation({
    mutationFn: (reason: string | null) => api.post<RevokedBody>(keyPath(id, 'revoke'), { reason }),
    onSuccess,
  });
}

function keyPath(id: string, act?: string): string {
  return pathOf(`/keys/${encodeURIComponent(id)}${act === undefined ? '' : `/${act}`}`);
}

import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { RequestListBody, RequestRowBody } from '../../../../src/admin/contract-activity.js';
import { api, pathOf } from '../../api/client.js';
import { useLive, type LiveState } from '../../api/live.js';
import { fits, parametersOf, type RequestFilter } from './request-filter.js';

const ROWS_AT_A_TIME = 200;
/** Rows that came live and are kept; the log itself has all of them. */
const MOST_LIVE_ROWS = 1000;

export interface RequestTail {
  rows: RequestRowBody[] | undefined;
  error: Error | null;
  live: LiveState;
  paused: boolean;
  /** Rows that came since the pause began. */
  held: number;
  /** Rows that came faster than they are sent here; the log has them. */
  skipped: number;
  /** Absent: there are no older ones. */
  readOlder: (() => void) | undefined;
  readingOlder: boolean;
  setPaused(paused: boolean): void;
  readAgain(): void;
}

interface Arrived {
  shown: readonly RequestRowBody[];
  /** Came while nothing was to move. */
  held: readonly RequestRowBody[];
  skipped: number;
}

const NOTHING: Arrived = { shown: [], held: [], skipped: 0 };

/** The log, newest first, with what finishes now in front. */
export function useRequestTail(filter: RequestFilter): RequestTail {
  const [arrived, setArrived] = useState(NOTHING);
  const [paused, setPaused] = useState(false);
  const log = useLog(filter);
  const readAgain = (): void => {
    setArrived(NOTHING);
    log.readAgain();
  };
  const live = useLive(
    {
      requests: ({ data, skipped }) => setArrived((before) => withNew(before, { rows: data, skipped, paused })),
    },
    readAgain,
  );
  const rows = useMemo(() => log.rows && merged(arrived.shown, log.rows, filter), [arrived.shown, log.rows, filter]);
  return {
    ...log,
    rows,
    live,
    paused,
    held: useMemo(() => arrived.held.filter((row) => fits(row, filter)).length, [arrived.held, filter]),
    skipped: arrived.skipped,
    setPaused(stop) {
      setPaused(stop);
      if (!stop) setArrived(({ shown, held, skipped }) => ({ shown: bounded([...held, ...shown]), held: [], skipped }));
    },
    readAgain,
  };
}

function useLog(filter: RequestFilter) {
  const client = useQueryClient();
  const parameters = parametersOf(filter);
  const queryKey = ['requests', 'tail', parameters];
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) =>
      api.get<RequestListBody>(pathOf('/requests', { ...parameters, limit: ROWS_AT_A_TIME, after: pageParam }), signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    // What is new comes live; reading again would fetch every page that was opened.
    staleTime: Infinity,
    gcTime: 0,
  });
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = query;
  return {
    rows: useMemo(() => data?.pages.flatMap((page) => page.data), [data]),
    error,
    readOlder: hasNextPage ? () => void fetchNextPage() : undefined,
    readingOlder: isFetchingNextPage,
    readAgain: () => void client.resetQueries({ queryKey }),
  };
}

function withNew(
  { shown, held, skipped: before }: Arrived,
  { rows, skipped, paused }: { rows: readonly RequestRowBody[]; skipped: number; paused: boolean },
): Arrived {
  const fresh = rows.toSorted((left, right) => right.started_at - left.started_at);
  return paused
    ? { shown, held: bounded([...fresh, ...held]), skipped: before + skipped }
    : { shown: bounded([...fresh, ...shown]), held, skipped: before + skipped };
}

function bounded(rows: RequestRowBody[]): RequestRowBody[] {
  return rows.slice(0, MOST_LIVE_ROWS);
}

/** A row may come live and stand in the log that was read too. */
function merged(
  live: readonly RequestRowBody[],
  logged: readonly RequestRowBody[],
  filter: RequestFilter,
): RequestRowBody[] {
  const known = new Set(logged.map(({ id }) => id));
  return [...live.filter((row) => !known.has(row.id) && fits(row, filter)), ...logged];
}

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import { after } from '../clock.js';
import { pathOf } from './client.js';
import type { OverviewEventBody, RequestsEventBody, StreamsEventBody } from '../../../src/admin/contract-live.js';
import { SESSION } from './session.js';

/** What each topic sends. */
export interface LiveEvents {
  overview: OverviewEventBody;
  streams: StreamsEventBody;
  requests: RequestsEventBody;
}
export type LiveTopic = keyof LiveEvents;
export type LiveState = 'connecting' | 'live' | 'lost';
export type LiveHandlers = { [Topic in LiveTopic]?: (event: LiveEvents[Topic]) => void };

const TRY_AGAIN_MS = 5_000;

/**
 * Follows topics of the gateway while the page is shown. Events that were missed while the line was
 * broken are lost: `onBack` reads again what the page shows.
 */
export function useLive(handlers: LiveHandlers, onBack: () => void): LiveState {
  const [state, setState] = useState<LiveState>('connecting');
  const client = useQueryClient();
  const topics = Object.keys(handlers).sort().join(',');
  const deliver = useEffectEvent((topic: LiveTopic, data: string) => {
    (handlers[topic] as ((event: unknown) => void) | undefined)?.(JSON.parse(data));
  });
  const back = useEffectEvent(onBack);

  useEffect(
    () =>
      follow(topics, {
        state: setState,
        event: (topic, data) => deliver(topic, data),
        back: () => back(),
        // Refused for good: most likely the session ended, which asking for it makes known.
        refused: () => void client.invalidateQueries({ queryKey: SESSION }),
      }),
    [topics, client],
  );
  return state;
}

/** Does `work` once, `periodMs` after it was first asked for; whatever is asked meanwhile is the same work. */
export function useAtMostEvery(periodMs: number, work: () => void): () => void {
  const cancel = useRef<(() => void) | null>(null);
  const newest = useRef(work);
  useEffect(() => {
    newest.current = work;
  });
  useEffect(() => () => cancel.current?.(), []);
  return () => {
    cancel.current ??= after(periodMs, () => {
      cancel.current = null;
      newest.current();
    });
  };
}

interface Follower {
  state(state: LiveState): void;
  event(topic: LiveTopic, data: string): void;
  back(): void;
  refused(): void;
}

/**
 * Keeps one event source open until the answer is called. A hidden tab gives its connection back: browsers
 * open only six to one host, over all tabs.
 */
function follow(topics: string, follower: Follower): () => void {
  let source: EventSource | null = null;
  let opened = false;
  let cancel = (): void => undefined;
  const close = (): void => {
    cancel();
    source?.close();
    source = null;
  };
  const open = (): void => {
    close();
    const opening = new EventSource(pathOf('/events', { topics }), { withCredentials: true });
    source = opening;
    opening.onopen = () => {
      follower.state('live');
      if (opened) follower.back();
      opened = true;
    };
    opening.onerror = () => {
      follower.state('lost');
      if (opening.readyState !== EventSource.CLOSED) return;
      follower.refused();
      cancel = after(TRY_AGAIN_MS, open);
    };
    for (const topic of topics.split(',') as LiveTopic[])
      opening.addEventListener(topic, (event: MessageEvent<string>) => follower.event(topic, event.data));
  };
  const onVisibility = (): void => (document.hidden ? close() : open());
  if (!document.hidden) open();
  document.addEventListener('visibilitychange', onVisibility);
  return () => {
    document.removeEventListener('visibilitychange', onVisibility);
    close();
  };
}

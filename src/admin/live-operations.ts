import { eventsQuery, overviewSchema } from './contract-live.js';
import { EVENTS_PATH } from './events-path.js';
import { isTopic } from './follower.js';
import { LiveView } from './live-view.js';
import { defineOperation, type Operation } from './operation.js';

export const liveOperations: Operation[] = [
  defineOperation({
    method: 'get',
    path: '/admin/v1/overview',
    summary: 'What runs now, and what ended within the last hour in pieces of ten seconds',
    access: { scope: 'usage:read' },
    reply: overviewSchema,
    run: async ({ caller, context }) => new LiveView(context).overview(caller.holder),
  }),
  defineOperation({
    method: 'get',
    path: EVENTS_PATH,
    summary: 'Follow the overview, what runs and what ended, as server-sent events: at most one a second and topic',
    access: { scope: 'usage:read' },
    query: eventsQuery,
    replyType: 'text/event-stream',
    run: async ({ query, caller, context, signal }) =>
      context.live.follow({ topics: query.topics.split(',').filter(isTopic), caller, signal }),
  }),
];

import { orchestra } from '../dialects/orchestra.js';
import type { Route } from '../pipeline/routes.js';
import type { Profile } from './profile.js';

const INFER = [
  'identifyOrchestra',
  'authorize',
  'readInfer',
  'authorizeInfer',
  'admit',
  'pickInfer',
  'forwardInfer',
] as const;

const quiet = { dialect: orchestra, scope: null, logged: false } as const;

const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/infer', scope: { needed: 'infer:chat' }, dialect: orchestra, steps: INFER, logged: true },
  { ...quiet, method: 'GET', path: '/', steps: ['answerOrchestraName'] },
  {
    ...quiet,
    method: 'GET',
    path: '/status',
    scope: { needed: 'replicas:read' },
    steps: ['admitToStatus', 'answerWorkers'],
  },
  {
    ...quiet,
    method: 'GET',
    path: '/metrics',
    scope: { needed: 'metrics:read' },
    steps: ['admitToStatus', 'answerWorkers'],
  },
];

/** Orchestra's balancer: one route for inference, two for looking at the workers. Its logs and its dashboard are not here. */
export const orchestraProfile: Profile = {
  name: 'orchestra',
  routes: () => ROUTES,
  fallback: {
    ...quiet,
    method: '*',
    path: '*',
    logged: true,
    ignoresBody: true,
    steps: ['identifyOrchestra', 'refuseUnknownPath'],
  },
  echoesRequestId: true,
  door: orchestra,
};

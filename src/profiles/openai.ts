import { anthropic } from '../dialects/anthropic.js';
import { openai } from '../dialects/openai.js';
import { NATIVE_ROUTES } from '../pipeline/native-routes.js';
import {
  ADMIN_ROUTES,
  API_ROUTES,
  COMMON_ROUTES,
  METRICS_ROUTES,
  UI_ROUTES,
  VERIFY_ROUTES,
  type Route,
} from '../pipeline/routes.js';
import type { Profile } from './profile.js';

/** What clients of both contracts ask for is refused in the words of each. */
function inBothWords(route: Route): Route {
  const { path } = route;
  if (path !== '/v1/models' && path !== '/v1/models/{model}') return route;
  return { ...route, forAnthropic: { ...route, dialect: anthropic } };
}

/** What each word of `serve` stands for. */
const SERVED: Readonly<Record<string, readonly Route[]>> = {
  api: [...API_ROUTES.map(inBothWords), ...NATIVE_ROUTES, ...VERIFY_ROUTES],
  admin: [...ADMIN_ROUTES, ...UI_ROUTES],
  metrics: METRICS_ROUTES,
  verify: VERIFY_ROUTES,
};

/** The usual listener: the API of OpenAI and Anthropic clients, and the admin API with its web UI where it is served. */
export const openaiProfile: Profile = {
  name: 'openai',
  routes: (serve) => [...COMMON_ROUTES, ...serve.flatMap((part) => SERVED[part] ?? [])],
  door: openai,
};

import { problem } from '../dialects/problem.js';
import { skyserve, withSkyserveWords } from '../dialects/skyserve.js';
import type { Route } from '../pipeline/routes.js';
import { openaiProfile } from './openai.js';
import type { Profile } from './profile.js';

function inItsWords({ forAnthropic, ...route }: Route): Route {
  const worded = { ...route, dialect: withSkyserveWords(route.dialect) };
  return forAnthropic === undefined ? worded : { ...worded, forAnthropic: inItsWords(forAnthropic) };
}

/** The usual listener in the words of a SkyServe endpoint with vLLM behind it. */
export const skyserveProfile: Profile = {
  name: 'skyserve',
  routes: (serve) =>
    // The admin API and a holder's own key are Keyporter's, and speak as everywhere.
    openaiProfile.routes(serve).map((route) => (route.dialect === problem ? route : inItsWords(route))),
  door: skyserve,
};

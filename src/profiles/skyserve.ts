import { problem } from '../dialects/problem.js';
import { skyserve, withSkyserveWords } from '../dialects/skyserve.js';
import { openaiProfile } from './openai.js';
import type { Profile } from './profile.js';

/** The usual listener in the words of a SkyServe endpoint with vLLM behind it. */
export const skyserveProfile: Profile = {
  name: 'skyserve',
  routes: (serve) =>
    // The admin API and a holder's own key are Keyporter's, and speak as everywhere.
    openaiProfile
      .routes(serve)
      .map((route) => (route.dialect === problem ? route : { ...route, dialect: withSkyserveWords(route.dialect) })),
  door: skyserve,
};

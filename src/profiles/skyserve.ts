import { skyserve, withSkyserveWords } from '../dialects/skyserve.js';
import { openaiProfile } from './openai.js';
import type { Profile } from './profile.js';

/** The usual listener in the words of a SkyServe endpoint with vLLM behind it. */
export const skyserveProfile: Profile = {
  name: 'skyserve',
  routes: (serve) =>
    openaiProfile.routes(serve).map((route) => (route.path.startsWith('/admin/') ? route : { ...route, dialect: withSkyserveWords(route.dialect) })),
  door: skyserve,
};

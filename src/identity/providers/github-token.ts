import type { Clock } from '../../core/clock.js';
import { aboutToken, outage } from './about-token.js';
import type { Ask, AskedAnswer, Unanswered } from './ask.js';
import { attributesOf, valuesOf, type ClaimsMapping } from './claims.js';
import { asObject, objectIn, principalIn } from './json.js';
import type { Provider, Verdict } from './provider.js';

export interface GithubSettings {
  name: string;
  /** Without a slash at its end. */
  apiBaseUrl: string;
  timeoutMs: number;
  cacheSeconds: number;
  caFile: string | null;
  claimsMapping: ClaimsMapping | undefined;
}

const MAX_ANSWER_BYTES = 1_048_576;
const ORGANIZATIONS_A_PAGE = 100;
const MOST_PAGES = 20;
const REFUSED = 'GitHub token validation failed. Please check your token and try again.';
const MAPPING: ClaimsMapping = { login: 'roles', organizations: 'teams' };

/** Asks GitHub whose token it is and which organizations he belongs to. */
export function createGithubToken(settings: GithubSettings, { ask, clock }: { ask: Ask; clock: Clock }): Provider {
  const get = (path: string, token: string): Promise<AskedAnswer | Unanswered> =>
    ask(`${settings.apiBaseUrl}${path}`, {
      method: 'GET',
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/vnd.github+json',
        'user-agent': 'keyporter',
        'x-github-api-version': '2022-11-28',
      },
      body: null,
      timeoutMs: settings.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      caFile: settings.caFile,
    });
  const judged = async (token: string): Promise<Verdict> => {
    const asked = await get('/user', token);
    if (!asked.ok) return outage(asked.detail);
    if (asked.status === 401 || asked.status === 403)
      return { kind: 'no', words: REFUSED, reason: `GitHub said ${asked.status}` };
    if (asked.status !== 200)
      return { kind: 'outage', words: REFUSED, reason: `GitHub said ${asked.status}`, status: 401 };
    const user = objectIn(asked.body);
    const login = principalIn(user?.['login']);
    if (user === null || login === null) return { kind: 'no', words: REFUSED, reason: 'GitHub named no user' };
    const claims = { login, id: idOf(user['id']), organizations: await organizations((path) => get(path, token)) };
    return {
      kind: 'yes',
      principal: login,
      attributes: attributesOf(claims, settings.claimsMapping ?? MAPPING),
      values: valuesOf(claims, settings.claimsMapping, MAPPING),
      expiresAt: null,
    };
  };
  return {
    name: settings.name,
    words: {
      missing:
        'Authentication required. Please provide a valid GitHub access token (https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens) in the Authorization header (Bearer <token>)',
      malformed: 'Invalid Authorization header format',
      refused: REFUSED,
    },
    ...aboutToken(judged, { cacheSeconds: settings.cacheSeconds, clock }),
  };
}

/** Page by page until a short one. What was read before a page failed is kept: fewer organizations never let anybody do more. */
async function organizations(get: (path: string) => Promise<AskedAnswer | Unanswered>): Promise<string[]> {
  const names = new Set<string>();
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const asked = await get(`/user/orgs?per_page=${ORGANIZATIONS_A_PAGE}&page=${page}`);
    const list = asked.ok && asked.status === 200 ? listIn(asked.body) : [];
    for (const entry of list) {
      const login = principalIn(asObject(entry)?.['login']);
      if (login !== null) names.add(login);
    }
    if (list.length < ORGANIZATIONS_A_PAGE) break;
  }
  return [...names];
}

function listIn(body: Buffer): unknown[] {
  try {
    const list: unknown = JSON.parse(body.toString('utf8'));
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

function idOf(id: unknown): string {
  return typeof id === 'number' || typeof id === 'string' ? String(id) : '';
}

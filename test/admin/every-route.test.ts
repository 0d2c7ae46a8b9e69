import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminOperations } from '../../src/admin/operations.js';
import type { Route } from '../../src/pipeline/routes.js';
import { openaiProfile } from '../../src/profiles/openai.js';
import { startWorld, type World } from '../support/start-gateway.js';
import { Browser } from './ui-browser.js';

const SERVE = ['api', 'admin', 'metrics', 'verify'];

/** What answers to anybody. A route that is neither here nor refuses everybody without a key fails this test. */
const OPEN: Record<string, number> = {
  'GET /': 200,
  'GET /healthz': 200,
  'GET /readyz': 200,
  'GET /health': 200,
  'GET /v1/health': 200,
  'GET /ui': 308,
  'GET /ui/': 200,
  'GET /ui/*': 200,
  // Without its header and its page it is refused before anything is looked at.
  'POST /admin/v1/session': 403,
};

/** What a key for inference reaches of all that is not inference; the rest is for others. */
const OWN_KEY = ['GET /me', 'POST /me/revoke', 'POST /me/rotate', 'POST /me/derive'];

let world: World;
let readOnly: string;
beforeAll(async () => {
  world = await startWorld({
    listen: undefined,
    listeners: [{ listen: '127.0.0.1:0', serve: SERVE }],
    auth: { failures_per_minute: null },
  });
  const scopes = ['keys:read', 'usage:read', 'audit:read', 'replicas:read'];
  readOnly = (await world.admin.createKey({ scopes })).key;
});
afterAll(() => world.close());

const nameOf = ({ method, path }: Pick<Route, 'method' | 'path'>): string => `${method} ${path}`;
const routes = openaiProfile
  .routes(SERVE)
  .filter(({ upgrades }) => upgrades !== true)
  .filter((route, place, all) => all.findIndex((one) => nameOf(one) === nameOf(route)) === place);

/** Sends what a program would, with this key; answers status and body. The head is enough of what never ends. */
async function ask(name: string, key: string | null): Promise<{ status: number; code: unknown; text: string }> {
  const [method = '', path = ''] = name.split(' ');
  const concrete = path.replaceAll(/\{\w+\}/g, 'nothing').replace(/\*$/, 'nothing');
  const takesBody = !['GET', 'DELETE', 'OPTIONS'].includes(method);
  const client = await new Browser(world.gateway.url).open(method, concrete, {
    ...(takesBody && !concrete.startsWith('/auth/verify') ? { body: {} } : {}),
    headers: {
      ...(concrete === '/auth/introspect' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      origin: null,
      'x-keyporter-ui': null,
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
  });
  const head = await client.see('\r\n\r\n');
  const status = Number(head.split(' ')[1]);
  const text = /text\/event-stream/.test(head) ? '' : (await client.answer()).text();
  client.close();
  const code = /"code":"(\w+)"/.exec(text)?.[1] ?? null;
  return { status, code, text };
}

describe('every route of a listener that serves everything', () => {
  it.each(routes.map(nameOf))('%s is open by name, or refuses whoever shows no key', async (name) => {
    expect([name, (await ask(name, null)).status]).toEqual([name, OPEN[name] ?? 401]);
  });

  it.each([
    'GET /nothing',
    'GET /docs',
    'GET /openapi.json',
    'GET /debug',
    'GET /admin',
    'GET /admin/',
    'GET /dashboard',
  ])('%s does not exist', async (name) => {
    expect((await ask(name, readOnly)).status).toBe(404);
  });

  const guarded = routes.map(nameOf).filter((name) => /^\w+ \/(metrics|admin)/.test(name) && OPEN[name] === undefined);
  it.each(guarded.filter((name) => !name.includes('*')))('%s is closed to a key for inference', async (name) => {
    const { status } = await ask(name, world.key);
    // Who is signed in may be asked by all; a key is no session.
    expect(name.endsWith('/session') ? [401, 405] : [403]).toContain(status);
  });

  it('a key for inference reaches nothing beside inference but itself', () => {
    const housekeeping = routes.filter(({ path }) => /^\/me(\/|$)/.test(path)).map(nameOf);
    expect(housekeeping).toEqual(OWN_KEY);
  });
});

describe('every operation of the admin API, over the wire', () => {
  const operations = adminOperations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  const withKey = operations.filter((name) => !name.endsWith(' /admin/v1/session'));

  it.each(withKey)('%s is closed without a key and to a key for inference', async (name) => {
    expect((await ask(name, null)).status).toBe(401);
    const inference = await ask(name, world.key);
    expect([inference.status, inference.code]).toEqual([403, 'missing_scope']);
  });

  it.each(withKey.filter((name) => !name.startsWith('GET ')))(
    '%s changes nothing for a key that may only read',
    async (name) => {
      const { status, code } = await ask(name, readOnly);
      // A link signs in as the key itself, with what it may read; a replay reads the books.
      if (/session\/links|usage\/replay/.test(name)) expect([201, 400]).toContain(status);
      else expect([status, code]).toEqual([403, 'missing_scope']);
    },
  );

  it('the description of the API is for whoever has a key', async () => {
    expect((await ask('GET /admin/v1/openapi.json', null)).status).toBe(401);
    expect((await ask('GET /admin/v1/openapi.json', readOnly)).text).toContain('"openapi":"3.1.0"');
  });
});

import { afterAll, describe, expect, test } from 'vitest';
import { createRoutePolicy, type RouteRuleConfig } from '../../../src/access/route-policy.js';
import { parsePathPattern } from '../../../src/core/route-rule.js';
import { reply, startLittleServer } from './little-server.js';
import { answered, CHAT, chatWith, startStackWorld } from './stack-world.js';

/** The bearer is `name:role`. */
const endpoint = await startLittleServer((asked, response) => {
  const [principal = '', role = ''] = String(asked.json()['api_key']).split(':');
  reply(response, 200, { principal, attributes: { roles: [role] } });
});
const provider = { type: 'delegated', endpoint: endpoint.url, contract: 'ogx' };
afterAll(() => endpoint.close());

async function ruled(
  rules: readonly object[],
  run: (world: Awaited<ReturnType<typeof startStackWorld>>) => Promise<void>,
): Promise<void> {
  const world = await startStackWorld([provider], { auth: { route_policy: rules } });
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

const policy = (...rules: RouteRuleConfig[]) => createRoutePolicy(rules);
const permit = (...paths: string[]): RouteRuleConfig => ({ permit: { paths } });

describe('routes and route rules', () => {
  test('B-26 health and version are public, everything else is not', async () => {
    await ruled([], async (world) => {
      for (const base of ['/v1', '']) {
        expect(JSON.parse((await world.get(`${base}/health`)).text)).toEqual({ status: 'OK' });
        expect(JSON.parse((await world.get(`${base}/version`)).text)).toEqual({
          version: expect.stringMatching(/^\d/),
        });
      }
      for (const path of [
        '/v1/models',
        '/models/list',
        '/docs',
        '/openapi.json',
        '/v1/health/x',
        '/x/health',
        '/v1/files',
      ])
        expect((await world.get(path)).status).toBe(401);
      expect((await answered(fetch(`${world.url}/v1/health`, { method: 'POST' }))).status).toBe(401);
      for (const path of ['/v1/health', '/v1/version']) {
        const head = (headers: Record<string, string>): Promise<Response> =>
          fetch(world.url + path, { method: 'HEAD', headers });
        expect((await head({})).status).toBe(401);
        expect((await head({ authorization: 'Bearer dan:developer' })).status).toBe(200);
      }
    });
    await ruled([{ permit: { paths: '/nothing' } }], async (world) => {
      expect((await world.get('/v1/health')).status).toBe(200);
    });
  });

  test('without any provider a header of another scheme is told from a missing one', async () => {
    const world = await startStackWorld([]);
    try {
      expect((await world.get('/v1/models')).message).toMatch(/^Authentication required\. /);
      expect((await world.get('/v1/models', { authorization: 'Basic abc' })).message).toBe(
        'Invalid Authorization header format',
      );
    } finally {
      await world.close();
    }
  });

  test('B-27 a trailing * is a prefix, and trailing slashes do not count', () => {
    const files = policy(permit('/v1/files*'));
    const permitted = (path: string): boolean => files.permits(path, {});
    expect(['/v1/files', '/v1/files/upload', '/v1/filesX', '/v1/files/', '/v1/models'].map(permitted)).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(policy(permit('/v1/models')).permits('/v1/models/', {})).toBe(true);
    expect(policy(permit('regex:/v1/(files|tools)/\\w+')).permits('/v1/tools/x/y', {})).toBe(true);
    expect(policy(permit('regex:/v1/files')).permits('/api/v1/files', {})).toBe(false);
  });

  test('a rule about a path holds in every spelling of it that reaches the same model', async () => {
    await ruled([{ forbid: { paths: '/v1/models/org/model-b' } }, { permit: { paths: '*' } }], async (world) => {
      const auth = { authorization: 'Bearer dan:developer' };
      for (const name of ['org/model-b', 'org%2Fmodel-b', 'org%2fmodel-b', '%6Frg%2Fmodel%2Db'])
        for (const url of [world.url, world.openaiUrl])
          expect((await fetch(`${url}/v1/models/${name}`, { headers: auth })).status, name).toBe(403);
      expect((await world.get('/v1/models/test-model', auth)).status).toBe(200);
    });
  });

  test('B-28 what no rule lets through is refused with the path', async () => {
    const rules = [
      { permit: { paths: '/v1/chat/completions' }, when: 'user with developer in roles' },
      { permit: { paths: '*' }, when: ['user with admin in roles'] },
    ];
    await ruled(rules, async (world) => {
      const denied = await world.chat('eve:user');
      expect([denied.status, denied.message]).toEqual([
        403,
        'Access denied: insufficient permissions for route /v1/chat/completions',
      ]);
      expect((await world.chat('dan:developer')).status).toBe(200);
      expect((await world.get('/v1/models', { authorization: 'Bearer dan:developer' })).status).toBe(403);
      expect((await world.get('/v1/models', { authorization: 'Bearer ada:admin' })).status).toBe(200);
    });
  });

  test('B-29 forbid unless, then permit all', async () => {
    const rules = [{ forbid: { paths: '/v1/admin*' }, unless: 'user with admin in roles' }, { permit: { paths: '*' } }];
    await ruled(rules, async (world) => {
      const status = async (token: string): Promise<number> =>
        (await world.get('/v1/admin/users', { authorization: `Bearer ${token}` })).status;
      expect(await status('dan:developer')).toBe(403);
      // Let through, and no Llama Stack server stands behind this gateway.
      expect(await status('ada:admin')).toBe(404);
    });
  });

  test('B-30 somebody of whom nothing is known never gains by a condition', () => {
    const all = { permit: { paths: ['*'] } };
    expect(policy({ ...all, when: ['user with admin in roles'] }).permits('/x', null)).toBe(false);
    expect(policy({ ...all, when: ['user with admin not in roles'] }).permits('/x', null)).toBe(false);
    expect(policy({ ...all, unless: ['user with guest in roles'] }).permits('/x', null)).toBe(false);
    expect(policy({ forbid: { paths: ['*'] }, unless: ['user with admin in roles'] }, all).permits('/x', null)).toBe(
      false,
    );
  });

  test('B-31 unusable patterns let nothing through, and are told once each at the start', async () => {
    const patterns = ['regex:**', 'regex:(?P<x', 'regex:[z-a]', 'regex:(a+)+$', 'regex:(a|aa)*b', 'regex:.*.*.*.*x'];
    for (const pattern of patterns) {
      expect(parsePathPattern(pattern), pattern).toBeNull();
      expect(policy(permit(pattern)).permits('/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', {})).toBe(false);
      expect(policy({ forbid: { paths: [pattern] } }, permit('*')).permits('/x', {})).toBe(false);
    }
    await ruled([{ permit: { paths: patterns } }], async (world) => {
      expect((await world.chat('dan:developer')).status).toBe(403);
      for (const pattern of patterns)
        expect(world.gateway.running.warnings.filter((warning) => warning.includes(pattern))).toHaveLength(1);
    });
  });

  test('B-35 a route whose scope is not held names it', async () => {
    const world = await startStackWorld([
      {
        ...provider,
        scopes_from: { attribute: 'roles', map: { tester: ['infer:chat'], reader: ['infer:embeddings'] } },
      },
    ]);
    try {
      expect((await world.chat('tim:tester')).status).toBe(200);
      const denied = await world.chat('rob:reader');
      expect([denied.status, denied.message]).toEqual([
        403,
        'Access denied: user does not have required scope: infer:chat',
      ]);
    } finally {
      await world.close();
    }
  });

  test('explain gives the answer that serving gives, with the rule', async () => {
    await ruled([{ permit: { paths: '/v1/models' } }], async (world) => {
      const { id, key } = await world.gateway.admin.createKey({ scopes: ['infer'] });
      const explain = (method: string, path: string) =>
        world.gateway.admin.must('POST', '/explain', { key_id: id, method, path, model: 'test-model' });
      expect(await explain('GET', '/v1/models')).toMatchObject({ allowed: true });
      const denied = await explain('POST', '/v1/chat/completions');
      expect(denied).toMatchObject({ allowed: false, status: 403, message: (await world.chat(key)).message });
      expect((denied['rules'] as object[]).at(-1)).toMatchObject({ rule: 'route permitted', answer: 'deny' });
    });
  });

  test('the rest of a Llama Stack server is for nobody without a rule, and arrives with one', async () => {
    const stack = await startLittleServer((asked, response) => {
      if (asked.target === '/v1/models') reply(response, 200, { data: [{ id: 'stack-model' }] });
      else reply(response, 200, { seen: asked.target });
    });
    const models = { 'stack-model': { engine: 'llama-stack', replicas: [{ url: stack.url }] } };
    const closed = await startStackWorld([provider], { models });
    const open = await startStackWorld([provider], { models, auth: { route_policy: [{ permit: { paths: '*' } }] } });
    try {
      const auth = { authorization: 'Bearer dan:developer' };
      expect((await closed.get('/v1/files', auth)).status).toBe(403);
      expect(JSON.parse((await open.get('/v1/files?limit=2', auth)).text)).toEqual({ seen: '/v1/files?limit=2' });
      const upload = {
        method: 'POST',
        headers: { ...auth, 'content-type': 'multipart/form-data; boundary=x' },
        body: '--x--',
      };
      expect(JSON.parse((await answered(fetch(`${open.url}/v1/files`, upload))).text)).toEqual({ seen: '/v1/files' });
      expect(stack.asked.at(-1)?.text).toBe('--x--');
      expect(stack.asked.at(-1)?.headers.authorization).toBeUndefined();
      const before = stack.asked.length;
      for (const path of ['/v1/openai/v1/chat/completions', '/v1/inference/chat-completion', '/v1/chat/completions/']) {
        expect((await answered(fetch(open.url + path, { ...chatWith('dan:developer'), body: CHAT }))).status).toBe(404);
      }
      expect(stack.asked).toHaveLength(before);
    } finally {
      await Promise.all([closed.close(), open.close()]);
      await stack.close();
    }
  });
});

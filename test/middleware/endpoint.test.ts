import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { requireKey, type KeySource } from '../../src/middleware.js';
import { ask } from '../contracts/verify/verify-world.js';
import { PROGRAMS, plainProgram, startEndpoint, type Endpoint, type Program } from './programs.js';

let endpoint: Endpoint;
const running: Program[] = [];
beforeAll(async () => {
  endpoint = await startEndpoint();
});
afterEach(async () => {
  for (const program of running.splice(0)) await program.close();
  endpoint.questions.length = 0;
});
afterAll(() => endpoint.close());

type Options = Partial<Extract<KeySource, { endpoint: string }>>;
async function guarded(options: Options, make = plainProgram, scopes: readonly string[] = []): Promise<string> {
  const program = await make(requireKey({ endpoint: endpoint.url, ...options }, { scopes }));
  running.push(program);
  return `${program.url}/test`;
}
const message = (answer: { json(): Record<string, unknown> }): string =>
  String((answer.json()['error'] as { message: string }).message);
const KEY = { authorization: 'Bearer valid_api_key_12345' };

describe.each(Object.entries(PROGRAMS))('the first contract of Llama Stack in %s', (_name, make) => {
  const contract = 'llama-stack-1626' as const;

  it('B-01 refuses a request without the header', async () => {
    const answer = await ask(await guarded({ contract }, make));
    expect([answer.status, message(answer)]).toEqual([401, 'Missing or invalid Authorization header']);
    expect(answer.header('content-type')).toMatch(/^application\/json\b/);
    expect(endpoint.questions).toEqual([]);
  });

  it('B-02 refuses a header of another form', async () => {
    const url = await guarded({ contract }, make);
    for (const authorization of ['InvalidFormat token123', 'bearer token123', 'Bearer', 'Basic eDp5']) {
      const answer = await ask(url, { headers: { authorization } });
      expect([answer.status, message(answer)]).toEqual([401, 'Missing or invalid Authorization header']);
    }
    expect(endpoint.questions).toEqual([]);
  });

  it('B-03 lets a key through to which the endpoint says 200 with any body', async () => {
    endpoint.says(200, 'not JSON');
    const answer = await ask(await guarded({ contract }, make), { headers: KEY });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ message: 'Authentication successful' });
  });

  it('B-03 reads no body to do so', async () => {
    endpoint.says(200, 'cut off', { 'content-length': '100' });
    expect((await ask(await guarded({ contract, timeoutMs: 200 }, make), { headers: KEY })).status).toBe(200);
  });

  it('B-04 refuses a key to which the endpoint says 401', async () => {
    endpoint.says(401);
    const answer = await ask(await guarded({ contract }, make), {
      headers: { authorization: 'Bearer invalid_api_key' },
    });
    expect([answer.status, message(answer)]).toEqual([401, 'Authentication failed']);
  });

  it('B-05 refuses everybody while the endpoint cannot be reached', async () => {
    const gone = await startEndpoint();
    await gone.close();
    const answer = await ask(await guarded({ contract, endpoint: gone.url }, make), { headers: KEY });
    expect([answer.status, message(answer)]).toEqual([401, 'Authentication service error']);
  });

  it('B-06 asks by POST with key, path, headers and params', async () => {
    endpoint.says(200);
    const url = await guarded({ contract }, make);
    await ask(`${url}?param1=value1&param2=value2`, {
      headers: { ...KEY, 'user-agent': 'TestClient', 'content-type': 'application/json', cookie: 'secret=1' },
    });
    const [question] = endpoint.questions;
    expect(question?.method).toBe('POST');
    expect(question?.body.api_key).toBe('valid_api_key_12345');
    expect(question?.body.request).toMatchObject({ path: '/test', params: { param1: ['value1'], param2: ['value2'] } });
    expect(question?.body.request.headers).toMatchObject({
      ...KEY,
      'user-agent': 'TestClient',
      'content-type': 'application/json',
    });
    expect(question?.body.request.headers).not.toHaveProperty('cookie');
  });
});

describe('later contracts', () => {
  const holder = async (url: string) => (await ask(url, { headers: KEY })).json()['holder'];

  it('B-07 without attributes the holder has a hash for its namespace, never the key', async () => {
    endpoint.says(200, '{"message":"ok"}');
    const found = await holder(await guarded({ contract: 'llama-stack-1626' }));
    expect(found).toMatchObject({ attributes: { namespaces: [expect.stringMatching(/^[0-9a-f]{32}$/)] } });
    expect(JSON.stringify(found)).not.toContain('valid_api_key');
  });

  it('B-08 access_attributes are those of the holder', async () => {
    const attributes = { roles: ['admin'], teams: ['ml', 'search'] };
    endpoint.says(200, JSON.stringify({ principal: 'alice', access_attributes: attributes }));
    for (const contract of ['llama-stack-1626', 'ogx'] as const)
      expect(await holder(await guarded({ contract }))).toMatchObject({ principal: 'alice', attributes });
  });

  it('B-08 an answer of the forms before there was a principal names the holder by a hash', async () => {
    const attributes = { roles: ['admin'] };
    endpoint.says(200, JSON.stringify({ access_attributes: attributes }));
    expect(await holder(await guarded({}))).toMatchObject({
      principal: expect.stringMatching(/^[0-9a-f]{32}$/),
      attributes,
    });
  });

  it.each(Object.entries(PROGRAMS))('shows two credentials to nobody in %s', async (_name, make) => {
    endpoint.says(200, JSON.stringify({ principal: 'alice' }));
    const url = await guarded({}, make);
    const answer = await ask(url, { headers: { authorization: ['Bearer one', 'Bearer two'] } });
    expect([answer.status, message(answer)]).toEqual([401, 'Invalid Authorization header format']);
    expect(endpoint.questions).toEqual([]);
  });

  it('B-09 principal and attributes are those of the holder', async () => {
    endpoint.says(200, JSON.stringify({ principal: 'alice', attributes: { scopes: ['test.read'] }, message: 'hello' }));
    expect(await holder(await guarded({}))).toEqual({
      principal: 'alice',
      attributes: { scopes: ['test.read'] },
      scopes: ['test.read'],
    });
  });

  it.each(['{"message":"ok"}', '', '[]', '{"principal":1}', '{"principal":"a","attributes":{"roles":"admin"}}'])(
    'B-10 the answer %s is none',
    async (body) => {
      endpoint.says(200, body);
      const answer = await ask(await guarded({}), { headers: KEY });
      expect([answer.status, message(answer)]).toEqual([401, 'Invalid authentication response format']);
    },
  );

  it('B-11 B-12 tells who validates keys, and what is wrong with the scheme', async () => {
    const url = await guarded({});
    const missing = message(await ask(url));
    expect(missing).toContain('Authentication required');
    expect(missing).toContain(`validated by ${new URL(endpoint.url).host}`);
    expect(message(await ask(url, { headers: { authorization: 'Basic eDp5' } }))).toBe(
      'Invalid Authorization header format',
    );
  });

  it.each([201, 204, 302, 403, 500])('B-13 %i of the endpoint is a refusal that names it', async (status) => {
    endpoint.says(status, '', { location: `${endpoint.url}/elsewhere` });
    const answer = await ask(await guarded({}), { headers: KEY });
    expect([answer.status, message(answer)]).toEqual([401, `Authentication failed: ${status}`]);
    expect(endpoint.questions).toHaveLength(1);
  });

  it('B-14 an endpoint that is silent, gone or talks without end is an outage', async () => {
    endpoint.isSilent();
    const silent = await ask(await guarded({ timeoutMs: 50 }), { headers: KEY });
    expect([silent.status, message(silent)]).toEqual([503, 'Authentication service unavailable']);
    expect(silent.header('retry-after')).toBe('5');
    endpoint.says(200, JSON.stringify({ principal: 'alice', more: 'x'.repeat(100_000) }));
    expect((await ask(await guarded({}), { headers: KEY })).status).toBe(503);
  });

  it('B-35 needs the scopes asked for among its attributes', async () => {
    endpoint.says(200, JSON.stringify({ principal: 'alice', attributes: { scopes: ['test.read'] } }));
    expect((await ask(await guarded({}, plainProgram, ['test.read']), { headers: KEY })).status).toBe(200);
    const answer = await ask(await guarded({}, plainProgram, ['test.read', 'test.write']), { headers: KEY });
    expect([answer.status, message(answer)]).toEqual([
      403,
      'Access denied: user does not have required scope: test.write',
    ]);
  });

  it('sends the credential to nobody in its headers, and two credentials nowhere', async () => {
    endpoint.says(200, JSON.stringify({ principal: 'alice' }));
    const url = await guarded({});
    await ask(url, { headers: { ...KEY, 'x-ogx-provider-data': 'secret', 'x-api-key': 'secret' } });
    expect(endpoint.questions[0]?.body.request.headers).not.toHaveProperty('authorization');
    expect(JSON.stringify(endpoint.questions)).not.toContain('secret');
    expect((await ask(url, { headers: { authorization: ['Bearer one', 'Bearer two'] } })).status).toBe(401);
    expect(endpoint.questions).toHaveLength(1);
  });

  it('asks once for fifty who come together and not again while the answer is remembered, but for each path', async () => {
    endpoint.says(200, JSON.stringify({ principal: 'alice' }));
    const url = await guarded({ cacheSeconds: 30 });
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(url, { headers: KEY })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    endpoint.says(401);
    expect((await ask(url, { headers: KEY })).status).toBe(200);
    expect(endpoint.questions).toHaveLength(1);
    expect((await ask(`${url}/other`, { headers: KEY })).status).toBe(401);
    expect((await ask(`${url}/other`, { headers: KEY })).status).toBe(401);
    expect(endpoint.questions).toHaveLength(3);
  });

  it.each([
    { endpoint: 'http://auth.example.com/validate' },
    { endpoint: 'ftp://127.0.0.1/' },
    { endpoint: 'nonsense' },
    { endpoint: 'https://user:password@auth.example.com/' },
    { endpoint: 'https://auth.example.com', contract: 'other' },
    { endpoint: 'https://auth.example.com', cacheSeconds: 61 },
    { sha256: ['abc'] },
    { url: 'http://10.0.0.1:5390', key: 'x' },
    { url: 'http://127.0.0.1:5390', key: '' },
    {},
  ])('refuses the source %j when the guard is made', (source) => {
    expect(() => requireKey(source as KeySource)).toThrow(TypeError);
  });
});

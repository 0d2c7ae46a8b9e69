import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../support/start-gateway.js';
import { Browser, linkSecret } from './ui-browser.js';

let world: World;
let signedIn: Browser;
beforeAll(async () => {
  world = await startWorld({
    public_url: 'https://keys.example.com',
    trusted_proxies: ['127.0.0.1/32'],
    cors: { allow_origins: ['https://chat.example.com'] },
    auth: {
      failures_per_minute: 5,
      providers: [
        {
          type: 'upstream_header',
          principal_header: 'x-remote-user',
          attributes_header: 'x-remote-attributes',
          scopes: ['admin'],
        },
      ],
    },
  });
  signedIn = new Browser(own(), '127.0.0.2');
  const link = linkSecret((await world.admin.must('POST', '/session/links'))['url']);
  expect((await signedIn.send('POST', '/admin/v1/session', { body: { link } })).status).toBe(201);
});
afterAll(() => world.close());

/** Where it listens; its `url` is the public one. */
const own = (): string => world.gateway.running.listeners[0]?.url ?? '';
const other = (): string => own().replace('127.0.0.1', '127.0.0.2');

/** Makes a key, which is a change; answers the status. */
async function change(headers: Record<string, string | null>): Promise<number> {
  const answer = await signedIn.send('POST', '/admin/v1/keys', { body: { name: 'made' }, headers });
  if (answer.status === 403) expect(answer.json()['code']).toBe('cross_site_request');
  return answer.status;
}

describe('a change by a browser that is signed in', () => {
  it('is made from our own page', async () => {
    expect(await change({})).toBe(201);
    expect(await change({ origin: null, 'sec-fetch-site': 'same-origin' })).toBe(201);
    expect(await change({ origin: 'https://keys.example.com' })).toBe(201);
  });

  it.each<[string, Record<string, string | null>]>([
    ['without our header', { 'x-keyporter-ui': null }],
    ['from nowhere: neither origin nor site are told', { origin: null }],
    ['from another site', { origin: 'https://evil.example' }],
    ['from a page without an origin', { origin: 'null' }],
    ['from a page that is allowed to use the models', { origin: 'https://chat.example.com' }],
    ['from another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['from our name, another port', { origin: 'https://keys.example.com:8443' }],
    ['from our name over plain http', { origin: 'http://keys.example.com' }],
    ['from a name that begins like ours', { origin: 'https://keys.example.com.evil.example' }],
    ['from another site that claims our origin', { 'sec-fetch-site': 'cross-site' }],
    ['from another port, as the browser tells', { 'sec-fetch-site': 'same-site' }],
    ['from no page at all', { origin: null, 'sec-fetch-site': 'none' }],
  ])('is not made %s', async (_, headers) => {
    const before = (await world.admin.must('GET', '/keys?limit=1000'))['data'] as object[];
    expect(await change(headers)).toBe(403);
    expect((await world.admin.must('GET', '/keys?limit=1000'))['data']).toHaveLength(before.length);
  });

  it('is not made from another address of this machine, whose page would be another site', async () => {
    expect(await change({ origin: other() })).toBe(403);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'is not made by a form (%s), even with everything else right',
    async (type) => {
      expect(await change({ 'content-type': type })).toBe(415);
    },
  );

  it.each(['DELETE', 'PATCH', 'POST'])('by %s without a body is no different', async (method) => {
    const answer = await signedIn.send(method, '/admin/v1/keys/nothing/disable', {
      headers: { origin: 'https://evil.example' },
    });
    expect(answer.status).toBe(403);
  });
});

describe('a page of another site', () => {
  it('reads nothing with the session either', async () => {
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://chat.example.com' },
    ])
      expect((await signedIn.send('GET', '/admin/v1/keys', { headers })).status).toBe(403);
    expect(
      (await signedIn.send('GET', '/admin/v1/events', { headers: { 'sec-fetch-site': 'cross-site' } })).status,
    ).toBe(403);
  });

  it('is not told by a preflight that it may send our header, or credentials', async () => {
    const answer = await signedIn.send('OPTIONS', '/admin/v1/keys', {
      cookie: null,
      headers: {
        origin: 'https://chat.example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type, x-keyporter-ui',
        'x-keyporter-ui': null,
      },
    });
    expect(answer.header('access-control-allow-headers')).toBeUndefined();
    expect(answer.header('access-control-allow-credentials')).toBeUndefined();
  });

  it('signs nobody in: not by a link of its own, not by the word of a proxy', async () => {
    const link = linkSecret((await world.admin.must('POST', '/session/links'))['url']);
    for (const headers of [{ origin: 'https://evil.example' }, { 'x-keyporter-ui': null }, { origin: null }]) {
      const answer = await new Browser(own()).send('POST', '/admin/v1/session', {
        body: { link },
        headers: { 'x-remote-user': 'ann', ...headers },
      });
      expect([answer.status, answer.header('set-cookie')]).toEqual([403, undefined]);
    }
    expect((await new Browser(own(), '127.0.0.3').send('POST', '/admin/v1/session', { body: { link } })).status).toBe(
      201,
    );
  });

  it('changes nothing for somebody a proxy vouches for, while programs behind that proxy may', async () => {
    const browser = new Browser(own());
    const send = (headers: Record<string, string | null>) =>
      browser.send('POST', '/admin/v1/keys', {
        body: { name: 'made' },
        headers: { 'x-remote-user': 'ann', ...headers },
      });
    expect((await send({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await send({ origin: null, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await send({ origin: null, 'x-keyporter-ui': null })).status).toBe(201);
  });
});

describe('signing in by the word of a proxy', () => {
  const ann = { 'x-remote-user': 'ann' };

  it('begins a session that holds as long as the proxy says the same name', async () => {
    const browser = new Browser(own());
    const answer = await browser.send('POST', '/admin/v1/session', { body: {}, headers: ann });
    expect([answer.status, answer.json()]).toEqual([
      201,
      expect.objectContaining({ kind: 'delegate', id: 'upstream_header:ann', name: 'ann', scopes: ['admin'] }),
    ]);
    expect((await browser.send('GET', '/admin/v1/keys', { headers: ann })).status).toBe(200);
    const { cookie } = browser;
    expect((await browser.send('GET', '/admin/v1/keys', { headers: { 'x-remote-user': 'bob' } })).status).toBe(401);
    expect((await browser.send('GET', '/admin/v1/keys', { cookie, headers: ann })).status).toBe(401);
  });

  it('is refused from an address that is no proxy of ours', async () => {
    const browser = new Browser(own(), '127.0.0.2');
    expect((await browser.send('POST', '/admin/v1/session', { body: {}, headers: ann })).status).toBe(401);
  });

  it('ends when the caller is blocked', async () => {
    const browser = new Browser(own());
    await browser.send('POST', '/admin/v1/session', { body: {}, headers: { 'x-remote-user': 'eve' } });
    const client = await browser.open('GET', '/admin/v1/events', { headers: { 'x-remote-user': 'eve' } });
    await client.see('event: overview');
    await world.admin.must('PATCH', '/callers', { id: 'upstream_header:eve', blocked: true });
    await client.closed;
    expect((await browser.send('GET', '/admin/v1/keys', { headers: { 'x-remote-user': 'eve' } })).status).toBe(401);
  });

  it('behind a proxy that speaks TLS gives a cookie that TLS sites alone can set', async () => {
    const browser = new Browser(own());
    const headers = { ...ann, origin: 'https://keys.example.com' };
    const answer = await browser.send('POST', '/admin/v1/session', { body: {}, headers });
    expect(answer.header('set-cookie')).toMatch(
      /^__Host-keyporter_session=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict; Secure$/,
    );
    expect((await browser.send('GET', '/admin/v1/session', { headers: ann })).status).toBe(200);
    const plain = (browser.cookie ?? '').replace('__Host-', '');
    expect((await browser.send('GET', '/admin/v1/session', { cookie: plain, headers: ann })).status).toBe(401);
  });
});

describe('trying to sign in', () => {
  it('too often is slowed down like any wrong key, and right ones still go through', async () => {
    const browser = new Browser(own(), '127.0.0.9');
    const statuses: number[] = [];
    for (let count = 0; count < 7; count += 1)
      statuses.push((await browser.send('POST', '/admin/v1/session', { body: { link: `wrong-${count}` } })).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const link = linkSecret((await world.admin.must('POST', '/session/links'))['url']);
    expect((await browser.send('POST', '/admin/v1/session', { body: { link } })).status).toBe(201);
  });
});

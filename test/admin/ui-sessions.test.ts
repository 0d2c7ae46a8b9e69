import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../support/start-gateway.js';
import { Browser, linkSecret } from './ui-browser.js';

let world: World;
beforeAll(async () => {
  world = await startWorld({ auth: { failures_per_minute: null } });
});
afterAll(() => world.close());

const SESSION = '/admin/v1/session';

async function link(): Promise<string> {
  return linkSecret((await world.admin.must('POST', '/session/links'))['url']);
}

/** A browser that is signed in: by a link of the operator, or by a new key with these scopes. */
async function signedIn(
  scopes: string[] | null = null,
  fields: Record<string, unknown> = {},
): Promise<Browser & { keyId: string }> {
  const browser = new Browser(world.gateway.url);
  const key = scopes === null ? null : await world.admin.createKey({ scopes, ...fields });
  const body = key === null ? { link: await link() } : { key: key.key };
  const answer = await browser.send('POST', SESSION, { body });
  expect([answer.status, answer.text()]).toEqual([201, expect.any(String)]);
  return Object.assign(browser, { keyId: key?.id ?? '' });
}

const statusOf = async (browser: Browser, path = SESSION): Promise<number> => (await browser.send('GET', path)).status;

describe('a one-time link', () => {
  it('leads to the page of this gateway, keeps its secret behind the #, and lasts a minute', async () => {
    const made = await world.admin.must('POST', '/session/links');
    expect(made['url']).toMatch(new RegExp(`^${world.gateway.url}/ui/#link=[A-Za-z0-9_-]{43}$`));
    expect(Math.abs(Number(made['expires_at']) - Date.now() / 1000 - 60)).toBeLessThan(5);
  });

  it('signs in once, as the operator of the machine with every right', async () => {
    const secret = await link();
    const browser = new Browser(world.gateway.url);
    const answer = await browser.send('POST', SESSION, { body: { link: secret } });
    expect(answer.status).toBe(201);
    expect(answer.json()).toMatchObject({ kind: 'operator', owner: null, scopes: ['admin'] });
    expect(String(answer.json()['id'])).toMatch(/^local:/);
    expect((await browser.send('GET', '/admin/v1/keys')).status).toBe(200);
    const second = await new Browser(world.gateway.url).send('POST', SESSION, { body: { link: secret } });
    expect([second.status, second.header('set-cookie')]).toEqual([401, undefined]);
  });

  it('made with a key signs in as that key, and not beyond it', async () => {
    const made = await world.admin.createKey({ scopes: ['keys:read'] });
    const asked = await new Browser(world.gateway.url).send('POST', `${SESSION}/links`, {
      headers: { authorization: `Bearer ${made.key}` },
    });
    expect(asked.status).toBe(201);
    const browser = new Browser(world.gateway.url);
    const answer = await browser.send('POST', SESSION, { body: { link: linkSecret(asked.json()['url']) } });
    expect(answer.json()).toMatchObject({ kind: 'key', id: made.id, name: 'test', scopes: ['keys:read'] });
    expect(await statusOf(browser, '/admin/v1/keys')).toBe(200);
    expect(await statusOf(browser, '/admin/v1/requests')).toBe(403);
  });

  it('is made neither with a key for inference nor by a session', async () => {
    const asked = await new Browser(world.gateway.url).send('POST', `${SESSION}/links`, {
      headers: { authorization: `Bearer ${world.key}` },
    });
    expect(asked.status).toBe(403);
    const browser = await signedIn();
    expect((await browser.send('POST', `${SESSION}/links`)).status).toBe(403);
  });

  it('of a key that was revoked meanwhile signs nobody in', async () => {
    const made = await world.admin.createKey({ scopes: ['admin'] });
    const asked = await new Browser(world.gateway.url).send('POST', `${SESSION}/links`, {
      headers: { authorization: `Bearer ${made.key}` },
    });
    await world.admin.must('DELETE', `/keys/${made.id}`);
    const browser = new Browser(world.gateway.url);
    expect((await browser.send('POST', SESSION, { body: { link: linkSecret(asked.json()['url']) } })).status).toBe(401);
  });
});

describe('signing in', () => {
  it('sets a cookie that scripts cannot read, other sites do not cause to be sent, and that names no secret of ours', async () => {
    const made = await world.admin.createKey({ scopes: ['admin'] });
    const answer = await new Browser(world.gateway.url).send('POST', SESSION, { body: { key: made.key } });
    const cookie = answer.header('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^keyporter_session=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=4(3199|3200); HttpOnly; SameSite=Strict$/,
    );
    expect(answer.text()).not.toContain(made.key);
    expect(answer.header('cache-control')).toBe('no-store');
  });

  it('is refused to a key that opens no part of the admin API, and to a wrong key', async () => {
    const send = (key: string) => new Browser(world.gateway.url).send('POST', SESSION, { body: { key } });
    expect((await send(world.key)).status).toBe(403);
    expect((await send('kp_000000000000_nothing')).status).toBe(401);
    const made = await world.admin.createKey({ scopes: ['admin'] });
    await world.admin.must('POST', `/keys/${made.id}/disable`);
    const refused = await send(made.key);
    expect([refused.status, refused.json()['code'], refused.header('set-cookie')]).toEqual([
      401,
      'invalid_api_key',
      undefined,
    ]);
  });

  it('with nothing to show is 401 and says where a link comes from', async () => {
    const answer = await new Browser(world.gateway.url).send('POST', SESSION, { body: {} });
    expect([answer.status, answer.json()['code']]).toEqual([401, 'missing_api_key']);
    expect(answer.json()['detail']).toContain('keyporter ui');
  });

  it.each([
    ['an unknown member', { link: 'x', admin: true }],
    ['both a link and a key', { link: 'x', key: 'y' }],
    ['a text that is no JSON', '{'],
  ])('refuses %s with 400', async (_, body) => {
    expect((await new Browser(world.gateway.url).send('POST', SESSION, { body })).status).toBe(400);
  });

  it('holds no more than 4 KiB for somebody nobody knows', async () => {
    const body = { link: 'x'.repeat(5000) };
    expect((await new Browser(world.gateway.url).send('POST', SESSION, { body })).status).toBe(413);
  });

  it('gives a new secret each time and ends the session the browser had', async () => {
    const browser = await signedIn();
    const before = browser.cookie;
    const planted = await browser.send('POST', SESSION, { body: { link: await link() } });
    expect(planted.status).toBe(201);
    expect(browser.cookie).not.toBe(before);
    expect((await browser.send('GET', SESSION, { cookie: before })).status).toBe(401);
    expect(await statusOf(browser)).toBe(200);
  });

  it('never takes over a secret that the browser brings along', async () => {
    const browser = new Browser(world.gateway.url);
    const planted = `keyporter_session=${'A'.repeat(43)}`;
    await browser.send('POST', SESSION, { body: { link: await link() }, cookie: planted });
    expect(browser.cookie).not.toBe(planted);
    expect((await browser.send('GET', SESSION, { cookie: planted })).status).toBe(401);
  });
});

describe('a session', () => {
  it('shows who is signed in and until when', async () => {
    const browser = await signedIn(['usage:read'], { name: 'laptop', owner: 'alice' });
    const shown = (await browser.send('GET', SESSION)).json();
    expect(shown).toMatchObject({ kind: 'key', name: 'laptop', owner: 'alice', scopes: ['usage:read'] });
    expect(Math.abs(Number(shown['expires_at']) - Date.now() / 1000 - 12 * 3600)).toBeLessThan(10);
    expect(Math.abs(Number(shown['idle_expires_at']) - Date.now() / 1000 - 3600)).toBeLessThan(10);
  });

  it('ends when its holder signs out, and the cookie is taken away', async () => {
    const browser = await signedIn();
    const { cookie } = browser;
    const out = await browser.send('DELETE', SESSION);
    expect([out.status, out.body.length, out.header('content-length')]).toEqual([204, 0, undefined]);
    expect(out.header('set-cookie')).toContain('Max-Age=0');
    expect((await browser.send('GET', '/admin/v1/keys', { cookie })).status).toBe(401);
  });

  it.each([
    ['is revoked', (id: string) => world.admin.must('DELETE', `/keys/${id}`)],
    ['is disabled', (id: string) => world.admin.must('POST', `/keys/${id}/disable`)],
    [
      'gets a new secret, also while the old one still works',
      (id: string) => world.admin.must('POST', `/keys/${id}/rotate`, { overlap_seconds: 3600 }),
    ],
    ['loses its scopes', (id: string) => world.admin.must('PATCH', `/keys/${id}`, { scopes: ['infer'] })],
    [
      'is bound to other addresses',
      (id: string) => world.admin.must('PATCH', `/keys/${id}`, { allow_ips: ['192.0.2.0/24'] }),
    ],
  ])('ends when its key %s', async (_, change) => {
    const browser = await signedIn(['keys:read']);
    expect(await statusOf(browser, '/admin/v1/keys')).toBe(200);
    await change(browser.keyId);
    expect(await statusOf(browser, '/admin/v1/keys')).toBe(401);
  });

  it('stays ended when its key is enabled again', async () => {
    const browser = await signedIn(['keys:read']);
    await world.admin.must('POST', `/keys/${browser.keyId}/disable`);
    expect(await statusOf(browser)).toBe(401);
    await world.admin.must('POST', `/keys/${browser.keyId}/enable`);
    expect(await statusOf(browser)).toBe(401);
  });

  it('has the rights its key has now, not those it began with', async () => {
    const browser = await signedIn(['keys:read', 'usage:read']);
    expect(await statusOf(browser, '/admin/v1/requests')).toBe(200);
    await world.admin.must('PATCH', `/keys/${browser.keyId}`, { scopes: ['keys:read'] });
    expect(await statusOf(browser, '/admin/v1/requests')).toBe(403);
    expect((await browser.send('GET', SESSION)).json()['scopes']).toEqual(['keys:read']);
  });

  it('of the operator does not reach what is for the machine itself', async () => {
    const browser = await signedIn();
    const answer = await browser.send('POST', '/admin/v1/backup', { body: { file: '/tmp/never-written.db' } });
    expect([answer.status, answer.json()['code']]).toEqual([403, 'missing_scope']);
  });

  it('opens no route of inference and not /me', async () => {
    const browser = await signedIn();
    for (const path of ['/v1/models', '/me', '/api/tags', '/metrics'])
      expect([path, await statusOf(browser, path)]).not.toEqual([path, 200]);
    const seen = world.upstream.exchanges.length;
    const chat = await browser.send('POST', '/v1/chat/completions', { body: { model: 'test-model', messages: [] } });
    expect([chat.status, world.upstream.exchanges.length]).toEqual([401, seen]);
  });

  it('its cookie never travels to a model server', async () => {
    const browser = await signedIn();
    const body = { model: 'test-model', messages: [{ role: 'user', content: 'hello' }] };
    const answer = await browser.send('POST', '/v1/chat/completions', {
      body,
      headers: { authorization: `Bearer ${world.key}` },
    });
    expect(answer.status).toBe(200);
    const secret = browser.cookie?.split('=')[1] ?? 'none';
    expect(world.upstream.everything()).not.toContain(secret);
  });

  it('does not decide beside a key: the key does', async () => {
    const browser = await signedIn();
    const answer = await browser.send('GET', '/admin/v1/keys', { headers: { authorization: `Bearer ${world.key}` } });
    expect(answer.status).toBe(403);
  });

  it('is not found by a cookie that came twice, or under the name for TLS', async () => {
    const browser = await signedIn();
    const { cookie } = browser;
    for (const planted of [`keyporter_session=x; ${cookie}`, `${cookie}; ${cookie}`, `__Host-${cookie}`, `a${cookie}`])
      expect([planted, (await browser.send('GET', SESSION, { cookie: planted })).status]).toEqual([planted, 401]);
  });

  it('is written down: its link, its beginning and its end', async () => {
    const browser = await signedIn(['audit:read']);
    await browser.send('DELETE', SESSION);
    const entries = (await world.admin.must('GET', '/audit?limit=20'))['data'] as {
      action: string;
      actor: string;
      target: string;
    }[];
    const own = entries.filter(({ actor }) => actor === browser.keyId).map(({ action, target }) => [action, target]);
    expect(own).toEqual([
      ['session.end', `key:${browser.keyId}`],
      ['session.begin', `key:${browser.keyId}`],
    ]);
    expect(entries.map(({ action }) => action)).toContain('session.link');
  });
});

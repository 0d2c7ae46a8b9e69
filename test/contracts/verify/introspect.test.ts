import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, bearer, startVerifyWorld, type VerifyWorld } from './verify-world.js';

let world: VerifyWorld;
beforeAll(async () => {
  world = await startVerifyWorld({ auth: { failures_per_minute: null } });
});
afterAll(() => world.close());

const introspect = (
  form: Record<string, string> | string,
  headers: Record<string, string> = bearer(world.asker),
  at = world.api,
) =>
  ask(`${at}/auth/introspect`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
  });
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

describe('POST /auth/introspect', () => {
  it('describes an active token', async () => {
    const expires = Math.floor(Date.now() / 1000) + 3600;
    const { id, key } = await world.make({ owner: 'alice', scopes: ['infer', 'usage:read'], expires_at: expires });
    const answer = await introspect({ token: key, token_type_hint: 'access_token' });
    expect(answer.status).toBe(200);
    expect(answer.header('cache-control')).toBe('no-store');
    expect(answer.json()).toEqual({
      active: true,
      scope: 'infer usage:read',
      sub: 'alice',
      client_id: id,
      token_type: 'Bearer',
      exp: expires,
    });
  });

  it('never says why a token is not active', async () => {
    const revoked = await world.make({ scopes: ['infer'] });
    await world.gateway.admin.must('POST', `/keys/${revoked.id}/revoke`);
    const disabled = await world.make({ scopes: ['infer'], owner: 'bob' });
    await world.gateway.admin.must('POST', `/keys/${disabled.id}/disable`);
    const bound = await world.make({ scopes: ['infer'], allow_ips: ['203.0.113.0/24'] });
    const answers = [];
    for (const token of [revoked.key, disabled.key, bound.key, 'kp_wrong', 'x'.repeat(5000), 'ünïcode']) {
      const { status, text } = await introspect({ token });
      answers.push(`${status} ${text}`);
    }
    expect([...new Set(answers)]).toEqual(['200 {"active":false}']);
  });

  it('says of any number of wrong tokens that they are not active', async () => {
    const strict = await startVerifyWorld({ auth: { failures_per_minute: 3 } });
    for (let times = 0; times < 6; times += 1) {
      const { status, text } = await introspect({ token: `wrong-${times}` }, bearer(strict.asker), strict.api);
      expect([status, text]).toEqual([200, '{"active":false}']);
    }
    await strict.close();
  });

  it('names no scope of inference for a key that is bound to models, but its patterns', async () => {
    const bound = await world.make({ scopes: ['infer', 'infer:chat', 'usage:read'], models: ['test-*', 'renamed'] });
    expect((await introspect({ token: bound.key })).json()).toMatchObject({
      active: true,
      scope: 'usage:read',
      models: [['test-*', 'renamed']],
    });
  });

  it('takes the key of the asker as bearer, as the password of Basic, in the form and in its own header', async () => {
    const form = { token: world.key };
    expect((await introspect(form, basic('keyporter', world.asker))).json()).toMatchObject({ active: true });
    expect((await introspect(form, { 'x-keyporter-asker': world.asker })).json()).toMatchObject({ active: true });
    expect((await introspect({ ...form, client_id: 'any', client_secret: world.asker }, {})).json()).toMatchObject({
      active: true,
    });
    expect((await introspect(form, {}, world.open)).json()).toMatchObject({ active: true });
  });

  it('refuses an asker that does not prove itself, in the words of OAuth, whatever the token', async () => {
    const wrongs = [
      {},
      bearer('kp_wrong'),
      basic('keyporter', 'wrong'),
      { authorization: 'Basic !' },
      { authorization: 'Digest x' },
      bearer(world.key),
    ];
    for (const headers of wrongs) {
      const [good, bad] = [
        await introspect({ token: world.key }, headers),
        await introspect({ token: 'kp_bad' }, headers),
      ];
      expect([good.status, good.text]).toEqual([bad.status, bad.text]);
      expect([401, 403]).toContain(good.status);
      expect(good.header('x-keyporter-refused')).toBe('asker');
      expect(['invalid_client', 'insufficient_scope']).toContain(good.json()['error']);
    }
    expect((await introspect({ token: world.key }, bearer('kp_wrong'), world.open)).status).toBe(401);
  });

  it('refuses two askers in one request, two tokens, none, and what is no form', async () => {
    expect((await introspect({ token: world.key, client_secret: world.key })).status).toBe(400);
    expect((await introspect(`token=${world.key}&token=x`)).status).toBe(400);
    expect((await introspect({})).json()).toMatchObject({ error: 'invalid_request' });
    expect(
      (await introspect({ token: world.key }, { ...bearer(world.asker), 'content-type': 'application/json' })).status,
    ).toBe(415);
    expect((await introspect({ token: 'x'.repeat(20_000) })).status).toBe(413);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient } from '../../support/raw-client.js';
import { INVALID, REQUIRED, send, startAuthkeysWorld, type AuthkeysWorld } from './authkeys-world.js';

let world: AuthkeysWorld;

beforeAll(async () => {
  world = await startAuthkeysWorld();
});

afterAll(() => world.close());

describe('the gate of an authkeys listener', () => {
  it('A-01 without a token every answer is 401, as compact JSON with a newline', async () => {
    const answer = await world.call('GET', '/list_tokens');
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([401, REQUIRED, 'application/json']);
  });

  it('no refusal carries a challenge', async () => {
    const infers = await world.token('infer');
    for (const answer of [
      await world.call('GET', '/list_tokens'),
      await world.as('bad', 'GET', '/list_tokens'),
      await world.as(infers, 'GET', '/list_tokens'),
    ])
      expect([answer.status >= 401, answer.headers['www-authenticate']]).toEqual([true, undefined]);
  });

  it('A-02 the header slots hold too: an unknown value is 401, a key passes', async () => {
    const unknown = await world.call('GET', '/list_tokens', { headers: { authorization: 'Bearer root' } });
    expect([unknown.status, unknown.text]).toEqual([401, INVALID]);
    for (const headers of [{ authorization: `Bearer ${world.root}` }, { 'x-api-key': world.root }]) {
      expect((await world.call('GET', '/list_tokens', { headers })).status).toBe(200);
    }
  });

  it('A-03 a token in the query counts for nothing, and a key of ours under another name there is 400', async () => {
    const named = await world.call('GET', '/list_tokens?token=root');
    expect([named.status, named.text]).toEqual([401, REQUIRED]);
    const whole = await world.call('GET', `/list_tokens?token=${world.root}`);
    expect([whole.status, whole.text]).toEqual([401, REQUIRED]);
    const key = await world.call('GET', `/list_tokens?api_key=${world.root}`);
    expect(key.status).toBe(400);
    expect(key.text).not.toContain(world.root);
  });

  it('A-04 an unknown token is 401 Invalid token, whatever its kind', async () => {
    for (const token of ['bad', 7, true, { a: 1 }, ['x']]) {
      const answer = await world.as(token, 'GET', '/list_tokens');
      expect([answer.status, answer.text]).toEqual([401, INVALID]);
    }
  });

  it('A-05 an empty token is no token', async () => {
    for (const token of ['', null, 0, false]) {
      const answer = await world.as(token, 'GET', '/list_tokens');
      expect([answer.status, answer.text]).toEqual([401, REQUIRED]);
    }
  });

  it('A-07 a body that is no JSON has no token', async () => {
    const answer = await world.call('GET', '/list_tokens', { body: '{bad json' });
    expect([answer.status, answer.text]).toEqual([401, REQUIRED]);
  });

  it('A-08 JSON that is no object has no token', async () => {
    for (const body of ['["token"]', '42', '"has token inside"', 'null', '']) {
      const answer = await world.call('POST', '/create_token', { body });
      expect([answer.status, answer.text]).toEqual([401, REQUIRED]);
    }
  });

  it('A-08 known by a header, whoever sends such a body is told with 400', async () => {
    const headers = { authorization: `Bearer ${world.root}` };
    const answer = await world.call('POST', '/create_token', { body: '["token"]', headers });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toEqual({ error: expect.stringContaining('JSON object') as string });
  });

  it('A-09 a token in a body of another type is not looked at', async () => {
    const answer = await world.call('GET', '/list_tokens', { body: { token: world.root }, type: 'text/plain' });
    expect([answer.status, answer.text]).toEqual([401, REQUIRED]);
  });

  it('A-09 every JSON type is looked at', async () => {
    for (const type of ['application/json; charset=utf-8', 'application/vnd.api+json']) {
      expect((await world.call('GET', '/list_tokens', { body: { token: world.root }, type })).status).toBe(200);
    }
  });

  it('the token in the body decides alone when there is one', async () => {
    const right = { authorization: `Bearer ${world.root}` };
    const wrong = await world.call('GET', '/list_tokens', { body: { token: 'bad' }, headers: right });
    expect([wrong.status, wrong.text]).toEqual([401, INVALID]);
    const dummy = { authorization: 'Bearer dummy' };
    expect((await world.call('GET', '/list_tokens', { body: { token: world.root }, headers: dummy })).status).toBe(200);
  });

  it('a body that two readers could read differently is 400, whoever sends it', async () => {
    const key = JSON.stringify(world.root);
    for (const body of [
      `{"token":${key},"token":"bad"}`,
      `{"token":"bad","tok\\u0065n":${key}}`,
      `{"token":${key},"a":${'['.repeat(100)}`,
    ]) {
      expect((await world.call('GET', '/list_tokens', { body })).status).toBe(400);
    }
  });

  it('A-12 OPTIONS is answered without a token, with the methods of the path', async () => {
    const answer = await world.call('OPTIONS', '/list_tokens');
    expect([answer.status, answer.text, answer.headers['content-type']]).toEqual([200, '', 'text/html; charset=utf-8']);
    expect(String(answer.headers['allow']).split(', ').toSorted()).toEqual(['GET', 'HEAD', 'OPTIONS']);
    const made = await world.call('OPTIONS', '/create_token');
    expect(String(made.headers['allow']).split(', ').toSorted()).toEqual(['OPTIONS', 'POST']);
  });

  it('A-13 an unknown path is 401 without a token and JSON 404 with one', async () => {
    const stranger = await world.call('GET', '/nope');
    expect([stranger.status, stranger.text]).toEqual([401, REQUIRED]);
    const known = await world.as(world.root, 'GET', '/nope');
    expect(known.status).toBe(404);
    expect(JSON.parse(known.text)).toHaveProperty('error');
    for (const path of ['/', '/v1', '/healthz', '/admin/v1/keys']) {
      expect((await world.as(world.root, 'GET', path)).status).toBe(404);
      expect((await world.call('GET', path)).status).toBe(401);
    }
  });

  it('A-14 another method is 405 with a token and 401 without', async () => {
    const answer = await world.as(world.root, 'PATCH', '/v1/models');
    expect(answer.status).toBe(405);
    expect(String(answer.headers['allow'])).toContain('GET');
    expect((await world.call('PATCH', '/v1/models')).status).toBe(401);
    expect((await world.as(world.root, 'GET', '/create_token')).status).toBe(405);
  });

  it('a body on GET ends where its length says, and the next request begins there', async () => {
    const body = JSON.stringify({ token: world.root });
    const head = 'GET /list_tokens HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    const chunked = `${head}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const client = await RawClient.open(world.url);
    client.write(`${head}content-length: ${body.length}\r\n\r\n${body}${head}\r\n${chunked}${head}\r\n`);
    const statuses = [];
    for (let turn = 0; turn < 4; turn += 1) statuses.push((await client.answer()).status);
    expect(statuses).toEqual([200, 401, 200, 401]);
    client.close();
  });

  it('a body above authkeys.max_body_bytes is 413 before anybody is known', async () => {
    const small = await startAuthkeysWorld({ max_body_bytes: 1024 });
    try {
      const answer = await small.call('POST', '/create_token', { body: { token: small.root, pad: 'x'.repeat(2000) } });
      expect(answer.status).toBe(413);
      expect(JSON.parse(answer.text)).toHaveProperty('error');
    } finally {
      await small.close();
    }
  });

  it('a revoked, a disabled and an expired token are all 401 Invalid token', async () => {
    const { admin } = world.gateway;
    const revoked = await admin.createKey({ scopes: ['keys:read'] });
    await admin.must('POST', `/keys/${revoked.id}/revoke`, {});
    const disabled = await admin.createKey({ scopes: ['keys:read'] });
    await admin.must('POST', `/keys/${disabled.id}/disable`);
    for (const { key } of [revoked, disabled]) {
      const answer = await world.as(key, 'GET', '/list_tokens');
      expect([answer.status, answer.text]).toEqual([401, INVALID]);
    }
  });

  it('a token in the body opens no other listener of the same gateway', async () => {
    const body = { token: world.root, model: 'm', messages: [] };
    const answer = await send(`${world.openaiUrl}/v1/chat/completions`, 'POST', { body });
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'missing_api_key' } });
  });

  it('an address that needs no key elsewhere needs one here', async () => {
    const open = await startAuthkeysWorld({}, { auth: { local_networks: ['127.0.0.0/8'] } });
    try {
      const answer = await open.call('POST', '/v1/chat/completions', { body: { model: 'm', messages: [] } });
      expect([answer.status, answer.text]).toEqual([401, REQUIRED]);
    } finally {
      await open.close();
    }
  });
});

describe('callers who are not known yet', () => {
  it('may send 64 bodies at one time, and no key has to wait behind them', async () => {
    const slow = await Promise.all(Array.from({ length: 64 }, () => RawClient.open(world.url)));
    const head = 'POST /create_token HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';
    for (const client of slow) client.write(`${head}content-length: 3\r\nexpect: 100-continue\r\n\r\n{`);
    // The server asks for the body of each of them: now all their places are taken.
    await Promise.all(slow.map((client) => client.see('100 Continue')));
    const next = await world.as('bad', 'POST', '/create_token');
    expect([next.status, next.headers['retry-after']]).toEqual([503, '1']);
    const headers = { 'x-api-key': world.root };
    expect((await world.call('POST', '/create_token', { body: { scope: 'infer' }, headers })).status).toBe(201);
    for (const client of slow) client.write('}\n');
    await Promise.all(slow.map((client) => client.see(' 401 ')));
    expect((await world.as('bad', 'POST', '/create_token')).status).toBe(401);
    for (const client of slow) client.close();
  });

  it('are slowed down after too many wrong tokens, and the right one still works', async () => {
    const strict = await startAuthkeysWorld({}, { auth: { failures_per_minute: 2 } });
    try {
      const statuses = [];
      for (let turn = 0; turn < 3; turn += 1) statuses.push((await strict.as('bad', 'GET', '/list_tokens')).status);
      expect(statuses).toEqual([401, 401, 429]);
      expect((await strict.as(strict.root, 'GET', '/list_tokens')).status).toBe(200);
    } finally {
      await strict.close();
    }
  });
});

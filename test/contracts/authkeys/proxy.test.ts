import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chatChunk } from '../../support/model-answers.js';
import { RawClient } from '../../support/raw-client.js';
import { INSUFFICIENT, send, sendBytes, startAuthkeysWorld, type AuthkeysWorld } from './authkeys-world.js';

let world: AuthkeysWorld;

beforeAll(async () => {
  world = await startAuthkeysWorld();
});

beforeEach(() => world.upstream.forget());

afterAll(() => world.close());

describe('requests to the model server', () => {
  it('A-24 a token without infer is 403 on every route below /v1', async () => {
    const token = await world.token('write');
    for (const [method, path] of [
      ['POST', '/v1/chat/completions'],
      ['GET', '/v1/models'],
      ['DELETE', '/v1/files/x'],
    ] as const) {
      const answer = await world.as(token, method, path, { model: 'm' });
      expect([answer.status, answer.text]).toEqual([403, INSUFFICIENT]);
    }
    expect(world.upstream.exchanges).toEqual([]);
  });

  it('the body goes on without its outermost token, its other bytes unchanged', async () => {
    const rest = '"model" : "m",\n "messages":[{"role":"user","content":"\\u00e9 é","token":"inner"}], "x":1e2';
    for (const [sent, arrives] of [
      [`{ "token": "${world.root}", ${rest} }`, `{ ${rest} }`],
      [`{${rest} ,"token":"${world.root}"}`, `{${rest}}`],
      [`{${rest}, "tok\\u0065n" :"${world.root}" ,"y":null}`, `{${rest} ,"y":null}`],
    ]) {
      const answer = await world.call('POST', '/v1/chat/completions', { body: sent });
      expect(answer.status).toBe(200);
      expect(world.upstream.exchanges.at(-1)?.body.toString('utf8')).toBe(arrives);
    }
    expect(world.upstream.everything()).not.toContain(world.root);
  });

  it('what remains of a body with nothing else is an empty object', async () => {
    world.upstream.onRequest = (exchange) => exchange.answer(200, {});
    await world.as(world.root, 'POST', '/v1/moderations');
    expect(world.upstream.exchanges.at(-1)?.body.toString()).toBe('{}');
  });

  it('every method of the original reaches the path below /v1', async () => {
    world.upstream.onRequest = (exchange) => exchange.answer(200, { method: exchange.method, target: exchange.target });
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const answer = await world.as(world.root, method, '/v1/files/x?purpose=y', { model: 'm' });
      expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { method, target: '/v1/files/x?purpose=y' }]);
    }
  });

  it('where any model is passed on, the list of models is that of the server behind', async () => {
    world.upstream.onRequest = (exchange) => exchange.answer(200, { data: [{ id: 'test-model' }] });
    const answer = await world.as(world.root, 'GET', '/v1/models');
    expect(answer.status).toBe(200);
    expect(world.upstream.exchanges.at(-1)?.body.length).toBe(0);
    expect(JSON.parse(answer.text)).toMatchObject({ data: [{ id: 'test-model' }] });
  });

  it('A-03 a token in the query does not arrive, the rest of the query does', async () => {
    world.upstream.onRequest = (exchange) => exchange.answer(200, {});
    await world.as(world.root, 'POST', `/v1/moderations?a=1&token=${world.root}&%74oken=x&b=%26`);
    expect(world.upstream.exchanges.at(-1)?.target).toBe('/v1/moderations?a=1&b=%26');
  });

  it('A-27 credentials of the client do not arrive', async () => {
    const headers = { authorization: 'Bearer up', 'x-api-key': 'up-2', 'x-custom': '1' };
    const body = { token: world.root, model: 'm', messages: [] };
    const answer = await world.call('POST', '/v1/chat/completions', { body, headers });
    expect(answer.status).toBe(200);
    const arrived = world.upstream.exchanges.at(-1);
    expect(arrived?.header('authorization')).toBe('Bearer upstream-secret');
    expect(arrived?.header('x-api-key')).toBeUndefined();
  });

  it('A-28 a stream arrives event by event', async () => {
    let goOn = (): void => {};
    world.upstream.onRequest = (exchange) => {
      exchange.startStream();
      exchange.event(chatChunk('one'));
      goOn = () => {
        exchange.event(chatChunk('', { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }));
        exchange.event('[DONE]');
        exchange.finish();
      };
    };
    const response = await fetch(`${world.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: world.root, model: 'm', messages: [], stream: true }),
    });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    const reader = response.body?.getReader();
    const first = Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(first).toContain('one');
    expect(first).not.toContain('stop');
    goOn();
    let rest = '';
    for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read())
      rest += Buffer.from(piece.value).toString();
    expect(rest).toContain('"finish_reason":"stop"');
    expect(rest).toContain('data: [DONE]');
  });

  it('a token that is revoked ends its stream', async () => {
    const token = await world.token('infer');
    world.upstream.onRequest = (exchange) => {
      exchange.startStream();
      exchange.event(chatChunk('one'));
    };
    const body = JSON.stringify({ token, model: 'm', messages: [], stream: true });
    const client = await RawClient.open(world.url);
    client.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await client.see('one');
    await world.as(world.root, 'POST', '/revoke_token', { token_to_revoke: token });
    const last = await client.see('key_revoked');
    await client.closed;
    expect(last).not.toContain('[DONE]');
  });

  it('A-30 the status and the body of the server behind are passed on', async () => {
    world.upstream.onRequest = (exchange) => exchange.answer(404, { detail: 'no such thing' });
    const answer = await world.as(world.root, 'POST', '/v1/chat/completions', { model: 'm' });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([404, { detail: 'no such thing' }]);
  });

  it('A-31 a server that is down is 502', async () => {
    const dead = await startAuthkeysWorld();
    await dead.upstream.close();
    try {
      const answer = await dead.as(dead.root, 'POST', '/v1/chat/completions', { model: 'm', messages: [] });
      expect(answer.status).toBe(502);
      expect(answer.text).toMatch(/^\{"error":"Failed to connect to LLM server: /);
    } finally {
      await dead.gateway.close();
    }
  });

  it.each([
    ['POST /v1/../admin', '/v1/../admin'],
    ['%2e%2e', '/v1/%2e%2e/admin'],
    ['%2E%2e/', '/v1/files/%2E%2e/%2e%2E/admin'],
    ['..%2f', '/v1/files/..%2fadmin'],
    ['an encoded slash', '/v1/files/a%2f..%2f..%2fadmin'],
    ['a backslash', '/v1/files/..%5cadmin'],
    ['an encoded control character', '/v1/files/a%00b'],
    ['an empty segment', '/v1//admin'],
  ])('A-32 a path that leads out is refused and nothing arrives: %s', async (_name, path) => {
    const body = JSON.stringify({ token: world.root, model: 'm' });
    const head = `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
    const answer = await sendBytes(world.url, head + body);
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(answer).toContain('{"error":');
    expect(world.upstream.exchanges).toEqual([]);
  });

  it.each(['/v1/load_lora_adapter', '/v1/unload_lora_adapter', '/v1/internal/model/load', '/v1/sleep', '/v1', '/v1/'])(
    'controls of an engine are not there: %s',
    async (path) => {
      const answer = await world.as(world.root, 'POST', path, { model: 'm' });
      expect([400, 404]).toContain(answer.status);
      expect(world.upstream.exchanges).toEqual([]);
    },
  );

  it('a header key does without a body, and a body that is no JSON is refused', async () => {
    const headers = { 'x-api-key': world.root };
    const answer = await send(`${world.url}/v1/chat/completions`, 'POST', {
      body: { model: 'm', messages: [] },
      headers,
    });
    expect(answer.status).toBe(200);
    const text = await send(`${world.url}/v1/chat/completions`, 'POST', {
      body: 'model=m',
      type: 'text/plain',
      headers,
    });
    expect(text.status).toBe(415);
    const foreign = { body: { token: world.root, model: 'm' }, type: 'application/json; charset=utf-7' };
    expect((await world.call('POST', '/v1/chat/completions', foreign)).status).toBe(415);
    const broken = await send(`${world.url}/v1/chat/completions`, 'POST', { body: '{"model":', headers });
    expect(broken.status).toBe(400);
  });

  it('what the operator keeps from a model is kept from it here too', async () => {
    const replicas = [{ url: world.upstream.url }];
    const strict = await startAuthkeysWorld({}, { models: { '*': { replicas, fields: { deny: ['logit_bias'] } } } });
    try {
      const answer = await strict.as(strict.root, 'POST', '/v1/chat/completions', { model: 'm', logit_bias: {} });
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text)).toEqual({ error: expect.stringContaining('logit_bias') as string });
      expect(world.upstream.exchanges).toEqual([]);
    } finally {
      await strict.close();
    }
  });

  it('a body without a model goes to the default one under its name, and elsewhere as it is', async () => {
    await world.as(world.root, 'POST', '/v1/chat/completions', { messages: [] });
    expect(world.upstream.exchanges.at(-1)?.json()).toEqual({ messages: [] });
    const models = { known: { replicas: [{ url: world.upstream.url }], upstream_model: 'Vendor/Known' } };
    const named = await startAuthkeysWorld({}, { models });
    try {
      await named.as(named.root, 'POST', '/v1/chat/completions', { messages: [] });
      expect(world.upstream.exchanges.at(-1)?.json()).toEqual({ model: 'Vendor/Known', messages: [] });
      expect((await named.as(named.root, 'POST', '/v1/chat/completions', { model: 'other' })).status).toBe(404);
      expect(JSON.parse((await named.as(named.root, 'GET', '/v1/models')).text)).toMatchObject({
        data: [{ id: 'known' }],
      });
    } finally {
      await named.close();
    }
  });

  it('INFER.completions outside of INFER.v1 is a path of the model', async () => {
    const paths = { '/v1/chat/completions': `${world.upstream.url}/elsewhere/chat` };
    const models = { '*': { replicas: [{ url: 'http://127.0.0.1:9' }], paths } };
    const apart = await startAuthkeysWorld({}, { models });
    world.upstream.onRequest = (exchange) => exchange.answer(200, { target: exchange.target });
    try {
      const answer = await apart.as(apart.root, 'POST', '/v1/chat/completions', { model: 'm' });
      expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { target: '/elsewhere/chat' }]);
    } finally {
      await apart.close();
    }
  });

  it('a body on GET goes on when something is left of it', async () => {
    world.upstream.onRequest = (exchange) => exchange.answer(200, {});
    await world.as(world.root, 'GET', '/v1/files', { limit: 3 });
    expect(world.upstream.exchanges.at(-1)?.json()).toEqual({ limit: 3 });
  });
});
